"""The order of the decisions that a search found, and its pages."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from storage import ranking
from storage.candidates import find_candidates
from storage.facts import find_facts
from storage.found import FoundDecisions
from storage.query.parser import parse_query
from storage.query.passages import Matcher
from storage.query.tree import And
from storage.ranking import Order, choose_page, find_newest
from storage.stems import find_stem
from support.rows import store_decision

ALL = slice(0, 100)
NO_WORDS = Matcher(And(()), find_stem)


def store(db: sqlite3.Connection, *texts: str) -> None:
    """Stores a decision for each text, one line for a paragraph. Rowids count from 1, and each is a day newer."""
    for number, text in enumerate(texts, 1):
        store_decision(db, f"25 000 {number:03}", *text.split("\n"), day=date(2025, 4, number))


def order(db: sqlite3.Connection, query: str, page: slice = ALL, *, by: Order = "relevance") -> list[int]:
    """Returns the rowids of what a query finds."""
    node = parse_query(query)
    return choose_page(FoundDecisions(db, Matcher(node, find_stem)), node, find_candidates(db, node), by, page)


# ---------------------------------------------------------------- by date


@pytest.fixture(params=["facts", "few", "many"])
def dated(
    request: pytest.FixtureRequest, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> sqlite3.Connection:
    """Six decisions, each way to look up their dates: the facts are known, few dates are read, or all in order."""
    days = (date(2025, 4, 2), date(2025, 4, 3), None, date(2025, 4, 1), date(2025, 4, 2), None)
    for number, day in enumerate(days, 1):
        store_decision(db, f"25 000 {number:03}", day=day)
    if request.param == "facts":
        find_facts(db)
    monkeypatch.setattr(ranking, "_FEW", 0 if request.param == "many" else 500)
    return db


def test_the_newest_come_first_and_those_without_a_date_last(dated: sqlite3.Connection) -> None:
    assert find_newest(dated, {1, 2, 3, 4, 5, 6}, 9) == [2, 5, 1, 4, 6, 3]


def test_only_the_decisions_found_are_ordered_up_to_the_number_asked_for(dated: sqlite3.Connection) -> None:
    assert find_newest(dated, {1, 3, 4, 5}, 3) == [5, 1, 4]
    assert find_newest(dated, {1, 3}, 0) == []
    assert find_newest(dated, set(), 3) == []


def test_pages_by_date_follow_each_other(dated: sqlite3.Connection) -> None:
    pages = [
        choose_page(FoundDecisions(dated, NO_WORDS), None, {1, 2, 3, 4}, "date", page)
        for page in (slice(0, 3), slice(3, 6), slice(6, 9))
    ]
    assert pages == [[2, 1, 4], [3], []]


def test_the_date_decides_where_it_is_asked_for(db: sqlite3.Connection) -> None:
    store(db, "A delay: delay, delay.", "A delay and an officer.")
    assert order(db, "delay", by="relevance") == [1, 2]
    assert order(db, "delay", by="date") == [2, 1]


@pytest.mark.parametrize("query", ["outcome:upheld", "NOT absent"])
def test_the_date_decides_where_no_word_is_asked_for(db: sqlite3.Connection, query: str) -> None:
    store(db, "A delay: delay, delay.", "A delay and an officer.")
    assert order(db, query) == [2, 1]
    assert choose_page(FoundDecisions(db, NO_WORDS), None, {1, 2}, "relevance", ALL) == [2, 1]


# ---------------------------------------------------------------- by relevance


def test_one_word_is_ranked_by_how_often_it_occurs_and_not_by_paragraphs(db: sqlite3.Connection) -> None:
    store(db, "A delay, a delay, a delay.\nAn officer paid us.", "A delay, an officer.\nThe other delay.")
    assert order(db, "delay") == [1, 2]


@pytest.mark.parametrize("column", ["authority", "summary"])
def test_a_word_of_authority_or_summary_counts_more_than_one_of_the_text(db: sqlite3.Connection, column: str) -> None:
    store(db, "An officer.", "A delay.", "A payment.")
    db.execute(f"UPDATE decisions SET {column} = 'A Delay' WHERE rowid = 1")
    assert order(db, "delay") == [1, 2]


def test_all_words_in_one_paragraph_come_first(db: sqlite3.Connection) -> None:
    apart = "delay delay delay delay\npayment payment payment\nofficer officer"
    store(db, "A delay of an officer.", "The officer made a payment after a delay.", apart)
    assert order(db, "delay OR payment OR officer") == [2, 1, 3]


def test_of_equal_paragraphs_the_words_in_the_summary_decide(db: sqlite3.Connection) -> None:
    store(db, "A delay in a payment.", "A delay in a payment.\nA payment: a delay.")
    db.execute("UPDATE decisions SET summary = 'Payment' WHERE rowid = 1")
    assert order(db, "delay payment") == [1, 2]


def test_of_equal_paragraphs_and_summaries_the_number_of_paragraphs_decides(db: sqlite3.Connection) -> None:
    short = "A delay in a payment."
    long = "\n".join(["A delay in a payment that an officer of this service made late to a tenant"] * 2)
    store(db, short, long, short)
    assert order(db, "delay payment")[0] == 2


@pytest.mark.parametrize("query", ["delay NOT tenant", "delay outcome:upheld"])
def test_a_query_that_the_index_cannot_weigh_is_in_order_of_date(db: sqlite3.Connection, query: str) -> None:
    store(db, "A delay, a delay, a delay.", "A delay with an officer and a payment.", "A tenant, a delay.")
    db.execute("UPDATE decisions SET outcome = NULL WHERE rowid = 3")
    assert order(db, query) == [2, 1]


def test_above_the_number_that_is_weighed_only_the_newest_are_ranked(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_WEIGHED", 4)
    monkeypatch.setattr(ranking, "RANKED", 2)
    best, apart = "A delay in a payment.", "A delay.\nA payment."
    store(db, best, apart, best, best, apart)
    assert order(db, "delay payment") == [4, 5, 3, 2, 1]
    monkeypatch.setattr(ranking, "_WEIGHED", 5)
    monkeypatch.setattr(ranking, "RANKED", 5)
    assert order(db, "delay payment") == [1, 3, 4, 2, 5], "bm25 ranks all five; of equal ones, the first stored leads"


@pytest.mark.parametrize("weighed", [0, 300])
@pytest.mark.parametrize("query", ["delay", "delay payment", "delay OR tenant"])
def test_pages_by_relevance_have_each_decision_once(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, weighed: int, query: str
) -> None:
    monkeypatch.setattr(ranking, "_WEIGHED", weighed)
    monkeypatch.setattr(ranking, "RANKED", 3)
    store(db, *["A delay in a payment.", "A delay.\nA payment.", "A tenant, a payment, a delay, a delay."] * 3)
    whole = order(db, query)
    assert sorted(whole) == list(range(1, 10))
    pages = [order(db, query, slice(start, start + 2)) for start in range(0, 12, 2)]
    assert [len(page) for page in pages] == [2, 2, 2, 2, 1, 0]
    assert [rowid for page in pages for rowid in page] == whole


def test_only_the_decisions_found_are_weighed(db: sqlite3.Connection) -> None:
    """The index has also suppressed decisions."""
    store(db, "A delay.", "A delay, a delay.", "A delay with an officer.")
    node = parse_query("delay")
    decisions = FoundDecisions(db, Matcher(node, find_stem))
    assert choose_page(decisions, node, {1, 3}, "relevance", ALL) == [1, 3]
