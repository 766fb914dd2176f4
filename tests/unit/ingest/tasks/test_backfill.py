"""How a limited backfill ends."""

from __future__ import annotations

from ingest.tasks.backfill import _make_limited_outcome
from ingest.tasks.task_run import TaskRun
from storage.model import Window
from support.rows import DAY, list_decision


def test_a_limited_backfill_says_how_many_are_still_queued(run: TaskRun) -> None:
    window = Window(DAY, DAY)
    rest = f"`lgsco backfill --from {DAY} --to {DAY}` fetches what is left"
    assert f"no decision listed so far is queued; {rest}" in _make_limited_outcome(3, run, window).message
    list_decision(run.db)
    outcome = _make_limited_outcome(3, run, window)
    assert (outcome.state, outcome.exit_code) == ("limited", 0)
    assert "stopped at --limit 3, 1 decision listed so far is still queued; " + rest in outcome.message
