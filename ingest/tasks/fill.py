"""Fill: fetches all dates that nobody asked for, slice by slice, for the daemon. Also turns the fill off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.crawling.fill_order import order_dates
from ingest.reports.fill import decide_mode, describe_change
from ingest.tasks.intent import find_asked_for, withdraw_fill
from ingest.tasks.outcome import Outcome
from ingest.tasks.slice_times import SLICE_SECONDS
from ingest.tasks.slices import do_slice
from ingest.tasks.task_run import TaskRun
from storage import fill_state
from storage.database import atomic
from storage.identity import find_made_by


@dataclass(frozen=True, slots=True)
class Fill:
    """A slice of the fill: the dates that neither sync nor a backfill covers."""

    seconds: float = SLICE_SECONDS
    requests: int | None = None
    """The most requests; None: as many as the day allows."""


def fill(task: Fill, run: TaskRun) -> Outcome:
    """Does a slice of the fill. Raises as `do_slice` does."""
    left = find_asked_for(run.db).filling
    if not left:
        return Outcome("complete", 0, "the fill has nothing to do", run.tally)
    parts = order_dates(
        *(left, run.clock.today()),
        recent_days=run.config.cadence.recent_days,
        retention_days=run.config.listing.retention_days,
    )
    return do_slice(run, parts, lambda: find_asked_for(run.db).filling, task.seconds, task.requests)


@dataclass(frozen=True, slots=True)
class SwitchFill:
    """Resumes the fill, or turns it off. Both end a suspension."""

    to: Literal["resume", "off"]


def switch_fill(task: SwitchFill, run: TaskRun) -> Outcome:
    """Resumes the fill or turns it off. The message says what changes."""
    dropped = 0
    with atomic(run.db):
        if task.to == "off":
            at = run.clock.stamp()
            fill_state.turn_off(run.db, at)
            dropped = withdraw_fill(run.db, at, run.number)
        else:
            fill_state.resume(run.db)
    mode = decide_mode(run.config.schedule.fill, find_made_by(run.db), fill_state.find_fill_state(run.db))
    return Outcome("complete", 0, describe_change(mode, dropped, run.config.schedule), run.tally)
