"""Tests that findings of the current reading replace those before, and how they are counted."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date

from storage import findings, suppressions
from storage.findings import OddCount, OutsideBlock
from storage.model import Note, Oddity
from support.rows import AT, KEY, OTHER, make_decision, store_decision

LATER = "2026-11-09T12:00:00Z"


def record(db: sqlite3.Connection, key: str, *oddities: Oddity, at: str = AT) -> None:
    findings.record_findings(db, replace(make_decision(key), odd=oddities), at)


def test_findings_of_a_newer_reading_replace_those_before(db: sqlite3.Connection) -> None:
    store_decision(db)
    first = replace(
        make_decision(KEY),
        odd=(Oddity("date", "31 June"),),
        notes=(Note(date(2025, 5, 1), "The Council paid."),),
        named_with=(OTHER,),
    )
    findings.record_findings(db, first, AT, is_new=True)
    findings.record_findings(db, replace(first, odd=(Oddity("encoding", "\ufffd"),), named_with=()), LATER)
    assert db.execute("SELECT what, example, found_at FROM oddities").fetchall() == [("encoding", "\ufffd", LATER)]
    assert db.execute("SELECT position, date, text FROM notes").fetchall() == [(0, "2025-05-01", "The Council paid.")]
    assert db.execute("SELECT count(*) FROM related").fetchone() == (0,)


def test_links_that_a_title_does_not_make_stay(db: sqlite3.Connection) -> None:
    store_decision(db)
    db.execute("INSERT INTO related (reference, other, reason) VALUES (?, ?, 'cites')", (KEY, OTHER))
    findings.record_findings(db, make_decision(KEY), AT)
    assert db.execute("SELECT reason FROM related").fetchall() == [("cites",)]


def test_the_most_frequent_oddity_comes_first_and_a_suppressed_decision_does_not_count(
    db: sqlite3.Connection,
) -> None:
    for key in (KEY, OTHER, "25 000 003"):
        store_decision(db, key)
    record(db, KEY, Oddity("date", "31 June"), Oddity("date", "32 June"))
    record(db, OTHER, Oddity("encoding", "\ufffd"), at=LATER)
    record(db, "25 000 003", Oddity("encoding", "\ufffd"))
    assert findings.count_oddities(db) == [OddCount("encoding", 2, "25 000 003"), OddCount("date", 1, KEY)]
    assert findings.find_oddities(db, 1)[0]["reference"] == OTHER, "the newest comes first"
    suppressions.suppress(db, OTHER, "a court order", AT)
    assert findings.count_oddities(db) == [OddCount("date", 1, KEY), OddCount("encoding", 1, "25 000 003")]
    assert OTHER not in {row["reference"] for row in findings.find_oddities(db, 9)}


def test_an_unreadable_page_is_remembered_since_the_first_time(db: sqlite3.Connection) -> None:
    findings.record_unreadable(db, KEY, AT, "1", "no opener")
    findings.record_unreadable(db, KEY, LATER, "2", "no title")
    assert findings.find_unreadable(db) == [findings.Unreadable(KEY, AT, LATER, "2", "no title")]
    findings.forget_unreadable(db, [OTHER, KEY])
    assert findings.find_unreadable(db) == []


def test_a_known_kind_of_block_is_counted_and_keeps_its_example(db: sqlite3.Connection) -> None:
    rating = OutsideBlock("a", "Rate # page", "Rate 1 page", KEY, AT, AT, 1)
    other = OutsideBlock("b", "Print", "Print", OTHER, LATER, LATER, 1)
    assert findings.count_outside_block(db, rating), "the kind is new"
    assert not findings.count_outside_block(db, rating._replace(example="Rate 2 page", last_seen=LATER))
    assert findings.count_outside_block(db, other)
    counted = rating._replace(last_seen=LATER, decisions=2)
    assert findings.find_frequent_blocks(db, 9) == [counted, other]
    assert findings.find_outside_blocks(db, 9) == [other, counted], "the newest kind comes first"
