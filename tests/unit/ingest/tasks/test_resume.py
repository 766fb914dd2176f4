"""Continuing interrupted backfills when none is interrupted."""

from __future__ import annotations

from ingest.tasks.resume import Resume, resume
from ingest.tasks.task_run import TaskRun
from storage import intents
from support.claims import window
from support.rows import AT


def test_without_an_interrupted_backfill_nothing_is_requested(run: TaskRun) -> None:
    intents.record_finished(run.db, [window("2025-01-01", "2025-12-31")], AT, 1)
    outcome = resume(Resume(), run)
    assert (outcome.state, outcome.exit_code, outcome.message) == ("complete", 0, "no backfill is interrupted")
