"""Fetches one page of the listing, parses it and records its cards.

A page that states no total is *unknown*, never zero, and so is one that states 0 and shows no card.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from urllib.parse import urljoin

from ingest.clock import Clock
from ingest.crawling.double_cards import DoubleCards
from ingest.crawling.findings import Findings
from ingest.crawling.windows import may_hold
from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, FetchError, LayoutChanged, ReadError
from ingest.fetching.interface import HttpClient
from ingest.lgo import listing_page
from ingest.lgo.addresses import LISTING
from ingest.lgo.listing_page import Listing
from ingest.lgo.source import SEARCH_FILTERS, SEARCH_PATH
from storage import entries
from storage.database import atomic
from storage.model import Window

log = logging.getLogger("lgsco")


class ListingFetcher:
    """Fetches pages of the listing."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: HttpClient,
        clock: Clock,
        run: int,
        findings: Findings,
        note_odd: Callable[[str, str], None],
    ) -> None:
        """`note_odd` is given a page's address and what is odd about it."""
        self._db = db
        self._site = site
        self._clock = clock
        self._run = run
        self._findings = findings
        self._note_odd = note_odd
        self._first: tuple[Window, Listing, str] | None = None
        """The last first page that was fetched for its total alone, with the instant just before."""
        self._double_cards = DoubleCards()
        self._silences: dict[Window, str] = {}
        self.failure: FetchError | ReadError | None = None
        """Why the last page of the listing that could not be fetched or parsed could not be."""

    def ask(self, window: Window) -> int | None:
        """The total that the site states for a window, None where it states none."""
        began = self._clock.stamp()
        page = self.fetch(window, 1, window)
        self._first = (window, page, began)
        return page.total

    def ask_aside(self, window: Window, filters: str = SEARCH_FILTERS) -> int | None:
        """The same, with other filters, or of a window that this run does not answer for: no card is recorded."""
        return self.look_aside(window, filters).total

    def look_aside(self, window: Window, filters: str = SEARCH_FILTERS) -> Listing:
        """The first page of a window's listing, of which no card is recorded."""
        return self._fetch(window, 1, filters)[0]

    def fetch_first(self, window: Window) -> tuple[Listing, str]:
        """The first page of a window and the instant just before it was asked for, with which a walk begins. A page
        that `ask` fetched last is used, once."""
        if self._first is not None and self._first[0] == window:
            _, page, began = self._first
            self._first = None
            return page, began
        self._findings.doubles.pop(window, None)
        began = self._clock.stamp()
        return self.fetch(window, 1, window), began

    def fetch(self, window: Window, number: int, undated_in: Window) -> Listing:
        """One page of a window's listing, from 1, whose cards are recorded and queued. `undated_in`: the window in
        which cards without a date stand.

        Raises Blocked where the listing is refused, LayoutChanged where it no longer keeps to its dates or states no
        total, ReadError, and what `fetch` of the site raises.
        """
        page, at = self._fetch(window, number, SEARCH_FILTERS)
        self._note(self.target(window, number), page)
        if number == 1:
            self._double_cards.begin()
        known = entries.find_entries(self._db, [card.reference for card in page.entries])
        cards, doubles = self._double_cards.sort(page.entries, known)
        for reference, told in doubles.items():
            log.warning("%s: %s", reference, told)
            self._findings.doubles.setdefault(window, {})[reference] = told
        with atomic(self._db):
            entries.record_listing(self._db, cards, at, undated_in, self._run)
        return page

    def _note(self, target: str, page: Listing) -> None:
        """Notes what of a page is odd or cannot be followed, each thing once."""
        for what in page.odd:
            self._note_odd(target, what)
        # A page without a total is not the listing, and what looks like a card there is none.
        for card in page.unfollowed if page.total is not None else ():
            if card not in self._findings.unfollowed:
                self._findings.unfollowed[card] = target
                log.warning("%s: %s", target, card)

    def describe_silence(self, window: Window) -> str:
        """In what words the listing has nothing for a window."""
        return self._silences.get(window, "states no total")

    def target(self, window: Window, number: int, filters: str = SEARCH_FILTERS) -> str:
        """The address of one page, from 1, of a window's listing. No decision is dated later than today."""
        last = max(window.first, min(window.last, self._clock.today()))
        filters = f"&{filters}" if filters else ""
        return f"{SEARCH_PATH}?fd={window.first}&td={last}{filters}&page={number}"

    def _fetch(self, window: Window, number: int, filters: str) -> tuple[Listing, str]:
        """A page, and the instant at which it was asked for."""
        try:
            page, at = self._fetch_and_parse(window, number, filters)
        except (FetchError, ReadError) as error:
            self.failure = error
            raise
        if page.total == 0 and not page.entries:  # nothing is believed to be empty because it says so
            self._silences[window] = "states 0 results"
            return Listing(None, ()), at
        if page.total is None:
            self._silences[window] = "states no total"
        return page, at

    def _fetch_and_parse(self, window: Window, number: int, filters: str) -> tuple[Listing, str]:
        try:
            answer = self._site.fetch(self.target(window, number, filters))
        except (Elsewhere, Denied, Disallowed) as error:
            raise Blocked(f"{error}; the listing is not shown to us") from None
        try:
            address = answer.address or urljoin(LISTING, answer.target)
            page = listing_page.read(answer.body, address=address, charset=answer.charset)
        except ReadError as error:
            raise type(error)(f"{answer.target}: the listing does not read: {error}") from None
        _require_layout(page, window, answer.target)
        return page, answer.at


def _require_layout(page: Listing, window: Window, target: str) -> None:
    """Raises LayoutChanged for a page whose totals tell nothing."""
    if page.total is None and page.entries:
        raise LayoutChanged(
            f"{target}: {page.describe_missing_total()}; its layout has changed, or this lgsco is too old"
        )
    strays = sum(not may_hold(window, entry.decision_date) for entry in page.entries)
    if strays * 2 > len(page.entries):
        raise LayoutChanged(
            f"{target}: {strays} of {len(page.entries)} cards bear dates that were not asked for; the "
            "listing no longer keeps to its dates, so nothing can be told from its totals"
        )
