"""Tests that each kind of damage is found and named, and that a sound file and additions are not damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from storage.database import path_of
from storage.ledger import record_window
from storage.model import Proof, Window
from storage.row_checks import Damage
from storage.verify import check, check_index, check_ledger, check_schema
from support.rows import AT, DAY, KEY, damage, list_decision, store_decision, store_page


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """A stored and listed decision with its page, on a day that is proven."""
    store_decision(db)
    list_decision(db)
    db.execute("DELETE FROM queue")
    store_page(db, b"<p>Words</p>")
    record_window(db, Proof(Window(DAY, DAY), 1, 1, "proven", AT, AT, AT, "t=both"), 1)
    return db


def found(db: sqlite3.Connection) -> list[str]:
    return [str(one) for one in check(db)]


def test_a_sound_file_has_no_damage(db: sqlite3.Connection) -> None:
    assert found(db) == []
    assert list(check_index(db)) == []


@pytest.mark.parametrize(
    ("sql", "subject"),
    [
        ("UPDATE decisions SET text = 'x'", KEY),
        ("UPDATE revisions SET change = 'amended'", f"{KEY}, revision 1"),
        ("UPDATE pages SET url = '/x'", f"{KEY}, raw page 1"),
        ("UPDATE runs SET arguments = '{'", "run 1"),
        ("UPDATE windows SET last = '2025-04-31'", "2025-04-01 to 2025-04-31"),
        ("UPDATE windows SET total = 2, listed = 2", "2025-04-01 to 2025-04-01"),
    ],
)
def test_a_changed_row_is_named(db: sqlite3.Connection, sql: str, subject: str) -> None:
    damage(db, sql)
    assert subject in {one.subject for one in check(db)}


def test_windows_that_overlap_are_named(db: sqlite3.Connection) -> None:
    damage(
        db,
        "INSERT INTO windows (first, last, total, listed, state, counted_at, unproven_since, asked, run) "
        "SELECT '2025-03-01', '2025-04-20', 0, 0, 'short', counted_at, counted_at, asked, run FROM windows",
    )
    assert "overlaps the range that ends on 2025-04-20" in " ".join(map(str, check_ledger(db)))


def test_a_missing_index_and_a_changed_view_are_named_and_an_addition_is_not(db: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(path_of(db))) as other, other:
        other.execute("DROP INDEX decisions_by_date")
        other.execute("DROP VIEW held_from_site")
        other.execute("CREATE VIEW held_from_site AS SELECT * FROM decisions")
        other.execute("CREATE TABLE songs (name)")
    damages = {(one.subject, one.what) for one in check_schema(db)}
    assert damages == {
        ("decisions_by_date", "is missing"),
        ("held_from_site", "differs from what this lgsco makes"),
    }


def test_a_wrong_version_is_named(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA user_version = 3")
    assert [one.subject for one in check_schema(db)] == ["user_version"]


def test_an_index_that_lacks_a_word_is_found(db: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(path_of(db))) as other, other:
        other.execute("DROP TRIGGER decisions_fts_update")
        other.execute("UPDATE decisions SET text = text || ' zebra'")
    assert list(check_index(db)) == [Damage("index", "the full-text index", "does not match the texts")]


def test_a_reference_to_a_missing_row_is_found(db: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(path_of(db))) as other, other:
        other.execute("DELETE FROM runs")
    assert any("a row refers to a missing row of runs" in line for line in found(db)), found(db)
