"""Tests how ranges of dates that were asked for are replaced, joined and extended."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from storage import intents
from storage.model import Intent, Window
from support.rows import AT

LATER = "2026-11-03T12:00:00Z"
YEAR = Window(date(2025, 1, 1), date(2025, 12, 31))
MAY = Window(date(2025, 5, 1), date(2025, 5, 31))


def states(db: sqlite3.Connection) -> list[tuple[str, Window, str]]:
    return [(intent.kind, intent.window, intent.state) for intent in intents.find_intents(db)]


def only(db: sqlite3.Connection) -> Intent:
    (intent,) = intents.find_intents(db)
    return intent


def test_a_backfill_replaces_an_unfinished_one_inside_its_range(db: sqlite3.Connection) -> None:
    intents.record_backfill(db, MAY, AT, 1)
    intents.record_backfill(db, YEAR, LATER, 1)
    assert states(db) == [("backfill", YEAR, "running")]
    assert db.execute("SELECT state, changed_at FROM intents WHERE id = 1").fetchone() == ("replaced", LATER)


def test_a_backfill_replaces_neither_a_wider_nor_a_finished_one(db: sqlite3.Connection) -> None:
    intents.record_backfill(db, YEAR, AT, 1)
    intents.record_finished(db, [MAY], AT, 1)
    intents.record_backfill(db, MAY, LATER, 1)
    assert states(db) == [("backfill", YEAR, "running"), ("backfill", MAY, "finished"), ("backfill", MAY, "running")]


def test_the_range_of_sync_only_grows(db: sqlite3.Connection) -> None:
    assert intents.record_sync(db, MAY, AT, 1) == MAY
    june = Window(date(2025, 5, 20), date(2025, 6, 30))
    assert intents.record_sync(db, june, LATER, 1) == Window(MAY.first, june.last)
    assert only(db).changed_at == LATER
    assert intents.record_sync(db, MAY, "2026-11-04T12:00:00Z", 1) == Window(MAY.first, june.last)
    assert only(db).changed_at == LATER, "a sync that adds no date changes nothing"


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (Window(date(2025, 6, 1), date(2025, 6, 30)), [Window(date(2025, 5, 1), date(2025, 6, 30))]),
        (Window(date(2025, 5, 10), date(2025, 5, 12)), [MAY]),
        (Window(date(2025, 6, 2), date(2025, 6, 30)), [MAY, Window(date(2025, 6, 2), date(2025, 6, 30))]),
    ],
    ids=["the next day", "inside", "a day between"],
)
def test_finished_ranges_that_touch_are_joined(db: sqlite3.Connection, second: Window, expected: list[Window]) -> None:
    intents.record_finished(db, [MAY, second], AT, 1)
    assert [window for _, window, _ in states(db)] == expected


def test_a_range_to_the_last_possible_day_can_be_joined(db: sqlite3.Connection) -> None:
    endless = Window(date(2025, 6, 1), date.max)
    intents.record_finished(db, [endless, MAY], AT, 1)
    assert only(db).window == Window(MAY.first, date.max)


def test_a_total_belongs_to_the_running_backfill_of_its_run(db: sqlite3.Connection) -> None:
    intents.record_backfill(db, MAY, AT, 1)
    assert intents.find_total(db, 1) is None
    intents.record_total(db, 1, 37)
    assert (intents.find_total(db, 1), only(db).total) == (37, 37)
    assert intents.find_total(db, 2) is None


def test_parts_of_a_replaced_range_keep_its_kind_and_reason(db: sqlite3.Connection) -> None:
    intents.record_backfill(db, YEAR, AT, 1)
    intents.set_state(db, only(db), "interrupted", AT, "the site answers 503")
    rest = Window(date(2025, 6, 1), YEAR.last)
    intents.replace_by_parts(db, only(db), [(MAY, "finished"), (rest, "withdrawn")], LATER, 1)
    assert states(db) == [("backfill", MAY, "finished")], "withdrawn and replaced ranges are not shown"
    assert only(db).reason == "the site answers 503"


def test_the_last_total_of_all_dates_counts(db: sqlite3.Connection) -> None:
    assert intents.find_site_total(db) is None
    db.execute("INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (2, 'sync', '{}', '', '', 1)")
    intents.record_site_total(db, 2, LATER, 40)
    intents.record_site_total(db, 1, AT, 50)
    assert intents.find_site_total(db) == (40, LATER)
