"""Works on interrupted backfills and the fill between the daemon's syncs, in slices of some minutes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ingest.clock import instant
from ingest.crawling.fill_order import Part
from ingest.crawling.findings import Findings
from ingest.errors import Blocked, HeldOff, OutOfBudget
from ingest.lgo.source import PAGE_SIZE
from ingest.tasks.backfill import walk_and_fetch
from ingest.tasks.crawl import crawling
from ingest.tasks.intent import record_progress
from ingest.tasks.outcome import Outcome, judge, name_pending, summarise
from ingest.tasks.slice_times import find_suspension
from ingest.tasks.task_run import TaskRun
from storage import fill_state
from storage.database import atomic
from storage.model import Window

TASKS = ("resume", "fill")
"""The names of the tasks that are slices, as runs record them. They share `fill_requests`."""


def do_slice(
    run: TaskRun, parts: Sequence[Part], find_left: Callable[[], Sequence[Window]], seconds: float, requests: int | None
) -> Outcome:
    """Walks and fetches parts in their order, until the seconds or the requests are used up.

    `find_left`: returns what is left of the parts now. A refusal by the site suspends all slices. Raises what the crawl
    raises about the site as a whole; what was proven until then is recorded.
    """
    ends = run.clock.monotonic() + seconds
    before = list(find_left())
    done: list[Window] = []
    findings = Findings()
    cut_short: str | None = None
    refused: Blocked | None = None
    try:
        trusted = run.clock.stamp(-3600 * run.config.listing.trust_hours)
        with crawling(run, trusted_since=trusted, walk_most=_find_walk_most(run, seconds, requests)) as crawl:
            findings = crawl.walker.findings
            crawl.listing_check.check_if_due()
            for part in parts:
                reached_the_end = walk_and_fetch(
                    *(crawl, run, part.window),
                    is_over=lambda: run.clock.monotonic() >= ends,
                    oldest_first=part.oldest_first,
                )
                if not reached_the_end:
                    cut_short = "the time of this slice is up"
                    break
                done.append(part.window)
    except (HeldOff, OutOfBudget) as error:  # a normal end: the next slice waits as long as it must
        cut_short = str(error)
    except Blocked as error:
        refused = error
    finally:
        _record_end(run, done, before, find_left, refused, is_served=cut_short is not None or len(done) == len(parts))
    if refused is not None:
        raise Blocked(f"{refused}; {_describe_suspension(run)}") from refused
    if cut_short is not None and find_left():
        return name_pending(run, Outcome("limited", 0, f"{summarise(run.tally)}; {cut_short}", run.tally))
    return judge(run, [part.window for part in parts], findings)


def _find_walk_most(run: TaskRun, seconds: float, requests: int | None) -> int | None:
    """Returns how many decisions half a slice can list; None: any number. An interrupted walk has to start again."""
    gap = run.throttle.usual_gap
    pages = min(seconds / gap if gap else math.inf, math.inf if requests is None else requests) / 2
    return None if pages == math.inf else max(1, int(pages)) * PAGE_SIZE


def _record_end(
    run: TaskRun,
    done: Sequence[Window],
    before: Sequence[Window],
    find_left: Callable[[], Sequence[Window]],
    refused: Blocked | None,
    *,
    is_served: bool,
) -> None:
    """Records how far a slice got, and whether the site refused or served it."""
    now = run.clock.now()
    at = instant(now)
    with atomic(run.db):
        record_progress(run.db, done, at, run.number)
        if run.tally.fetched or list(find_left()) != before:
            fill_state.record_progress(run.db, at)
        if refused is not None:
            until = find_suspension(fill_state.find_fill_state(run.db).suspensions, now)
            fill_state.suspend(run.db, at, instant(until), str(refused))
        elif is_served:
            fill_state.end_suspension(run.db)


def _describe_suspension(run: TaskRun) -> str:
    until = fill_state.find_fill_state(run.db).suspended_until
    return (
        f"the fill and interrupted backfills are suspended until {until}, while sync continues; `lgsco fill resume` "
        "ends that earlier, `lgsco fill off` turns the fill off. Write to the publisher if this does not change"
    )
