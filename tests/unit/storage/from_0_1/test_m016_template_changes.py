"""Tests the migration that allows held pages, from a file of the version before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from storage.database import SCHEMA_VERSION
from storage.from_0_1.m016_template_changes import REASONS
from storage.model import RevisionReason
from storage.related import find_unrelated
from storage.verify import check_schema
from storage.writer import writing
from support.older_files import create_tables

THIS = "m016_template_changes"
AT = "2026-10-01T06:00:00Z"
PAGE = "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) VALUES (?, 1, '/x', ?, ?, 1, x'00')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Makes a file of the version before, with a decision, a page and a listed decision that is not stored."""
    path = tmp_path / "lgsco.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        db.execute(PAGE, ("25 000 001", AT, "read"))
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(PAGE, ("25 000 001", AT, "held"))
        db.execute(
            "INSERT INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
            "VALUES ('25 000 001', 'A text', ?, ?, 'x', '1', 'site')",
            (AT, AT),
        )
        db.execute(
            "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
            "VALUES ('25 000 002', '/y', ?, ?, '2025-05-01')",
            (AT, AT),
        )
    return path


def test_pages_can_be_held_and_none_is_lost(path: Path) -> None:
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("SELECT reference, state FROM pages").fetchall() == [("25 000 001", "read")]
        db.execute("UPDATE pages SET state = 'held'")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("UPDATE pages SET state = 'lost'")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert list(check_schema(db)) == []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT state FROM pages").fetchall() == [("held",)]


def test_stored_decisions_are_queued_to_be_linked(path: Path) -> None:
    with writing(path) as db:
        assert find_unrelated(db, 10) == ["25 000 001"]


def test_the_view_missing_includes_held_back_decisions(path: Path) -> None:
    with writing(path) as db:
        state = "SELECT state FROM missing"
        assert db.execute(state).fetchall() == [("wanted",)]
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 's', '{}', ?, 'x', 1)", (AT,)
        )
        db.execute(
            "INSERT INTO template_changes (id, state, since, found_at, changed_at, run, example, diff) "
            "VALUES (1, 'template', ?, ?, ?, 1, '25 000 001', '')",
            (AT, AT, AT),
        )
        db.execute("INSERT INTO held_texts VALUES ('25 000 002', 1, 1, ?, 1, 0, 0)", (AT,))
        assert db.execute(state).fetchall() == [("held back",)]


def test_the_reasons_are_those_of_the_model() -> None:
    assert set(REASONS) == set(get_args(RevisionReason))
