"""Resume: a slice of the backfills that were interrupted. The daemon does one between its syncs."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.tasks.backfill import walk_and_fetch
from ingest.tasks.crawl import crawling
from ingest.tasks.intent import find_asked_for, record_progress
from ingest.tasks.outcome import Outcome, judge, name_pending, summarise
from ingest.tasks.task_run import TaskRun
from storage.database import atomic
from storage.model import Window

SLICE_SECONDS = 300
"""How long a slice may last, so that a sync or another command does not wait for hours."""


@dataclass(frozen=True, slots=True)
class Resume:
    """What is left of interrupted backfills, for some seconds."""

    seconds: int = SLICE_SECONDS


def resume(task: Resume, run: TaskRun) -> Outcome:
    """Goes on with interrupted backfills, the newest dates first, until the seconds are over. Raises what the crawl
    raises about the site as a whole; what was proven until then is recorded."""
    ends = run.clock.monotonic() + task.seconds

    def is_over() -> bool:
        return run.clock.monotonic() >= ends

    left = find_asked_for(run.db).interrupted
    if not left:
        return Outcome("complete", 0, "no backfill is interrupted", run.tally)
    done: list[Window] = []
    trusted = run.clock.stamp(-3600 * run.config.listing.trust_hours)
    try:
        with crawling(run, trusted_since=trusted) as crawl:
            crawl.listing_check.check_if_due()
            for window in reversed(left):
                if not walk_and_fetch(crawl, run, window, is_over=is_over):
                    break
                done.append(window)
    finally:
        with atomic(run.db):
            record_progress(run.db, done, run.clock.stamp(), run.number)
    if len(done) < len(left) and find_asked_for(run.db).interrupted:
        outcome = Outcome("limited", 0, f"{summarise(run.tally)}; the time of this slice is over", run.tally)
        return name_pending(run, outcome)
    return judge(run, left, crawl.walker.findings)
