"""Compares this machine's clock with the site's, by the Date header of its responses (RFC 9110, 6.6.1).

If our clock is behind, new decisions are missed: the listing is queried for dates up to the clock's day. If our clock
is ahead, decisions seem older than they are. A response from a cache has an old Date, so the clock counts as ahead only
if every response of a run says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

MAX_DIFFERENCE_SECONDS = 3600
"""Seconds by which the two clocks may differ before lgsco reports it."""


class SiteClock:
    """The difference of the two clocks, as the responses of one run show it."""

    def __init__(self, now: Callable[[], datetime], today: Callable[[], date]) -> None:
        """`now`: this machine's clock, in UTC; `today`: its day in London."""
        self._now = now
        self._today = today
        self._most = -math.inf
        """The greatest seconds by which the site's clock was later than ours."""

    def record(self, header: str | None) -> None:
        """Records the Date header of a response that was just received; an invalid one is ignored."""
        site_time = parse_date(header)
        if site_time is not None:
            self._most = max(self._most, (site_time - self._now()).total_seconds())

    @property
    def last_day(self) -> date | None:
        """Returns the last decision date that can be proven if our clock is behind, else None."""
        return self._today() if self._most > MAX_DIFFERENCE_SECONDS else None

    def describe(self) -> str | None:
        """Describes what is wrong with our clock, and what to do; None if no difference is known."""
        if self._most == -math.inf or abs(self._most) <= MAX_DIFFERENCE_SECONDS:
            return None
        message = f"the clock of this machine is {_format_duration(abs(self._most))} {{}} the site's: correct it"
        if self._most > 0:
            return f"{message.format('behind')}; dates after {self._today()} stay unproven"
        return f"{message.format('ahead of')}; until then lgsco treats decisions as older than they are"


def parse_date(header: str | None) -> datetime | None:
    """Parses an HTTP date, in UTC; None if it is missing or invalid."""
    if not header:
        return None
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _format_duration(seconds: float) -> str:
    return f"{seconds / 86_400:,.0f} days" if seconds >= 2 * 86_400 else f"{seconds / 3600:,.1f} hours"
