"""Tests how rows of the ledger are cut, dropped and dated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.windows import gaps
from storage import ledger
from storage.model import Proof, Window, WindowState
from storage.runs import begin_run
from support.claims import window
from support.older_files import create_tables

AT, LATER = "2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z"
BEGIN = date(2026, 1, 1)


def record(db: sqlite3.Connection, first: str, last: str, state: WindowState = "short", at: str = AT) -> None:
    total = 0 if state == "short" else None
    ledger.record_window(db, Proof(window(first, last), total, 0, state, at, at, None, "t=both"), 1)


def rows(db: sqlite3.Connection) -> list[tuple[str, str, str | None]]:
    return [(str(proof.window), proof.state, proof.unproven_since) for proof in ledger.find_windows(db)]


def test_a_range_keeps_its_first_unproven_instant_until_it_is_proven(db: sqlite3.Connection) -> None:
    record(db, "2025-01-01", "2025-01-31", "unknown", AT)
    record(db, "2025-01-01", "2025-01-31", "drifting", LATER)
    assert rows(db) == [("2025-01-01 to 2025-01-31", "drifting", AT)]
    record(db, "2025-01-01", "2025-01-31", "short", LATER)
    ledger.prove(db, LATER, 1)
    assert rows(db) == [("2025-01-01 to 2025-01-31", "proven", None)]
    ledger.drop_day_proof(db, date(2025, 1, 10), LATER, 1)
    assert rows(db)[1] == ("2025-01-10 to 2025-01-10", "unknown", LATER)


def test_requested_dates_stay_unseen_when_only_a_part_is_walked(db: sqlite3.Connection) -> None:
    ledger.record_unseen(db, [window("2025-01-01", "2025-01-31")], AT, 1)
    record(db, "2025-01-20", "2025-01-31", at=LATER)
    assert rows(db) == [
        ("2025-01-01 to 2025-01-19", "unseen", AT),
        ("2025-01-20 to 2025-01-31", "short", AT),
    ]


def test_an_unproven_row_is_cut_at_both_edges_of_a_window(db: sqlite3.Connection) -> None:
    record(db, "2025-01-01", "2025-01-31")
    ledger.cut_at(db, [window("2025-01-10", "2025-01-20")])
    assert rows(db) == [
        ("2025-01-01 to 2025-01-09", "short", AT),
        ("2025-01-10 to 2025-01-20", "short", AT),
        ("2025-01-21 to 2025-01-31", "short", AT),
    ]


def test_a_proven_row_is_not_cut(db: sqlite3.Connection) -> None:
    record(db, "2025-01-01", "2025-01-31")
    ledger.prove(db, AT, 1)
    ledger.cut_at(db, [window("2025-01-10", "2025-01-20")])
    assert rows(db) == [("2025-01-01 to 2025-01-31", "proven", None)]


def test_drop_unproven_keeps_proven_rows(db: sqlite3.Connection) -> None:
    record(db, "2025-01-01", "2025-01-10")
    ledger.prove(db, AT, 1)
    record(db, "2025-01-11", "2025-01-31", "unknown")
    ledger.drop_unproven(db, window("2025-01-05", "2025-01-20"))
    assert rows(db) == [
        ("2025-01-01 to 2025-01-10", "proven", None),
        ("2025-01-21 to 2025-01-31", "unknown", AT),
    ]


def _day(number: int) -> date:
    return BEGIN + timedelta(days=number)


windows = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: Window(_day(min(pair)), _day(max(pair))))


@given(recorded=st.lists(st.tuples(windows, st.sampled_from(("short", "unknown"))), max_size=5), cuts=st.lists(windows))
def test_cutting_changes_no_day_and_leaves_no_row_across_an_edge(
    recorded: list[tuple[Window, WindowState]], cuts: list[Window]
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        create_tables(db)
        begin_run(db, "backfill", {}, AT)
        for one, state in recorded:
            record(db, str(one.first), str(one.last), state)
        before = {
            day: proof.state
            for proof in ledger.find_windows(db)
            for day in (_day(number) for number in range(61))
            if proof.window.first <= day <= proof.window.last
        }
        ledger.cut_at(db, cuts)
        after = ledger.find_windows(db)
        assert gaps(Window(_day(0), _day(60)), [proof.window for proof in after]) == gaps(
            Window(_day(0), _day(60)), [one for one, _ in recorded]
        )
        for proof in after:
            assert {before[proof.window.first], before[proof.window.last]} == {proof.state}
            for cut in cuts:
                touches = proof.window.first <= cut.last and cut.first <= proof.window.last
                assert not touches or (cut.first <= proof.window.first and proof.window.last <= cut.last)
