"""Tests after how many days a date range that is not proven is overdue."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from ingest.crawling.windows import EVERYTHING
from ingest.reports.overdue import find_overdue
from support.claims import proof, window


def test_a_range_is_overdue_after_the_days_that_its_age_allows() -> None:
    ledger = [replace(proof("2026-10-01", "2026-10-05", "short"), unproven_since="2026-10-20T00:00:00Z")]
    days = [(0, 7), (120, 30), (730, 90)]
    everything = [EVERYTHING]
    assert find_overdue(ledger, everything, date(2026, 10, 27), days) == []
    assert [part.state for part in find_overdue(ledger, everything, date(2026, 10, 28), days)] == ["short"]
    assert find_overdue(ledger, [], date(2026, 10, 28), days) == [], "the range was not asked for"


def test_a_range_is_overdue_by_the_cadence_of_its_age() -> None:
    days = [(0, 7), (120, 90), (730, 30)]
    unproven = replace(proof("2026-06-30", "2026-06-30", "short"), unproven_since="2026-10-20T00:00:00Z")
    day = unproven.window.last

    def is_overdue(age: int, since: int) -> bool:
        today = day + timedelta(days=age)
        one = replace(unproven, unproven_since=f"{today - timedelta(days=since)}T00:00:00Z")
        return bool(find_overdue([one], [EVERYTHING], today, days))

    assert [is_overdue(119, 7), is_overdue(119, 8)] == [False, True]
    assert [is_overdue(120, 90), is_overdue(120, 91)] == [False, True]
    assert [is_overdue(730, 30), is_overdue(730, 31)] == [False, True]
    tomorrow = [(0, 7), (1, 30)]
    today_of = replace(unproven, unproven_since=f"{day - timedelta(days=8)}T00:00:00Z")
    assert find_overdue([today_of], [EVERYTHING], day, tomorrow), "dates of today have the age 0"
    unordered = [(120, 30), (0, 7)]
    assert find_overdue([today_of], [EVERYTHING], day, unordered), "the pairs may come in any order"
    future = replace(today_of, window=window("2026-06-30", "9999-12-31"))
    assert find_overdue([future], [EVERYTHING], day, tomorrow), "so have later dates"


def test_an_overdue_range_ends_today() -> None:
    late = replace(proof("2026-09-01", "2026-12-31", "short"), unproven_since="2026-10-01T00:00:00Z")
    (found,) = find_overdue([late], [EVERYTHING], date(2026, 10, 28), [(0, 7)])
    assert found.window == window("2026-09-01", "2026-10-28")


def test_a_proven_row_and_one_without_a_date_are_not_overdue_and_hide_no_other() -> None:
    late = replace(proof("2026-09-01", "2026-09-05", "short"), unproven_since="2020-01-01T00:00:00Z")
    proven = replace(late, state="proven")
    undated = replace(late, unproven_since=None)
    found = find_overdue([proven, undated, late], [EVERYTHING], date(2026, 10, 28), [(0, 7)])
    assert [(part.window, part.state) for part in found] == [(late.window, "short")]
