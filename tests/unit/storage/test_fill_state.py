"""Tests that the fill can be suspended, turned off and resumed."""

from __future__ import annotations

import sqlite3

from storage import fill_state
from storage.fill_state import FillState
from support.rows import AT

UNTIL, LATER = "2026-11-03T12:00:00Z", "2026-11-04T12:00:00Z"


def test_each_refusal_counts_and_the_last_one_decides_how_long(db: sqlite3.Connection) -> None:
    assert fill_state.find_fill_state(db) == FillState()
    fill_state.suspend(db, AT, UNTIL, "503")
    fill_state.suspend(db, UNTIL, LATER, "429")
    assert fill_state.find_fill_state(db) == FillState(
        suspensions=2, suspended_at=UNTIL, suspended_until=LATER, reason="429"
    )
    fill_state.end_suspension(db)
    assert fill_state.find_fill_state(db) == FillState()


def test_progress_is_remembered_through_a_suspension(db: sqlite3.Connection) -> None:
    fill_state.record_progress(db, AT)
    fill_state.suspend(db, AT, UNTIL, "503")
    fill_state.end_suspension(db)
    assert fill_state.find_fill_state(db) == FillState(progressed_at=AT)


def test_turning_off_ends_a_suspension_and_resuming_undoes_both(db: sqlite3.Connection) -> None:
    fill_state.suspend(db, AT, UNTIL, "503")
    fill_state.turn_off(db, AT)
    assert fill_state.find_fill_state(db) == FillState(turned_off_at=AT)
    fill_state.resume(db)
    assert fill_state.find_fill_state(db) == FillState()
