"""The decisions that a search ranks and shows."""

from __future__ import annotations

import sqlite3

import pytest

from storage.found import FoundDecision, FoundDecisions
from storage.query.parser import parse_query
from storage.query.passages import Matcher
from storage.stems import find_stem
from support.rows import damage, store_decision

MATCHER = Matcher(parse_query("delay payment tenant"), find_stem)
DELAY, PAYMENT, TENANT = 1, 2, 4


@pytest.fixture
def stored(db: sqlite3.Connection) -> FoundDecisions:
    store_decision(db, "25 000 001", "A delay.", "Nothing else.", "A payment after a delay.")
    store_decision(db, "25 000 002", "Nothing.")
    return FoundDecisions(db, MATCHER)


def read(decisions: FoundDecisions, rowid: int) -> FoundDecision:
    return decisions.read([rowid])[rowid]


def test_decisions_are_returned_in_the_order_asked_for_without_those_that_are_not_stored(
    stored: FoundDecisions,
) -> None:
    found = stored.read([2, 7, 1])
    assert [one.columns["reference"] for one in found.values()] == ["25 000 002", "25 000 001"]
    assert list(found) == [2, 1]
    assert stored.read([]) == {}


def test_each_decision_is_read_from_the_database_once(stored: FoundDecisions) -> None:
    statements: list[str] = []
    stored.db.set_trace_callback(statements.append)
    first = stored.read([1])
    both = stored.read([2, 1])
    assert both[1] is first[1]
    assert stored.read([1, 2]) == both
    assert len(statements) == 2
    assert "'[2]'" in statements[1]


def test_words_are_looked_for_in_authority_and_summary_and_in_each_line(stored: FoundDecisions) -> None:
    stored.db.execute("UPDATE decisions SET authority = 'Delay Council', summary = 'The' || char(10) || 'tenant'")
    facts, lines = read(stored, 1).probed
    assert facts == DELAY | TENANT
    assert lines[-3:] == [DELAY, 0, DELAY | PAYMENT]
    assert len(lines) == read(stored, 1).text.count("\n") + 1


def test_a_decision_without_authority_and_summary_has_no_words_there(stored: FoundDecisions) -> None:
    stored.db.execute("UPDATE decisions SET authority = NULL, summary = NULL")
    assert read(stored, 1).probed[0] == 0


def test_a_damaged_text_is_read_and_named(stored: FoundDecisions) -> None:
    assert read(stored, 2).find_flaw() is None
    damage(stored.db, "UPDATE decisions SET text = text || CAST(x'0aff' AS TEXT) WHERE rowid = 1")
    damaged = read(stored, 1)
    assert damaged.text.endswith("\n\ufffd")
    assert damaged.find_flaw() == "its text does not match its SHA-256"


def test_a_decision_without_a_layout_has_an_empty_one(stored: FoundDecisions) -> None:
    damage(stored.db, "DELETE FROM layouts WHERE reference = '25 000 001'")
    assert read(stored, 1).layout == ("", "")
    assert "p" in read(stored, 2).layout.kinds
