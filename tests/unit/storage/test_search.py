from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.search_proof import fill, find_differences
from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.run import Import, perform
from storage import decisions
from storage.database import atomic, reading
from storage.decisions import Reading
from storage.model import Decision, Line
from storage.query.meant_operators import explain_meant_operators
from storage.query.parser import make_filter
from storage.query.tree import QueryError
from storage.search import Hit, mark_lines, search
from storage.suppressions import suppress
from storage.writer import writing
from support.few_cases import examples
from support.paths import SEEDS

AT = "2026-11-02T12:00:00Z"
A, B, C, D = "24 000 001", "24 000 002", "24 001 411a", "25 000 004"
TEXTS: dict[str, tuple[str, str, str, date, Sequence[Line]]] = {
    A: (
        "Anytown Borough Council",
        "Upheld",
        "Education",
        date(2024, 3, 1),
        (
            Line("heading", "The complaint"),
            Line("item", "Mrs X complained about delays in the child’s well-known assessment.", "1"),
            Line("item", "The Council offered £1,500 for the ﬁnding. It acted in their best", "2"),
            Line("paragraph", "interests, it said. The Council and the delay were found.", "2"),
        ),
    ),
    B: (
        "North Anytown Borough Council",
        "Not upheld",
        "Housing",
        date(2024, 5, 1),
        (
            Line("paragraph", "We assessed the tenancy in her best interest."),
            Line("paragraph", "No delay in the café, and no councillor delayed."),
        ),
    ),
    C: (
        "London Borough of Wexcombe",
        "Closed after initial enquiries",
        "Adult care services",
        date(2025, 1, 31),
        (Line("paragraph", "An assessor acted in his best interests. See 25 000 004."),),
    ),
    D: (
        "Wexcombe Homecare Ltd",
        "Upheld",
        "Adult care services",
        date(2025, 2, 1),
        (Line("paragraph", "A councillor delayed; the well known findings cost 1500."),),
    ),
}


def decision(key: str) -> Reading:
    authority, outcome, category, day, lines = TEXTS[key]
    made = Decision(key, authority, category, None, outcome, day, "statement", None, tuple(lines), True)
    text = "\n".join(f"- {line.text}" if line.kind == "item" else line.text for line in lines)
    return Reading(made, text, "site", AT, "1", "/x")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("search") / "four.db"
    with writing(path) as db, atomic(db):
        decisions.record_first(db, [decision(key) for key in TEXTS], None)
    with reading(path) as db:
        yield db


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "seeds.db"
    perform(Import((SEEDS,)), Config(), path, Clock(), Stop(), lambda tally: None)
    return path


def keys(db: sqlite3.Connection, query: str) -> str:
    """Returns the last character of each reference found, in order of reference."""
    return "".join(sorted("abcd"[list(TEXTS).index(hit.reference)] for hit in search(db, query, 10).hits))


# ---------------------------------------------------------------- which decisions


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("delay", "abd"),
        ("DELAYED", "abd"),
        ('"delay"', "ab"),
        ('"delays"', "a"),
        ("assess*", "abc"),
        ('"assessment"', "a"),
        ("council delay", "ab"),  # of b, the authority has the word
        ("council delay authority:borough NOT north", "a"),
        ("council OR tenancy", "ab"),
        ("delay NOT council", "d"),
        ("NOT delay", "c"),
        ("NOT delay OR tenancy", "bc"),
        ("delay council OR tenancy", "ab"),
        ("delay (council OR tenancy)", "ab"),
        ('"best interests"', "c"),
        ('"best interest"', "b"),
        ('"best inter"*', "bc"),
        ("best interests", "abc"),
        ("NEAR(best interests, 0)", "bc"),
        ("NEAR(interest best, 0)", "bc"),
        ("NEAR(council delay, 2)", "a"),
        ("NEAR(council delay, 1)", ""),
        ("NEAR(offered delay, 50)", ""),
        ("NEAR(delay councillor, 0)", "bd"),
        ('NEAR("delay" cafe, 2)', "b"),
        ("NEAR(delay cafe, 2) NOT tenancy", ""),
        ("well-known", "ad"),
        ("child's", "a"),
        ("childs", "a"),
        ("cafe", "b"),
        ("finding", "ad"),
        ('"the finding"', "a"),
        ("1500", "ad"),
        ("£1,500 OR café", "abd"),
        ("see 25-000-004", "c"),
        ("24001411", ""),
        ("absent", ""),
        ("delay absent", ""),
        ("outcome:upheld", "ad"),
        ("outcome:closed", "c"),
        ("NOT outcome:upheld", "bc"),
        ('authority:"anytown borough council"', "a"),
        ("authority:anytown", "ab"),
        ("authority:wexcombe delay", "d"),
        ("category:adult OR category:housing", "bcd"),
        ("from:2024-05", "bcd"),
        ("to:2025-01", "abc"),
        ("from:2024-05-01 to:2024-05-01", "b"),
        ("delay from:2025", "d"),
        ("anytown", "ab"),
        ('"north anytown borough"', "b"),
    ],
)
def test_a_query_finds_what_it_says(archive: sqlite3.Connection, query: str, found: str) -> None:
    assert keys(archive, query) == found
    assert search(archive, query, 0).total == len(found)


def test_random_queries_find_what_a_slow_evaluation_finds(tmp_path: Path) -> None:
    """`python -m bench search_proof` does the same with 10,000 queries over 2,000 decisions."""
    path = tmp_path / "random.db"
    fill(path, 40)
    with reading(path) as db:
        assert list(find_differences(db, 120, seed=23)) == []


@given(st.text(max_size=40) | st.text(alphabet="ab\"*()NORTEAD :'-1", max_size=30), st.integers(-1, 3))
@example("ﬁ*", 1)
@example("\U0001e900\u0301 中文", 1)
@settings(deadline=None, max_examples=examples(quick=60, full=200))
def test_any_query_is_answered_or_explained(seeds: Path, query: str, limit: int) -> None:
    with reading(seeds) as db:
        try:
            assert len(search(db, query, limit).hits) <= max(limit, 0)
        except QueryError as error:
            assert str(error)  # noqa: PT017  # either outcome is right


def test_filters_beside_the_query_narrow_it(archive: sqlite3.Connection) -> None:
    upheld = make_filter("outcome", "upheld")
    assert [hit.reference for hit in search(archive, "delay", 9, filters=[upheld], order="date").hits] == [D, A]
    assert [hit.reference for hit in search(archive, " ", 9, filters=[upheld], order="date").hits] == [D, A]
    with pytest.raises(QueryError):
        search(archive, " ", 9)


@pytest.mark.parametrize(
    "query",
    [
        *("24 001 411a", "24-001-411A", "24001411a", " (24\u00a0001\u00a0411a) ", "24/001/411a", "24_001_411a"),
        *(
            "https://www.lgo.org.uk/decisions/health/other/24-001-411a",
            "localhost:8001/lgsco/decisions/24+001+411a?q=x",
        ),
    ],
)
def test_a_reference_in_any_spelling_finds_only_its_decision(archive: sqlite3.Connection, query: str) -> None:
    found = search(archive, query, 10)
    assert ([hit.reference for hit in found.hits], found.total) == ([C], 1)


def test_filters_beside_a_reference_must_hold_too(archive: sqlite3.Connection) -> None:
    closed, upheld, refused = (make_filter("outcome", name) for name in ("closed", "upheld", "refused"))
    assert [hit.reference for hit in search(archive, "24-001-411a", 9, filters=[closed]).hits] == [C]
    found = search(archive, "24-001-411a", 9, filters=[upheld], count=True)
    assert (found.total, found.hits, found.suggestion, found.notes) == (0, (), None, ())
    assert found.counts is not None
    assert not found.counts.outcome
    (note,) = search(archive, "24-001-411a", 9, filters=[refused]).notes
    assert note.startswith("no outcome here is named refused")


def test_a_reference_that_is_not_stored_finds_decisions_that_mention_it(tmp_path: Path) -> None:
    text = next(SEEDS.glob("001*")).read_text("utf-8")
    (tmp_path / "mentions.txt").write_text(text.replace("My assessment", "My assessment of 19-123-456", 1), "utf-8")
    path = tmp_path / "mentions.db"
    perform(Import((tmp_path,)), Config(), path, Clock(), Stop(), lambda tally: None)
    with reading(path) as db:
        (hit,) = search(db, "19123456", 10).hits
        assert [marked(one.text, one.marks) for one in hit.paragraphs] == [["19-123-456"]]
        address = "https://www.lgo.org.uk/decisions/health/other/19-123-456?chapter=2"
        for query in (address, f"{address} assessment", f"NOT 99-999-999 ({address})"):
            assert search(db, query, 10).hits[0].reference == hit.reference
        assert search(db, "99 999 999", 10).hits == ()
        assert search(db, address.replace("19-", "99-"), 10).hits == ()


# ---------------------------------------------------------------- what is shown


def marked(text: str, marks: Sequence[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in marks]


def only(db: sqlite3.Connection, query: str) -> Hit:
    (hit,) = search(db, query, 10).hits
    return hit


def test_the_two_paragraphs_with_the_most_words_are_shown(archive: sqlite3.Connection) -> None:
    first, second = only(archive, "delay council assessment child").paragraphs
    assert (first.position, first.number, first.anchor, first.section) == (1, "1", "p1", "The complaint")
    assert marked(first.text, first.marks) == ["delays", "child", "assessment"]
    assert (second.position, second.number, second.anchor) == (3, "2", "line3")
    assert marked(second.text, second.marks) == ["Council", "delay"]


def test_a_hit_has_the_path_of_its_page_on_the_site(archive: sqlite3.Connection) -> None:
    (path,) = archive.execute("SELECT url FROM decisions WHERE reference = ?", (A,)).fetchone()
    assert only(archive, A).path == path
    assert path is not None


def test_a_heading_is_shown_only_if_no_paragraph_has_its_word(archive: sqlite3.Connection) -> None:
    assert [one.position for one in only(archive, "complaint authority:anytown").paragraphs] == [0]
    assert [one.position for one in only(archive, "complain authority:anytown").paragraphs] == [1]


def test_without_a_word_no_paragraph_is_shown(archive: sqlite3.Connection) -> None:
    assert all(not hit.paragraphs for hit in search(archive, "outcome:upheld NOT absent", 10).hits)


def test_words_are_marked_in_the_lines_of_a_decision() -> None:
    assert mark_lines('delay "best interests"', ["no", "delays, best interests"]) == [(), ((0, 6), (8, 22))]


def test_facts_are_counted_over_all_decisions_found(archive: sqlite3.Connection) -> None:
    counts = search(archive, "delay", 1, count=True).counts
    assert counts is not None
    assert [(one.name, one.decisions) for one in counts.outcome] == [("Upheld", 2), ("Not upheld", 1)]
    assert [one.name for one in counts.category] == ["Adult care services", "Education", "Housing"]
    assert [one.decisions for one in counts.authority] == [1, 1, 1]


def test_pages_follow_each_other_in_order(archive: sqlite3.Connection) -> None:
    pages = [search(archive, "delay OR assess*", 1, order="date", skip=skip) for skip in range(5)]
    assert [hit.reference for page in pages for hit in page.hits] == [D, C, B, A]
    assert {page.total for page in pages} == {4}


def test_a_decisions_own_authority_outranks_a_mentioned_one(seeds: Path) -> None:
    with reading(seeds) as db:
        names = [row[0] for row in db.execute("SELECT authority FROM decisions WHERE authority IS NOT NULL")]
        for name in names:
            assert search(db, name, 1).hits[0].authority == name


# ---------------------------------------------------------------- nothing found


def test_the_decisions_searched_are_counted_if_nothing_is_found(tmp_path: Path, archive: sqlite3.Connection) -> None:
    assert search(archive, "absent", 10).searched == len(TEXTS)
    assert search(archive, "absent", 10, filters=[make_filter("outcome", "upheld")]).searched == len(TEXTS)
    assert search(archive, "99 999 999", 10).searched == len(TEXTS)
    assert search(archive, "delay", 0).searched is None
    with writing(tmp_path / "suppressed.db") as db:
        assert search(db, "delay", 10).searched == 0
        with atomic(db):
            decisions.record_first(db, [decision(A), decision(B)], None)
        suppress(db, A, "a reason", AT)
        assert search(db, "absent", 10).searched == 1


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("assesment", "assessment"),
        ('tenency "best interrests"', None),
        ('"best interrests" delay OR absentt', '"best interests" delay OR absentt'),
        ("zzzzzz", None),
        ("delay absent", None),
    ],
)
def test_a_similar_word_is_suggested_only_if_it_finds_something(
    tmp_path: Path, archive: sqlite3.Connection, query: str, suggestion: str | None
) -> None:
    path = tmp_path / "twice.db"  # words of one decision only are not suggested
    with writing(path) as db, atomic(db):
        decisions.record_first(db, [decision(key) for key in TEXTS], None)
        db.execute("UPDATE decisions SET text = text || char(10) || 'assessment best interests delay'")
    with reading(path) as db:
        found = search(db, query, 10)
    assert (found.total, found.suggestion) == (0, suggestion)


def test_a_filter_that_no_name_satisfies_is_explained(archive: sqlite3.Connection) -> None:
    found = search(archive, "delay outcome:refused", 10)
    assert found.notes == ("no outcome here is named refused: Closed after initial enquiries, Not upheld, Upheld",)
    assert search(archive, "absent", 10).notes == ()


@pytest.mark.parametrize("query", ["school or college", "delay and absent", "absent Not delay", "absent & delay"])
def test_a_word_that_looks_like_an_operator_is_pointed_out_if_nothing_is_found(
    archive: sqlite3.Connection, query: str
) -> None:
    (note,) = search(archive, query, 10).notes
    assert note == explain_meant_operators(query)
    assert search(archive, f"({query}) OR delay", 10).notes == (), "something is found"


def test_dates_that_exclude_each_other_are_explained(archive: sqlite3.Connection) -> None:
    expected = ("no date is both from 2025-01-01 and to 2024-06-30",)
    dates = [make_filter("from", "2025"), make_filter("to", "2024-06")]
    assert search(archive, "delay", 10, filters=dates).notes == expected
    assert search(archive, "delay to:2024-06", 10, filters=dates[:1]).notes == expected
    assert search(archive, "delay (from:2025 to:2024-06) from:2024 to:2026", 10).notes == expected
    for query in ("absent from:2024 to:2024", "absent (from:2025 OR to:2024)", "absent from:2025 NOT to:2024"):
        assert search(archive, query, 10).notes == ()


# ---------------------------------------------------------------- the indexes


def test_all_indexes_follow_a_change_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "changed.db"
    with writing(path) as db:
        with atomic(db):
            decisions.record_first(db, [decision(B)], None)
            db.execute("UPDATE decisions SET text = 'A new text' || char(10) || 'of delays'")
        for query, total in [("tenancy", 0), ('"tenancy"', 0), ("text", 1), ('"text of"', 0), ('"of delays"', 1)]:
            assert search(db, query, 1).total == total, query
        db.execute("DELETE FROM revisions")
        db.execute("DELETE FROM layouts")
        db.execute("DELETE FROM decisions")
        assert search(db, "delay", 1).total == search(db, '"delays"', 1).total == 0


def test_counts_follow_the_changes_of_another_process(tmp_path: Path) -> None:
    """Each connection keeps the facts that it read until the file changes."""
    path = tmp_path / "counted.db"

    def outcomes(db: sqlite3.Connection) -> dict[str, int]:
        counts = search(db, "delay", 1, count=True).counts
        assert counts is not None
        return {one.name: one.decisions for one in counts.outcome}

    with writing(path) as db, atomic(db):
        decisions.record_first(db, [decision(A), decision(B)], None)
    with reading(path) as db:
        assert outcomes(db) == outcomes(db) == {"Upheld": 1, "Not upheld": 1}
        with writing(path) as other, atomic(other):
            decisions.record_first(other, [decision(D)], None)
        assert outcomes(db) == {"Upheld": 2, "Not upheld": 1}
        with writing(path) as other, atomic(other):
            other.execute("UPDATE decisions SET outcome = NULL WHERE reference = ?", (A,))
        assert outcomes(db) == {"Upheld": 1, "Not upheld": 1}
