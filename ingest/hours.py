"""Hours of the day in London, such as "08:00-18:00". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_LONDON = ZoneInfo("Europe/London")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_DAY = 24 * 60
_SENDING = timedelta(seconds=15)
"""What a request may take to go out: a lock on the file and a connection may have to be waited for."""


def minutes(hours: str) -> tuple[int, int]:
    """The beginning and the end of "HH:MM-HH:MM" as minutes of the day; an end before the beginning is the next day's.

    Raises ValueError.
    """
    found = _HOURS.fullmatch(hours)
    if found is not None:
        begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if begin != end and end <= _DAY and end - begin < _DAY:
            return begin, end
    raise ValueError(f"{hours!r} are no hours of a day; some look like 08:00-18:00")


def left(every: Iterable[str], now: datetime) -> float:
    """Seconds until the end of those hours that an instant lies in; 0 outside of them all."""
    here = now.astimezone(_LONDON)
    minute = here.hour * 60 + here.minute
    most = 0.0
    for begin, end in map(minutes, every):
        inside = begin <= minute < end if begin < end else minute >= begin or minute < end
        if inside:
            rest = (end - minute) % _DAY or _DAY
            most = max(most, rest * 60.0 - here.second - here.microsecond / 1e6)
    return most


def within(hours: str, at: str) -> bool:
    """Whether an instant of the journal lies in any of some hours, such as "08:00-12:00 22:00-06:00". Just after they
    begin it does not: what was let go before may be sent then."""
    then = datetime.fromisoformat(at)
    return all(left(hours.split(), instant) > 0 for instant in (then - _SENDING, then))
