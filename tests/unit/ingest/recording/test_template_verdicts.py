"""Which decisions are reread for a suspected change, and what their answers decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.recording.template_verdicts import TemplateVerdicts
from storage import queue, templates
from storage.model import Wanted
from support.rows import KEY, find_url, list_decision, make_reading, store_page

RATE = "Rate this page."
LATER = "2026-11-09T12:00:00Z"
KEYS = [f"25 000 {number:03}" for number in range(1, 31)]


@pytest.fixture
def verdicts(recording: Any) -> TemplateVerdicts:
    """An archive of thirty listed decisions, none of which was checked lately."""
    recording.watch.record([make_reading(key, f"Words of {key}.", at="2026-10-01T12:00:00Z") for key in KEYS])
    for key in KEYS:
        list_decision(recording.db, key, date(2025, 4, 1))
    queue.remove(recording.db, KEYS)
    return TemplateVerdicts(recording.db, recording.clock, recording.watch, recording.held, 1)


def show(recording: Any, keys: Sequence[str], *, rated: bool) -> None:
    """Fetches decisions again, all with the new words or all without."""
    for key in keys:
        reading = make_reading(key, f"Words of {key}.", *([RATE] if rated else []), at=LATER)
        page = store_page(recording.db, reading.text.encode(), key, at=LATER)
        recording.watch.record([replace(reading, page=page)])
    queue.remove(recording.db, keys)


def state(recording: Any) -> str:
    change = templates.find_change(recording.db, 1)
    assert change is not None
    return change.state


@pytest.mark.parametrize(("others_have_it", "expected"), [(True, "template"), (False, "released")])
def test_the_answers_of_other_decisions_decide_whether_a_change_is_the_templates(
    recording: Any, verdicts: TemplateVerdicts, others_have_it: bool, expected: str
) -> None:
    show(recording, [KEY], rated=True)
    asked: list[str] = []

    def fetch(wanted: list[Wanted]) -> None:
        asked.extend(one.reference for one in wanted)
        show(recording, [one.reference for one in wanted], rated=others_have_it)

    verdicts.settle(fetch, is_last=True)
    assert len(set(asked)) >= 2
    assert KEY not in asked
    assert state(recording) == expected, "a change that others lack is the publisher's amendment"


def test_nothing_is_asked_without_a_suspicion(recording: Any, verdicts: TemplateVerdicts) -> None:
    verdicts.settle(lambda wanted: pytest.fail(f"{wanted} are reread"), is_last=True)


def test_known_decisions_are_reread_before_new_ones_once_a_run(recording: Any, verdicts: TemplateVerdicts) -> None:
    new = Wanted("25 001 000", find_url("25 001 000"), 0)
    list_decision(recording.db, new.reference)
    assert verdicts.find_known([Wanted(KEY, find_url(KEY), 0)]) == [], "it is not new"
    chosen = verdicts.find_known([new])
    assert len(chosen) == 2
    assert {one.reference for one in chosen} <= set(KEYS)
    assert verdicts.find_known([new]) == [], "one choice a run is enough"
    assert recording.db.execute("SELECT count(*) FROM queue WHERE reason = 'reread'").fetchone() == (2,)
