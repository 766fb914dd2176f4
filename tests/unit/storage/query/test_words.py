from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage.query.tree import Phrase, Prefix, Word
from storage.query.words import Exact, Stem, find_words, list_spellings, split_words
from support.few_cases import examples


@pytest.fixture(scope="module")
def tokenizer() -> Iterator[sqlite3.Connection]:
    """Makes an index with the tokenizer of `decisions_fts`, and a table of its words."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize='unicode61 remove_diacritics 2')")
    db.execute("CREATE VIRTUAL TABLE words USING fts5vocab (texts, instance)")
    yield db
    db.close()


def tokenize(db: sqlite3.Connection, text: str) -> list[str]:
    db.execute("BEGIN")
    db.execute("INSERT INTO texts VALUES (?)", (text,))
    found = [term for (term,) in db.execute("SELECT term FROM words ORDER BY offset")]
    db.execute("ROLLBACK")
    return found


LETTERS = "abÉéñçÅøßﬁ5½²’'“-–—£.,\u00a0\u0301\u0308 \n_©•αΩЖ中"


@given(st.text(alphabet=LETTERS, max_size=30))
@example("the Council’s café – £1,500 34(B)")
@example("cafe\u0301s")
@settings(deadline=None, max_examples=examples(quick=150, full=400))
def test_words_are_those_of_the_index(tokenizer: sqlite3.Connection, text: str) -> None:
    assert split_words(text) == tokenize(tokenizer, text)


@given(st.text(alphabet=LETTERS, max_size=30))
@settings(deadline=None)
def test_the_places_of_words_are_right(text: str) -> None:
    found = find_words(text)
    assert [word for _, _, word in found] == split_words(text)
    assert [split_words(text[start:end]) for start, end, _ in found] == [[word] for _, _, word in found]


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("Complaints", {Stem("complaints")}),
        ("(council),", {Stem("council")}),
        ("council's", {Stem("council")}),
        ("council’s", {Stem("council")}),
        ("O'Brien", {Exact(("o", "brien")), Stem("obrien")}),
        ("well-known", {Exact(("well", "known")), Stem("wellknown")}),
        ("well–known", {Exact(("well", "known")), Stem("wellknown")}),
        ("34(B)", {Exact(("34", "b"))}),
        ("café", {Stem("cafe")}),
        ("Жалоба", {Exact(("жалоба",))}),
        ("office", {Stem("office"), Stem("oﬃce")}),
        ("oﬃce", {Stem("office"), Stem("oﬃce")}),
        ("1500", {Stem("1500"), Exact(("1", "500"))}),
        ("£1,500", {Stem("1500"), Exact(("1", "500"))}),
        ("0500", {Stem("0500")}),
        ("250.50", {Exact(("250", "50"))}),
        ("25-004-920", {Exact(("25", "004", "920"), begins=True)}),
        ("24001411A", {Exact(("24", "001", "411a"))}),
    ],
)
def test_a_word_is_found_in_the_ways_in_which_it_may_be_printed(text: str, spellings: set[object]) -> None:
    assert {one for one in list_spellings(Word(text)) if one != Stem("")} >= spellings
    assert {one for one in list_spellings(Word(text)) if isinstance(one, Exact)} == {
        one for one in spellings if isinstance(one, Exact)
    }


def test_a_phrase_and_a_prefix_are_exact() -> None:
    assert list_spellings(Phrase("Best-interests")) == (Exact(("best", "interests")),)
    assert list_spellings(Phrase("best inter", begins=True)) == (Exact(("best", "inter"), begins=True),)
    assert list_spellings(Prefix("Assess")) == (Exact(("assess",), begins=True),)
    assert list_spellings(Phrase("–")) == ()
