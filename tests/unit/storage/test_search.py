from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.run import Import, perform
from lgsco.web.queries import QUERIES
from storage.database import reading
from storage.search import match_expression, search
from support.paths import SEEDS

TEXT = """the council’s well-known delay under section 34(B), and the child's "best interests" were near
the café; NEAR Möbel. Not. See also 24 001 411a and 25 004 920."""

ODD = [
    "",
    " ",
    "*",
    '"',
    '""',
    '"""',
    '"*',
    '""*',
    "^",
    "^council",
    "-council",
    "+council",
    "AND",
    "council AND",
    "OR OR",
    "NOT",
    "NEAR(",
    "NEAR(council delay, 2)",
    "(council",
    "council)",
    "text: council",
    "{authority text}: council",
    "text:council",
    "rank",
    "council*'",
    "'",
    "’",
    "council\0delay",
    "\0",
    "\ud800",
    "council \udcff",
    ":" * 300,
    "word " * 3000,
    '"a" ' * 3000,
    "(" * 3000,
    '" "',
    "a\nb\tc",
    "\u200b",
    "\u0301",
    "٣٤",
    "½",
    "\U0010ffff",
    "\ue000",
    "%",
    "\\",
    "?1",
    ":query",
    "'; DROP TABLE decisions; --",
]


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """Makes an index like the real one, with one text."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE found USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')")
    db.execute("INSERT INTO found VALUES (?)", (TEXT,))
    yield db
    db.close()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "seeds.db"
    perform(Import((SEEDS,)), Config(), path, Clock(), Stop(), lambda tally: None)
    return path


def finds(index: sqlite3.Connection, query: str) -> bool:
    expression = match_expression(query)
    if expression is None:
        return False
    rows = index.execute("SELECT 1 FROM found WHERE found MATCH ?", (expression,)).fetchall()
    return bool(rows)


@pytest.mark.parametrize(
    "query",
    [
        "council",
        "COUNCIL delay",
        "council's",
        "council’s",
        "‘council’",
        "well-known",
        "well known",
        "section 34(B)",
        '"section 34(B)"',
        '"best interests',
        'best interests"',
        "“best interests”",
        '"best inter"*',
        "counc*",
        "coun* del*",
        "cafe",
        "CAFÉ",
        "mobel",
        "AND",
        "council AND delay",
        "NOT",
        "near",
        "NEAR(",
        "NEAR( delay",
        "(council)",
        "^council",
        "-council",
        "council -",
        "council : ;",
        "best,interests",
        'the"council"delay',
        "25-004-920",
        "25004920",
        "25 004 920",
        "25\u00a0004\u00a0920",
        "(25 004 920)",
        "delay 25004920",
        "see 25-004-920.",
        "24-001-411a",
        "24001411A",
        "24 001 411",
    ],
)
def test_match_expression_finds_the_expected_texts(index: sqlite3.Connection, query: str) -> None:
    assert finds(index, query), match_expression(query)


@pytest.mark.parametrize(
    "query",
    [
        "counc",
        "absent",
        "council absent",
        "council NOT delay absent",
        '"interests best"',
        "known-well",
        "25-004-921",
        "24 001 411b",
        "council OR absent",
    ],
)
def test_match_expression_finds_no_other_texts(index: sqlite3.Connection, query: str) -> None:
    assert not finds(index, query), match_expression(query)


@pytest.mark.parametrize("query", ["", " ", "*", '"', '""', "^", "-", "(", "’", "\0", "\u200b"])
def test_a_query_without_words_has_no_expression(query: str) -> None:
    assert match_expression(query) is None


@pytest.mark.parametrize("query", ODD)
def test_odd_input_to_match_expression_is_not_an_error(index: sqlite3.Connection, query: str) -> None:
    finds(index, query)


@given(st.text(max_size=60) | st.text(alphabet="ab\"'*^()-+:{}, ANDORTE25\u2019\0", max_size=30))
@example('a"b"*c')
@settings(deadline=None, max_examples=500)
def test_no_input_is_an_error(index: sqlite3.Connection, query: str) -> None:
    finds(index, query)


@given(
    st.lists(
        st.sampled_from(["council's", "well-known", "section", "34(B)", "interests", "café"]), min_size=1, max_size=5
    )
)
@settings(deadline=None)
def test_any_words_of_a_text_find_its_decision(index: sqlite3.Connection, words: list[str]) -> None:
    assert finds(index, " ".join(words))


@given(st.text(max_size=40), st.integers(min_value=-1, max_value=3))
@settings(deadline=None, max_examples=100)
def test_no_typed_query_is_a_search_error(seeds: Path, query: str, limit: int) -> None:
    with reading(seeds) as db:
        assert len(search(db, query, limit)) <= max(limit, 0)


def test_hits_come_best_first_with_snippets(seeds: Path) -> None:
    with reading(seeds) as db:
        hits = search(db, "council's", 10)
        assert hits
        assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)
        assert all("[" in hit.snippet and "\n" not in hit.snippet for hit in hits)
        assert "<b>" in search(db, "hospital discharge", 10, ("<b>", "</b>"))[0].snippet
        assert len(search(db, "council", 1)) == 1


def stuffed(hits: int, words: int) -> str:
    """Makes a text of `words` words with "council" in it `hits` times."""
    every = ["Council"] * hits + ["word"] * (words - hits)
    return (
        "Anytown Council (25 004 921)\nDecision : Upheld\nThe Ombudsman's final decision:\n"
        f"Summary: The beginning.\n{' '.join(every)}.\nInvestigator's decision on behalf of the Ombudsman"
    )


@pytest.mark.parametrize(
    ("hits", "words", "chosen"),
    [(900, 15_000, True), (1_100, 15_000, False), (9, 30_000, False), (60_000, 60_000, False)],
)
def test_no_snippet_is_chosen_from_more_hits_than_a_text_can_have(
    tmp_path: Path, hits: int, words: int, chosen: bool
) -> None:
    """With 120,000 hits FTS5 would need many minutes for a snippet, and could not be interrupted."""
    (tmp_path / "stuffed.txt").write_text(stuffed(hits, words), "utf-8")
    path = tmp_path / "stuffed.db"
    assert perform(Import((tmp_path,)), Config(), path, Clock(), Stop(), lambda tally: None).exit_code == 0
    with reading(path) as db:
        (hit,) = search(db, "council", 10)
        db.create_function("lgsco_match", 1, match_expression)
        db.create_function("lgsco_reference", 1, str)
        ((*_, shown, _),) = db.execute(QUERIES["search"].sql, {"query": "council"})
    assert hit.snippet == " ".join(shown.replace("«", "[").replace("»", "]").split()) or chosen
    assert (hit.snippet == "The beginning.") is not chosen
    assert ("«" in shown, "[" in hit.snippet) == (chosen, chosen)


def test_a_repeated_word_is_searched_for_once() -> None:
    assert match_expression("council delay Council council") == '"council" "delay" "Council"'


def test_a_decisions_own_authority_outranks_a_mentioned_one(seeds: Path) -> None:
    with reading(seeds) as db:
        names = [row[0] for row in db.execute("SELECT authority FROM decisions WHERE authority IS NOT NULL")]
        for name in names:
            assert search(db, name, 1)[0].authority == name


@pytest.mark.parametrize("query", ["25 004 920", "25-004-920", "25004920", " 25\u00a0004\u00a0920 "])
def test_a_reference_finds_its_decision(seeds: Path, query: str) -> None:
    with reading(seeds) as db:
        (hit,) = search(db, query, 10)
    assert hit.reference == "25 004 920"
    assert hit.authority == "Hertfordshire County Council"
    assert hit.decision_date == "2025-10-06"


def test_a_reference_that_is_not_stored_finds_decisions_that_mention_it(tmp_path: Path) -> None:
    text = next(SEEDS.glob("001*")).read_text("utf-8")
    (tmp_path / "mentions.txt").write_text(text.replace("My assessment", "My assessment of 19-123-456", 1), "utf-8")
    path = tmp_path / "mentions.db"
    perform(Import((tmp_path,)), Config(), path, Clock(), Stop(), lambda tally: None)
    with reading(path) as db:
        (hit,) = search(db, "19123456", 10)
        assert hit.snippet.count("[") >= 1
        assert search(db, "99 999 999", 10) == []


# ---------------------------------------------------------------- ligatures and amounts


@pytest.fixture
def printed() -> Iterator[sqlite3.Connection]:
    """Makes an index like that of decisions, with texts with ligatures and amounts."""
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE printed USING fts5 (text, tokenize='unicode61 remove_diacritics 2')")
        texts = (
            "the ﬁnding of the oﬃce",
            "the finding of the office",
            "paid £1,500 and £250.50",
            "paid £1500",
            "15 March",
            "reﬂect on a ﬂat",
        )
        db.executemany("INSERT INTO printed (text) VALUES (?)", [(text,) for text in texts])
        yield db


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("finding", {1, 2}),
        ("ﬁnding", {1, 2}),
        ("find*", {1, 2}),
        ("office finding", {1, 2}),
        ('"finding of the office"', {1, 2}),
        ("reflect flat", {6}),
        ("1500", {3, 4}),
        ("£1500", {3, 4}),
        ("1,500", {3, 4}),
        ("£1,500", {3, 4}),
        ("paid 1500", {3, 4}),
        ("250.50", {3}),
        ("15", {5}),
        ("0500", set()),
        ("finding nowhere", set()),
    ],
)
def test_ligatures_and_amounts_are_found_as_typed(printed: sqlite3.Connection, query: str, found: set[int]) -> None:
    expression = match_expression(query)
    rows = printed.execute("SELECT rowid FROM printed WHERE printed MATCH ?", (expression,))
    assert {rowid for (rowid,) in rows} == found
