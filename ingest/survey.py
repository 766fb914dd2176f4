"""Which decisions the site says it has: date windows -> entries, counted and proven.

The site states a total for any range of dates. A window small enough is walked page by page; a larger one is split,
the newer half first, and what one half's total leaves of the whole is the other's. A page that states no total is
*unknown*, never zero: an empty window is known only by that difference.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ingest import listing
from ingest.clock import Clock
from ingest.errors import Blocked, Gone, LayoutChanged
from ingest.listing import PAGE_SIZE, Listing
from ingest.site import Site
from ingest.window import EVERYTHING, days, outside, split
from storage import ledger
from storage.database import atomic
from storage.model import Count, Entry, Window, WindowState

log = logging.getLogger("lgsco")

ASKED = "t=both"
"""What the listing is asked for beside the dates: statements and reports, no filter on the outcome."""

_WALKS = 3
"""Times a window that drifts while it is walked is walked again."""


def target(window: Window, page: int) -> str:
    """The listing's address for one page, from 1, of a window."""
    return f"/Decisions/SearchResults?fd={window.first}&td={window.last}&{ASKED}&page={page}"


@dataclass(frozen=True, slots=True)
class Walk:
    """What walking a window's pages found."""

    total: int | None
    references: frozenset[str]
    drifted: bool
    """Whether the total changed on the way, or a card stood twice."""
    strayed: bool
    """Whether a card's date lies outside the window: the site did not answer what it was asked."""


class Survey:
    """Asks the listing about windows, and records what it says."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: Site,
        clock: Clock,
        run: int,
        *,
        walk_most: int,
        trusted_since: str,
        walked: Callable[[Window], None],
        found: Callable[[int], None],
    ) -> None:
        """`walk_most`: decisions in a window beyond which it is split. `trusted_since`: windows proven at or after
        this instant are not asked about. `walked` is called after each window whose entries are queued, `found` once,
        with the first total that is stated: what there is to do."""
        self._db = db
        self._site = site
        self._clock = clock
        self._run = run
        self._walk_most = walk_most
        self._trusted_since = trusted_since
        self._walked = walked
        self._found = found
        self._learned = False
        self._used: list[Window] = []
        self.unproven: list[Window] = []
        """Windows of this survey that stay unproven."""

    def survey(self, window: Window) -> None:
        """Walks a window to its end, in as many parts as it takes.

        Raises Blocked where the site shows a page without a total for all there is, LayoutChanged where cards
        stand on a page that states no total.
        """
        total = self._survey(window, None)
        if total is None:
            total = self._by_difference(window)
            if total is None:
                raise Blocked(
                    f"the listing states no total for {window}: a search shell, or a wording that is not known; it "
                    "proves nothing and nothing was concluded from it"
                )
            self._record(window, 0, 0, "proven")
        # What an earlier survey found of parts that this one did not look at as such is no longer how things stand.
        ledger.drop_windows(self._db, window, self._used)

    def _survey(self, window: Window, known: int | None) -> int | None:
        """The window's total, once all of it has been walked. `known`: the total, where it follows by difference.
        None: the site does not say, so nothing was listed."""
        trusted = ledger.find_window(self._db, window, self._trusted_since)
        if trusted is not None and trusted.state == "proven" and known in (None, trusted.total):
            self._learn(trusted.total)
            self._used.append(window)
            return trusted.total
        if known is None or known <= self._walk_most or days(window) == 1:
            first = self._page(window, 1)
            if first.total is None:
                if known != 0:
                    return None
                self._record(window, 0, 0, "proven")
                return 0
            self._learn(first.total)
            if first.total <= self._walk_most or days(window) == 1:
                self._walk(window, first)
                return first.total
            known = first.total
        self._survey_parts(window, known)
        return known

    def _survey_parts(self, window: Window, total: int) -> None:
        older, newer = split(window)
        newer_total = self._survey(newer, None)
        older_total = self._survey(older, None if newer_total is None else max(0, total - newer_total))
        if newer_total is None and older_total == total:
            newer_total = 0
            self._record(newer, 0, 0, "proven")
        for part, part_total in ((older, older_total), (newer, newer_total)):
            if part_total is None:
                self._record(part, None, 0, "unknown")
                self.unproven.append(part)
        if older_total is None or newer_total is None or older_total + newer_total == total:
            return
        if self._page(window, 1).total != older_total + newer_total:  # else it changed while its parts were walked
            log.warning(
                "%s: the site states %d in all, and %d and %d in its parts", window, total, older_total, newer_total
            )
            self._record(window, total, older_total + newer_total, "drifting")
            self.unproven.append(window)

    def _learn(self, total: int | None) -> None:
        if total is not None and not self._learned:
            self._learned = True
            self._found(total)

    def _walk(self, window: Window, first: Listing) -> None:
        """Walks all pages of a window and lets its decisions be fetched, again if it drifts; then judges it."""
        began = self._clock.stamp()
        walk = self._walk_once(window, first)
        for more in range(_WALKS - 1, -1, -1):
            self._walked(window)
            # One that took another date while we walked leaves the total as it was when another came.
            moved = more == _WALKS - 1 and ledger.count_moved(self._db, walk.references, window)
            if not more or not (walk.drifted or moved):
                break
            log.info("the listing of %s changed while it was walked; walking it again", window)
            walk = self._walk_once(window, self._page(window, 1))
        held = ledger.count_held(self._db, walk.references)
        if walk.total is None:
            state: WindowState = "unknown"
        elif walk.drifted or walk.strayed:
            state = "drifting"
        elif len(walk.references) == walk.total == held:
            state = "proven"
            ledger.seen(self._db, walk.references, began)
        else:
            state = "short"
        if state != "proven":
            self.unproven.append(window)
            log.warning(
                "%s is %s: the site states %s decisions, lists %d, %d of them are held",
                window,
                state,
                walk.total,
                len(walk.references),
                held,
            )
        self._record(window, walk.total, len(walk.references), state)

    def _walk_once(self, window: Window, first: Listing) -> Walk:
        """One walk from the first page to the last, and past it where the last is full: a total may say too little."""
        total = first.total
        drifted = strayed = False
        cards = Counter(entry.reference for entry in first.entries)
        page, number = first, 1
        while total is not None:
            strayed |= any(not _lies_in(entry, window) for entry in page.entries)
            if not page.entries or number * PAGE_SIZE > total:
                break
            number += 1
            try:
                page = self._page(window, number)
            except Gone:  # some sites say so past the last page
                break
            drifted |= bool(page.entries) and page.total != total
            cards.update(entry.reference for entry in page.entries)
        drifted |= any(times > 1 for times in cards.values())
        return Walk(total, frozenset(cards), drifted, strayed)

    def _page(self, window: Window, number: int) -> Listing:
        answer = self._site.fetch(target(window, number))
        page = listing.read(answer.body, charset=answer.charset)
        if page.total is None and page.entries:
            raise LayoutChanged(
                f"{answer.target}: the listing shows {len(page.entries)} cards and no total that reads; its layout has "
                "changed, or this lgsco is too old"
            )
        with atomic(self._db):
            ledger.record_listing(self._db, page.entries, answer.at)
        return page

    def _by_difference(self, window: Window) -> int | None:
        """0 where the ranges around a silent window hold all there is; None where nothing shows that."""
        everything = Window(min(window.first, EVERYTHING.first), max(window.last, EVERYTHING.last))
        whole = self._page(everything, 1).total
        rest = 0
        for part in outside(everything, window):
            rest += self._page(part, 1).total or 0
            if rest == whole:
                return 0
        return None

    def _record(self, window: Window, total: int | None, listed: int, state: WindowState) -> None:
        self._used.append(window)
        count = Count(window, total, listed, state, self._clock.stamp(), ASKED)
        ledger.record_window(self._db, count, self._run)


def _lies_in(entry: Entry, window: Window) -> bool:
    return entry.decision_date is None or window.first <= entry.decision_date <= window.last
