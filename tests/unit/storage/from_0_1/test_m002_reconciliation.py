"""Tests that the windows of the first version, which may overlap, become ranges that do not and prove nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database

from storage.from_0_1.steps import steps

THIS, NEXT = "m002_reconciliation", "m003_manners"
AT = "2025-11-01T06:00:00Z"


def migrate(windows: list[tuple[str, str]], also: str = "") -> sqlite3.Connection:
    db = Database(memory=True)
    steps.apply(db, stop_before=THIS)
    db.execute(
        "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 'sync', '{}', ?, 'x', 1)", (AT,)
    )
    db.executescript(also)
    for first, last in windows:
        db.execute(
            "INSERT INTO windows (first, last, total, listed, state, counted_at, proven_at, asked, run) "
            "VALUES (?, ?, 3, 3, 'proven', ?, ?, 't=both', 1)",
            (first, last, AT, AT),
        )
    steps.apply(db, stop_before=NEXT)
    return db.conn


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("2025-01-01", "2025-01-31"), ("2025-03-01", "2025-03-31")],) * 2,
        ([("2025-01-01", "2025-01-31"), ("2025-01-10", "2025-01-20")], [("2025-01-01", "2025-01-31")]),
        ([("2025-01-01", "2025-01-31"), ("2025-01-31", "2025-02-28")], [("2025-01-01", "2025-02-28")]),
        ([("2025-01-01", "2025-01-31"), ("2025-01-01", "2025-02-28")], [("2025-01-01", "2025-02-28")]),
        ([], []),
    ],
    ids=["apart", "one inside the other", "a day shared", "the same beginning", "none"],
)
def test_windows_that_share_a_day_become_one_and_nothing_is_proven(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    with closing(migrate(before)) as db:
        rows = db.execute("SELECT first, last, state, total, proven_at FROM windows ORDER BY first").fetchall()
    assert rows == [(first, last, "unknown", None, None) for first, last in after]


def test_queued_decisions_stay_queued_and_entries_get_a_day() -> None:
    also = f"""
        INSERT INTO entries (reference, url, decision_date, first_listed, last_listed)
          VALUES ('25 000 001', '/a', '2025-04-01', '{AT}', '{AT}'), ('25 000 002', '/b', NULL, '{AT}', '{AT}');
        INSERT INTO decisions (reference, decision_date, text, first_seen, updated_at, text_sha256, normaliser, source)
          VALUES ('25 000 002', '2025-05-01', 'x', '{AT}', '{AT}', 'x', '1', 'site');
        INSERT INTO queue (reference, url, state, added_at, attempts, next_at, error)
          VALUES ('25 000 001', '/a', 'failed', '{AT}', 3, '{AT}', '503');
    """
    with closing(migrate([], also)) as db:
        assert db.execute("SELECT reference, stands_on FROM entries ORDER BY 1").fetchall() == [
            ("25 000 001", "2025-04-01"),
            ("25 000 002", "2025-05-01"),
        ]
        assert db.execute("SELECT reference, state, reason, attempts, error FROM queue").fetchall() == [
            ("25 000 001", "failed", "listed", 3, "503")
        ]
