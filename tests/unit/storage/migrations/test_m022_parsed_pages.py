"""Tests the migration after which `entries.page_seen_at` is set when a page is parsed, not when it is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.verify import check_schema
from storage.writer import writing
from support.older_files import create_tables

LISTED, FETCHED, LATER = "2026-10-01T06:00:00Z", "2026-10-02T06:00:00Z", "2026-10-09T06:00:00Z"
REFERENCE = "25 000 001"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Makes a file of the version before, with a listed decision."""
    path = tmp_path / "lgsco.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m022_parsed_pages")
        list_decision(db)
    return path


@pytest.fixture
def migrated(path: Path) -> Iterator[sqlite3.Connection]:
    with writing(path) as db:
        yield db


def list_decision(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
        "VALUES (?1, '/x', ?2, ?2, '2025-05-01')",
        (REFERENCE, LISTED),
    )


def store_page(db: sqlite3.Connection, at: str, state: str = "kept") -> None:
    db.execute(
        "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) "
        "VALUES (?, 1, '/x', ?, ?, 1, x'00')",
        (REFERENCE, at, state),
    )


def find_seen(db: sqlite3.Connection) -> str | None:
    seen: str | None = db.execute("SELECT page_seen_at FROM entries WHERE reference = ?", (REFERENCE,)).fetchone()[0]
    return seen


def test_a_page_of_the_version_before_stays_seen(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        store_page(db, FETCHED, "read")
    with writing(path) as db:
        assert find_seen(db) == FETCHED
        assert list(check_schema(db)) == []


@pytest.mark.parametrize("state", ["read", "unreadable", "held"])
def test_a_page_is_seen_once_it_is_parsed(migrated: sqlite3.Connection, state: str) -> None:
    store_page(migrated, FETCHED)
    assert find_seen(migrated) is None
    migrated.execute("UPDATE pages SET state = ?", (state,))
    assert find_seen(migrated) == FETCHED


def test_a_page_that_is_checked_again_is_seen_then(migrated: sqlite3.Connection) -> None:
    store_page(migrated, FETCHED, "read")
    store_page(migrated, FETCHED)
    migrated.execute("UPDATE pages SET checked_at = ? WHERE state = 'read'", (LATER,))
    migrated.execute("UPDATE pages SET state = 'read' WHERE state = 'kept'")
    assert find_seen(migrated) == LATER, "the older page that is parsed last does not set it back"


def test_an_entry_that_is_listed_again_knows_its_parsed_pages(migrated: sqlite3.Connection) -> None:
    store_page(migrated, FETCHED, "read")
    store_page(migrated, LATER)
    migrated.execute("DELETE FROM entries")
    list_decision(migrated)
    assert find_seen(migrated) == FETCHED
