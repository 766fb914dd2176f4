"""Which readings are held because the same words changed in several decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from storage import held_texts, templates
from storage.decisions import Reading
from support.rows import AT, KEY, OTHER, from_document, make_reading, store_page

RATE = "Rate this page."
LATER = "2026-11-09T12:00:00Z"


def with_page(recording: Any, reading: Reading) -> Reading:
    return replace(reading, page=store_page(recording.db, reading.text.encode(), reading.decision.reference))


def later(recording: Any, key: str, *words: str) -> Reading:
    return with_page(recording, make_reading(key, *words, at=LATER))


def change(recording: Any, number: int) -> Any:
    return templates.find_change(recording.db, number)


def test_the_first_decision_with_changed_words_is_held_and_suspected(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words.")])
    assert recording.watch.record([later(recording, KEY, "Words.", RATE)]) == {KEY: False}
    assert recording.tally.held_back == 1
    assert recording.tally.amended == 0
    found = change(recording, 1)
    assert (found.example, found.decided_on) == (KEY, "2025-04-01")
    assert {edit.kind for edit in found.edits} == {"added"}


def test_a_second_decision_with_the_same_words_joins_the_first(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words."), make_reading(OTHER, "Others.")])
    recording.watch.record([later(recording, KEY, "Words.", RATE)])
    recording.watch.record([later(recording, OTHER, "Others.", RATE)])
    assert [held.reference for held in held_texts.find_held(recording.db, 1)] == [KEY, OTHER]
    assert change(recording, 2) is None
    assert max(templates.count_sightings(recording.db, 1).values()) == 2


def test_an_accepted_change_passes_and_is_an_amendment(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words."), make_reading(OTHER, "Others.")])
    recording.watch.record([later(recording, KEY, "Words.", RATE)])
    templates.set_state(recording.db, 1, "accepted", AT)
    assert recording.watch.record([later(recording, OTHER, "Others.", RATE)]) == {}
    assert recording.tally.amended == 1


def test_a_rejected_change_is_held_and_other_new_words_make_it_amended(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words."), make_reading(OTHER, "Others.")])
    recording.watch.record([later(recording, KEY, "Words.", RATE)])
    templates.set_state(recording.db, 1, "rejected", AT)
    recording.watch.record([later(recording, OTHER, "Others, amended by the publisher.", RATE)])
    held = {one.reference: one.is_amended for one in held_texts.find_held(recording.db, 1)}
    assert held == {KEY: False, OTHER: True}


def test_a_new_decision_with_words_that_wait_is_held_too(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words.")])
    recording.watch.record([later(recording, KEY, "Words.", RATE)])
    assert recording.watch.record([later(recording, OTHER, "Others.", RATE)]) == {OTHER: True}
    assert recording.watch.record([later(recording, "25 000 003", "Third.")]) == {}


def test_a_new_decision_with_rejected_words_is_recorded_as_odd(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words.")])
    recording.watch.record([later(recording, KEY, "Words.", RATE)])
    templates.set_state(recording.db, 1, "rejected", AT)
    assert recording.watch.record([later(recording, OTHER, "Others.", RATE)]) == {}
    assert recording.db.execute("SELECT reference, what FROM oddities").fetchall() == [(OTHER, "template")]


def test_imports_and_unchanged_readings_are_never_held(recording: Any) -> None:
    recording.watch.record([make_reading(KEY, "Words.")])
    assert recording.watch.record([from_document(make_reading(KEY, "Words.", RATE), "/one.txt")]) == {}
    assert recording.watch.record([later(recording, KEY, "Words.")]) == {}
    assert templates.find_changes(recording.db, ["single", "asking"]) == []
    assert recording.watch.reread == {KEY}
