"""The machine's clock, compared with the Date headers of a run's responses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingest.fetching.site_clock import SiteClock, parse_date

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def clock_after(*offsets: timedelta) -> SiteClock:
    """A run with responses that had Date headers later than the machine's clock by these seconds."""
    clock = SiteClock(lambda: NOW, NOW.date)
    for offset in offsets:
        clock.record(format_datetime(NOW + offset, usegmt=True))
    return clock


def test_without_a_date_nothing_is_known() -> None:
    clock = clock_after()
    for header in (None, "", "soon", "Thu, 99 Foo 2026 25:61:61 GMT", "\udcff"):
        clock.record(header)
    assert (clock.describe(), clock.last_day) == (None, None)


@pytest.mark.parametrize(
    ("offsets", "words", "last_day"),
    [
        ([timedelta(hours=1)], None, None),
        ([timedelta(hours=1, seconds=1)], "1.0 hours behind", date(2026, 11, 2)),
        ([timedelta(hours=-50)], "2 days ahead of", None),
        ([timedelta(hours=-50), timedelta(0)], None, None),
        ([timedelta(days=400), timedelta(0)], "400 days behind", date(2026, 11, 2)),
    ],
)
def test_the_latest_date_decides(offsets: list[timedelta], words: str | None, last_day: date | None) -> None:
    clock = clock_after(*offsets)
    message = clock.describe()
    assert (message is None) == (words is None)
    assert words is None or f"the clock of this machine is {words} the site's: correct it" in str(message)
    assert clock.last_day == last_day


def test_an_http_date_is_parsed_in_utc() -> None:
    assert parse_date("Mon, 02 Nov 2026 12:00:00 GMT") == NOW
    assert parse_date("Mon, 02 Nov 2026 13:00:00 +0100") == NOW
    assert parse_date("Monday, 02-Nov-26 12:00:00 GMT") == NOW
