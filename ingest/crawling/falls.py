"""Decides whether the site may list so many fewer decisions than before: one wrong page of it can show that."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.pagination import Walked
from ingest.crawling.windows import days, split
from ingest.errors import Blocked
from ingest.wording import count_of
from storage import ledger
from storage.model import Window

log = logging.getLogger("lgsco")

FALL_FLOOR = 100
"""A fall by at most this many decisions is searched without suspecting the site."""


def is_plausible_fall(before: int, now: int, fall_percent: float) -> bool:
    """Whether a number of listed decisions may have fallen from one value to another at once. Pure.

    `fall_percent`: the percentage of the earlier number by which it may fall, if that is more than `FALL_FLOOR`.
    """
    return before - now <= max(FALL_FLOOR, fall_percent / 100 * before)


def require_plausible_fall(
    db: sqlite3.Connection,
    listing: ListingFetcher,
    window: Window,
    walked: Walked,
    gone: int,
    fall_percent: float,
    check_canary: Callable[[str], object],
) -> None:
    """Checks a walk of a window before the decisions that it no longer shows count as no longer listed.

    `gone`: their number. If it is more than is plausible, the totals of the window's two parts must show the same.
    Raises Blocked if they do not, and what `check_canary` raises.
    """
    before = ledger.count_listed(db, window)
    if is_plausible_fall(before, before - gone, fall_percent):
        return
    message = f"the listing of {window} no longer shows {gone:,} of {count_of(before, 'decision')}"
    check_canary(message)
    parts = split(window) if days(window) > 1 else (window,)
    total = sum(listing.peek_total(part) or 0 for part in parts)
    if total != walked.total:
        raise Blocked(
            f"{message}, but its parts have {total:,} together and not {walked.total:,}: a wrong page or a broken "
            "index of the site. Nothing was concluded from it"
        )
    log.warning("%s; its parts have %d together too", message, total)
