"""Backfill: fetches every decision with a decision date in a range.

From the range to the stored row there are fourteen steps. Each is a call from one module into another.

1. backfill -> listing_check.check_if_due: if it is due, find out how to query the listing.
2. backfill -> listing_walk.walk_and_fetch: walk the range, and return each window that was walked.
3. listing_walk -> reconcile.plan: decide which window to request a total for next, and which to walk.
4. listing_walk -> listing_fetch.fetch_first: fetch a window's first page, store its cards, queue new decisions.
5. listing_walk -> pagination.walk_window: fetch its other pages the same way, and compare the cards with the total.
6. listing_walk -> ledger_record.record_walked: store the result of the walk in the ledger.
7. backfill -> pipeline.fetch_queued: process the queue for that window.
8. pipeline -> template_verdicts.settle: compare held-back texts with other decisions, before and after, and decide.
9. template_verdicts -> held_recorder.record_released: store held-back texts that need not wait any longer.
10. pipeline -> fetch_pages.fetch: fetch the pages of a decision and store them unchanged.
11. pipeline -> record.parse_pages: parse the stored pages of a decision.
12. pipeline -> template_watch.record: hold back texts that may be a change of the site's template.
13. template_watch -> record.apply: store what differs from the archive, many decisions in one transaction.
14. record -> relate.relate: link a decision to its related decisions.

These steps use the pure modules windows, chapters, compare, failures, outside_blocks and text_likeness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ingest.crawling.windows import EVERYTHING, find_range, gaps
from ingest.reports.date_ranges import name_command
from ingest.reports.estimate import describe_backfill
from ingest.tasks.crawl import Crawl, ask_site_total, crawling, record_site_total
from ingest.tasks.outcome import Outcome, judge, name_pending, summarise
from ingest.tasks.task_run import TaskRun
from ingest.wording import count_of
from storage import intents, ledger, queue
from storage.claims import count_held_between
from storage.database import atomic, path_of
from storage.model import Window
from storage.room import find_free_bytes


@dataclass(frozen=True, slots=True)
class Backfill:
    """Every decision with a decision date in the range, both ends inclusive; None: no bound."""

    first: date | None = None
    last: date | None = None
    limit: int | None = None
    """The most decisions to fetch. A run with a limit is recorded, but its range does not count as asked for."""


@dataclass(frozen=True, slots=True)
class Demo(Backfill):
    """A backfill from the look-alike site. Its runs mark a database that may be deleted."""

    look_alike: str = ""
    """The source of the look-alike. A demo continues an earlier demo's database if this is the same."""


def backfill(task: Backfill, run: TaskRun) -> Outcome:
    """Walks the parts of the range that were not walked recently, and fetches the decisions that are not stored.

    Raises UsageError for a range that `find_range` refuses, and what the crawl raises about the site as a whole.
    """
    window = find_range(task.first, task.last, run.clock.today())
    trusted = run.clock.stamp(-3600 * run.config.listing.trust_hours)
    with crawling(run, trusted_since=trusted) as crawl:
        run.tally.held = count_held_between(run.db, window)
        with crawl.fetching_queue_if_listing_fails(lambda: crawl.pipeline.fetch_queued([window], task.limit)):
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
        return _make_limited_outcome(task.limit, run, window)
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
    """Walks a window part by part and fetches what each part lists. Returns whether it reached the end.

    `total`: the site's total for the window, if it is known. `limit`: the most decisions that the run fetches.
    `is_over`: called after each part and each batch of decisions; true ends the work early. `oldest_first`: instead of
    newest first.
    """
    for part in crawl.walker.walk_and_fetch(window, total=total, oldest_first=oldest_first):
        crawl.pipeline.fetch_queued([part], limit, is_over=is_over)
        if (is_over and is_over()) or (limit is not None and run.tally.fetched >= limit):
            crawl.walker.settle()
            return False
    return True


def _find_total(crawl: Crawl, run: TaskRun, window: Window, trusted: str) -> int | None:
    """Returns the site's total for the range, and sets the tally's `expected`.

    It makes no request, and returns None, if the whole range was walked recently.
    """
    fresh = ledger.find_trusted(run.db, window, trusted, run.clock.stamp())
    unseen = gaps(window, [proof.window for proof in fresh])
    if unseen:
        crawl.listing_check.check_if_due()
    total = crawl.walker.ask(window) if unseen else None
    # Proven windows may extend beyond the range, so their totals say nothing about it. Their entries do.
    expected = total if unseen else ledger.count_listed(run.db, window)
    run.tally.expected = max(run.tally.held, expected or 0)
    run.report(run.tally)
    if expected is not None:
        with atomic(run.db):
            intents.record_total(run.db, run.number, expected)
    if unseen:
        _record_site_total(crawl, run, window, total)
    return total


def _record_site_total(crawl: Crawl, run: TaskRun, window: Window, total: int | None) -> None:
    """Records the site's total of all dates, which claims name. `total`: the total of the window, requested last."""
    if window == EVERYTHING:
        record_site_total(run, total, crawl.walker.listing.asked_at)
    else:
        ask_site_total(run, crawl)


def _make_limited_outcome(limit: int, run: TaskRun, window: Window) -> Outcome:
    waiting = queue.count(run.db, window)
    listed = count_of(waiting, "decision listed so far is", "decisions listed so far are")
    rest = f"{name_command(window)} fetches what is left"
    more = f"{listed} still queued; {rest}" if waiting else f"no decision listed so far is queued; {rest}"
    outcome = Outcome("limited", 0, f"{summarise(run.tally)}; stopped at --limit {limit}, {more}", run.tally)
    return name_pending(run, outcome)
