"""Parses Retry-After (RFC 9110, 10.2.3), and decides how long lgsco then waits. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from storage.model import HOLD_MOST_SECONDS

_YEARS_AHEAD = 50
"""A date with a two-digit year is at most this many years ahead (RFC 9110, 5.6.7)."""

_DAY_NAME = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_ZONE = r"(?:\s*(?:gmt|utc?|z|(?P<sign>[+-])(?P<zone_hours>\d\d)(?P<zone_minutes>\d\d)))?"
_DATES = (
    # Sun, 06 Nov 1994 08:49:37 GMT (IMF-fixdate) and Sunday, 06-Nov-94 08:49:37 GMT (RFC 850)
    re.compile(
        rf"(?:{_DAY_NAME}\s*(?:,\s*)?)?(?P<day>\d\d?)[\s-]+{_MONTH}[a-z]*[\s-]+(?P<year>\d{{4}}|\d\d)\s+{_TIME}{_ZONE}",
        re.ASCII | re.IGNORECASE,
    ),
    # Sun Nov  6 08:49:37 1994 (asctime)
    re.compile(
        rf"(?:{_DAY_NAME}\s*(?:,\s*)?)?{_MONTH}\s+(?P<day>\d\d?)\s+{_TIME}\s+(?P<year>\d{{4}}){_ZONE}",
        re.ASCII | re.IGNORECASE,
    ),
)
_VALUES = re.compile(rf"\s*((?:{_DAY_NAME}\s*,)?[^,]*)", re.IGNORECASE)
"""One value of a list. A comma after the name of a day belongs to the date."""
_SECONDS = re.compile(r"(\d+)(?:\.\d+)?", re.ASCII)


def parse_retry_after(values: str | None, now: datetime, date: str | None = None) -> float | None:
    """Returns the seconds that Retry-After asks for; None if it is missing or invalid.

    `values`: the header. Several values, joined by commas, are a list, and the longest wait counts. `date`: the site's
    Date header. A date in Retry-After counts from there, because the site's clock may differ from ours; it counts from
    `now` if Date is missing or invalid.
    """
    if not values:
        return None
    sent_at = parse_http_date(date or "", now) or now
    waits = [_parse_wait(value.strip(), sent_at) for value in _VALUES.findall(values)]
    return max((wait for wait in waits if wait is not None), default=None)


def _parse_wait(value: str, sent_at: datetime) -> float | None:
    """Returns the seconds that one value asks for. It also accepts a fraction, which the RFC does not allow."""
    if found := _SECONDS.fullmatch(value):
        return float(value) if len(found[1]) <= 12 else float("9" * 12)  # more digits are more than any limit
    until = parse_http_date(value, sent_at)
    return max(0.0, (until - sent_at).total_seconds()) if until is not None else None


def parse_http_date(value: str, now: datetime) -> datetime | None:
    """Parses an HTTP date in any of its three forms (RFC 9110, 5.6.7); None if it has another form.

    A date without a zone is in UTC. A two-digit year means the latest year that is at most 50 years after `now`.
    """
    found = next((match for form in _DATES if (match := form.fullmatch(value.strip()))), None)
    if found is None:
        return None
    month = _MONTHS.index(found["month"].lower()) + 1
    day, hour, minute, second = (int(found[name]) for name in ("day", "hour", "minute", "second"))
    year = int(found["year"])
    if len(found["year"]) == 2:
        here = now.astimezone(UTC)
        latest = (here.year + _YEARS_AHEAD, *here.timetuple()[1:6])
        year += latest[0] - latest[0] % 100
        if (year, month, day, hour, minute, second) > latest:
            year -= 100
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_parse_zone(found))
        return at.astimezone(UTC) + timedelta(seconds=max(0, second - 59))  # 60 is a leap second
    except (ValueError, OverflowError):
        return None


def _parse_zone(found: re.Match[str]) -> timezone:
    if not found["sign"]:
        return UTC
    offset = timedelta(hours=int(found["zone_hours"]), minutes=int(found["zone_minutes"]))
    return timezone(-offset if found["sign"] == "-" else offset)


def decide_hold(status: int | None, seconds: float, retry_wait_most: float) -> float:
    """Returns the seconds to wait after a response with this status and Retry-After: what it asks for, up to a day.

    The most is `retry_wait_most` after a success, a redirect, 404 or 410. These are about one address, and the site
    serves the others. If it asks for a wait with each of them, the run gets slower but does not end.
    """
    one_address = status is not None and (status < 400 or status in (404, 410))
    return min(seconds, HOLD_MOST_SECONDS, retry_wait_most if one_address else HOLD_MOST_SECONDS)
