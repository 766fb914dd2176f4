"""Tests the migration that adds the counters, from a file of the version before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.counters import check_counters
from storage.database import SCHEMA_VERSION
from storage.verify import check_schema
from storage.writer import writing
from support.older_files import create_tables

AT, LATER = "2026-10-01T06:00:00Z", "2026-10-09T06:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Makes a file of the version before: four listed decisions, one of them stored from the site, and its pages."""
    path = tmp_path / "lgsco.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m018_counters")
        for number, day, kind, unlisted_at in (
            (1, "2025-05-01", "statement", None),
            (2, "2025-05-01", "report", None),
            (3, "2025-05-02", None, None),
            (4, "2025-05-02", "statement", AT),
        ):
            db.execute(
                "INSERT INTO entries (reference, url, kind, first_listed, last_listed, stands_on, unlisted_at) "
                "VALUES (?, '/x', ?, ?, ?, ?, ?)",
                (f"25 000 00{number}", kind, AT, AT, day, unlisted_at),
            )
        for number, source in ((1, "site"), (3, "import")):
            db.execute(
                "INSERT INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
                "VALUES (?, 'A text', ?, ?, 'x', '1', ?)",
                (f"25 000 00{number}", AT, AT, source),
            )
        db.execute(
            "INSERT INTO queue (reference, url, state, reason, added_at, next_at) "
            "VALUES ('25 000 003', '/x', 'failed', 'listed', ?1, ?1)",
            (AT,),
        )
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 's', '{}', ?, 'x', 1)", (AT,)
        )
        for first, last in (("0001-01-01", "2025-05-01"), ("2025-05-02", "9999-12-31")):
            db.execute(
                "INSERT INTO windows (first, last, total, listed, state, counted_at, unproven_since, asked, run) "
                "VALUES (?1, ?2, 2, 2, 'short', ?3, ?3, '', 1)",
                (first, last, AT),
            )
        for checked_at in (None, LATER, None):
            db.execute(
                "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, checked_at, body) "
                "VALUES ('25 000 001', 1, '/x', ?, 'read', 1, ?, x'00')",
                (AT, checked_at),
            )
    return path


def test_rows_of_an_older_file_are_counted(path: Path) -> None:
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("SELECT * FROM unstored ORDER BY 1").fetchall() == [
            ("25 000 002", "2025-05-01"),
            ("25 000 003", "2025-05-02"),
        ]
        assert db.execute("SELECT * FROM listed_days ORDER BY 1").fetchall() == [
            ("2025-05-01", 2, 1),
            ("2025-05-02", 1, 0),
        ]
        assert db.execute("SELECT reference, page_seen_at FROM entries WHERE page_seen_at IS NOT NULL").fetchall() == [
            ("25 000 001", LATER)
        ]
        assert list(check_schema(db)) == []
        assert list(check_counters(db)) == []


@pytest.mark.parametrize("view", ["missing", "failures", "coverage"])
def test_a_view_shows_the_rows_that_it_showed_in_the_older_file(path: Path, view: str) -> None:
    select = f"SELECT * FROM {view} ORDER BY 1"
    with closing(sqlite3.connect(path)) as db:
        before = db.execute(select)
        columns, rows = [column[0] for column in before.description], before.fetchall()
    with writing(path) as db:
        after = db.execute(select)
        assert [column[0] for column in after.description] == columns
        assert after.fetchall() == rows
        assert len(rows) == {"missing": 2, "failures": 1, "coverage": 2}[view]
