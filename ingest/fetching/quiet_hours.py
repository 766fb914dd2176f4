"""Hours of the day in London, such as "08:00-18:00". Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.config import MINUTES_A_DAY, parse_hours

_LONDON = ZoneInfo("Europe/London")
_SENDING = timedelta(seconds=15)
"""What a request may take to go out: a lock on the file and a connection may have to be waited for."""


def left(every: Iterable[str], now: datetime) -> float:
    """Seconds until the end of those hours that an instant lies in; 0 outside of them all."""
    here = now.astimezone(_LONDON)
    minute = here.hour * 60 + here.minute
    most = 0.0
    for begin, end in map(parse_hours, every):
        inside = begin <= minute < end if begin < end else minute >= begin or minute < end
        if inside:
            rest = (end - minute) % MINUTES_A_DAY or MINUTES_A_DAY
            most = max(most, rest * 60.0 - here.second - here.microsecond / 1e6)
    return most


def within(hours: str, at: str) -> bool:
    """Whether an instant of the journal lies in any of some hours, such as "08:00-12:00 22:00-06:00". Just after they
    begin it does not: what was let go before may be sent then."""
    then = datetime.fromisoformat(at)
    return all(left(hours.split(), instant) > 0 for instant in (then - _SENDING, then))
