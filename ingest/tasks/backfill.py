"""Backfill: every decision whose decision date lies in a range.

From the range to the stored row there are fourteen steps; a step is a call from one module into another.

1. backfill -> listing_check.check_if_due: find out, where that is due, how the listing is to be asked.
2. backfill -> listing_walk.walk_and_fetch: walk the range, and get back each window that was walked.
3. listing_walk -> reconcile.plan: which window to ask for its total next, and which to walk.
4. listing_walk -> listing_fetch.fetch_first: fetch the first page of a window, store its cards and queue what is new.
5. listing_walk -> pagination.walk_window: fetch its other pages in the same way, and compare the cards with the total.
6. listing_walk -> ledger_record.record_walked: store what the walk found in the ledger.
7. backfill -> pipeline.fetch_queued: process what is queued of the window that came back.
8. pipeline -> template_verdicts.settle: ask other decisions about what is held back, before and after, and decide.
9. template_verdicts -> held_recorder.record_released: store what was held back and waits no longer.
10. pipeline -> fetch_pages.fetch: fetch the pages of a decision and store them as they came.
11. pipeline -> record.parse_pages: parse the stored pages of a decision.
12. pipeline -> template_watch.record: hold back what may be a change of the site's template.
13. template_watch -> record.apply: store what differs from the archive, many decisions in a transaction.
14. record -> relate.relate: link a decision with those that belong with it.

Pure modules are asked on the way: windows, chapters, compare, failures, outside_blocks, text_likeness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ingest.crawling.windows import EVERYTHING, gaps
from ingest.errors import UsageError
from ingest.reports.estimate import describe_backfill
from ingest.tasks.crawl import Crawl, ask_site_total, crawling, record_site_total
from ingest.tasks.outcome import Outcome, judge, name_pending, summarise
from ingest.tasks.task_run import TaskRun
from storage import intents, ledger, queue
from storage.claims import count_held_between
from storage.database import atomic, path_of
from storage.model import Window
from storage.room import find_free_bytes


@dataclass(frozen=True, slots=True)
class Backfill:
    """Every decision whose decision date lies in the range, both ends inclusive; None: no bound."""

    first: date | None = None
    last: date | None = None
    limit: int | None = None
    """Decisions to fetch at most. A run with a limit is recorded, and no range that it asked for."""


@dataclass(frozen=True, slots=True)
class Demo(Backfill):
    """A backfill from the look-alike site; its runs mark a database that may be thrown away."""

    look_alike: str = ""
    """What the look-alike was made from: a demo goes on with an earlier one's database where this is the same."""


def find_range(task: Backfill, today: date) -> Window:
    """The range of a backfill. Raises UsageError where it ends before it begins."""
    window = Window(task.first or EVERYTHING.first, task.last or EVERYTHING.last)
    if window.first > (task.last or today):
        raise UsageError(f"the range ends before it begins: {window}; --to is today where it is not given")
    return window


def backfill(task: Backfill, run: TaskRun) -> Outcome:
    """Lists what of the range was not walked lately, and fetches what is not stored, part by part.

    Raises UsageError for a range that ends before it begins, and what the crawl raises about the site as a whole.
    """
    window = find_range(task, run.clock.today())
    trusted = run.clock.stamp(-3600 * run.config.listing.trust_hours)
    with crawling(run, trusted_since=trusted) as crawl:
        run.tally.held = count_held_between(run.db, window)
        with crawl.fetching_anyway(lambda: crawl.pipeline.fetch_queued([window], task.limit)):
            total = _find_total(crawl, run, window, trusted)
            run.tally.plan = describe_backfill(
                *(total, run.tally.expected, run.tally.held),
                pace_seconds=run.throttle.promised_gap,
                daily_requests=run.config.fetch.daily_requests,
                limit=task.limit,
                free_bytes=find_free_bytes(path_of(run.db)),
            )
            run.report(run.tally)
            walk_and_fetch(crawl, run, window, total=total, limit=task.limit)
    if task.limit is not None and run.tally.fetched >= task.limit:
        return _limited(task.limit, run, window)
    return judge(run, [window], crawl.walker.findings)


def walk_and_fetch(
    crawl: Crawl,
    run: TaskRun,
    window: Window,
    *,
    total: int | None = None,
    limit: int | None = None,
    is_over: Callable[[], bool] | None = None,
    oldest_first: bool = False,
) -> bool:
    """Walks a window part by part and fetches what each lists. Returns whether it came to the end.

    `total`: the site's for the window, where it is known. `limit`: decisions that the run fetches at most. `is_over`:
    asked after each part and each batch of decisions, ends the work early. `oldest_first`: rather than newest first.
    """
    for part in crawl.walker.walk_and_fetch(window, total=total, oldest_first=oldest_first):
        crawl.pipeline.fetch_queued([part], limit, is_over=is_over)
        if (is_over and is_over()) or (limit is not None and run.tally.fetched >= limit):
            crawl.walker.settle()
            return False
    return True


def _find_total(crawl: Crawl, run: TaskRun, window: Window, trusted: str) -> int | None:
    """The total that the site states for the range, where not all of it was walked lately. The tally expects it."""
    fresh = ledger.find_trusted(run.db, window, trusted, run.clock.stamp())
    unseen = gaps(window, [proof.window for proof in fresh])
    if unseen:
        crawl.listing_check.check_if_due()
    total = crawl.walker.ask(window) if unseen else None
    expected = total if unseen else sum(proof.total or 0 for proof in fresh)
    run.tally.expected = max(run.tally.held, expected or 0)
    run.report(run.tally)
    if expected is not None:
        with atomic(run.db):
            intents.record_total(run.db, run.number, expected)
    if unseen:
        _record_site_total(crawl, run, window, total)
    return total


def _record_site_total(crawl: Crawl, run: TaskRun, window: Window, total: int | None) -> None:
    """Records the total of all dates, which claims name. `total`: that of the window."""
    if window == EVERYTHING:
        record_site_total(run, total)
    else:
        ask_site_total(run, crawl)


def _limited(limit: int, run: TaskRun, window: Window) -> Outcome:
    waiting = queue.count(run.db, window)
    more = f"{waiting:,} listed so far wait to be fetched" if waiting else "nothing listed so far waits"
    outcome = Outcome("limited", 0, f"{summarise(run.tally)}; stopped at --limit {limit}, {more}", run.tally)
    return name_pending(run, outcome)
