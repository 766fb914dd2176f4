"""Tests the settings of mutation testing, and how its results are counted."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bench.mutation import Mutant, count_killed, parse_results
from support.paths import ROOT

SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
NOT_TESTED = {"ingest/lgo/source.py", "ingest/lgo/normaliser.py"}
"""Modules of constants only."""


def find_modules() -> list[Path]:
    """The modules that are mutated."""
    found = (path.relative_to(ROOT) for pattern in SETTINGS["only_mutate"] for path in ROOT.glob(pattern))
    return [path for path in found if path.name != "__init__.py"]


def test_the_settings_name_modules_and_tests_that_exist() -> None:
    for pattern in SETTINGS["only_mutate"]:
        assert list(ROOT.glob(pattern)), pattern
        assert pattern.split("/")[0] in SETTINGS["source_paths"]
    deselected = [one.removeprefix("--deselect=") for one in SETTINGS["pytest_add_cli_args"] if one.startswith("--")]
    for name in [*SETTINGS["also_copy"], *SETTINGS["pytest_add_cli_args_test_selection"], *deselected]:
        path, _, test = name.partition("::")
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), name


def test_every_mutated_module_has_a_test_file_named_after_it_that_is_run() -> None:
    modules = find_modules()
    assert len(modules) > 40
    for module in modules:
        if module.as_posix() not in NOT_TESTED:
            tests = Path("tests", "unit", module.parent, f"test_{module.name}")
            assert (ROOT / tests).exists(), tests
            assert any(tests.is_relative_to(one) for one in SETTINGS["pytest_add_cli_args_test_selection"]), tests


def test_results_are_counted_by_module_and_a_slower_run_counts_as_noticed() -> None:
    printed = (
        "    ingest.lgo.zones.x_divide__mutmut_1: killed\n"
        "    ingest.lgo.zones.x__mark__mutmut_12: survived\n"
        "    ingest.reports.claims.xǁClaimǁas_json__mutmut_3: timeout\n"
        "    ingest.reports.claims.x__minute__mutmut_3: no tests\n"
        "something else: killed\n"
    )
    mutants = parse_results(printed)
    assert [mutant.module for mutant in mutants] == ["ingest.lgo.zones"] * 2 + ["ingest.reports.claims"] * 2
    assert mutants[1] == Mutant("ingest.lgo.zones.x__mark__mutmut_12", "ingest.lgo.zones", "survived")
    *_, claims, whole = count_killed(mutants)
    assert (claims.name, claims.value) == ("ingest.reports.claims: 1 no tests, 1 timeout", 50)
    assert (whole.value, whole.reached) == (50, False)
    assert count_killed(mutants[:1])[-1].reached
    assert count_killed([]) == []
