"""Tests the checks of rows against their digests that `test_quick_checks.py` does not compare with the quick ones."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from storage.decisions import supersede
from storage.row_checks import Damage, Share, check_rows, guarded
from support.rows import KEY, OTHER, damage, make_reading, store_decision, store_page


def test_the_shares_cover_each_row_id_exactly_once() -> None:
    for of in (1, 3, 28):
        ranges = [Share(number, of).range(100) for number in range(of)]
        assert ranges[0][0] == -(2**63), "a damaged table may have negative row ids"
        assert ranges[-1][1] == 2**63 - 1, "the last row may not have the highest row id"
        assert [first for first, _ in ranges[1:]] == [last for _, last in ranges[:-1]], f"{of} shares leave no gap"


def test_rows_are_counted_and_sound_decisions_are_shown(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
        store_page(db, b"x", key)
    damage(db, f"UPDATE decisions SET text = 'x' WHERE reference = '{OTHER}'")
    counts: Counter[str] = Counter()
    looked: list[bytes] = []

    def count(what: str, rows: int) -> None:
        counts[what] += rows

    damages = list(check_rows(db, count, look=lambda text, _kinds, _numbers: looked.append(text)))
    assert [(one.part, one.reference) for one in damages] == [("decision", OTHER)]
    assert counts == {"decisions": 2, "revisions": 2, "raw pages": 2}
    assert looked == [b"The complaint\nWords."]
    assert db.text_factory is str, "the connection returns texts again"


@pytest.mark.parametrize("of", [1, 2])
def test_each_revision_is_counted(db: sqlite3.Connection, of: int) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
    supersede(db, make_reading(OTHER, "Two."), "amended", 1)
    supersede(db, make_reading(OTHER, "Three."), "amended", 1)
    counts: Counter[str] = Counter()
    for number in range(of):
        assert list(check_rows(db, lambda what, rows: counts.update({what: rows}), Share(number, of))) == []
    assert (counts["decisions"], counts["revisions"]) == (2, 4)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE revisions SET revision = 2", "are not numbered from 1 without a gap"),
        ("UPDATE revisions SET text = 'x'", "do not name one as the current text"),
        ("UPDATE revisions SET sha256 = NULL", "its row has no digest"),
        ("UPDATE revisions SET run = NULL", "its row does not match its digest"),
    ],
)
def test_each_damage_of_a_revision_has_its_own_words(db: sqlite3.Connection, sql: str, what: str) -> None:
    store_decision(db)
    damage(db, sql)
    assert what in {one.what for one in check_rows(db)}


def test_a_layout_of_no_decision_is_found(db: sqlite3.Connection) -> None:
    store_decision(db)
    damage(db, "UPDATE decisions SET reference = '25 000 009'")
    assert (KEY, "its layout belongs to no stored decision") in {(one.subject, one.what) for one in check_rows(db)}


def test_a_table_that_cannot_be_read_is_a_damage_and_a_lock_is_not() -> None:
    def fail(name: str) -> Iterator[Damage]:
        error = sqlite3.DatabaseError("what SQLite says")
        error.sqlite_errorname = name
        yield Damage("page", "1", "first")
        raise error

    assert list(guarded("page", "raw pages", fail("SQLITE_CORRUPT"))) == [
        Damage("page", "1", "first"),
        Damage("page", "raw pages", "cannot be read (what SQLite says)"),
    ]
    with pytest.raises(sqlite3.DatabaseError):
        list(guarded("page", "raw pages", fail("SQLITE_BUSY")))
