"""How many processes run the tests."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from support.workers import choose_workers, set_workers

UNIT = Path(__file__).parent


def test_folders_are_shared_among_one_process_more_than_there_are_cores() -> None:
    assert choose_workers([str(UNIT)], 2) == 3
    assert choose_workers([__file__, str(UNIT)], 4) == 5


def test_single_files_and_tests_start_no_process() -> None:
    assert choose_workers([__file__, f"{__file__}::test_single_files_and_tests_start_no_process"], 2) == 0


def test_command_without_a_number_gets_one() -> None:
    option = Namespace(numprocesses=None, dist="no", usepdb=False, capture="fd")
    set_workers(option, [str(UNIT)])
    assert option.numprocesses > 1
    assert option.dist == "worksteal"


@pytest.mark.parametrize(
    "given",
    [{"numprocesses": 0}, {"numprocesses": 2}, {"usepdb": True}, {"capture": "no"}, {"cov_source": [True]}],
    ids=str,
)
def test_a_given_number_a_debugger_shown_output_and_coverage_stay(given: dict[str, object]) -> None:
    option = Namespace(**{"numprocesses": None, "dist": "no", "usepdb": False, "capture": "fd"} | given)
    before = vars(option).copy()
    set_workers(option, [str(UNIT)])
    assert vars(option) == before


def test_without_pytest_xdist_nothing_is_set() -> None:
    option = Namespace(usepdb=False, capture="fd")
    set_workers(option, [str(UNIT)])
    assert vars(option) == {"usepdb": False, "capture": "fd"}
