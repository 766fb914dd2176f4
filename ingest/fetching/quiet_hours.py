"""Computes when hours of the day in London, such as the quiet hours "08:00-18:00", begin and end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.config import MINUTES_A_DAY, parse_hours

_LONDON = ZoneInfo("Europe/London")
_MAX_SENDING_TIME = timedelta(seconds=15)
"""How long a request may take to go out: it may wait for a lock on the database and for a connection."""


def find_seconds_left(spans: Iterable[str], now: datetime) -> float:
    """Returns the seconds until the quiet hours at `now` end, the latest if they overlap; 0 outside all of them."""
    here = now.astimezone(_LONDON)
    minute = here.hour * 60 + here.minute
    longest = 0.0
    for begin, end in (parse_hours(span, may_be_whole_day=True) for span in spans):
        inside = begin <= minute < end if begin < end else minute >= begin or minute < end
        if inside:
            rest = (end - minute) % MINUTES_A_DAY or MINUTES_A_DAY
            longest = max(longest, rest * 60.0 - here.second - here.microsecond / 1e6)
    return longest


def find_seconds_until(spans: Iterable[str], now: datetime) -> float:
    """Returns the seconds until the next of some hours of the day begins; 0 within them, infinite if `spans` is empty.

    If the clocks change before then, it may be an hour too much or too little: check again after the wait.
    """
    here = now.astimezone(_LONDON)
    minute = here.hour * 60 + here.minute
    rest = here.second + here.microsecond / 1e6
    nearest = float("inf")
    for span in spans:
        begin, _ = parse_hours(span, may_be_whole_day=True)
        away = 0.0 if find_seconds_left([span], now) > 0 else (begin - minute) % MINUTES_A_DAY * 60.0 - rest
        nearest = min(nearest, away)
    return nearest


def was_in_quiet_hours(hours: str, at: str) -> bool:
    """Whether a journalled request went out in quiet hours, such as "08:00-12:00 22:00-06:00".

    `at`: ISO 8601. The first 15 seconds of quiet hours do not count: a request that began before them may still go out.
    """
    then = datetime.fromisoformat(at)
    return all(find_seconds_left(hours.split(), instant) > 0 for instant in (then - _MAX_SENDING_TIME, then))
