"""Proves that a window of the listing is empty, or finds that the listing does not answer.

A page that states no total, or 0, proves nothing: a search page without results looks the same. A window is known to
be empty only by difference: if a range around it and the other parts of that range have the same total.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import EVERYTHING
from ingest.errors import Blocked
from ingest.wording import agree, count_of
from storage import ledger
from storage.model import Entry, Window


def require_empty(
    db: sqlite3.Connection, listing: ListingFetcher, window: Window, check_canary: Callable[[str], object]
) -> None:
    """Proves by the ranges around it that a window without a total is empty.

    Raises Blocked if they do not prove it or show a card of the window, and what `check_canary` raises.
    """
    message = f"the listing {listing.describe_no_total(window)} for {window}"
    if window != EVERYTHING and _is_empty_by_difference(listing, window):
        if listed_before := ledger.find_expected(db, window):
            were = agree(listed_before, "was", "were")
            check_canary(f"{message}, where {count_of(listed_before, 'decision')} {were} listed")
        return
    check_canary(message)
    raise Blocked(
        f"{message}, and the totals around it do not show that it is empty: a search page without results, a broken "
        "index, or a wording that lgsco does not know. Nothing was concluded from it"
    )


def _is_empty_by_difference(listing: ListingFetcher, window: Window) -> bool:
    """Whether the dates around a window have as many decisions as all dates together.

    The page of all dates must not show a card of the window. All ranges around it are requested: if the site caps
    totals, each of them states as many as the whole.
    """
    whole = listing.peek(EVERYTHING)
    if not whole.total or any(_lies_in(window, entry) for entry in whole.entries):
        return False
    return whole.total == sum(listing.peek_total(part) or 0 for part in EVERYTHING.without(window))


def _lies_in(window: Window, entry: Entry) -> bool:
    return entry.decision_date is not None and window.first <= entry.decision_date <= window.last


def require_total(listing: ListingFetcher, window: Window, total: int, check_canary: Callable[[str], object]) -> None:
    """Requests the total of a window again, because a part of it now states none.

    Raises Blocked if the window no longer states one either, and what `check_canary` raises.
    """
    if listing.ask(window) is None:
        stated = f"the listing stated {count_of(total, 'decision')} for {window}"
        message = f"{stated} and now {listing.describe_no_total(window)}"
        check_canary(message)
        raise Blocked(
            f"{message}: a search page without results, or a fault of the site. Nothing was concluded from it"
        )
