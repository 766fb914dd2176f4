"""From a file of the version before: the new table, and the view without suppressed decisions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrations import m020_suppressions
from storage.writer import writing
from support.archives import make_archive

NAME = m020_suppressions.__name__.rpartition(".")[2]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """An archive as the version before made it."""
    path = tmp_path / "lgsco.db"
    make_archive(path, 6)
    with closing(sqlite3.connect(path)) as db:
        (view,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'text_lines'").fetchone()
        db.execute("DROP VIEW text_lines")
        db.execute(view[: view.index(" WHERE NOT EXISTS (SELECT 1 FROM suppressions")])
        db.execute("DROP TABLE suppressions")
        for later in ("INDEX decisions_by_parser", "TABLE decisions_words", "VIEW decisions_lines"):
            db.execute(f"DROP {later}")  # of the migrations after it
        db.execute("CREATE INDEX pages_kept ON pages (reference) WHERE state = 'kept'")
        db.execute("DROP TRIGGER pages_seen_parsed")
        assert db.execute("DELETE FROM _sqlite_migrations WHERE name >= ?", (NAME,)).rowcount >= 1
        db.execute(f"PRAGMA user_version = {m020_suppressions.VERSION - 1}")
        db.commit()
    return path


def lines(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute("SELECT reference, text FROM paragraphs ORDER BY reference, position").fetchall()


def test_the_view_shows_the_same_lines_until_a_decision_is_suppressed(older: Path) -> None:
    with closing(sqlite3.connect(older)) as db:
        before = lines(db)
    with writing(older) as db:
        assert db.execute("SELECT count(*) FROM suppressions").fetchone() == (0,)
        assert lines(db) == before
        db.execute("INSERT INTO suppressions VALUES ('25 000 001', '2026-11-02T12:00:00Z', 'x', NULL)")
        assert lines(db) == [row for row in before if row[0] != "25 000 001"]
        (digest,) = db.execute("SELECT sha256 FROM suppressions").fetchone()
        assert len(digest) == 64
        plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM paragraphs WHERE reference = '25 000 002'").fetchall()
        assert "SEARCH" in plan[0][3]
