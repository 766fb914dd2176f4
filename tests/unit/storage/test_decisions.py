"""Tests how readings of decisions are recorded and found again."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, replace
from datetime import date
from hashlib import sha256

from storage import decisions
from storage.decisions import FIELDS, Held, Reading
from storage.model import Decision, Line
from storage.row_checks import check_rows
from support.rows import damage

AT = "2026-11-02T12:00:00Z"
EARLIER = "2026-11-02T11:50:00Z"
"""When the clock was set back to."""
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


def find_instants(db: sqlite3.Connection) -> tuple[str, ...]:
    row = db.execute("SELECT first_seen, last_seen, updated_at FROM decisions").fetchone()
    recorded = db.execute("SELECT recorded_at FROM revisions ORDER BY revision").fetchall()
    return (*row, *(at for (at,) in recorded))


def test_no_instant_is_before_the_first_after_the_clock_was_set_back(db: sqlite3.Connection) -> None:
    decisions.record_first(db, [reading("25 000 001")], 1)
    decisions.record_unchanged(db, replace(reading("25 000 001"), at=EARLIER))
    assert find_instants(db) == (AT, AT, AT, AT)
    changed = replace(reading("25 000 001", "The complaint\n1. Others."), at=EARLIER)
    decisions.supersede(db, changed, "amended", 1)
    assert find_instants(db) == (AT, AT, AT, AT, AT)
    decisions.add_beside(db, replace(changed, source="import", url=None), 1)
    assert find_instants(db) == (AT, AT, AT, AT, AT, AT)
    assert list(check_rows(db)) == []


def test_a_clock_that_was_ahead_leaves_last_seen_no_later_than_needed(db: sqlite3.Connection) -> None:
    decisions.record_first(db, [reading("25 000 001")], 1)
    decisions.record_unchanged(db, replace(reading("25 000 001"), at="2027-11-02T12:00:00Z"))
    decisions.record_unchanged(db, replace(reading("25 000 001"), at="2026-11-03T12:00:00Z"))
    assert find_instants(db)[1] == "2026-11-03T12:00:00Z"


def test_a_damaged_first_instant_is_not_copied(db: sqlite3.Connection) -> None:
    decisions.record_first(db, [reading("25 000 001")], 1)
    damage(db, "UPDATE decisions SET first_seen = 'yesterday'")
    decisions.record_unchanged(db, replace(reading("25 000 001"), at=EARLIER))
    assert find_instants(db)[1] == EARLIER
