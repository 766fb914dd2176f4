"""Tests that held texts are recorded when released, fetched again if they do not parse, and set back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from lgsco.replica.markup import render
from storage import held_texts, templates
from storage.decisions import supersede
from storage.held_texts import HeldText
from storage.model import Line, Page
from support.rows import AT, KEY, list_decision, store_decision, store_page
from support.sync import decided

(SAMPLE,) = decided(1, date(2025, 4, 1), date(2025, 4, 1))


@pytest.fixture
def number(recording: Any) -> int:
    """A template change for which the page of a new decision waits."""
    number = templates.add_change(
        recording.db, since=AT, at=AT, run=1, kind="statement", example=SAMPLE.reference, decided_on=None, diff=""
    )
    page = store_page(recording.db, render(SAMPLE)[0], SAMPLE.reference, state="held")
    held = HeldText(SAMPLE.reference, number, page, AT, is_new=True, is_amended=False)
    held_texts.hold(recording.db, held)
    return number


def test_a_text_that_waits_is_not_recorded(recording: Any, number: int) -> None:
    templates.set_state(recording.db, number, "template", AT)
    recording.held.record_released()
    assert recording.tally.first == 0
    assert len(held_texts.find_all_held(recording.db)) == 1


@pytest.mark.parametrize("state", ["accepted", "released", "rejected"])
def test_a_new_decision_is_recorded_once_its_change_is_decided(recording: Any, number: int, state: str) -> None:
    templates.set_state(recording.db, number, state, AT)
    recording.held.record_released()
    assert recording.tally.first == 1
    assert held_texts.find_all_held(recording.db) == []
    assert recording.db.execute("SELECT state FROM pages").fetchall() == [("read",)]


def test_a_held_page_that_does_not_parse_is_fetched_again(
    recording: Any, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    list_decision(recording.db, SAMPLE.reference)
    recording.db.execute("UPDATE queue SET state = 'kept'")
    held_texts.forget_held(recording.db, [SAMPLE.reference])
    page = store_page(recording.db, b"<html>not a decision</html>", SAMPLE.reference, state="held")
    held_texts.hold(recording.db, HeldText(SAMPLE.reference, number, page, AT, is_new=True, is_amended=False))
    templates.set_state(recording.db, number, "released", AT)
    recording.held.record_released()
    assert recording.db.execute("SELECT state FROM queue").fetchall() == [("wanted",)]
    assert held_texts.find_all_held(recording.db) == []
    assert "its held-back page does not parse" in caplog.text


def test_the_text_from_before_a_template_change_is_put_back(recording: Any, number: int) -> None:
    held_texts.forget_held(recording.db, [SAMPLE.reference])
    page = Page(SAMPLE.reference, 1, SAMPLE.address, AT, "utf-8", render(SAMPLE)[0])
    first = recording.recorder.parse_pages([(1, page)])
    recording.recorder.record([first])
    line = Line("paragraph", "Rate this page.")
    changed = replace(first.decision, lines=(*first.decision.lines, line))
    supersede(recording.db, recording.recorder.make_reading(changed, "site", at=AT, url="/x", page=1), "amended", 1)
    recording.held.set_back(templates.find_change(recording.db, number), SAMPLE.reference, 1, AT)
    assert recording.db.execute("SELECT text FROM decisions").fetchone() == (first.text,)
    assert recording.tally.set_back == 1
    changes = recording.db.execute("SELECT change FROM revisions ORDER BY revision")
    assert [change for (change,) in changes] == ["first", "template", "set back"]
    assert [held.reference for held in held_texts.find_held(recording.db, number)] == [SAMPLE.reference]


def test_without_an_earlier_text_nothing_is_changed(
    recording: Any, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    store_decision(recording.db, KEY)
    recording.held.set_back(templates.find_change(recording.db, number), KEY, 1, AT)
    assert "no earlier text is stored to replace it" in caplog.text
    assert recording.tally.set_back == 0
