"""Other spellings that are suggested for words that no decision has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.query.parser import parse_query
from storage.suggestions import suggest_query
from support.rows import reading_filled, store_decision


def store(db: sqlite3.Connection, *texts: str) -> None:
    """Stores a decision for each text."""
    for number, text in enumerate(texts, 1):
        store_decision(db, f"25 000 {number:03}", text)


def suggest(db: sqlite3.Connection, query: str) -> str | None:
    return suggest_query(db, query, parse_query(query))


def fill(db: sqlite3.Connection) -> None:
    """Stores each word in two decisions, except `payment` and `dlay`, which are in one."""
    store(db, *["An assessment of the tenancy in 2024, a delay, their best interests"] * 2, "A payment, a dlay")


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """An archive of this test, to change."""
    fill(db)
    return db


@pytest.fixture(scope="module")
def unchanged(empty_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The same archive, for tests that only read."""
    with reading_filled(empty_archive, tmp_path_factory.mktemp("suggestions"), fill) as db:
        yield db


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("assesment", "assessment"),
        ("ASSESMENT", "assessment"),
        ("  assesment  tenency ", "  assessment  tenancy "),
        ("delay assesment", "delay assessment"),
        ('"best intrests"', '"best interests"'),
        ("“best intrests”", "“best interests”"),
        ('" best  intrests "', '" best  interests "'),
        ('"intrests of the best"', '"interests of the best"'),
        ("(assesment OR tenency)", "(assessment OR tenancy)"),
        ("NEAR(assesment delay, 5)", "NEAR(assessment delay, 5)"),
        ("delay NOT tenency", "delay NOT tenancy"),
        ("outcome:upheld assesment", "outcome:upheld assessment"),
        ("best-intrests", "best-interests"),
        ("assesment AND assesment", "assessment AND assessment"),
    ],
)
def test_a_word_is_replaced_where_it_is_in_the_query(
    unchanged: sqlite3.Connection, query: str, suggestion: str
) -> None:
    assert suggest(unchanged, query) == suggestion


@pytest.mark.parametrize(
    "query",
    [
        "assessment tenancy",
        "delayed",  # a form of a word that occurs
        "dlay zzzzzz",  # the first occurs once, and no word is like the second
        "dly",  # too short
        "25 000 099",  # a reference
        "20245",
        "interests2",
        "payments",
        "outcome:assesment",
    ],
)
def test_nothing_is_suggested_for_other_words(unchanged: sqlite3.Connection, query: str) -> None:
    assert suggest(unchanged, query) is None


def test_a_form_in_quotation_marks_must_occur_exactly(unchanged: sqlite3.Connection) -> None:
    assert suggest(unchanged, "interest") is None
    assert suggest(unchanged, '"interest"') == '"interests"'


@pytest.mark.parametrize("beginning", ["assess*", '"best inter"*'])
def test_the_beginning_of_words_that_occur_is_left_as_it_is(unchanged: sqlite3.Connection, beginning: str) -> None:
    assert suggest(unchanged, f"{beginning} tenanzy") == f"{beginning} tenancy"


def test_a_misspelt_beginning_is_replaced(unchanged: sqlite3.Connection) -> None:
    assert suggest(unchanged, "tenanzy*") == "tenancy*"


def test_a_word_of_one_decision_is_not_suggested(db: sqlite3.Connection) -> None:
    assert suggest(db, "paymment") is None
    store_decision(db, "25 000 009", "Another payment")
    assert suggest(db, "paymment") == "payment"


def test_of_equally_similar_words_the_most_frequent_is_suggested(db: sqlite3.Connection) -> None:
    store_decision(db, "25 000 007", "formal format")
    store_decision(db, "25 000 008", "formal format")
    store_decision(db, "25 000 009", "format")
    assert suggest(db, "formap") == "format"
    for number in (10, 11):
        store_decision(db, f"25 000 0{number}", "formal")
    assert suggest(db, "formap") == "formal"


def test_a_more_similar_word_goes_before_a_more_frequent_one(db: sqlite3.Connection) -> None:
    for number in range(4, 9):
        store_decision(db, f"25 000 {number:03}", "intents")
    assert suggest(db, "intrests") == "interests"
    assert suggest(db, "intennts") == "intents"


def test_a_misspelt_second_letter_is_found_if_no_word_has_the_first_two(db: sqlite3.Connection) -> None:
    assert suggest(db, "tanancy") == "tenancy"
    for number in (7, 8):
        store_decision(db, f"25 000 {number:03}", "tanacity")
    assert suggest(db, "tanancy") == "tanacity"


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("tenancxx", "tenancy"),  # 6 letters in the same order: a likeness of 12 / 15
        ("tenabxxy", None),  # 5 letters: 10 / 15
        ("tenancyxx", "tenancy"),
        ("tenancyxxx", None),  # three letters longer
        ("xenancy", None),  # another first letter
    ],
)
def test_a_word_is_suggested_only_if_it_is_similar(
    unchanged: sqlite3.Connection, query: str, suggestion: str | None
) -> None:
    assert suggest(unchanged, query) == suggestion


def test_nothing_is_suggested_in_an_empty_archive(db: sqlite3.Connection) -> None:
    for table in ("revisions", "layouts", "decisions"):
        db.execute(f"DELETE FROM {table}")
    assert suggest(db, "assesment") is None
