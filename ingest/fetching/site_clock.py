"""Compares this machine's clock with the site's, by the Date header of its answers (RFC 9110, 6.6.1).

A clock that is behind hides what is newer: the listing is asked for dates up to the clock's day. A clock that is ahead
takes decisions for older than they are. An answer from a cache bears an old Date, so the clock counts as ahead only
where every answer of a run says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

MOST_SECONDS = 3600
"""Seconds by which the two clocks may differ before it is said."""


class SiteClock:
    """What the answers of one run say of the clock."""

    def __init__(self, now: Callable[[], datetime], today: Callable[[], date]) -> None:
        """`now`: this machine's clock, in UTC; `today`: its day in London."""
        self._now = now
        self._today = today
        self._most = -math.inf
        """The most seconds by which the site's clock was later than ours."""

    def record(self, header: str | None) -> None:
        """Records the Date header of an answer that has just been received; one that is no date says nothing."""
        told = parse_date(header)
        if told is not None:
            self._most = max(self._most, (told - self._now()).total_seconds())

    @property
    def last_day(self) -> date | None:
        """The last decision date of which anything can be proven; None where the clock is not behind."""
        return self._today() if self._most > MOST_SECONDS else None

    def describe(self) -> str | None:
        """What is wrong with the clock, and what to do; None where nothing is known to be."""
        if self._most == -math.inf or abs(self._most) <= MOST_SECONDS:
            return None
        told = f"the clock of this machine is {_duration(abs(self._most))} {{}} the site's: correct it"
        if self._most > 0:
            return f"{told.format('behind')}; dates after {self._today()} stay unproven"
        return f"{told.format('ahead of')}; until then lgsco treats decisions as older than they are"


def parse_date(header: str | None) -> datetime | None:
    """An HTTP date in UTC; None where there is none, or no date."""
    if not header:
        return None
    try:
        told = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def _duration(seconds: float) -> str:
    return f"{seconds / 86_400:,.0f} days" if seconds >= 2 * 86_400 else f"{seconds / 3600:,.1f} hours"
