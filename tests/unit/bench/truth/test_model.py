"""The ranges asked for, as recorded by an observer of the commands."""

from __future__ import annotations

from datetime import date

import pytest

from bench.truth.model import ALL, Asked, Dates
from bench.truth.program import Ran

RECENT = Dates(date(2026, 7, 5), date.max)


def ran(*arguments: str, code: int | None = 0, requests: int = 3) -> Ran:
    return Ran(arguments, code, "", "", 0, 10, requests, 0, met_its_fate=False)


@pytest.mark.parametrize(
    ("code", "state"), [(0, "done"), (10, "interrupted"), (129, "interrupted"), (None, "interrupted"), (143, "paused")]
)
def test_exit_code_of_a_backfill_gives_the_state_of_its_dates(code: int | None, state: str) -> None:
    asked = Asked()
    asked.note(ran("backfill", code=code), RECENT)
    assert asked.ranges == [(ALL, state)]
    assert asked.ever == [ALL]


def test_a_backfill_with_a_limit_records_no_dates_as_asked_for() -> None:
    asked = Asked()
    asked.note(ran("backfill", "--limit", "5"), RECENT)
    assert (asked.ranges, asked.ever, asked.state) == ([], [], "limited")


def test_withdrawn_dates_are_no_longer_asked_for_but_were_once() -> None:
    asked = Asked()
    asked.note(ran("backfill", code=130), RECENT)
    asked.note(ran("backfill", "--withdraw"), RECENT)
    assert (asked.ranges, asked.ever, asked.state) == ([], [ALL], "withdrawn")


def test_several_backfills_together_can_cover_the_dates_of_another() -> None:
    one, other = Dates(date.min, date(2026, 5, 4)), Dates(date(2026, 5, 5), date.max)
    assert ALL.is_covered_by([other, one])
    assert not ALL.is_covered_by([one])
    assert not ALL.is_covered_by([one, Dates(date(2026, 5, 6), date.max)])
