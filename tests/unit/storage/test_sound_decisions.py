"""Tests that only sound rows are exported, in order, and that the others are named."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from storage import related, suppressions
from storage.decisions import supersede
from storage.export import COLUMNS, Choice
from storage.sound_decisions import SoundDecision, SoundDecisions, reading_bytes
from support.rows import AT, KEY, OTHER, damage, make_reading, store_decision

UNDATED = "25 000 003"


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """Three decisions: one amended and linked with the second, the third without a date."""
    store_decision(db, KEY, "One.", day=date(2025, 4, 1))
    store_decision(db, OTHER, "One.", day=date(2024, 4, 1))
    store_decision(db, UNDATED, day=None)
    supersede(db, make_reading(KEY, "Two.", day=date(2025, 4, 1)), "amended", 1)
    related.relate(db, KEY, [OTHER], "cites")
    return db


def read(db: sqlite3.Connection, choice: Choice = Choice()) -> tuple[list[SoundDecision], list[str]]:  # noqa: B008
    decisions = SoundDecisions(db, choice)
    with reading_bytes(db):
        found = list(decisions)
    return found, decisions.left_out


def keys(found: list[SoundDecision]) -> list[str]:
    return [one.values[0].decode() for one in found]


def test_decisions_come_by_year_with_the_undated_first_and_all_their_rows(db: sqlite3.Connection) -> None:
    found, left_out = read(db)
    assert (keys(found), left_out) == ([UNDATED, OTHER, KEY], [])
    (one,) = [one for one in found if one.values[0] == KEY.encode()]
    assert dict(zip(COLUMNS, one.values, strict=True))["text"].endswith(b"Two.")
    assert one.lines.texts == [b"The complaint", b"Two."]
    assert [row[-1] is None for row in one.revisions] == [False, True], "only past revisions have a text of their own"
    assert one.related == [[KEY.encode(), OTHER.encode(), b"cites", None]]


def test_a_connection_returns_texts_again_afterwards(db: sqlite3.Connection) -> None:
    read(db)
    assert db.execute("SELECT 'text'").fetchone() == ("text",)
    assert not db.in_transaction


@pytest.mark.parametrize(
    ("sql", "named", "left"),
    [
        ("UPDATE decisions SET text = 'x' WHERE reference = ?", f"{KEY}: ", [UNDATED, OTHER]),
        ("UPDATE decisions SET outcome = 'x' WHERE reference = ?", f"{KEY}: ", [UNDATED, OTHER]),
        ("DELETE FROM layouts WHERE reference = ?", f"{KEY}: ", [UNDATED, OTHER]),
        ("UPDATE revisions SET text = 'x' WHERE text IS NOT NULL AND reference = ?", f"{KEY}, revision 1: ", None),
        ("UPDATE related SET other = '19 999 999' WHERE reference = ?", f"{KEY}, its link with 19 999 999: ", None),
    ],
)
def test_a_damaged_row_is_named_and_left_out(
    db: sqlite3.Connection, sql: str, named: str, left: list[str] | None
) -> None:
    damage(db, sql.replace("?", f"'{KEY}'"))
    found, left_out = read(db)
    assert keys(found) == (left or [UNDATED, OTHER, KEY])
    assert len(left_out) == 1
    assert left_out[0].startswith(named), left_out[0]


def test_a_suppressed_decision_and_links_to_it_are_left_out_without_a_word(db: sqlite3.Connection) -> None:
    suppressions.suppress(db, OTHER, "a court order", AT)
    found, left_out = read(db)
    assert (keys(found), left_out) == ([UNDATED, KEY], [])
    assert found[1].related == []


def test_only_chosen_decisions_are_read(db: sqlite3.Connection) -> None:
    assert keys(read(db, Choice(first=date(2025, 1, 1)))[0]) == [KEY]
