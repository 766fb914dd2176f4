"""Asks the listing what `reconcile` says to ask, and records what it lists: cards, queue rows and the ledger."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import assert_never

from ingest.clock import Clock
from ingest.crawling.empty_windows import require_empty, require_total
from ingest.crawling.ledger_record import LedgerRecorder
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.pagination import Walked, walk_window
from ingest.crawling.reconcile import Ask, Contradiction, Empty, Silent, Step, Walk, WalkSettings, plan
from ingest.errors import FetchError, ReadError
from storage import entries, ledger
from storage.database import atomic
from storage.model import Window

log = logging.getLogger("lgsco")

_UNITED_ROUNDS = 6
"""Times that the days of repeated cards are walked at most, until all walks together reach the total."""

_WALKS = 3
"""Times that a window is walked at most, if it changes while it is walked."""


class ListingWalker:
    """Asks the listing about windows, and records what it says."""

    def __init__(
        self,
        db: sqlite3.Connection,
        listing: ListingFetcher,
        clock: Clock,
        run: int,
        *,
        settings: WalkSettings,
        trusted_since: str | None = None,
        check_canary: Callable[[str], object],
        find_last_day: Callable[[], date | None] = lambda: None,
    ) -> None:
        """`trusted_since`: windows walked since this instant are not walked again. `check_canary` is given the reason
        when an answer may come from a site that does not serve us, and raises what it finds. `find_last_day`: as of
        `LedgerRecorder`."""
        self.findings = listing.findings
        self._db = db
        self._clock = clock
        self._run = run
        self._habits = settings
        self._trusted_since = trusted_since
        self._check_canary = check_canary
        self._listing = listing
        self._ledger = LedgerRecorder(db, clock, run, self.findings, find_last_day)
        self._to_settle: list[tuple[Window, str]] = []

    # ------------------------------------------------------------ asking

    def ask(self, window: Window) -> int | None:
        """The total that the site states for a window, None where it states none."""
        return self._listing.ask(window)

    def ask_aside(self, window: Window) -> int | None:
        """The same of a window that this run does not answer for: no card is recorded."""
        return self._listing.ask_aside(window)

    def require_empty(self, window: Window) -> None:
        """Shows that a window which states no total holds nothing. Raises Blocked where that cannot be shown."""
        require_empty(self._db, self._listing, window, self._check_canary)

    # ------------------------------------------------------------ walking

    def walk_and_fetch(
        self, window: Window, *, total: int | None = None, oldest_first: bool = False
    ) -> Iterator[Window]:
        """Walks all of a window; yields each part that was walked, so that the caller fetches what it lists, and last
        the window itself. Each part is settled when the caller asks for the next. Raises as `walk` does."""
        for part in self._steps(window, again=True, total=total, oldest_first=oldest_first):
            yield part
            yield from self._settle()
        yield window
        yield from self._settle()

    def walk(self, window: Window) -> None:
        """Walks all of a window. Raises Blocked where the site states no total for what it has decisions of,
        LayoutChanged where cards stand on a page that states none."""
        for _ in self._steps(window, again=True, total=None):
            pass

    def walk_changes(self, window: Window, total: int | None = None) -> None:
        """Walks what of a window is not as the ledger says. `total`: the window's, where it was asked already.

        Raises as `walk` does.
        """
        for _ in self._steps(window, again=False, total=total):
            pass

    def settle(self) -> None:
        """Judges what was walked by what is held now. A window whose decisions, once fetched, show that they moved
        while it was walked is walked once more."""
        for _ in self._settle():
            pass

    @property
    def failure(self) -> FetchError | ReadError | None:
        """Why the last page of the listing that could not be fetched or parsed could not be."""
        return self._listing.failure

    def _steps(self, window: Window, *, again: bool, total: int | None, oldest_first: bool = False) -> Iterator[Window]:
        """Does the steps that `reconcile` plans; yields each window that was walked."""
        trusted = (self._trusted_since, self._clock.stamp()) if self._trusted_since else None
        find_standing = partial(ledger.standing, self._db, trusted=trusted)
        self._ledger.form = self._listing.form.name
        steps = plan(window, find_standing, self._habits, again=again, total=total, oldest_first=oldest_first)
        silent: list[Window] = []
        answer: int | None = None
        try:
            step: Step = next(steps)
            while True:
                answer = self._do(step, silent)
                if isinstance(step, Walk) and answer is not None:
                    yield step.window
                step = steps.send(answer)
        except StopIteration as stop:
            found: int | None = stop.value
        if found is None:
            self.require_empty(window)
            self._ledger.record_empty(window)
        elif silent:
            require_total(self._listing, window, found, self._check_canary)

    def _do(self, step: Step, silent: list[Window]) -> int | None:
        match step:
            case Ask(window):
                return self.ask(window)
            case Walk(window):
                return self._walk(window)
            case Empty(window):
                self._ledger.record_empty(window)
            case Silent(window):
                silent.append(window)
                self._ledger.record_unknown(window)
            case Contradiction(window, total, parts):
                told = f"for {window} the site states {total} decisions, but {parts} for its parts together"
                log.warning("%s", told)
                self.findings.contradictions.append(told)
            case _:
                assert_never(step)
        return None

    def _settle(self) -> Iterator[Window]:
        to_settle, self._to_settle = self._to_settle, []
        for window, began in to_settle:
            if entries.find_moved_meanwhile(self._db, window, began):
                log.info("decisions of %s got another date while it was walked; walking it again", window)
                self._walk(window)
                yield window
        self._to_settle.clear()
        with atomic(self._db):
            ledger.prove(self._db, self._clock.stamp(), self._run)

    def _walk(self, window: Window) -> int | None:
        """Walks all pages of a window, again if it changes meanwhile, and records what was listed. None: it states no
        total."""
        for left in range(_WALKS - 1, -1, -1):
            first, began = self._listing.fetch_first(window)
            if first.total is None:
                return None
            walked = walk_window(self._listing, window, first, first.total, self._check_canary)
            walked = self._unite(window, walked)
            self.findings.strayed |= walked.strayed
            if not walked.drifted or walked.is_unanswered or not left:
                break
            log.info("the listing of %s changed while it was walked; walking it again", window)
        self._ledger.record_walked(window, walked, began)
        if not walked.is_unanswered:
            self._to_settle.append((window, began))
        if walked.gave_up and (error := walked.lacks[-1].error):
            raise error
        return walked.total

    def _unite(self, window: Window, walked: Walked) -> Walked:
        """Unites a walk that showed cards twice with walks of their days: the site may list the cards of a day in
        another order on each page. Whole, where together they reach the total and the site still states it."""
        references = set(walked.references)
        may_unite = walked.repeated_on and not walked.is_unanswered and window not in self.findings.doubles
        rounds = _UNITED_ROUNDS if may_unite else 0
        for _ in range(rounds):
            if len(references) >= walked.total:
                break
            for day in sorted(walked.repeated_on, reverse=True):
                of_day = Window(day, day)
                first = self._listing.fetch(of_day, 1, of_day)
                if first.total is None:
                    return walked
                references |= walk_window(self._listing, of_day, first, first.total, self._check_canary).references
        if not rounds or len(references) != walked.total or self._listing.ask_aside(window) != walked.total:
            return walked
        log.info(
            "%s: the order of a day's cards changes between pages; several walks together list %d",
            window,
            walked.total,
        )
        return replace(walked, references=frozenset(references), drifted=False)
