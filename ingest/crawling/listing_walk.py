"""Carries out the steps that `reconcile` plans, and records the results: cards, queue rows and the ledger."""

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
from ingest.crawling.falls import FALL_FLOOR, require_plausible_fall
from ingest.crawling.ledger_record import LedgerRecorder
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.pagination import Walked, walk_window
from ingest.crawling.reconcile import Ask, Contradiction, Empty, Silent, Step, Walk, WalkSettings, plan
from ingest.errors import FetchError, ReadError
from ingest.wording import count_of
from storage import entries, ledger
from storage.database import atomic
from storage.model import Window

log = logging.getLogger("lgsco")

_MAX_COMBINED_ROUNDS = 6
"""How often the days of repeated cards are walked at most, until all walks together reach the total."""

_MAX_WALKS = 3
"""How often a window is walked at most, if it changes during the walk."""


class ListingWalker:
    """Queries the listing for windows, and records the results."""

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
        """`trusted_since`: windows walked since this instant are not walked again.

        `check_canary` is called with the reason if a response may come from a site that does not serve us; it raises if
        so. `find_last_day`: as in `LedgerRecorder`.
        """
        self.findings = listing.findings
        self._db = db
        self._clock = clock
        self._run = run
        self._settings = settings
        self._trusted_since = trusted_since
        self._check_canary = check_canary
        self.listing = listing
        self._ledger = LedgerRecorder(db, clock, run, self.findings, find_last_day)
        self._to_settle: list[tuple[Window, str]] = []

    # ------------------------------------------------------------ asking

    def ask(self, window: Window) -> int | None:
        """Requests the total that the site states for a window; None if it states none."""
        return self.listing.ask(window)

    def peek_total(self, window: Window) -> int | None:
        """Requests the total of a window like `ask`, but records no card."""
        return self.listing.peek_total(window)

    def require_empty(self, window: Window) -> None:
        """Proves that a window without a total is empty. Raises Blocked if it cannot."""
        require_empty(self._db, self.listing, window, self._check_canary)

    # ------------------------------------------------------------ walking

    def walk_and_fetch(
        self, window: Window, *, total: int | None = None, oldest_first: bool = False
    ) -> Iterator[Window]:
        """Walks all of a window and yields each part that was walked, and last the window itself.

        The caller fetches what a part lists. Each part is settled when the caller asks for the next. Raises as `walk`
        does.
        """
        for part in self._steps(window, again=True, total=total, oldest_first=oldest_first):
            yield part
            yield from self._settle()
        yield window
        yield from self._settle()

    def walk(self, window: Window) -> None:
        """Walks all of a window.

        Raises Blocked if the site states no total for dates of which it has decisions, or seems to have lost many of
        them, and LayoutChanged if a page has cards and states no total.
        """
        for _ in self._steps(window, again=True, total=None):
            pass

    def walk_changes(self, window: Window, total: int | None = None) -> None:
        """Walks the parts of a window that differ from the ledger.

        `total`: the window's, if it was requested already. Raises as `walk` does.
        """
        for _ in self._steps(window, again=False, total=total):
            pass

    def settle(self) -> None:
        """Updates the proofs of the walked windows by the decisions that are stored now.

        A window is walked again if its decisions, once fetched, show that they moved during the walk.
        """
        for _ in self._settle():
            pass

    @property
    def failure(self) -> FetchError | ReadError | None:
        """Returns the error of the last page of the listing that could not be fetched or parsed."""
        return self.listing.failure

    def _steps(self, window: Window, *, again: bool, total: int | None, oldest_first: bool = False) -> Iterator[Window]:
        """Carries out the steps that `reconcile` plans; yields each window that was walked."""
        trusted = (self._trusted_since, self._clock.stamp()) if self._trusted_since else None
        find_known = partial(ledger.find_known_listing, self._db, trusted=trusted)
        self._ledger.form = self.listing.form.name
        steps = plan(window, find_known, self._settings, again=again, total=total, oldest_first=oldest_first)
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
            self._ledger.record_empty(window, self.listing.find_no_total_at(window))
        elif silent:
            require_total(self.listing, window, found, self._check_canary)

    def _do(self, step: Step, silent: list[Window]) -> int | None:
        match step:
            case Ask(window):
                return self.ask(window)
            case Walk(window):
                return self._walk(window)
            case Empty(window):
                self._ledger.record_empty(window, self.listing.find_no_total_at(window))
            case Silent(window):
                silent.append(window)
                self._ledger.record_unknown(window)
            case Contradiction(window, total, parts):
                stated = "no total" if total is None else count_of(total, "decision")
                message = f"for {window} the site states {stated}, but {parts} for its parts together"
                log.warning("%s", message)
                self.findings.contradictions.append(message)
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
        """Walks all pages of a window, again if it changes during the walk, and records the result.

        Returns its total; None if it states none.
        """
        for left in range(_MAX_WALKS - 1, -1, -1):
            first, began = self.listing.fetch_first(window)
            if first.total is None:
                return None
            walked = walk_window(self.listing, window, first, first.total, self._check_canary)
            walked = self._combine_walks(window, walked)
            self.findings.has_stray_cards |= walked.has_stray_cards
            if not walked.drifted or walked.is_unanswered or not left:
                break
            log.info("the listing of %s changed while it was walked; walking it again", window)
        gone = entries.count_others(self._db, window, walked.references) if walked.is_whole else 0
        if gone > FALL_FLOOR:
            require_plausible_fall(
                *(self._db, self.listing, window, walked, gone, self._settings.fall_percent, self._check_canary)
            )
        self._ledger.record_walked(window, walked, began)
        if not walked.is_unanswered:
            self._to_settle.append((window, began))
        if walked.gave_up and (error := walked.missing_pages[-1].error):
            raise error
        return walked.total

    def _combine_walks(self, window: Window, walked: Walked) -> Walked:
        """Combines a walk that showed cards twice with walks of the days of these cards.

        The site may list the cards of a day in another order on each page. The result is complete if the walks together
        reach the total and the site still states it.
        """
        references = set(walked.references)
        may_combine = walked.repeated_on and not walked.is_unanswered and window not in self.findings.doubles
        rounds = _MAX_COMBINED_ROUNDS if may_combine else 0
        for _ in range(rounds):
            if len(references) >= walked.total:
                break
            for day in sorted(walked.repeated_on, reverse=True):
                of_day = Window(day, day)
                first = self.listing.fetch(of_day, 1, of_day)
                if first.total is None:
                    return walked
                references |= walk_window(self.listing, of_day, first, first.total, self._check_canary).references
        if not rounds or len(references) != walked.total or self.listing.peek_total(window) != walked.total:
            return walked
        log.info(
            "%s: the order of a day's cards changes between pages; several walks together list %d",
            window,
            walked.total,
        )
        return replace(walked, references=frozenset(references), drifted=False)
