"""Computes the expected sums of the journal's days from its rows."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ingest.fetching.quiet_hours import was_in_quiet_hours
from storage import journal
from storage.database import atomic
from storage.journal import Day, Promise

LONDON = ZoneInfo("Europe/London")


def is_quiet(instant: float, first: int, last: int) -> bool:
    hour = datetime.fromtimestamp(instant, LONDON).hour
    return first <= hour < last if first < last else hour >= first or hour < last


def lies_in_quiet_hours(instant: float, hours: str) -> bool:
    """Whether an instant is in quiet hours, and not just after their start."""
    return all(any(is_quiet(then, *its) for its in HOURS[hours]) for then in (instant - 15, instant))


Row = tuple[float, int | None, int, float, float | None, Promise | None]


def truth_of(rows: list[Row]) -> list[Day]:
    """Computes the expected days from rows of instant, status, bytes, seconds, Retry-After and promise."""
    instants = [row[0] for row in rows]
    in_order = sorted(instants)
    days: dict[str, list[int]] = {}
    for n, instant in enumerate(instants):
        days.setdefault(datetime.fromtimestamp(instant, UTC).date().isoformat(), []).append(n)
    # The gap is unknown if the clock was set back in between.
    apart = [round(then - now, 3) if then >= now else None for now, then in pairwise(instants)] + [None]
    found = []
    for day, its in sorted(days.items()):
        a_minute = [bisect_right(in_order, instants[n] + 59.9995) - in_order.index(instants[n]) for n in its]
        rank = {n: rank for rank, n in enumerate(sorted(its, key=lambda n: (instants[n], n)))}
        holds = [n for n in its if rows[n][4] is not None]
        promises = [(n, promise) for n in its if (promise := rows[n][5]) is not None]
        found.append(
            Day(
                day,
                len(its),
                sum(rows[n][1] is None for n in its),
                sum(rows[n][1] in (403, 429, 500, 503) for n in its),
                sum(rows[n][2] for n in its),
                sum(rows[n][3] for n in its),
                max(a_minute),
                min((gap for n in its if (gap := apart[n]) is not None), default=None),
                len(holds),
                sum(
                    (gap := apart[n]) is None or gap >= rows[n][3] + min(rows[n][4] or 0, 86_400) - 0.0025
                    for n in holds
                ),
                sum((rows[n][4] or 0) > 86_400 for n in holds),
                len(promises),
                sum((gap := apart[n]) is not None and gap < promise.gap - 0.0025 for n, promise in promises),
                sum(rank[n] >= promise.a_day for n, promise in promises),
                sum(lies_in_quiet_hours(instants[n], promise.quiet_hours) for n, promise in promises),
            )
        )
    return found


def alike(found: list[Day], truth: list[Day]) -> None:
    assert [day.day for day in found] == [day.day for day in truth]
    for one, other in zip(found, truth, strict=True):
        assert replace(one, seconds=0.0, least_gap=None) == replace(other, seconds=0.0, least_gap=None)
        assert one.seconds == pytest.approx(other.seconds, abs=1e-3)
        assert one.least_gap == (None if other.least_gap is None else pytest.approx(other.least_gap, abs=1e-5))


def roll_up(db: sqlite3.Connection, before: str) -> int:
    """Sums up every day before a date, and returns the number of their requests."""
    count = 0
    while True:
        with atomic(db):
            requests = journal.roll_up_oldest_day(db, before, was_in_quiet_hours)
        if not requests:
            return count
        count += requests


HOURS: dict[str, list[tuple[int, int]]] = {
    "": [],
    "09:00-12:00": [(9, 12)],
    "08:00-10:00 22:00-06:00": [(8, 10), (22, 6)],
}
"""Quiet hours as they are journalled, and their first and last hours."""
