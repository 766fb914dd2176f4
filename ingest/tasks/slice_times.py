"""Decides when the daemon may do a slice, and how many seconds and requests a slice may use. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest.config import Schedule
from ingest.fetching.quiet_hours import find_seconds_left, find_seconds_until

SLICE_SECONDS = 300
"""The most seconds of a slice, so that a sync or another command does not wait for hours."""

SUSPENDED_DAYS = (1, 2, 4, 7)
"""Days for which slices are suspended after a refusal by the site, by the number of refusals in a row."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The limits of one slice."""

    seconds: float
    requests: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No slice may start before an instant."""

    until: datetime
    why: str


def find_slice(
    now: datetime,
    schedule: Schedule,
    quiet_hours: Sequence[str],
    *,
    requests_today: int,
    suspended_until: datetime | None,
    earliest: datetime,
    is_fill: bool,
) -> Slice | Wait:
    """Returns what a slice that starts now may use, or why none may start.

    `requests_today`: requests of slices on this day (UTC). `earliest`: when the site may be asked again. `is_fill`: the
    slice is of the fill, for which `fill_hours` apply; slices of interrupted backfills run at any hour.
    """
    if suspended_until is not None and suspended_until > now:
        return Wait(suspended_until, "suspended")
    if earliest > now:
        return Wait(earliest, "no request is allowed yet")
    if requests_today >= schedule.fill_requests:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return Wait(midnight, "today's requests are used up")
    seconds = min(float(SLICE_SECONDS), find_seconds_until(quiet_hours, now))
    if is_fill:
        left = find_seconds_left([schedule.fill_hours], now)
        if left <= 0:
            return Wait(now + timedelta(seconds=find_seconds_until([schedule.fill_hours], now)), "outside fill_hours")
        seconds = min(seconds, left)
    return Slice(seconds, schedule.fill_requests - requests_today)


def find_suspension(before: int, now: datetime) -> datetime:
    """Returns the end of the suspension after a refusal now. `before`: the refusals in a row before this one."""
    return now + timedelta(days=SUSPENDED_DAYS[min(before, len(SUSPENDED_DAYS) - 1)])
