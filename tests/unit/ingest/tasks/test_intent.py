"""The record of a range that was asked for, from its first run to its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.tasks.intent import (
    EndingState,
    end_backfill,
    find_asked_for,
    interrupt_killed,
    judge_ending,
    record_backfill,
    record_progress,
    record_sync,
)
from storage import intents, ledger
from storage.model import Proof
from storage.runs import begin_run
from storage.writer import writing
from support.claims import window

AT = "2026-11-01T12:00:00Z"
LATER = "2026-11-02T12:00:00Z"
YEAR = window("2025-01-01", "2025-12-31")
SPRING = window("2025-03-01", "2025-05-31")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with writing(tmp_path / "lgsco.db") as connection:
        yield connection


def begin(db: sqlite3.Connection) -> int:
    return begin_run(db, "backfill", {}, AT)


def states(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return db.execute("SELECT first, last, state FROM intents ORDER BY id").fetchall()


def rows(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return [(str(proof.window), proof.state) for proof in ledger.find_windows(db)]


def prove(db: sqlite3.Connection, first: str, last: str, run: int) -> None:
    ledger.record_window(db, Proof(window(first, last), 0, 0, "short", AT, AT, None, "t=both"), run)
    ledger.prove(db, AT, run)


def test_a_backfill_is_running_and_its_dates_are_unseen_before_its_first_request(db: sqlite3.Connection) -> None:
    record_backfill(db, YEAR, AT, begin(db))
    assert states(db) == [("2025-01-01", "2025-12-31", "running")]
    assert rows(db) == [("2025-01-01 to 2025-12-31", "unseen")]


def test_dates_already_in_the_ledger_do_not_change(db: sqlite3.Connection) -> None:
    run = begin(db)
    prove(db, "2025-03-01", "2025-05-31", run)
    record_backfill(db, YEAR, AT, run)
    assert rows(db) == [
        ("2025-01-01 to 2025-02-28", "unseen"),
        ("2025-03-01 to 2025-05-31", "proven"),
        ("2025-06-01 to 2025-12-31", "unseen"),
    ]


def test_sync_covers_the_last_days_and_never_fewer_than_before(db: sqlite3.Connection) -> None:
    record_sync(db, date(2026, 11, 1), 120, AT, begin(db))
    record_sync(db, date(2026, 11, 20), 120, LATER, begin(db))
    assert states(db) == [("2026-07-04", "9999-12-31", "standing")]
    record_sync(db, date(2026, 11, 20), 200, LATER, begin(db))
    assert states(db) == [("2026-05-04", "9999-12-31", "standing")]


@pytest.mark.parametrize("state", ["interrupted", "paused"])
def test_sync_covers_what_an_unfinished_backfill_proved(db: sqlite3.Connection, state: EndingState) -> None:
    run = begin(db)
    record_backfill(db, YEAR, AT, run)
    prove(db, "2025-10-01", "2025-12-31", run)
    end_backfill(db, run, state, LATER, "a block page")
    assert states(db) == [("2025-01-01", "2025-12-31", state), ("2025-10-01", "2025-12-31", "finished")]
    asked = find_asked_for(db)
    assert asked.answered == [window("2025-10-01", "2025-12-31")]
    assert asked.unfinished == [window("2025-01-01", "2025-09-30")]
    assert intents.find_intents(db)[0].reason == "a block page"


def test_a_backfill_with_nothing_left_is_finished_however_it_ended(db: sqlite3.Connection) -> None:
    run = begin(db)
    record_backfill(db, YEAR, AT, run)
    prove(db, "2025-01-01", "2025-12-31", run)
    end_backfill(db, run, "paused", LATER, None)
    assert states(db) == [("2025-01-01", "2025-12-31", "finished")]


def test_a_backfill_that_was_killed_is_interrupted_by_the_next_run(db: sqlite3.Connection) -> None:
    record_backfill(db, YEAR, AT, begin(db))
    interrupt_killed(db, LATER, begin(db))
    assert states(db) == [("2025-01-01", "2025-12-31", "interrupted")]
    assert find_asked_for(db).interrupted == [YEAR]


def test_a_backfill_replaces_only_unfinished_ones_within_its_range(db: sqlite3.Connection) -> None:
    first = begin(db)
    record_backfill(db, SPRING, AT, first)
    end_backfill(db, first, "paused", AT, None)
    second = begin(db)
    record_backfill(db, window("2024-06-01", "2025-01-31"), AT, second)
    end_backfill(db, second, "interrupted", AT, None)
    record_backfill(db, YEAR, LATER, begin(db))
    assert [state for _, _, state in states(db)] == ["replaced", "interrupted", "running"]
    assert find_asked_for(db).interrupted == [window("2024-06-01", "2025-12-31")]


def test_a_ledger_row_is_cut_where_syncs_dates_end_and_its_part_proven(
    db: sqlite3.Connection,
) -> None:
    record_sync(db, date(2026, 11, 1), 120, AT, begin(db))
    run = begin(db)
    everything = window("0001-01-01", "9999-12-31")
    record_backfill(db, everything, AT, run)
    db.execute(  # one decision of an older date was listed and is not stored yet
        "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
        "VALUES ('25 000 001', '/decisions/x', ?1, ?1, '2025-05-01')",
        (AT,),
    )
    ledger.record_window(db, Proof(everything, 1, 1, "short", AT, AT, None, "t=both"), run)
    ledger.prove(db, AT, run)
    assert rows(db) == [("0001-01-01 to 9999-12-31", "short")]
    end_backfill(db, run, "paused", LATER, None)
    assert rows(db) == [("0001-01-01 to 2026-07-03", "short"), ("2026-07-04 to 9999-12-31", "proven")]


def test_a_slice_passes_finished_windows_to_sync_and_the_last_finishes_the_backfill(
    db: sqlite3.Connection,
) -> None:
    run = begin(db)
    record_backfill(db, YEAR, AT, run)
    end_backfill(db, run, "interrupted", AT, "a block page")
    record_progress(db, [window("2025-07-01", "2025-12-31")], LATER, begin(db))
    assert find_asked_for(db).interrupted == [window("2025-01-01", "2025-06-30")]
    record_progress(db, [window("2025-01-01", "2025-06-30")], LATER, begin(db))
    assert find_asked_for(db).interrupted == []
    assert states(db) == [("2025-01-01", "2025-12-31", "finished"), ("2025-01-01", "2025-12-31", "finished")]


@pytest.mark.parametrize(
    ("state", "exit_code", "reached", "ending"),
    [
        ("complete", 0, True, "finished"),
        ("incomplete", 10, True, "finished"),
        ("incomplete", 10, False, "interrupted"),
        ("blocked", 12, False, "interrupted"),
        ("layout", 11, False, "interrupted"),
        ("failed", 1, False, "interrupted"),
        ("stopped", 129, False, "interrupted"),
        ("stopped", 130, False, "paused"),
        ("stopped", 143, False, "paused"),
    ],
)
def test_the_end_of_a_run_decides_the_state_of_its_backfill(
    state: str, exit_code: int, ending: EndingState, *, reached: bool
) -> None:
    assert judge_ending(state, exit_code, reached_the_end=reached) == ending
