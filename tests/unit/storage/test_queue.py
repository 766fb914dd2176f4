"""Tests which queued decisions are due, and when one is excluded."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from storage import held_texts, queue
from storage.held_texts import HeldText
from storage.model import Window
from support.rows import AT, DAY, KEY, OTHER, find_url, list_decision, store_decision

EVERYTHING = Window(date.min, date.max)
SOON, LATE = "2026-11-02T13:00:00Z", "2027-01-02T12:00:00Z"


def fail(
    db: sqlite3.Connection, key: str = KEY, *, gone: bool | None = None, at: str = AT, next_at: str = SOON
) -> None:
    queue.record_failure(db, key, find_url(key), at=at, next_at=next_at, error_kind="Refused", error="503", gone=gone)


def due(db: sqlite3.Connection, now: str = AT, window: Window = EVERYTHING, *, rereads: bool = False) -> list[str]:
    return [one.reference for one in queue.find_wanted(db, now, [window], 10, rereads=rereads)]


def state(db: sqlite3.Connection, key: str = KEY) -> str | None:
    row = db.execute("SELECT state FROM queue WHERE reference = ?", (key,)).fetchone()
    return row[0] if row else None


def test_the_untried_come_first_then_the_newest(db: sqlite3.Connection) -> None:
    list_decision(db, "25 000 001", date(2025, 4, 1))
    list_decision(db, "25 000 002", date(2025, 4, 9))
    list_decision(db, "25 000 003", date(2025, 4, 20))
    fail(db, "25 000 003")
    assert due(db, SOON) == ["25 000 002", "25 000 001", "25 000 003"]


def test_a_failed_decision_is_due_at_its_time_and_not_before(db: sqlite3.Connection) -> None:
    list_decision(db)
    fail(db)
    assert due(db, AT) == []
    assert due(db, SOON) == [KEY]


def test_a_due_time_that_a_fast_clock_set_far_ahead_is_ignored(db: sqlite3.Connection) -> None:
    list_decision(db)
    fail(db, next_at=LATE)
    assert due(db, AT) == [KEY], "61 days are longer than any retry delay"


def test_only_decisions_of_the_windows_are_fetched_and_those_without_a_date(db: sqlite3.Connection) -> None:
    list_decision(db)
    queue.add(db, OTHER, find_url(OTHER), AT)
    other_day = Window(date(2025, 5, 1), date(2025, 5, 1))
    assert due(db, window=other_day) == [OTHER]
    assert set(due(db, window=Window(DAY, DAY))) == {KEY, OTHER}


def test_rereads_are_fetched_whatever_their_date(db: sqlite3.Connection) -> None:
    list_decision(db)
    store_decision(db)
    other_day = Window(date(2025, 5, 1), date(2025, 5, 1))
    assert due(db, window=other_day) == []
    assert due(db, window=other_day, rereads=True) == [KEY]


def test_a_decision_with_unparsed_pages_is_not_fetched_again(db: sqlite3.Connection) -> None:
    list_decision(db)
    queue.record_stored(db, KEY)
    assert due(db) == []
    assert queue.count(db) == 1, "it still waits to be parsed"
    queue.requeue(db, KEY, AT)
    assert due(db) == [KEY]


@pytest.mark.parametrize(
    ("days", "expected"),
    [((2, 5, 9), "excluded"), ((2, 5, 8), "failed"), ((2, 9), "failed")],
    ids=["three times over a week", "over six days", "twice"],
)
def test_a_decision_is_excluded_after_three_gone_answers_over_a_week(
    db: sqlite3.Connection, days: tuple[int, ...], expected: str
) -> None:
    list_decision(db)
    for day in days:
        fail(db, gone=True, at=f"2026-11-{day:02}T12:00:00Z")
    assert state(db) == expected


def test_a_page_that_exists_starts_the_count_of_gone_answers_over(db: sqlite3.Connection) -> None:
    list_decision(db)
    for day, gone in ((2, True), (5, True), (6, False), (9, True), (10, None)):
        fail(db, gone=gone, at=f"2026-11-{day:02}T12:00:00Z")
    assert state(db) == "failed"
    assert db.execute("SELECT gone, gone_first_at, attempts FROM queue").fetchone() == (1, "2026-11-09T12:00:00Z", 5)


def test_a_postponed_decision_counts_no_failure_and_is_due_when_released(db: sqlite3.Connection) -> None:
    list_decision(db)
    queue.record_postponed(db, KEY, next_at=SOON, error_kind="Refused", error="503")
    assert queue.count_attempts(db, KEY) == 0
    assert due(db, AT) == []
    queue.release(db, [KEY], AT)
    assert due(db, AT) == [KEY]


def test_an_unreadable_page_excludes_a_new_decision_and_leaves_a_stored_one_alone(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        list_decision(db, key)
    store_decision(db, OTHER)
    for key in (KEY, OTHER):
        queue.exclude_unreadable(db, key, next_at=SOON, error_kind="Unreadable", error="no opener")
    assert (state(db, KEY), state(db, OTHER)) == ("excluded", None)
    assert queue.count(db) == 0, "an excluded decision does not wait"


def test_the_next_due_time_ignores_excluded_and_held_back_decisions(db: sqlite3.Connection) -> None:
    assert queue.find_next(db) is None
    list_decision(db)
    fail(db, next_at=SOON)
    assert queue.find_next(db) == SOON
    db.execute("UPDATE queue SET state = 'kept'")
    db.execute(
        "INSERT INTO template_changes (id, state, since, found_at, changed_at, run, example, diff) "
        "VALUES (1, 'template', ?1, ?1, ?1, 1, '', '')",
        (AT,),
    )
    held_texts.hold(db, HeldText(KEY, 1, 1, AT, is_new=True, is_amended=False))
    assert queue.find_next(db) is None
    assert queue.count(db) == 0


def test_failures_are_named_with_their_last_error(db: sqlite3.Connection) -> None:
    list_decision(db)
    fail(db)
    assert [(one.reference, one.attempts, one.error_kind, one.error) for one in queue.find_failures(db)] == [
        (KEY, 1, "Refused", "503")
    ]


def test_withdrawing_a_backfill_drops_only_what_was_never_fetched(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER, "25 000 003"):
        list_decision(db, key)
    store_decision(db, OTHER)
    queue.record_stored(db, "25 000 003")
    assert queue.drop_never_fetched(db, [Window(DAY, DAY)]) == 1
    assert [state(db, key) for key in (KEY, OTHER, "25 000 003")] == [None, "wanted", "kept"]


def test_a_stored_decision_that_fails_again_is_a_failed_reread(db: sqlite3.Connection) -> None:
    list_decision(db)
    store_decision(db)
    assert queue.count_failed_rereads(db) == 0
    fail(db)
    assert queue.count_failed_rereads(db) == 1
