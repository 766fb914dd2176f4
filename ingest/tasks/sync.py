"""Sync: finds what is new, late, moved or gone, with as few requests as the totals allow.

Two totals tell whether anything changed. One is for the dates inside the retention age, where a fall is unexpected. The
other is for all dates, where decisions leave by age. Sync searches a range if its total differs from the ledger. It
also counts and walks ranges again that are due by the cadence, because equal totals can hide one decision that came and
one that left.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from ingest.clock import Clock
from ingest.config import Config
from ingest.crawling.absence_check import DisappearanceCheck
from ingest.crawling.canary import Canary
from ingest.crawling.falls import is_plausible_fall
from ingest.crawling.listing_walk import ListingWalker
from ingest.crawling.reconcile import Cadence, Ranges, find_due_ranges, make_ranges
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.errors import Blocked
from ingest.tasks.crawl import ask_site_total, crawling, find_retention_edge
from ingest.tasks.intent import find_asked_for
from ingest.tasks.outcome import Outcome, judge
from ingest.tasks.task_run import TaskRun
from ingest.wording import agree, count_of
from storage import entries, intents, ledger, pages
from storage.database import atomic
from storage.model import Proof, Window

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync of the dates that it covers: the last `sync_days`, and the ranges of finished backfills."""

    by_daemon: bool = False
    """Whether the daemon runs it, and not a user."""


def sync(task: Sync, run: TaskRun) -> Outcome:
    """Does one sync, as the daemon does by its timetable."""
    config = run.config
    with crawling(run) as crawl:
        disappearances = DisappearanceCheck(
            *(run.db, crawl.site, crawl.walker, run.clock),
            check_canary=crawl.canary.check,
            days_apart=config.listing.gone_days,
            retention_days=config.listing.retention_days,
        )
        _queue_oldest(run)
        scopes = find_asked_for(run.db).answered

        def fetch() -> None:
            crawl.pipeline.fetch_queued(scopes, rereads=True)

        sync_round = SyncRound(
            *(run.db, crawl.walker, crawl.canary, disappearances, run.clock, config, run.number),
            scopes=scopes,
            fetch=fetch,
            check_listing=crawl.listing_check.check_if_due,
            ask_site_total=lambda: ask_site_total(run, crawl),
        )
        with crawl.fetching_queue_if_listing_fails(fetch):
            sync_round.run()
    run.tally.left = len(disappearances.left)
    return judge(run, scopes, crawl.walker.findings, names_interrupted=not task.by_daemon)


def _queue_oldest(run: TaskRun) -> None:
    """Queues pages that were not fetched for `reread_days`: a page can change while its card stays the same."""
    cadence = run.config.cadence
    with atomic(run.db):
        before = run.clock.stamp(-86_400 * cadence.reread_days)
        count = pages.queue_oldest(run.db, before, cadence.reread_most, run.clock.stamp())
    if count:
        log.info("%s queued, not fetched for a long time", count_of(count, "page"))


@dataclass(frozen=True, slots=True)
class _Totals:
    ranges: Ranges
    whole: int
    asked_at: str
    """When the whole's total was requested, UTC."""
    inside: int | None
    """None if the site states a total for the whole but none for this part."""


class SyncRound:
    """One sync."""

    def __init__(
        self,
        db: sqlite3.Connection,
        walker: ListingWalker,
        canary: Canary,
        disappearances: DisappearanceCheck,
        clock: Clock,
        config: Config,
        run: int,
        *,
        scopes: list[Window],
        fetch: Callable[[], None],
        check_listing: Callable[[], None],
        ask_site_total: Callable[[], None],
    ) -> None:
        """`scopes`: the date ranges that sync covers.

        `fetch` fetches the decisions of these ranges that are queued and due. `check_listing` finds out, if that is
        due, how to query the listing. `ask_site_total` requests the total of all dates and records it.
        """
        self._db = db
        self._walker = walker
        self._canary = canary
        self._disappearances = disappearances
        self._clock = clock
        self._config = config
        self._run = run
        self._scopes = scopes
        self._fetch = fetch
        self._check_listing = check_listing
        self._ask_site_total = ask_site_total
        self._walked: set[Window] = set()

    def run(self) -> None:
        """Does the sync."""
        self._check_listing()
        self._canary.check_daily()
        totals = [self._ask(scope) for scope in self._scopes]
        self._record_site_total(totals)
        self._walk_unproven()
        for its in totals:
            self._compare(its)
        self._check_due_ranges()
        self._fetch()
        self._disappearances.check_due()
        self._walk_unproven()
        self._fetch()
        self._walker.settle()

    # ------------------------------------------------------------ two totals

    def _ask(self, scope: Window) -> _Totals:
        """Requests the totals of a scope's two ranges. Raises Blocked if more decisions are gone than can have left."""
        its = make_ranges(scope, find_retention_edge(self._config, self._clock.today()))
        whole = self._walker.ask(its.whole)
        asked_at = self._walker.listing.asked_at
        if whole is None:
            self._walker.require_empty(its.whole)
            whole = 0
        inside: int | None = whole
        if its.inside is not None and its.beyond is not None and whole:
            inside = self._walker.ask(its.inside)
            listed_before = ledger.find_expected(self._db, its.inside)
            if inside is None and listed_before:
                were = f"{count_of(listed_before, 'decision')} {agree(listed_before, 'was', 'were')} listed"
                self._canary.check(f"the listing shows no decision for {its.inside}, where {were}")
        aged = entries.count_aged(self._db, its.beyond) if its.beyond is not None else 0
        self._require_plausible_total(its.whole, whole, aged)
        if its.inside is not None:
            self._require_plausible_total(its.inside, inside or 0, 0)
        return _Totals(its, whole, asked_at, inside)

    def _record_site_total(self, totals: list[_Totals]) -> None:
        """Records the site's total of all dates. If sync covers all dates, the total was requested already."""
        if self._scopes != [EVERYTHING]:
            self._ask_site_total()
            return
        with atomic(self._db):
            intents.record_site_total(self._db, self._run, totals[0].asked_at, totals[0].whole)

    def _walk_unproven(self) -> None:
        """Walks the dates without a complete listing: never walked, interrupted, or changed since."""
        for scope in self._scopes:
            sound = [proof.window for proof in ledger.find_windows(self._db, scope) if proof.is_sound]
            for part in reversed(gaps(scope, sound)):
                if part not in self._walked:
                    self._walked.add(part)
                    self._walker.walk(part)

    def _compare(self, its: _Totals) -> None:
        if its.inside is None:
            self._walker.walk_changes(its.ranges.whole, its.whole)
            return
        if its.ranges.inside is not None:
            self._walker.walk_changes(its.ranges.inside, its.inside)
        if its.ranges.beyond is not None:
            rest = its.whole - (its.inside if its.ranges.inside is not None else 0)
            fall = ledger.find_expected(self._db, its.ranges.beyond) - rest
            if not 0 <= fall <= entries.count_aged(self._db, its.ranges.beyond):
                self._walker.walk_changes(its.ranges.beyond, max(0, rest))

    def _require_plausible_total(self, window: Window, total: int, aged: int) -> None:
        """Raises Blocked if a window's total fell by more than is plausible.

        `aged`: the decisions that may leave by age; a small fall beyond them is allowed.
        """
        expected = ledger.find_expected(self._db, window)
        if is_plausible_fall(expected, total + aged, self._config.listing.fall_percent):
            return
        message = f"the site states {count_of(total, 'decision')} for {window}, where it stated {expected:,}"
        self._canary.check(message)
        raise Blocked(
            f"{message}: more than can have left the site, so nothing was concluded. If they did leave, "
            "`lgsco backfill` walks all dates and finds what is left"
        )

    # ------------------------------------------------------------ the cadence

    def _check_due_ranges(self) -> None:
        settings = self._config.cadence
        cadences = (
            Cadence(0, settings.count_recent, settings.walk_recent),
            Cadence(settings.recent_days, settings.count_middle, settings.walk_middle),
            Cadence(settings.middle_days, settings.count_old, settings.walk_old),
        )
        proofs = self._find_proofs()
        counts, walks = find_due_ranges(proofs, self._clock.today(), cadences, self._config.listing.walk_most)
        for window in counts:
            total = self._walker.ask(window)
            if total == ledger.find_expected(self._db, window):
                with atomic(self._db):
                    ledger.record_counted(self._db, window, self._walker.listing.asked_at)
            else:
                self._walker.walk_changes(window, total)
        for window in walks:
            self._walker.walk(window)

    def _find_proofs(self) -> list[Proof]:
        """Returns the ledger's rows within the dates that sync covers."""
        return [
            proof
            for proof in ledger.find_windows(self._db)
            if any(scope.first <= proof.window.first and proof.window.last <= scope.last for scope in self._scopes)
        ]
