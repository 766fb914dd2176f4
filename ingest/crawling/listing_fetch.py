"""Fetches one page of the listing, parses it and records its cards.

A page that states no total is *unknown*, never zero; so is a page that states 0 and shows no card. If all dates have no
total, the site may need a session first. Then, once a run, the page on which a session begins is fetched, and the
listing again.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import NamedTuple
from urllib.parse import urljoin

from ingest.clock import Clock
from ingest.crawling.double_cards import DoubleCards
from ingest.crawling.findings import Findings
from ingest.crawling.windows import EVERYTHING, may_contain
from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, FetchError, Gone, LayoutChanged, ReadError
from ingest.fetching.interface import HttpClient
from ingest.lgo import listing_page
from ingest.lgo.addresses import LISTING
from ingest.lgo.date_filter import DateFilter
from ingest.lgo.listing_forms import BARE, ListingForm
from ingest.lgo.listing_page import Listing
from ingest.lgo.source import SESSION_PATH
from ingest.wording import agree, count_of
from storage import entries
from storage.database import atomic
from storage.model import Window

log = logging.getLogger("lgsco")


class _NoTotal(NamedTuple):
    """How a window last had no total, and when."""

    words: str
    at: str
    """The instant of its request, UTC."""


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
        """`note_odd` gets the address of a page and what is odd about it."""
        self._db = db
        self._site = site
        self._clock = clock
        self._run = run
        self.findings = findings
        self._note_odd = note_odd
        self._first: tuple[Window, Listing, str] | None = None
        """The newest first page that `ask` fetched, with its window and the instant just before the request."""
        self._double_cards = DoubleCards()
        self._no_totals: dict[Window, _NoTotal] = {}
        self.form = BARE
        """The form in which the listing is queried."""
        self.dates = DateFilter()
        """How the site's date filter treats the dates of a query."""
        self._has_session = False
        self.needed_session = False
        """Whether the listing stated a total only after a session had begun."""
        self.failure: FetchError | ReadError | None = None
        """The error of the last page of the listing that could not be fetched or parsed."""
        self.asked_at = ""
        """The instant of the request for the last page that was fetched, UTC."""

    def ask(self, window: Window) -> int | None:
        """Requests the total that the site states for a window; None if it states none. Records the page's cards."""
        began = self._clock.stamp()
        page = self.fetch(window, 1, window)
        self._first = (window, page, began)
        return page.total

    def peek_total(self, window: Window) -> int | None:
        """Requests the total of a window like `ask`, but records no card."""
        return self.peek(window).total

    def peek(self, window: Window, number: int = 1, form: ListingForm | None = None) -> Listing:
        """Fetches a page, from 1, of a window's listing and records no card. `form`: instead of the form in use."""
        return self._fetch(window, number, form or self.form)[0]

    def ask_for_dates(self, first: date, last: date) -> Listing:
        """Fetches the first page for exactly these dates in the query, without allowing for the site's date filter.

        No card is recorded; the cards may have other dates.
        """
        try:
            return self._fetch_and_parse(BARE.target(first, last, 1))[0]
        except (FetchError, ReadError) as error:
            self.failure = error
            raise

    def fetch_first(self, window: Window) -> tuple[Listing, str]:
        """Fetches the first page of a window; returns it with the instant just before the request.

        A page that `ask` fetched last is used instead, once.
        """
        if self._first is not None and self._first[0] == window:
            _, page, began = self._first
            self._first = None
            return page, began
        self.findings.doubles.pop(window, None)
        began = self._clock.stamp()
        return self.fetch(window, 1, window), began

    def fetch(self, window: Window, number: int, undated_in: Window) -> Listing:
        """Fetches one page, from 1, of a window's listing, and records and queues its cards.

        `undated_in`: the window in which cards without a date are. Raises Blocked if the listing is refused,
        LayoutChanged if it no longer filters by date or states no total, ReadError, and what `fetch` of the site
        raises.
        """
        page, at = self._fetch(window, number, self.form)
        self._note(self.target(window, number), page)
        if number == 1:
            self._double_cards.begin()
        known = entries.find_entries(self._db, [card.reference for card in page.entries])
        cards, doubles = self._double_cards.sort(page.entries, known)
        for reference, message in doubles.items():
            log.warning("%s: %s", reference, message)
            self.findings.doubles.setdefault(window, {})[reference] = message
        with atomic(self._db):
            entries.record_listing(self._db, cards, at, undated_in, self._run)
        return page

    def _note(self, target: str, page: Listing) -> None:
        """Reports each odd thing of a page, and each card without a link to a decision, once."""
        for what in page.odd:
            self._note_odd(target, what)
        # A page without a total is not the listing, so its elements that look like cards are not cards.
        for card in page.unfollowed if page.total is not None else ():
            if card not in self.findings.unfollowed:
                self.findings.unfollowed[card] = target
                log.warning("%s: %s", target, card)

    def describe_no_total(self, window: Window) -> str:
        """Returns the words in which a window had no total: it stated none, or 0."""
        return self._no_totals[window].words if window in self._no_totals else "states no total"

    def find_no_total_at(self, window: Window) -> str:
        """Returns the instant (UTC) of the last request in which a window had no total: it stated none, or 0."""
        return self._no_totals[window].at

    def target(self, window: Window, number: int, form: ListingForm | None = None) -> str:
        """Returns the address of one page, from 1, of a window's listing."""
        return (form or self.form).target(*self.dates.ask_for(window, self._clock.today()), number)

    def may_begin(self, day: date) -> bool:
        """Whether the site can be asked for a window that begins on a day."""
        return self.dates.may_begin(day)

    def begin_session(self) -> None:
        """Fetches the page on which a session begins; later requests send its cookies.

        A site that refuses that page, or does not have it, has no such session.
        """
        self._has_session = True
        with contextlib.suppress(Gone, Elsewhere, Denied, Disallowed):
            self._site.fetch(SESSION_PATH)

    def _fetch(self, window: Window, number: int, form: ListingForm) -> tuple[Listing, str]:
        """Fetches a page; returns it with the instant of the request."""
        target = self.target(window, number, form)
        try:
            page, at = self._fetch_and_parse(target)
            if window == EVERYTHING and not (page.total or page.entries or self._has_session):
                self.begin_session()
                page, at = self._fetch_and_parse(target)
                self.needed_session = bool(page.total)
            _require_layout(page, window, target)
        except (FetchError, ReadError) as error:
            self.failure = error
            raise
        if page.total == 0 and not page.entries:  # a stated 0 does not prove that a window is empty
            self._no_totals[window] = _NoTotal("states 0 results", at)
            return Listing(None, ()), at
        if page.total is None:
            self._no_totals[window] = _NoTotal("states no total", at)
        return page, at

    def _fetch_and_parse(self, target: str) -> tuple[Listing, str]:
        try:
            answer = self._site.fetch(target)
        except (Elsewhere, Denied, Disallowed) as error:
            raise Blocked(f"{error}; the site does not show us the listing") from None
        self.asked_at = answer.at
        try:
            address = answer.address or urljoin(LISTING, answer.target)
            page = listing_page.parse_listing(answer.body, address=address, charset=answer.charset)
        except ReadError as error:
            raise type(error)(f"{answer.target}: the listing does not parse: {error}") from None
        return page, answer.at


def _require_layout(page: Listing, window: Window, target: str) -> None:
    """Raises LayoutChanged if the total of a page proves nothing."""
    if page.total is None and page.entries:
        raise LayoutChanged(
            f"{target}: {page.describe_missing_total()}; its layout has changed, or this lgsco is too old"
        )
    strays = sum(not may_contain(window, entry.decision_date) for entry in page.entries)
    if strays * 2 > len(page.entries):
        cards = f"{strays} of {count_of(len(page.entries), 'card')}"
        have = agree(strays, "has a date that was", "have dates that were")
        raise LayoutChanged(
            f"{target}: {cards} {have} not asked for; the listing no longer filters by date, so its totals prove "
            "nothing"
        )
