"""Shows that a window of the listing is empty, or finds out that the listing is silent.

No page that states no total, or 0, is believed: a search shell looks the same. A window is known to be empty only by
the difference between a range around it and that range's other part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import EVERYTHING
from ingest.errors import Blocked
from storage import ledger
from storage.model import Entry, Window


def require_empty(
    db: sqlite3.Connection, listing: ListingFetcher, window: Window, check_canary: Callable[[str], object]
) -> None:
    """Shows by the ranges around it that a window which states no total holds nothing. Raises Blocked where they do
    not or show a card of it, and what `check_canary` raises."""
    told = f"the listing {listing.describe_silence(window)} for {window}"
    if window != EVERYTHING and _is_empty_by_difference(listing, window):
        if stood := ledger.standing(db, window).expected:
            check_canary(f"{told}, where {stood:,} decisions were listed")
        return
    check_canary(told)
    raise Blocked(
        f"{told}, and the totals around it do not show that it is empty: a search shell, a broken index, or a wording "
        "that lgsco does not know. Nothing was concluded from it"
    )


def _is_empty_by_difference(listing: ListingFetcher, window: Window) -> bool:
    """Whether what lies around a window has as many decisions as the whole, which shows no card of the window. All
    ranges around it are asked: where totals are capped, each of them states as many as the whole."""
    whole = listing.look_aside(EVERYTHING)
    if not whole.total or any(_lies_in(window, entry) for entry in whole.entries):
        return False
    return whole.total == sum(listing.ask_aside(part) or 0 for part in EVERYTHING.without(window))


def _lies_in(window: Window, entry: Entry) -> bool:
    return entry.decision_date is not None and window.first <= entry.decision_date <= window.last


def require_total(listing: ListingFetcher, window: Window, total: int, check_canary: Callable[[str], object]) -> None:
    """Asks a window that stated a total once more, since a part of it now states none. Raises Blocked where the window
    has fallen silent too, and what `check_canary` raises."""
    if listing.ask(window) is None:
        told = f"the listing stated {total:,} decisions for {window} and now {listing.describe_silence(window)}"
        check_canary(told)
        raise Blocked(f"{told}: a search shell, or a fault of the site. Nothing was concluded from it")
