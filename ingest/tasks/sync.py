"""Sync: what is new, late, moved or gone anywhere, found with as few requests as the totals allow.

Two totals tell whether anything changed: that of the part inside the retention age, where a fall is news, and that of
the whole, across its edge, where a fall is expected. What differs is looked for. What the cadence owes is counted and
walked again, since equal totals can hide one that came beside one that went.
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
from ingest.crawling.listing_walk import ListingWalker
from ingest.crawling.reconcile import Cadence, Ranges, find_owed, ranges
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.errors import Blocked
from ingest.tasks.crawl import ask_site_total, crawling, retention_edge
from ingest.tasks.intent import find_asked_for
from ingest.tasks.outcome import Outcome, judge
from ingest.tasks.task_run import TaskRun
from storage import entries, intents, ledger, pages
from storage.database import atomic
from storage.model import Proof, Window

log = logging.getLogger("lgsco")

_FALL_FLOOR = 100
"""Decisions: a fall of no more than these is looked into without asking whether the site is itself."""


@dataclass(frozen=True, slots=True)
class Sync:
    """What is new among the decision dates that sync answers for: the last days, and what backfills came to the end
    of."""

    by_daemon: bool = False
    """Whether the daemon runs it, rather than somebody by hand."""


def sync(task: Sync, run: TaskRun) -> Outcome:
    """One round of what the daemon does."""
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
        with crawl.fetching_anyway(fetch):
            sync_round.go()
    run.tally.left = len(disappearances.left)
    return judge(run, scopes, crawl.walker.findings, names_interrupted=not task.by_daemon)


def _queue_oldest(run: TaskRun) -> None:
    """Queues pages that were not fetched for a long time: a page can change without its card."""
    cadence = run.config.cadence
    with atomic(run.db):
        before = run.clock.stamp(-86_400 * cadence.reread_days)
        count = pages.queue_oldest(run.db, before, cadence.reread_most, run.clock.stamp())
    if count:
        log.info("%d pages are queued because they were not fetched for a long time", count)


@dataclass(frozen=True, slots=True)
class _Totals:
    ranges: Ranges
    whole: int
    inside: int | None
    """None where the site states none for it, and one for the whole."""


class SyncRound:
    """One round."""

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
        """`scopes`: the ranges of decision dates that sync answers for. `fetch` fetches what of them is queued and
        due. `check_listing` finds out, where that is due, how the listing is to be asked. `ask_site_total` asks for
        the total of all dates, and records it."""
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

    def go(self) -> None:
        """Does the round."""
        self._check_listing()
        self._canary.check_daily()
        totals = [self._ask(scope) for scope in self._scopes]
        self._record_site_total(totals)
        self._walk_unproven()
        for its in totals:
            self._compare(its)
        self._keep_cadence()
        self._fetch()
        self._disappearances.check_due()
        self._walk_unproven()
        self._fetch()
        self._walker.settle()

    # ------------------------------------------------------------ two totals

    def _ask(self, scope: Window) -> _Totals:
        """The totals of a scope's two ranges. Raises Blocked where more is gone than can have left."""
        its = ranges(scope, retention_edge(self._config, self._clock.today()))
        whole = self._walker.ask(its.whole)
        if whole is None:
            self._walker.require_empty(its.whole)
            whole = 0
        inside: int | None = whole
        if its.inside is not None and its.beyond is not None and whole:
            inside = self._walker.ask(its.inside)
            stood = ledger.standing(self._db, its.inside).expected
            if inside is None and stood:
                self._canary.check(f"the listing has nothing for {its.inside}, where {stood:,} decisions were listed")
        aged = entries.count_aged(self._db, its.beyond) if its.beyond is not None else 0
        self._suspect_a_fall(its.whole, whole, aged)
        if its.inside is not None:
            self._suspect_a_fall(its.inside, inside or 0, 0)
        return _Totals(its, whole, inside)

    def _record_site_total(self, totals: list[_Totals]) -> None:
        """Records the total of all dates; where sync answers for all of them, it was asked for already."""
        if self._scopes != [EVERYTHING]:
            self._ask_site_total()
            return
        with atomic(self._db):
            intents.record_site_total(self._db, self._run, self._clock.stamp(), totals[0].whole)

    def _walk_unproven(self) -> None:
        """Walks what no whole listing is known of: never looked at, cut short, or changed since."""
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
            fall = ledger.standing(self._db, its.ranges.beyond).expected - rest
            if not 0 <= fall <= entries.count_aged(self._db, its.ranges.beyond):
                self._walker.walk_changes(its.ranges.beyond, max(0, rest))

    def _suspect_a_fall(self, window: Window, total: int, aged: int) -> None:
        """Raises Blocked where more of a window is gone at once than the `aged`, which may leave, and some others."""
        expected = ledger.standing(self._db, window).expected
        if expected - aged - total <= max(_FALL_FLOOR, self._config.listing.fall_percent / 100 * expected):
            return
        told = f"the site states {total:,} decisions for {window}, where it stated {expected:,}"
        self._canary.check(told)
        raise Blocked(
            f"{told}: more than can have left the site, so nothing was concluded. If they did leave, `lgsco backfill` "
            "walks all dates and finds what is left"
        )

    # ------------------------------------------------------------ the cadence

    def _keep_cadence(self) -> None:
        dials = self._config.cadence
        cadences = (
            Cadence(0, dials.count_recent, dials.walk_recent),
            Cadence(dials.recent_days, dials.count_middle, dials.walk_middle),
            Cadence(dials.middle_days, dials.count_old, dials.walk_old),
        )
        proofs = self._find_proofs()
        counts, walks = find_owed(proofs, self._clock.today(), cadences, self._config.listing.walk_most)
        for window in counts:
            total = self._walker.ask(window)
            if total == ledger.standing(self._db, window).expected:
                with atomic(self._db):
                    ledger.record_counted(self._db, window, self._clock.stamp())
            else:
                self._walker.walk_changes(window, total)
        for window in walks:
            self._walker.walk(window)

    def _find_proofs(self) -> list[Proof]:
        """The ledger's rows that lie in the dates that sync answers for."""
        return [
            proof
            for proof in ledger.find_windows(self._db)
            if any(scope.first <= proof.window.first and proof.window.last <= scope.last for scope in self._scopes)
        ]
