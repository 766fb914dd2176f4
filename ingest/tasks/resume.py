"""Resume: continues interrupted backfills for one slice. The daemon does slices between its syncs."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.crawling.fill_order import Part
from ingest.tasks.intent import find_asked_for
from ingest.tasks.outcome import Outcome
from ingest.tasks.slice_times import SLICE_SECONDS
from ingest.tasks.slices import do_slice
from ingest.tasks.task_run import TaskRun


@dataclass(frozen=True, slots=True)
class Resume:
    """A slice of what is left of interrupted backfills."""

    seconds: float = SLICE_SECONDS
    requests: int | None = None
    """The most requests; None: as many as the day allows."""


def resume(task: Resume, run: TaskRun) -> Outcome:
    """Continues interrupted backfills, the newest dates first. Raises as `do_slice` does."""
    left = find_asked_for(run.db).interrupted
    if not left:
        return Outcome("complete", 0, "no backfill is interrupted", run.tally)
    parts = [Part(window) for window in reversed(left)]
    return do_slice(run, parts, lambda: find_asked_for(run.db).interrupted, task.seconds, task.requests)
