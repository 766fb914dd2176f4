"""Walks the pages of one window's listing, from the first to the last.

`walk_pages` is the loop. It is pure, except for the function that fetches a page. `walk_window` walks the site's pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ingest.crawling.empty_windows import require_total
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import may_contain
from ingest.errors import FetchError, Gone, ReadError
from ingest.lgo.listing_page import Listing
from ingest.lgo.source import PAGE_SIZE
from ingest.wording import count_of
from storage.model import Window

_MAX_MISSING_IN_A_ROW = 2
"""A walk ends after this many pages in a row that should have cards and have none."""


@dataclass(frozen=True, slots=True)
class MissingPage:
    """A page of a walk that gave no cards, though it should have or might have some."""

    message: str
    error: FetchError | ReadError | None = None
    """Why it could not be fetched or parsed; None if it was."""


@dataclass(frozen=True, slots=True)
class Walked:
    """The result of walking a window's pages."""

    total: int
    references: frozenset[str]
    drifted: bool
    """Whether the total changed during the walk, a card appeared twice, or a card was dated outside the window."""
    repeated_on: frozenset[date] = frozenset()
    """The days of cards that appeared twice, if nothing else made the walk drift.

    The order of a day's cards may change from page to page; then the cards that the walk missed are of the same days.
    """
    has_stray_cards: bool = False
    """Whether a card was dated the day before the window or the day after it."""
    missing_pages: tuple[MissingPage, ...] = ()
    gave_up: bool = False
    """Whether it ended before the last page, after too many pages in a row without cards."""

    @property
    def is_unanswered(self) -> bool:
        """Whether a page could not be fetched or parsed. Then the walk disproves nothing that was known."""
        return any(lack.error for lack in self.missing_pages)

    @property
    def is_whole(self) -> bool:
        """Whether it is complete: it lists exactly as many decisions as the site states."""
        return not self.drifted and not self.is_unanswered and len(self.references) == self.total


def walk_pages(
    window: Window, first: Listing | MissingPage, total: int, fetch_page: Callable[[int, Window], Listing | MissingPage]
) -> Walked:
    """Walks from the first page to the last, and one page further if the last is full: a total may be too small.

    A page without cards is skipped. After two of them in a row, the rest is skipped too. `fetch_page` gets the number
    of a page and the window in which its cards without a date are.
    """
    drifted = has_stray_cards = False
    beside = _find_days_beside(window)
    cards: Counter[str] = Counter()
    days_of: dict[str, date | None] = {}
    missing_pages: list[MissingPage] = []
    number, day, in_a_row = 1, window.last, 0
    page = first
    while True:
        if isinstance(page, MissingPage):
            missing_pages.append(page)
            in_a_row += 1
        else:
            in_a_row = 0
            drifted |= bool(page.entries) and page.total != total
            drifted |= any(not may_contain(window, entry.decision_date) for entry in page.entries)
            has_stray_cards |= any(entry.decision_date in beside for entry in page.entries)
            day = next((e.decision_date for e in reversed(page.entries) if e.decision_date), day)
            cards.update(entry.reference for entry in page.entries)
            days_of.update((entry.reference, entry.decision_date) for entry in page.entries)
        if number * PAGE_SIZE > total or in_a_row == _MAX_MISSING_IN_A_ROW:
            break
        number += 1
        page = fetch_page(number, Window(window.first, max(window.first, day)))
    repeated = {reference for reference, times in cards.items() if times > 1}
    days = {days_of[reference] for reference in repeated} if not drifted else set()
    return Walked(
        *(total, frozenset(cards), drifted or bool(repeated)),
        repeated_on=frozenset(day for day in days if day is not None) if None not in days else frozenset(),
        has_stray_cards=has_stray_cards,
        missing_pages=tuple(missing_pages),
        gave_up=in_a_row == _MAX_MISSING_IN_A_ROW,
    )


def _find_days_beside(window: Window) -> frozenset[date]:
    """Returns the day before a window and the day after it."""
    numbers = (window.first.toordinal() - 1, window.last.toordinal() + 1)
    return frozenset(map(date.fromordinal, filter(range(1, date.max.toordinal() + 1).__contains__, numbers)))


def walk_window(
    listing: ListingFetcher, window: Window, first: Listing, total: int, check_canary: Callable[[str], object]
) -> Walked:
    """Walks all pages of a window. `first`: its first page, which states a total.

    Raises Blocked if the window no longer states one, and what `check_canary` raises, which is called with the reason
    if a page is not a listing.
    """

    def fetch_page(number: int, undated_in: Window) -> Listing | MissingPage:
        try:
            page = listing.fetch(window, number, undated_in)
        except Gone as error:  # some sites answer 404 past the last page
            return MissingPage(str(error)) if (number - 1) * PAGE_SIZE < total else Listing(None, ())
        except (FetchError, ReadError) as error:
            return MissingPage(str(error), error)
        return find_missing(number, page) or page

    def find_missing(number: int, page: Listing) -> MissingPage | None:
        """Describes a page that has no card though it should; None for any other page."""
        if page.entries or (number - 1) * PAGE_SIZE >= total:
            return None
        where = f"{listing.target(window, number)}: the page has no card"
        if page.unfollowed:
            where += " that can be followed"
        if page.total is not None:
            return MissingPage(f"{where}, though the site states {count_of(page.total, 'decision')}")
        message = f"{where}, and it {listing.describe_no_total(window)}"
        require_total(listing, window, total, check_canary)
        check_canary(message)
        return MissingPage(message)

    return walk_pages(window, find_missing(1, first) or first, total, fetch_page)
