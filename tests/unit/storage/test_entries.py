"""Tests the newest card of each decision, and what a change of it queues and records."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from storage import entries, queue
from storage.database import SCHEMA_VERSION, atomic
from storage.model import Entry, Window
from storage.writer import writing
from support.older_files import create_tables

CARD = Entry(
    reference="25 004 920",
    url="/decisions/education/school-admissions/25-004-920",
    authority="Anytown Council",
    outcome="Not upheld",
    subcategory="School admissions",
    decision_date=date(2025, 10, 6),
    kind="statement",
    title="Anytown Council (25 004 920)",
    summary="The Council was not at fault.",
)
WINDOW = Window(date(2025, 10, 1), date(2025, 10, 31))
CHANGES: dict[str, Any] = {
    "authority": "Anytown Borough Council",
    "title": "Anytown Council (25 004 920a)",
    "summary": "The Council was at fault.",
    "outcome": "Upheld",
    "subcategory": "School transport",
    "kind": "report",
    "decision_date": date(2025, 10, 7),
    "url": "/decisions/education/school-transport/25-004-920",
}


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """A database that lists one decision, which is not queued."""
    show(db, CARD, 1)
    queue.remove(db, [CARD.reference])
    return db


def show(db: sqlite3.Connection, card: Entry, day: int) -> None:
    """Records a listing page with one card."""
    db.execute(
        "INSERT OR IGNORE INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, "
        "source) VALUES (?, 'x', 'x', 'x', 'x', '1', 'site')",
        (card.reference,),
    )
    with atomic(db):
        entries.record_listing(db, [card], f"2025-12-{day:02}T06:00:00Z", WINDOW, 1)


def moves(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return db.execute("SELECT field, before, after FROM moves ORDER BY field").fetchall()


def queued(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute("SELECT reference, reason FROM queue").fetchall()


def test_a_card_is_stored_unchanged(db: sqlite3.Connection) -> None:
    assert entries.find_entries(db, [CARD.reference]) == {CARD.reference: CARD}


def test_the_same_card_changes_and_queues_nothing(db: sqlite3.Connection) -> None:
    show(db, CARD, 2)
    assert (moves(db), queued(db)) == ([], [])


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_of_anything_the_card_shows_queues_the_decision(db: sqlite3.Connection, field: str) -> None:
    changed = replace(CARD, **{field: CHANGES[field]})
    show(db, changed, 2)
    assert moves(db) == [(field, str(getattr(CARD, field)), str(CHANGES[field]))]
    assert queued(db) == [(CARD.reference, "changed")]
    assert entries.find_entries(db, [CARD.reference]) == {CARD.reference: changed}


@pytest.mark.parametrize("field", sorted(set(CHANGES) - {"url"}))
def test_a_field_missing_from_a_card_is_not_a_change(db: sqlite3.Connection, field: str) -> None:
    missing: dict[str, Any] = {field: None}
    show(db, replace(CARD, **missing), 2)
    assert (moves(db), queued(db)) == ([], [])
    show(db, CARD, 3)
    assert (moves(db), queued(db)) == ([], [])


@pytest.mark.parametrize("field", ["authority", "title", "summary"])
def test_a_changed_capital_letter_counts_as_a_change(db: sqlite3.Connection, field: str) -> None:
    show(db, replace(CARD, **{field: getattr(CARD, field).upper()}), 2)
    assert [name for name, _, _ in moves(db)] == [field]


@pytest.mark.parametrize("url", [CARD.url + "/", CARD.url.title()])
def test_another_case_or_slash_is_not_a_change_of_address(db: sqlite3.Connection, url: str) -> None:
    show(db, replace(CARD, url=url), 2)
    assert (moves(db), queued(db)) == ([], [])


def test_a_change_and_its_reversal_are_both_recorded(db: sqlite3.Connection) -> None:
    show(db, replace(CARD, summary="Another."), 2)
    show(db, CARD, 3)
    assert sorted(moves(db)) == [
        ("summary", "Another.", CARD.summary),
        ("summary", CARD.summary, "Another."),
    ]


def test_an_entry_is_never_last_listed_before_it_was_first_listed(db: sqlite3.Connection) -> None:
    first = "2025-12-02T06:00:00Z"
    db.execute("UPDATE entries SET first_listed = ?", (first,))
    show(db, CARD, 1)  # the clock was set back
    assert db.execute("SELECT first_listed, last_listed FROM entries").fetchall() == [(first, first)]
    with atomic(db):
        entries.record_unlisted(db, WINDOW, [], "2025-12-01T06:00:00Z", 1)
    assert db.execute("SELECT unlisted_at FROM entries").fetchall() == [(first,)]


# ---------------------------------------------------------------- files of the schema before


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Makes a file of schema version 6: a decision stored and listed, whose card changed once."""
    path = tmp_path / "before.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m007_cards")
        assert db.execute("PRAGMA user_version").fetchone() == (6,)
        db.executescript(
            """
            INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES
              (1, 'backfill', '{}', '2025-11-01T06:00:00Z', 'complete', 1);
            INSERT INTO decisions (reference, decision_date, text, url, status, first_seen, updated_at, text_sha256,
              normaliser, source) VALUES ('25 004 920', '2025-10-06', 'One',
              '/decisions/education/school-admissions/25-004-920', 'published', '2025-11-01T06:00:00Z',
              '2025-11-01T06:00:00Z', 'x', '1', 'site');
            INSERT INTO entries (reference, url, authority, outcome, subcategory, decision_date, kind, first_listed,
              last_listed, stands_on) VALUES ('25 004 920', '/decisions/education/school-admissions/25-004-920',
              'Anytown Council', 'Not upheld', 'School admissions', '2025-10-06', 'statement', '2025-11-01T06:00:00Z',
              '2025-11-01T06:00:00Z', '2025-10-06');
            INSERT INTO moves (reference, at, field, before, after, run) VALUES
              ('25 004 920', '2025-11-02T06:00:00Z', 'outcome', 'Upheld', 'Not upheld', 1);
            """
        )
    return path


def test_a_migrated_file_keeps_its_entries_and_moves(before: Path) -> None:
    with writing(before) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert moves(db) == [("outcome", "Upheld", "Not upheld")]
        assert entries.find_entries(db, [CARD.reference]) == {CARD.reference: replace(CARD, title=None, summary=None)}


def test_the_first_card_after_an_upgrade_queues_nothing_and_the_next_change_does(before: Path) -> None:
    with writing(before) as db:
        show(db, CARD, 1)
        assert (len(moves(db)), queued(db)) == (1, [])
        show(db, replace(CARD, summary="Another."), 2)
        assert ("summary", CARD.summary, "Another.") in moves(db)
        assert queued(db) == [(CARD.reference, "changed")]


def test_a_council_renamed_after_the_upgrade_is_detected_on_its_first_card(before: Path) -> None:
    with writing(before) as db:
        show(db, replace(CARD, authority="Newtown Council", title="Newtown Council (25 004 920)"), 1)
        assert ("authority", "Anytown Council", "Newtown Council") in moves(db)
        assert queued(db) == [(CARD.reference, "changed")]
