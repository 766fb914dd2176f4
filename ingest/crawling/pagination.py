"""Walks the pages of one window's listing, from the first to the last.

`walk_pages` is the loop, pure but for the function it is given to fetch a page. `walk_window` walks the site's pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ingest.crawling.empty_windows import require_total
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import may_hold
from ingest.errors import FetchError, Gone, ReadError
from ingest.lgo.listing_page import Listing
from ingest.lgo.source import PAGE_SIZE
from storage.model import Window

LACKING_IN_A_ROW = 2
"""Pages in a row that bring nothing, though cards should stand on them, after which a walk ends."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A page of a walk that brought nothing, though cards should stand on it or might."""

    told: str
    error: FetchError | ReadError | None = None
    """Why it could not be fetched or parsed; None where it was answered for."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What walking a window's pages found."""

    total: int
    references: frozenset[str]
    drifted: bool
    """Whether the total changed on the way, or a card stood twice, or outside the window."""
    repeated_on: frozenset[date] = frozenset()
    """The days of cards that stood twice, where nothing else made it drift: the order of a day's cards may change from
    page to page, and cards that were passed over are of the same days."""
    strayed: bool = False
    """Whether a card stood on the day before the window or on the day after it."""
    lacks: tuple[Lack, ...] = ()
    gave_up: bool = False
    """Whether it ended before the last page, after too many in a row that brought nothing."""

    @property
    def is_unanswered(self) -> bool:
        """Whether a page of it could not be fetched or parsed: then it says nothing against what was known."""
        return any(lack.error for lack in self.lacks)

    @property
    def is_whole(self) -> bool:
        """Whether it lists just as many decisions as the site states."""
        return not self.drifted and not self.is_unanswered and len(self.references) == self.total


def walk_pages(
    window: Window, first: Listing | Lack, total: int, fetch_page: Callable[[int, Window], Listing | Lack]
) -> Walked:
    """Walks from the first page to the last, and past it where the last is full: a total may say too little.

    A page that brings nothing is left out, and after a second one in a row the rest is. `fetch_page` is given a page's
    number and the window in which its cards without a date stand.
    """
    drifted = strayed = False
    beside = _find_days_beside(window)
    cards: Counter[str] = Counter()
    days_of: dict[str, date | None] = {}
    lacks: list[Lack] = []
    number, day, in_a_row = 1, window.last, 0
    page = first
    while True:
        if isinstance(page, Lack):
            lacks.append(page)
            in_a_row += 1
        else:
            in_a_row = 0
            drifted |= bool(page.entries) and page.total != total
            drifted |= any(not may_hold(window, entry.decision_date) for entry in page.entries)
            strayed |= any(entry.decision_date in beside for entry in page.entries)
            day = next((e.decision_date for e in reversed(page.entries) if e.decision_date), day)
            cards.update(entry.reference for entry in page.entries)
            days_of.update((entry.reference, entry.decision_date) for entry in page.entries)
        if number * PAGE_SIZE > total or in_a_row == LACKING_IN_A_ROW:
            break
        number += 1
        page = fetch_page(number, Window(window.first, max(window.first, day)))
    repeated = {reference for reference, times in cards.items() if times > 1}
    days = {days_of[reference] for reference in repeated} if not drifted else set()
    return Walked(
        *(total, frozenset(cards), drifted or bool(repeated)),
        repeated_on=frozenset(day for day in days if day is not None) if None not in days else frozenset(),
        strayed=strayed,
        lacks=tuple(lacks),
        gave_up=in_a_row == LACKING_IN_A_ROW,
    )


def _find_days_beside(window: Window) -> frozenset[date]:
    """The day before a window and the day after it."""
    numbers = (window.first.toordinal() - 1, window.last.toordinal() + 1)
    return frozenset(map(date.fromordinal, filter(range(1, date.max.toordinal() + 1).__contains__, numbers)))


def walk_window(
    listing: ListingFetcher, window: Window, first: Listing, total: int, check_canary: Callable[[str], object]
) -> Walked:
    """Walks all pages of a window, whose first page is at hand and states a total.

    Raises Blocked where the window no longer states one, and what `check_canary` raises, which is given the reason when
    a page is no listing.
    """

    def fetch_page(number: int, undated_in: Window) -> Listing | Lack:
        try:
            page = listing.fetch(window, number, undated_in)
        except Gone as error:  # some sites say so past the last page
            return Lack(str(error)) if (number - 1) * PAGE_SIZE < total else Listing(None, ())
        except (FetchError, ReadError) as error:
            return Lack(str(error), error)
        return find_lack(number, page) or page

    def find_lack(number: int, page: Listing) -> Lack | None:
        """What a page lacks that has no card though some should stand on it."""
        if page.entries or (number - 1) * PAGE_SIZE >= total:
            return None
        where = f"{listing.target(window, number)}: the page has no card"
        if page.unfollowed:
            where += " that can be followed"
        if page.total is not None:
            return Lack(f"{where}, though the site states {page.total:,} decisions")
        told = f"{where}, and it {listing.describe_silence(window)}"
        require_total(listing, window, total, check_canary)
        check_canary(told)
        return Lack(told)

    return walk_pages(window, find_lack(1, first) or first, total, fetch_page)
