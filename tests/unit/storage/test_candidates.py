"""Which decisions a query finds, where the index, the facts and the texts each answer a part of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from storage.candidates import find_candidates, read_texts
from storage.database import reading
from storage.query.parser import parse_query
from storage.query.tree import And
from storage.suppressions import suppress
from support.rows import AT, damage, reading_filled, store_decision

FIRST, SECOND, THIRD = "25 000 001", "25 000 002", "25 000 003"


def fill(db: sqlite3.Connection) -> None:
    """Stores three decisions, whose rowids are 1 to 3."""
    store_decision(db, FIRST, "The officer delayed a payment.", day=date(2025, 4, 1))
    store_decision(db, SECOND, "The officer paid.", "The delay was short.", day=date(2025, 5, 1))
    store_decision(db, THIRD, "A tenant moved.", day=date(2025, 6, 1))
    db.execute("UPDATE decisions SET outcome = 'Not upheld' WHERE reference = ?", (SECOND,))
    assert [*db.execute("SELECT rowid, reference FROM decisions")] == [(1, FIRST), (2, SECOND), (3, THIRD)]


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """An archive of this test, to change."""
    fill(db)
    return db


@pytest.fixture(scope="module")
def unchanged(empty_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The same archive, for tests that only read."""
    with reading_filled(empty_archive, tmp_path_factory.mktemp("candidates"), fill) as db:
        yield db


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("delay", {1, 2}),
        ('"delay"', {2}),
        ("absent", set()),
        ("NOT delay", {3}),
        ("NOT absent", {1, 2, 3}),
        ("NOT delay NOT tenant", set()),
        ("NOT (delay OR tenant)", set()),
        ("NOT NOT delay", {1, 2}),
    ],
)
def test_the_index_answers_words(unchanged: sqlite3.Connection, query: str, found: set[int]) -> None:
    assert find_candidates(unchanged, parse_query(query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome:upheld", {1, 3}),
        ("NOT outcome:upheld", {2}),
        ("outcome:upheld from:2025-05", {3}),
        ("outcome:upheld delay", {1}),
        ("outcome:upheld NOT delay", {3}),
        ("NOT tenant NOT outcome:upheld", {2}),
        ("NOT delay NOT outcome:upheld", set()),
        ('tenant OR outcome:"not upheld"', {2, 3}),
        ("NOT delay OR NOT outcome:upheld", {2, 3}),
        ("NOT (delay outcome:upheld)", {2, 3}),
        ("delay (tenant OR from:2025-05)", {2}),
    ],
)
def test_facts_combine_with_words(unchanged: sqlite3.Connection, query: str, found: set[int]) -> None:
    assert find_candidates(unchanged, parse_query(query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("NEAR(officer delay, 0)", {1}),
        ("NEAR(officer delay, 900)", {1}),  # the second decision has the words in two paragraphs
        ("NEAR(officer payment, 1)", set()),
        ("NEAR(officer payment, 2)", {1}),
        ("NOT NEAR(officer delay, 0)", {2, 3}),
        ("NEAR(officer delay, 0) OR tenant", {1, 3}),
        ("NEAR(officer delay, 0) NOT payment", set()),
        ('NEAR(officer delay, 0) outcome:"not upheld"', set()),
        ("NEAR(officer delay, 0) NEAR(delay payment, 1)", {1}),
        ("NEAR(officer delay, 0) NEAR(officer paid, 0)", set()),
    ],
)
def test_near_is_decided_by_the_paragraphs(unchanged: sqlite3.Connection, query: str, found: set[int]) -> None:
    assert find_candidates(unchanged, parse_query(query)) == found


def test_an_empty_query_finds_all_decisions(unchanged: sqlite3.Connection) -> None:
    assert find_candidates(unchanged, And(())) == {1, 2, 3}


def test_nothing_is_found_in_an_empty_archive(archive: Path) -> None:
    with reading(archive) as empty:
        for query in ("delay", "NOT delay", "NEAR(officer delay)", "outcome:upheld", "NOT outcome:upheld"):
            assert find_candidates(empty, parse_query(query)) == set(), query


@pytest.mark.parametrize("query", ["NOT absent", "NOT (delay from:2026)", "NOT NEAR(delay tenant)"])
def test_a_negation_does_not_find_suppressed_decisions(db: sqlite3.Connection, query: str) -> None:
    suppress(db, THIRD, "a court order", AT)
    assert find_candidates(db, parse_query(query)) == {1, 2}


def test_the_first_two_lines_read_are_authority_and_summary(db: sqlite3.Connection) -> None:
    db.execute("UPDATE decisions SET summary = 'One' || char(10) || 'two.' WHERE rowid = 2")
    db.execute("UPDATE decisions SET authority = NULL, summary = NULL WHERE rowid = 3")
    texts = {rowid: text.split("\n") for rowid, text in read_texts(db, {2, 3})}
    assert texts.keys() == {2, 3}
    assert texts[2][:2] == ["A Council", "One two."]
    assert texts[3][:2] == ["", ""]
    for rowid, lines in texts.items():
        (text,) = db.execute("SELECT text FROM decisions WHERE rowid = ?", (rowid,)).fetchone()
        assert "\n".join(lines[2:]) == text


def test_near_does_not_reach_from_the_summary_into_the_text(db: sqlite3.Connection) -> None:
    db.execute("UPDATE decisions SET summary = 'An officer' WHERE rowid = 3")
    db.execute("UPDATE decisions SET text = 'delayed' WHERE rowid = 3")
    assert find_candidates(db, parse_query("NEAR(officer delay, 0)")) == {1}


def test_a_text_that_is_not_utf_8_is_searched(db: sqlite3.Connection) -> None:
    damage(db, "UPDATE decisions SET text = text || CAST(x'0aff' AS TEXT) WHERE rowid = 1")
    ((_, text),) = read_texts(db, [1])
    assert text.endswith("\n\ufffd")
    assert find_candidates(db, parse_query("NEAR(officer delay, 0)")) == {1}
