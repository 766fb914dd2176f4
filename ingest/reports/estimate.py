"""Estimates the requests, time and disk space of a backfill from the site's total. Pure."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from ingest.lgo.source import PAGE_SIZE
from ingest.reports.lines import describe_size
from ingest.wording import count_of

DECISION_BYTES = 23_000
"""Bytes of the file for each decision.

Measured by `python -m bench disk` on 2,000 decisions of the look-alike site: 23,263 bytes. The row with the text takes
11.5 KB of it, the full-text index 5.3 KB, the raw page 4.7 KB and the rest 1.8 KB. Nearly all of it grows with the
text, which has 10.1 KB on average there. Real texts have 12.2 KB (the five seeds) and 1.8 KB (nine short statements).
"""

_DAY_SECONDS = 86_400


class Estimate(NamedTuple):
    """The least that a backfill takes: retries, chapters of reports and a slow site add to it."""

    listed: int
    """The site's total for the range."""
    decisions: int
    """The number of these to fetch."""
    requests: int
    seconds: float
    bytes: int
    pace_seconds: float
    daily_requests: int

    def __str__(self) -> str:
        decisions = f"{self.decisions:,} of {count_of(self.listed, 'listed decision')} to fetch"
        return f"estimate: {decisions}; {self.describe_cost()}"

    def describe_cost(self) -> str:
        """Describes the requests, the time and the disk space that it takes."""
        limits = f"one request in {self.pace_seconds:g} s, {self.daily_requests:,} a day"
        return (
            f"about {count_of(self.requests, 'request')}, {_describe_time(self.seconds)} or more ({limits}), "
            f"about {describe_size(self.bytes)} of disk"
        )


def estimate_backfill(
    listed: int,
    stored: int,
    *,
    pace_seconds: float,
    daily_requests: int,
    limit: int | None = None,
    is_listed: bool = False,
    decision_bytes: int = DECISION_BYTES,
) -> Estimate:
    """Estimates what it takes to list a range and fetch the decisions that are not stored.

    `listed`: the site's total for the range. `stored`: decisions of the range in the archive. `pace_seconds`: from one
    request to the next. `daily_requests`: the most in a day; the rest waits for the next day. `limit`: decisions to
    fetch at most; then the listing is walked only as far as needed. `is_listed`: the range was listed recently, and is
    not listed again.
    """
    left = max(0, listed - stored)
    decisions = left if limit is None else min(left, limit)
    to_list = 0 if is_listed else listed if decisions == left else decisions
    requests = decisions + ceil(to_list / PAGE_SIZE)
    full_days = max(0, ceil(requests / daily_requests) - 1)
    by_daily_limit = full_days * _DAY_SECONDS + (requests - full_days * daily_requests) * pace_seconds
    return Estimate(
        *(listed, decisions, requests, max(requests * pace_seconds, by_daily_limit), decisions * decision_bytes),
        pace_seconds=pace_seconds,
        daily_requests=daily_requests,
    )


def describe_backfill(
    total: int | None,
    expected: int,
    stored: int,
    *,
    pace_seconds: float,
    daily_requests: int,
    limit: int | None,
    free_bytes: int | None = None,
) -> str:
    """Returns the estimate in a line; "" if nothing is left to list or fetch, as far as known.

    `total`: as the site just stated it; None: it stated none, or all of the range was listed recently, and `expected`
    is the number that was listed. `free_bytes`: free disk space; a lack of it is named. The others are as for
    `estimate_backfill`.
    """
    if total is None and expected <= stored:
        return ""
    estimate = estimate_backfill(
        *(expected if total is None else total, stored),
        pace_seconds=pace_seconds,
        daily_requests=daily_requests,
        limit=limit,
        is_listed=total is None,
    )
    if free_bytes is None or free_bytes >= estimate.bytes:
        return str(estimate)
    return (
        f"{estimate}, and only {describe_size(free_bytes)} is free: free disk space, or fetch fewer dates; if the disk "
        "gets full, nothing stored is lost"
    )


def _describe_time(seconds: float) -> str:
    if seconds < 90:
        return f"{ceil(seconds):,} s"
    if seconds < 5_400:
        return f"{seconds / 60:,.1f} min"
    if seconds < 2 * _DAY_SECONDS:
        return f"{seconds / 3_600:,.1f} hours"
    return f"{seconds / _DAY_SECONDS:,.1f} days"
