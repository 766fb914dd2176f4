"""Withdraw: drops what is left of unfinished backfills. Nothing that is stored is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ingest.crawling.asked_for import find_asked_dates, intersect, subtract
from ingest.crawling.windows import find_range, gaps, merge_windows
from ingest.reports.date_ranges import describe_dates
from ingest.tasks.intent import find_asked_for, find_unfinished, record_proven_meanwhile
from ingest.tasks.outcome import Outcome, find_claim
from ingest.tasks.task_run import TaskRun
from ingest.wording import count_of
from storage import intents, ledger, queue
from storage.database import atomic
from storage.model import IntentState, Window


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Drop what is left of unfinished backfills in the range, both ends inclusive; None: no bound."""

    first: date | None = None
    last: date | None = None


def withdraw(task: Withdraw, run: TaskRun) -> Outcome:
    """Drops what is left of unfinished backfills, which then counts as not asked for. Proven dates stay asked for."""
    db, at = run.db, run.clock.stamp()
    today = run.clock.today()
    # A range that ends today or later has no end here: otherwise days after it would stay asked for.
    last = task.last if task.last is not None and task.last < today else None
    window = find_range(task.first, last, today)
    withdrawn = False
    with atomic(db):
        record_proven_meanwhile(db, at, run.number)
        dropped = merge_windows(intersect([window], find_asked_for(db).unfinished))
        for intent in find_unfinished(db):
            outside = gaps(intent.window, [window])
            parts: list[tuple[Window, IntentState]] = [(part, intent.state) for part in outside]
            parts += [(part, "withdrawn") for part in intersect([intent.window], [window])]
            if len(parts) > len(outside):
                intents.replace_by_parts(db, intent, parts, at, run.number)
                withdrawn = True
        # Sync's range and finished backfills stay asked for, so their unproven parts must not be dropped.
        for part in subtract(dropped, find_asked_dates(intents.find_intents(db))):
            ledger.drop_unproven(db, part)
        ledger.prove(db, at, run.number)
        waiting = queue.drop_never_fetched(db, subtract(dropped, find_asked_for(db).filling))
    claim = find_claim(run, find_asked_dates(intents.find_intents(db)))
    if not dropped and withdrawn:
        message = "the daemon still fills the dates of the backfills that were dropped: `lgsco fill off` ends that too"
    elif not dropped:
        message = f"no backfill is unfinished in {describe_dates(window)}: nothing was dropped"
    else:
        ranges = ", ".join(map(describe_dates, dropped))
        message = f"dropped: {ranges}; {count_of(waiting, 'decision')} listed there will not be fetched"
    return Outcome("complete", 0, message, run.tally, claim)
