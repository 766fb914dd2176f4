"""Tests which texts wait for a template change, and what ends the waiting."""

from __future__ import annotations

import sqlite3

import pytest

from storage import held_texts, templates
from storage.decisions import supersede
from storage.held_texts import HeldText, PreviousReading, Waiting
from storage.model import RevisionReason
from support.rows import AT, KEY, OTHER, find_url, make_reading, store_decision, store_page


@pytest.fixture
def change(db: sqlite3.Connection) -> int:
    return templates.add_change(
        db, since=AT, at=AT, run=1, kind="statement", example=KEY, decided_on="2025-04-01", diff="+ Words"
    )


def hold(db: sqlite3.Connection, change: int, key: str = KEY, *, new: bool = False, amended: bool = False) -> HeldText:
    held = HeldText(key, change, 7, AT, is_new=new, is_amended=amended)
    held_texts.hold(db, held)
    return held


def test_a_later_text_of_a_decision_replaces_the_one_that_waits(db: sqlite3.Connection, change: int) -> None:
    hold(db, change)
    held = hold(db, change, amended=True)
    assert held_texts.find_held(db, change) == [held]


@pytest.mark.parametrize(
    ("state", "released"),
    [
        ("template", []),
        ("accepted", [KEY, OTHER]),
        ("released", [KEY, OTHER]),
        ("rejected", [OTHER]),
    ],
)
def test_the_state_of_a_change_decides_which_texts_are_recorded(
    db: sqlite3.Connection, change: int, state: str, released: list[str]
) -> None:
    hold(db, change)
    hold(db, change, OTHER, new=True)
    templates.set_state(db, change, state, AT)
    assert [one.reference for one in held_texts.find_released(db, 10)] == released


def test_a_single_text_can_be_released_while_others_wait(db: sqlite3.Connection, change: int) -> None:
    hold(db, change)
    hold(db, change, OTHER)
    held_texts.release(db, [OTHER])
    assert [one.reference for one in held_texts.find_released(db, 10)] == [OTHER]


def test_a_rejected_change_leaves_only_amended_texts_waiting(db: sqlite3.Connection, change: int) -> None:
    hold(db, change)
    hold(db, change, OTHER, amended=True)
    templates.set_state(db, change, "rejected", AT)
    assert held_texts.find_waiting(db, KEY) is None
    assert held_texts.find_waiting(db, OTHER) == Waiting(change, AT, is_new=False)


def test_only_new_decisions_count_as_held_back(db: sqlite3.Connection, change: int) -> None:
    hold(db, change)
    hold(db, change, OTHER, new=True)
    assert held_texts.count_held_back(db) == 1


def test_ending_the_wait_marks_its_pages_as_recorded_and_no_others(db: sqlite3.Connection, change: int) -> None:
    mine, other = store_page(db, b"1", state="held"), store_page(db, b"2", OTHER, state="held")
    hold(db, change)
    held_texts.end_holding(db, [KEY, OTHER])
    assert dict(db.execute("SELECT id, state FROM pages")) == {mine: "read", other: "held"}
    assert held_texts.find_all_held(db) == []


def test_forgetting_a_held_text_leaves_its_pages_as_they_are(db: sqlite3.Connection, change: int) -> None:
    store_page(db, b"1", state="held")
    hold(db, change)
    held_texts.forget_held(db, [KEY])
    assert db.execute("SELECT state FROM pages").fetchall() == [("held",)]


def test_the_reading_before_the_current_one_is_found_without_template_changes(db: sqlite3.Connection) -> None:
    assert held_texts.find_previous_reading(db, KEY) is None
    first = store_decision(db, KEY, "One.")
    changes: list[tuple[str, RevisionReason]] = [("Two.", "amended"), ("Three.", "amended")]
    for words, reason in changes:
        supersede(db, make_reading(KEY, words), reason, 1)
    second = make_reading(KEY, "Two.")
    assert held_texts.find_previous_reading(db, KEY) == PreviousReading(None, second.text, find_url(KEY))
    db.execute("UPDATE revisions SET change = 'template' WHERE revision = 2")
    assert held_texts.find_previous_reading(db, KEY) == PreviousReading(None, first.text, find_url(KEY))


def test_only_the_current_revision_is_marked_as_the_templates(db: sqlite3.Connection) -> None:
    store_decision(db, KEY, "One.")
    supersede(db, make_reading(KEY, "Two."), "amended", 1)
    held_texts.mark_current_as_template(db, KEY)
    assert db.execute("SELECT change FROM revisions ORDER BY revision").fetchall() == [("first",), ("template",)]
