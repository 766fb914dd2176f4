"""Records in the ledger what the walk or the total of a window showed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from ingest.clock import Clock
from ingest.crawling.findings import Findings
from ingest.crawling.pagination import Walked
from ingest.crawling.windows import gaps
from ingest.wording import count_of
from storage import entries, ledger
from storage.database import atomic
from storage.model import Proof, Window, WindowState

log = logging.getLogger("lgsco")


class LedgerRecorder:
    """Records the windows of one run."""

    def __init__(
        self,
        db: sqlite3.Connection,
        clock: Clock,
        run: int,
        findings: Findings,
        find_last_day: Callable[[], date | None],
    ) -> None:
        """`find_last_day`: returns the last decision date that can be proven if the clock is behind, else None."""
        self._db = db
        self._clock = clock
        self._run = run
        self._findings = findings
        self._find_last_day = find_last_day
        self.form = ""
        """The name of the form in which the listing is queried."""
        self._began = clock.stamp()

    def record_walked(self, window: Window, walked: Walked, began: str) -> None:
        """Records the result of a walk. `began`: when it began, UTC."""
        listed = len(walked.references)
        # A completely listed window counts as short too, until all its decisions are stored.
        state: WindowState = "drifting" if walked.drifted else "short"
        if walked.is_whole:
            self._findings.missing_pages.pop(window, None)
        else:
            self._findings.missing_pages[window] = tuple(lack.message for lack in walked.missing_pages)
            stated = count_of(walked.total, "decision")
            log.warning("%s is %s: the site states %s and lists %d", window, state, stated, listed)
        with atomic(self._db):
            if walked.is_unanswered:
                self._record_unanswered(window, walked.total, listed)
                return
            if walked.is_whole:
                self._record_unlisted(window, walked.references)
            self._put(window, walked.total, listed, state, began)

    def record_empty(self, window: Window, at: str) -> None:
        """Records that a window is empty, as the totals around it show.

        `at`: when the window was requested, UTC. The totals may have been requested later; a decision published in
        between is not denied. If this run saw a card of the window in any listing, the totals are wrong, and the window
        is recorded as unknown.
        """
        if seen := entries.count_listed_since(self._db, window, self._began):
            message = f"the totals around {window} show that it is empty, but the listing showed {seen:,} dated in it"
            log.warning("%s", message)
            self._findings.contradictions.append(message)
            self.record_unknown(window)
            return
        with atomic(self._db):
            self._record_unlisted(window, ())
            self._put(window, 0, 0, "short", at)

    def record_unknown(self, window: Window) -> None:
        """Records that the site states no total for a window, and that none follows from other totals."""
        with atomic(self._db):
            self._put(window, None, 0, "unknown", None)

    def _record_unanswered(self, window: Window, total: int, listed: int) -> None:
        """Records that a walk of a window failed. Its proven parts stay proven."""
        sound = [proof.window for proof in ledger.find_windows(self._db, window) if proof.is_sound]
        if not sound and listed < total:
            self._put(window, total, listed, "short", None)
            return
        for part in gaps(window, sound):
            self._put(part, None, 0, "unknown", None)

    def _record_unlisted(self, window: Window, listed: Iterable[str]) -> None:
        for reference in entries.record_unlisted(self._db, window, listed, self._clock.stamp(), self._run):
            log.info("%s is no longer listed", reference)
            self._findings.unlisted += 1

    def _put(self, window: Window, total: int | None, listed: int, state: WindowState, walked_at: str | None) -> None:
        proof = Proof(window, total, listed, state, self._clock.stamp(), walked_at, None, self.form)
        ledger.record_window(self._db, proof, self._run)
        last = self._find_last_day()
        if last is not None and window.last > last:
            ledger.drop_proof(self._db, Window(max(window.first, last + timedelta(days=1)), window.last), self._run)
