"""How a stored decision is compared with its page before it gets its first digest."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from ingest.clock import Stop
from ingest.errors import Stopped
from ingest.lgo.text_format import render
from ingest.recording.first_check import check_migrated, find_differing_column
from storage import decisions, digests
from storage.decisions import Held
from support.rows import KEY, make_decision, store_decision
from support.world import Time


@pytest.fixture
def held(db: sqlite3.Connection) -> Held:
    store_decision(db)
    return decisions.find_held(db, [KEY])[KEY]


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"outcome": "Not upheld"}, "its outcome differs from its page"),
        ({"outcome": None}, None),
        ({"decision_date": None}, None),
    ],
    ids=["the same", "another outcome", "the page prints none", "the page prints no date"],
)
def test_only_what_the_page_prints_is_compared(held: Held, changes: dict[str, Any], difference: str | None) -> None:
    printed = replace(make_decision(KEY), **changes)
    assert find_differing_column(replace(held, text=render(printed)), printed) == difference


def test_the_text_and_the_numbers_are_compared_first(held: Held) -> None:
    assert find_differing_column(held, make_decision(KEY, "Other words.")) == "its text differs from its page"
    lines = make_decision(KEY).lines
    other = replace(make_decision(KEY), lines=(lines[0], lines[1]._replace(number="7")))
    assert find_differing_column(held, other) == "its paragraph numbers differ from its page"


def test_a_decision_whose_page_cannot_be_compared_gets_its_digest(db: sqlite3.Connection, time: Time) -> None:
    store_decision(db)
    db.execute("UPDATE layouts SET sha256 = NULL")
    db.execute("INSERT INTO unchecked VALUES (?)", (KEY,))
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        check_migrated(db, time.clock(), stop)
    assert digests.find_unchecked(db, 9) == [KEY], "the next run continues"
    check_migrated(db, time.clock(), Stop())
    assert digests.find_unchecked(db, 9) == []
    assert digests.find_flaw(db, KEY) is None
