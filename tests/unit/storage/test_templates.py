"""Tests how template changes are stored, joined, counted, and asked about."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from storage import held_texts, queue, templates
from storage.decisions import supersede
from storage.held_texts import HeldText
from storage.model import Edit, Wanted
from storage.templates import AnswerRow, Reread
from support.rows import AT, KEY, OTHER, find_url, list_decision, make_reading, store_decision, store_page

LATER = "2026-11-03T12:00:00Z"
ADDED, REMOVED = Edit("added", "Rate this page"), Edit("removed", "Print this page")


def add(db: sqlite3.Connection, *edits: Edit, example: str = KEY, day: str | None = "2025-04-01") -> int:
    number = templates.add_change(
        db, since=AT, at=AT, run=1, kind="statement", example=example, decided_on=day, diff="+ x"
    )
    templates.add_edits(db, number, edits)
    return number


def known(db: sqlite3.Connection, *decisions: tuple[str, date]) -> None:
    for key, day in decisions:
        store_decision(db, key, day=day)
        list_decision(db, key, day)
    queue.remove(db, [key for key, _ in decisions])


def test_a_change_is_found_by_its_state_with_its_edits(db: sqlite3.Connection) -> None:
    number = add(db, ADDED, REMOVED)
    (found,) = templates.find_changes(db, ["single"])
    assert (found.id, found.state, found.edits) == (number, "single", frozenset({ADDED, REMOVED}))
    assert templates.find_changes(db, ["template", "ended"]) == []
    assert templates.find_change(db, number + 1) is None


def test_the_time_of_the_last_state_stays_if_the_state_is_set_again(db: sqlite3.Connection) -> None:
    number = add(db)
    for state, at in (("template", LATER), ("template", "2026-11-09T12:00:00Z")):
        templates.set_state(db, number, state, at)
    found = templates.find_change(db, number)
    assert found is not None
    assert (found.state, found.changed_at) == ("template", LATER)


def test_other_edits_replace_those_of_a_change(db: sqlite3.Connection) -> None:
    number = add(db, ADDED)
    templates.set_edits(db, number, [REMOVED])
    found = templates.find_change(db, number)
    assert found is not None
    assert found.edits == {REMOVED}


def test_joined_changes_move_their_edits_texts_and_answers_and_end(db: sqlite3.Connection) -> None:
    one, two = add(db, ADDED), add(db, REMOVED, example=OTHER)
    store_decision(db, KEY)
    list_decision(db, OTHER)
    held_texts.hold(db, HeldText(OTHER, two, 1, AT, is_new=True, is_amended=False))
    templates.add_sightings(db, two, OTHER, OTHER, 1, AT, [REMOVED])
    templates.add_asked(db, two, [OTHER], AT)
    templates.join_changes(db, one, [two], LATER)
    joined, ended = templates.find_change(db, one), templates.find_change(db, two)
    assert joined is not None
    assert ended is not None
    assert joined.edits == {ADDED, REMOVED}
    assert (ended.state, ended.changed_at) == ("ended", LATER)
    assert [held.reference for held in held_texts.find_held(db, one)] == [OTHER]
    assert templates.find_asked_about(db) == {OTHER: [one]}


def test_an_edit_counts_once_for_a_family(db: sqlite3.Connection) -> None:
    number = add(db, ADDED, REMOVED)
    templates.add_sightings(db, number, "25 000 001a", "25 000 001", 1, AT, [ADDED])
    templates.add_sightings(db, number, "25 000 001b", "25 000 001", 2, AT, [ADDED, REMOVED])
    templates.add_sightings(db, number, OTHER, OTHER, 3, AT, [ADDED])
    assert templates.count_sightings(db, number) == {ADDED: 2, REMOVED: 1}
    assert templates.find_families(db, number) == {"25 000 001", OTHER}


def test_only_the_last_twenty_rereads_are_stored(db: sqlite3.Connection) -> None:
    rereads = [Reread(f"25 000 {n:03}", f"25 000 {n // 2:03}", "statement", AT, n < 4) for n in range(23)]
    templates.add_rereads(db, rereads[:3], 1)
    assert templates.count_changed(db) == 2, "three rereads of two families changed"
    templates.add_rereads(db, rereads[3:], 1)
    assert db.execute("SELECT count(*), min(reference) FROM rereads").fetchone() == (20, "25 000 003")
    assert templates.count_changed(db) == 1
    assert templates.find_reread_families(db, "report", AT) == set()
    assert "25 000 011" in templates.find_reread_families(db, "statement", AT, run=1)
    assert templates.find_reread_families(db, "statement", LATER) == set()


def test_those_decided_nearest_to_the_example_are_reread_first(db: sqlite3.Connection) -> None:
    known(db, (KEY, date(2025, 4, 1)), (OTHER, date(2025, 9, 1)), ("25 000 003", date(2025, 3, 1)))
    number = add(db, ADDED)
    change = templates.find_change(db, number)
    assert change is not None
    held_texts.hold(db, HeldText(KEY, number, 1, AT, is_new=False, is_amended=False))
    assert [one.reference for one in templates.find_candidates(db, change, 9)] == ["25 000 003", OTHER]
    templates.add_asked(db, number, ["25 000 003"], AT)
    assert [one.reference for one in templates.find_candidates(db, change, 9)] == [OTHER]
    store_page(db, b"checked since", OTHER, at=LATER)
    assert templates.find_candidates(db, change, 9) == []


def test_the_nearest_stored_decisions_are_found_on_both_sides_of_a_day(db: sqlite3.Connection) -> None:
    known(db, *((f"25 000 00{n}", date(2025, n, 1)) for n in (1, 3, 4, 9)))
    queue.add(db, "25 000 004", find_url("25 000 004"), AT)
    found = [one.reference for one in templates.find_known(db, "statement", "2025-03-20", 2)]
    assert found == ["25 000 003", "25 000 001"], "the fourth is queued already, so the first comes next"
    assert templates.find_known(db, "report", "2025-03-20", 2) == []


def test_an_answer_says_which_edits_are_the_same(db: sqlite3.Connection) -> None:
    number = add(db, ADDED, REMOVED)
    keys = [KEY, OTHER, "25 000 003", "25 000 004"]
    for key in keys:
        list_decision(db, key)
    templates.add_asked(db, number, keys, AT)
    templates.record_answer(db, number, KEY, [ADDED], changed=True)
    templates.record_answer(db, number, OTHER, [], changed=True)
    templates.record_answer(db, number, "25 000 003", [], changed=False)
    assert dict(db.execute("SELECT reference, answer FROM template_answers")) == {
        KEY: "same change",
        OTHER: "other change",
        "25 000 003": "unchanged",
        "25 000 004": None,
    }
    assert templates.find_answers(db, number)[0] == AnswerRow(KEY, frozenset({ADDED}))
    assert templates.find_unanswered(db, number) == [Wanted("25 000 004", find_url("25 000 004"), 0, "changed")]
    row = templates.find_change_row(db, number)
    assert row is not None
    assert (row.asked, row.same) == (3, 1)


def test_what_waits_for_a_change_is_counted(db: sqlite3.Connection) -> None:
    number = add(db)
    for key, new, amended in ((KEY, False, True), (OTHER, False, False), ("25 000 003", True, False)):
        held_texts.hold(db, HeldText(key, number, 1, AT, is_new=new, is_amended=amended))
    (row,) = templates.find_change_rows(db, ["single"])
    assert (row.waiting, row.new, row.amended) == (2, 1, (KEY,))


@pytest.mark.parametrize("new", [True, False])
def test_a_template_for_which_only_new_decisions_wait_is_found(db: sqlite3.Connection, new: bool) -> None:
    number = add(db)
    templates.set_state(db, number, "template", AT)
    held_texts.hold(db, HeldText(KEY, number, 1, AT, is_new=new, is_amended=False))
    assert templates.find_without_known(db) == ([number] if new else [])


def test_an_amendment_recorded_from_the_page_of_a_sighting_is_found(db: sqlite3.Connection) -> None:
    number = add(db, ADDED)
    store_decision(db)
    page = store_page(db, b"<p>Rate this page</p>")
    supersede(db, make_reading(KEY, "Other words."), "amended", 1)
    db.execute("UPDATE revisions SET page = ? WHERE text IS NULL", (page,))
    templates.add_sightings(db, number, KEY, KEY, page, AT, [ADDED])
    assert templates.find_recorded_sightings(db, number, AT) == [], "the change still waits"
    templates.set_state(db, number, "released", AT)
    assert [one.reference for one in templates.find_recorded_sightings(db, number, AT)] == [KEY]
    assert templates.find_recorded_sightings(db, number, LATER) == []


def test_decisions_of_the_site_are_counted_up_to_a_limit(db: sqlite3.Connection) -> None:
    for number in range(3):
        store_decision(db, f"25 000 00{number}", source="import" if number == 2 else "site")
    assert templates.count_site_decisions(db, 9) == 2
    assert templates.count_site_decisions(db, 1) == 1
    assert templates.find_stored(db, ["25 000 000", "25 000 002", "25 000 009"]) == {"25 000 000"}


def test_a_card_has_the_kind_and_date_of_the_listing(db: sqlite3.Connection) -> None:
    assert templates.find_card(db, KEY) == (None, None)
    list_decision(db)
    assert templates.find_card(db, KEY) == ("statement", "2025-04-01")
