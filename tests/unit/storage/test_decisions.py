"""Tests how readings of decisions are recorded and found again."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, replace
from datetime import date
from hashlib import sha256

from storage import decisions
from storage.decisions import FIELDS, Held, Reading
from storage.model import Decision, Line

AT = "2026-11-02T12:00:00Z"
LINES = (
    Line("heading", "The complaint", section="The complaint"),
    Line("paragraph", "1. Words.", "1", "The complaint"),
)


def reading(key: str, text: str = "The complaint\n1. Words.") -> Reading:
    decision = Decision(
        key, "A Council", "Education", "School", "Upheld", date(2025, 4, 1), "statement", "In short.", LINES, False
    )
    return Reading(decision, text, "site", AT, "1", "/x")


def test_each_first_reading_is_recorded_with_the_sha256_of_its_own_text(db: sqlite3.Connection) -> None:
    texts = {f"25 000 00{number}": f"The complaint\n1. Words {number}." for number in range(1, 4)}
    decisions.record_first(db, [reading(key, text) for key, text in texts.items()], 1)
    digests = [(key, sha256(text.encode()).hexdigest()) for key, text in texts.items()]
    assert db.execute("SELECT reference, text_sha256 FROM decisions ORDER BY reference").fetchall() == digests
    assert db.execute(
        "SELECT reference, text_sha256, revision, change, source, recorded_at, run FROM revisions ORDER BY reference"
    ).fetchall() == [(*row, 1, "first", "site", AT, 1) for row in digests]


def test_a_stored_decision_is_found_as_it_was_recorded(db: sqlite3.Connection) -> None:
    recorded = reading("25 000 001")
    decisions.record_first(db, [recorded, reading("25 000 002")], 1)
    found = decisions.find_held(db, ["25 000 001", "25 000 009"])
    assert list(found) == ["25 000 001"]
    held = found["25 000 001"]
    assert [getattr(held, name) for name in FIELDS] == [getattr(recorded.decision, name) for name in FIELDS]
    assert held.fields() == recorded.fields()
    assert (held.lines, held.text, held.text_sha256) == (LINES, recorded.text, recorded.text_sha256)


def test_a_stored_decision_has_no_field_closed() -> None:
    assert "closed" not in {field.name for field in fields(Held)}


def test_a_newer_imported_field_replaces_an_older_one_unless_it_is_null(db: sqlite3.Connection) -> None:
    first = reading("25 000 001")
    decisions.record_first(db, [first], 1)
    for outcome, authority in (("Upheld", "B Council"), ("Not upheld", None)):
        printed = replace(first.decision, outcome=outcome, authority=authority)
        decisions.add_beside(db, replace(first, decision=printed, source="import", url=None), 1)
    imported = decisions.find_held(db, ["25 000 001"])["25 000 001"].import_fields
    assert (imported["outcome"], imported["authority"]) == ("Not upheld", "B Council")
