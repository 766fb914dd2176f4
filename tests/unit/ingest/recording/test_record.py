"""Tests the changes of the archive, and the counts of the run, when a reading is recorded."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from ingest.errors import NotADecision
from ingest.recording.record import Recorder
from ingest.recording.tally import Tally
from storage.digests import find_flaw
from storage.model import Oddity, Page
from support.rows import AT, KEY, OTHER, damage, from_document, list_decision, make_decision, make_reading
from support.world import Time

LATER = "2026-11-09T12:00:00Z"


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def recorder(db: sqlite3.Connection, time: Time, tally: Tally) -> Recorder:
    return Recorder(db, time.clock(), 1, tally)


def changes(db: sqlite3.Connection) -> list[str]:
    return [change for (change,) in db.execute("SELECT change FROM revisions ORDER BY reference, revision")]


def test_a_new_an_unchanged_and_an_amended_reading_are_counted(
    db: sqlite3.Connection, recorder: Recorder, tally: Tally
) -> None:
    recorder.record([make_reading(KEY), make_reading(OTHER)])
    recorder.record([make_reading(KEY, at=LATER), make_reading(OTHER, "Other words.", at=LATER)])
    assert (tally.first, tally.unchanged, tally.amended) == (2, 1, 1)
    assert changes(db) == ["first", "first", "amended"]
    assert db.execute("SELECT last_seen FROM decisions").fetchall() == [(LATER,)] * 2


def test_an_import_beside_the_sites_text_replaces_nothing(
    db: sqlite3.Connection, recorder: Recorder, tally: Tally
) -> None:
    recorder.record([make_reading(KEY)])
    recorder.record([from_document(make_reading(KEY, "Other words."), "/one.txt")])
    assert tally.beside == 1
    assert db.execute("SELECT source, text LIKE '%Other%' FROM decisions").fetchone() == ("site", 0)
    recorder.record([from_document(make_reading(KEY, "Other words."), "/one.txt")])
    assert changes(db) == ["first", "beside"], "the same import is recorded once"


def test_a_card_gives_the_fields_that_the_page_leaves_out(db: sqlite3.Connection, recorder: Recorder) -> None:
    list_decision(db)
    reading = make_reading(KEY)
    recorder.record([replace(reading, decision=replace(reading.decision, outcome=None))])
    assert db.execute("SELECT outcome FROM decisions").fetchone() == ("Upheld",)


def test_something_odd_is_counted_and_stored_with_the_decision(
    db: sqlite3.Connection, recorder: Recorder, tally: Tally
) -> None:
    decision = replace(make_decision(KEY), odd=(Oddity("date", "31 June"),))
    recorder.record([recorder.make_reading(decision, "site", at=AT, url="/x")])
    assert len(tally.odd) == 1
    assert db.execute("SELECT reference, what, example FROM oddities").fetchall() == [(KEY, "date", "31 June")]


def test_a_page_without_a_decision_is_an_error_of_that_page(recorder: Recorder) -> None:
    with pytest.raises(NotADecision):
        recorder.parse_pages([(1, Page(KEY, 1, "/x", AT, "utf-8", b"<html><p>Not found</p></html>"))])


def test_a_damaged_row_is_rebuilt_by_the_next_reading_of_it(
    db: sqlite3.Connection, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.record([make_reading(KEY)])
    damage(db, "UPDATE decisions SET outcome = 'x'")
    recorder.record([make_reading(KEY, at=LATER)])
    assert find_flaw(db, KEY) is None
    assert "was rebuilt" in caplog.text
