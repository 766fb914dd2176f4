"""Tests turning the fill off and on, and a slice with nothing to do."""

from __future__ import annotations

from ingest.crawling.windows import EVERYTHING
from ingest.tasks.fill import Fill, SwitchFill, fill, switch_fill
from ingest.tasks.task_run import TaskRun
from storage import fill_state, intents
from support.rows import AT


def test_a_slice_without_a_fill_requests_nothing(run: TaskRun) -> None:
    outcome = fill(Fill(), run)
    assert (outcome.state, outcome.message) == ("complete", "the fill has nothing to do")


def test_turning_it_off_withdraws_its_range_and_resuming_ends_a_suspension(run: TaskRun) -> None:
    intents.record_fill(run.db, EVERYTHING, AT, 1)
    assert "off" in switch_fill(SwitchFill("off"), run).message
    assert intents.find_intents(run.db) == []
    assert fill_state.find_fill_state(run.db).turned_off_at == run.clock.stamp()
    fill_state.suspend(run.db, AT, "2026-11-03T12:00:00Z", "503")
    switch_fill(SwitchFill("resume"), run)
    assert fill_state.find_fill_state(run.db) == fill_state.FillState()
