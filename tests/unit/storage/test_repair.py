"""Tests that damaged rows are rebuilt from a reading, and that nothing else changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from storage import repair
from storage.database import path_of
from storage.decisions import add_beside, supersede
from storage.digests import find_flaw, sha256_of
from storage.ledger import record_window
from storage.model import Proof, Window
from support.rows import AT, DAY, KEY, damage, find_url, from_document, list_decision, make_reading, store_decision

LATER = "2026-11-09T12:00:00Z"
ROW = "SELECT text, authority, outcome, status, source, first_seen, updated_at, last_seen, url FROM decisions"


def row(db: sqlite3.Connection) -> tuple[object, ...]:
    found: tuple[object, ...] = db.execute(ROW).fetchone()
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE decisions SET text = 'Others.'",
        "UPDATE decisions SET outcome = 'Not upheld'",
        "UPDATE decisions SET first_seen = '2020-01-01T00:00:00Z'",
        "UPDATE decisions SET status = 'withdrawn'",
        'UPDATE layouts SET numbers = \'["","7"]\'',
    ],
)
def test_a_damaged_decision_becomes_what_it_was(db: sqlite3.Connection, sql: str) -> None:
    reading = store_decision(db)
    before = row(db)
    damage(db, sql)
    assert find_flaw(db, KEY), "the damage is found before the repair"
    repair.rebuild(db, reading, {})
    assert row(db) == before
    assert find_flaw(db, KEY) is None


def test_fields_that_only_an_import_printed_are_kept(db: sqlite3.Connection) -> None:
    reading = store_decision(db)
    damage(db, "UPDATE decisions SET text = 'Others.'")
    repair.rebuild(db, reading, {"outcome": "ignored: the page prints it", "summary": "ignored"})
    assert row(db)[2] == "Upheld"


def test_the_status_comes_from_an_absence_that_has_not_ended(db: sqlite3.Connection) -> None:
    store_decision(db)
    db.execute(
        "INSERT INTO absences (reference, noticed_at, stood_on, run, next_at, ended_at, ending) "
        "VALUES (?1, ?2, '2025-04-01', 1, ?2, ?2, 'gone')",
        (KEY, AT),
    )
    stored_page = make_reading(KEY)
    again = type(stored_page)(stored_page.decision, stored_page.text, "site", AT, "1", find_url(KEY), again=LATER)
    repair.rebuild(db, again, {})
    assert row(db)[3] == "gone"
    repair.rebuild(db, make_reading(KEY, at=LATER), {})
    assert row(db)[3] == "published", "a page that was just fetched is published"


def test_a_last_seen_that_is_not_an_instant_is_replaced(db: sqlite3.Connection) -> None:
    reading = store_decision(db)
    damage(db, "UPDATE decisions SET last_seen = 'of late'")
    repair.rebuild(db, reading, {})
    assert row(db)[7] == AT


def test_a_rebuilt_index_finds_the_words_of_the_table(db: sqlite3.Connection) -> None:
    store_decision(db, KEY, "Zebra.")
    with closing(sqlite3.connect(path_of(db))) as other, other:
        other.execute("DROP TRIGGER decisions_fts_update")
        other.execute("UPDATE decisions SET text = replace(text, 'Zebra', 'Giraffe')")
    find = "SELECT count(*) FROM decisions_fts WHERE decisions_fts MATCH ?"
    assert db.execute(find, ("giraffe",)).fetchone() == (0,)
    repair.rebuild_index(db)
    repair.reindex(db)
    assert db.execute(find, ("giraffe",)).fetchone() == (1,)
    assert db.execute(find, ("zebra",)).fetchone() == (0,)


def test_the_document_of_the_current_text_is_named_and_not_that_of_an_older_one(db: sqlite3.Connection) -> None:
    store_decision(db)
    add_beside(db, from_document(make_reading(KEY, "Beside."), "/beside.txt"), 1)
    assert repair.find_document(db, KEY) is None, "the current text is the site's"
    supersede(db, from_document(make_reading(KEY, "Imported."), "/now.txt"), "amended", 1)
    assert repair.find_document(db, KEY) == "/now.txt"


def test_the_address_of_the_listing_counts_before_that_of_the_row(db: sqlite3.Connection) -> None:
    store_decision(db)
    db.execute("UPDATE decisions SET url = '/old'")
    assert repair.find_url(db, KEY) == "/old"
    list_decision(db)
    assert repair.find_url(db, KEY) == find_url(KEY)
    assert repair.find_url(db, "19 999 999") is None


def test_a_damaged_past_text_is_found_and_restored(db: sqlite3.Connection) -> None:
    first = store_decision(db, KEY, "One.")
    db.execute(
        "INSERT INTO pages (id, reference, chapter, url, fetched_at, state, bytes, body) "
        "VALUES (7, ?, 1, '/x', ?, 'read', 1, x'00')",
        (KEY, AT),
    )
    db.execute("UPDATE revisions SET page = 7")
    supersede(db, make_reading(KEY, "Two."), "amended", 1)
    assert repair.find_damaged_texts(db, KEY) == []
    damage(db, "UPDATE revisions SET text = 'Others.' WHERE revision = 1")
    assert repair.find_damaged_texts(db, KEY) == [(1, 7, sha256_of(first.text))]
    repair.restore_text(db, KEY, 1, first.text)
    assert repair.find_damaged_texts(db, KEY) == []


def test_the_digest_of_a_damaged_text_that_was_just_superseded_is_withdrawn(db: sqlite3.Connection) -> None:
    store_decision(db, KEY, "One.")
    supersede(db, make_reading(KEY, "Two."), "amended", 1)
    repair.withdraw_digest(db, KEY)
    assert [sha is None for (sha,) in db.execute("SELECT sha256 FROM revisions ORDER BY revision")] == [True, False]


def record(db: sqlite3.Connection) -> None:
    record_window(db, Proof(Window(DAY, DAY), 0, 0, "proven", AT, AT, AT, "t=both"), 1)


def test_a_forgotten_window_is_not_proven_any_more(db: sqlite3.Connection) -> None:
    record(db)
    repair.forget_window(db, f"{DAY} to {DAY}", LATER)
    assert db.execute("SELECT state, total, proven_at, unproven_since FROM windows").fetchall() == [
        ("unknown", None, None, LATER)
    ]


@pytest.mark.parametrize("last", ["2025-04-99", "soon"])
def test_a_window_that_is_not_a_range_of_dates_is_deleted(db: sqlite3.Connection, last: str) -> None:
    record(db)
    damage(db, f"UPDATE windows SET last = '{last}'")
    repair.forget_window(db, f"{DAY} to {last}", LATER)
    assert db.execute("SELECT count(*) FROM windows").fetchone() == (0,)


def test_arguments_and_counts_of_runs_that_are_not_json_are_emptied(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO runs (task, arguments, started_at, state, process, tally) VALUES ('x', '{', '', '', 1, '[')"
    )
    repair.repair_runs(db)
    assert db.execute("SELECT arguments, tally FROM runs ORDER BY id").fetchall() == [("{}", None)] * 2
