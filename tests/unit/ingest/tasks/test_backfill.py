"""The range of a backfill, and how a limited one ends."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.crawling.windows import EVERYTHING
from ingest.errors import UsageError
from ingest.tasks.backfill import Backfill, _make_limited_outcome, find_range
from ingest.tasks.task_run import TaskRun
from storage.model import Window
from support.rows import DAY, list_decision

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("task", "window"),
    [
        (Backfill(), EVERYTHING),
        (Backfill(date(2025, 1, 1)), Window(date(2025, 1, 1), EVERYTHING.last)),
        (Backfill(None, date(2025, 1, 1)), Window(EVERYTHING.first, date(2025, 1, 1))),
        (Backfill(TODAY), Window(TODAY, EVERYTHING.last)),
    ],
)
def test_an_end_that_is_not_given_has_no_bound(task: Backfill, window: Window) -> None:
    assert find_range(task, TODAY) == window


@pytest.mark.parametrize("task", [Backfill(date(2025, 2, 1), date(2025, 1, 1)), Backfill(date(2026, 11, 3))])
def test_a_range_that_ends_before_it_begins_is_refused(task: Backfill) -> None:
    with pytest.raises(UsageError, match=r"the range ends before it begins: .*without --to it ends today"):
        find_range(task, TODAY)


def test_a_limited_backfill_says_how_many_are_still_queued(run: TaskRun) -> None:
    window = Window(DAY, DAY)
    assert "no decision listed so far is queued" in _make_limited_outcome(3, run, window).message
    list_decision(run.db)
    outcome = _make_limited_outcome(3, run, window)
    assert (outcome.state, outcome.exit_code) == ("limited", 0)
    assert "stopped at --limit 3, 1 decisions listed so far are still queued" in outcome.message
