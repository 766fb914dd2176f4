"""Tests the migration of two views for DuckDB, from a file of the version before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import SCHEMA_VERSION
from storage.layout import make_layout
from storage.model import Line
from storage.verify import check_schema
from storage.writer import writing
from support.older_files import create_tables

THIS = "m019_views_for_duckdb"
AT = "2026-10-01T06:00:00Z"
LINES = (
    Line("header", "A Council (25 000 001)", None, None),
    Line("heading", 'The "Ombudsman\\s" role', None, None),
    Line("paragraph", "A quote \" and \\ backslash, ’curly’, £ and '", "1", None),
    *(Line("item", f"- item {number}", f"1.{number}", None) for number in range(12)),
    Line("paragraph", "", None, None),
    Line("item", "- ", None, None),
)
QUERIES = ("SELECT * FROM paragraphs", "SELECT * FROM missing", "SELECT * FROM coverage")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Makes a file of the version before, with two decisions and four listed ones in all states."""
    path = tmp_path / "lgsco.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        layout = make_layout(LINES)
        for reference, lines, kinds, numbers in (
            ("25 000 001", "\n".join(line.text for line in LINES), layout.kinds, layout.numbers),
            ("25 000 002", "One line", "p", '[""]'),
        ):
            db.execute(
                "INSERT INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
                "VALUES (?, ?, ?, ?, 'x', '1', 'site')",
                (reference, lines, AT, AT),
            )
            db.execute("INSERT INTO layouts (reference, kinds, numbers) VALUES (?, ?, ?)", (reference, kinds, numbers))
        for reference in ("25 000 001", "25 000 003", "25 000 004", "25 000 005"):
            db.execute(
                "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) VALUES (?, ?, ?, ?, ?)",
                (reference, f"/{reference}", AT, AT, "2025-05-01"),
            )
        db.execute(
            "INSERT INTO queue (reference, url, state, reason, added_at, attempts, next_at, error) "
            "VALUES ('25 000 004', '/y', 'failed', 'listed', ?, 3, ?, 'it failed')",
            (AT, AT),
        )
        db.execute(
            "INSERT INTO template_changes (id, state, since, found_at, changed_at, run, example, diff) "
            "VALUES (1, 'template', ?, ?, ?, 1, '25 000 001', '')",
            (AT, AT, AT),
        )
        db.execute("INSERT INTO held_texts VALUES ('25 000 005', 1, 1, ?, 1, 0, 0)", (AT,))
        db.execute(
            "INSERT INTO windows VALUES ('2025-05-01', '2025-05-31', 4, 4, 'short', ?, ?, NULL, ?, 'bare', 1)",
            (AT,) * 3,
        )
    return path


def read(db: sqlite3.Connection) -> list[tuple[list[str], list[tuple[object, ...]]]]:
    found = []
    for query in QUERIES:
        cursor = db.execute(query)
        found.append(([name for name, *_ in cursor.description], cursor.fetchall()))
    return found


def test_the_views_keep_their_columns_and_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        before = read(db)
    assert [len(rows) for _, rows in before] == [len(LINES) + 1, 3, 1]
    assert {row[4] for row in before[1][1]} == {"wanted", "failed", "held back"}
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert read(db) == before
        assert list(check_schema(db)) == []


def test_one_decision_is_found_by_its_key(path: Path) -> None:
    with writing(path) as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM paragraphs WHERE reference = '25 000 001'").fetchall()
    searched = [row[3] for row in plan if row[3].startswith("SEARCH")]
    assert searched[0] == "SEARCH d USING INDEX sqlite_autoindex_decisions_1 (reference=?)"
    assert "SEARCH y USING PRIMARY KEY (reference=?)" in searched
