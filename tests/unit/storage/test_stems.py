from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date
from itertools import product

import pytest

from bench.search_oracle import stem
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.prose import vocabulary
from storage.stems import find_forms, find_stem, find_stems, list_beginnings, list_words
from support.paths import SEEDS


@pytest.mark.parametrize(
    ("word", "found"),
    [("complaints", "complaint"), ("complained", "complain"), ("happy", "happi"), ("as", "as"), ("2024", "2024")],
)
def test_a_stem_is_that_of_the_index(word: str, found: str) -> None:
    assert find_stem(word) == found


def test_sqlites_stemmer_is_porters_on_the_words_of_the_texts() -> None:
    """The second stemmer is a library's. Its two differences from SQLite's are named in `bench.search_oracle.stem`."""
    words = set(re.findall("[a-z]+", " ".join(path.read_text("utf-8").lower() for path in SEEDS.iterdir())))
    for sample in generate(30, seed=3, first=date(2016, 1, 1), last=date(2025, 12, 31)):
        words |= set(re.findall("[a-z]+", expected_text(sample).lower()))
    invented = {word for table in vocabulary().values() for word in table if word.isascii() and word.isalpha()}
    words |= set(sorted(word.lower() for word in invented)[::20])
    assert len(words) > 3_000
    assert {word for word in words if find_stem(word) != stem(word)} <= {"mekking"}
    assert {word for word in words if not begins_as_its_stem_says(word)} == set()


def begins_as_its_stem_says(word: str) -> bool:
    return any(word.startswith(beginning) for beginning in list_beginnings(find_stem(word)))


ENDINGS = (
    *("", "s", "es", "ies", "y", "e", "ed", "eed", "ing", "ational", "tional", "enci", "anci", "izer", "abli", "bly"),
    *("alli", "ally", "entli", "eli", "ely", "ousli", "ization", "ation", "ator", "alism", "iveness", "fulness"),
    *("ousness", "aliti", "ality", "iviti", "ivity", "biliti", "bility", "logi", "icate", "ative", "alize", "iciti"),
    *("icity", "ical", "ful", "ness", "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"),
    *("ion", "ou", "ism", "ate", "iti", "ity", "ous", "ive", "ize"),
)
"""The endings that Porter's steps know."""


def test_every_word_begins_with_one_of_the_beginnings_of_its_stem() -> None:
    roots = (
        "fil",
        "hop",
        "happ",
        "agre",
        "capa",
        "stat",
        "rel",
        "conform",
        "vil",
        "commun",
        "us",
        "tr",
        "controll",
        "at",
    )
    words = [a + b + c for a, b, c in product(roots, ENDINGS, ("", *ENDINGS[:9])) if len(a + b + c) > 2]
    find_stems(words)
    assert [word for word in words if not begins_as_its_stem_says(word)] == []


def test_the_forms_of_a_word_are_those_that_the_index_has() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE indexed USING fts5 (text)")
        db.execute("CREATE VIRTUAL TABLE decisions_words USING fts5vocab (indexed, instance)")
        text = (
            "happy happily happiness Happier hap file filed filing fill capable capability cap used us uses usher café"
        )
        db.execute("INSERT INTO indexed VALUES (?)", (text,))
        assert find_forms(db, "happy") == ["happiness", "happy"]
        assert find_forms(db, "files") == ["file", "filed", "filing"]
        assert find_forms(db, "capably") == ["capable", "capability"]
        assert find_forms(db, "use") == ["us", "used", "uses"]
        assert find_forms(db, "absent") == []
        assert list(list_words(db, "us")) == ["us", "used", "uses", "usher"]
        assert list(list_words(db, "zz")) == []


def test_many_words_are_stemmed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.stems._KNOWN_MOST", 3)
    words = ["delays", "delayed", "council", "councils", "delays"]
    assert find_stems(words) == ["delai", "delai", "council", "council", "delai"]
    assert find_stems(words) == [find_stem(word) for word in words]
    assert find_stems([]) == []
