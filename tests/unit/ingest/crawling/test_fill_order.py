"""The order in which the fill fetches decision dates."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.fill_order import INSIDE_DAYS, Part, order_dates
from ingest.crawling.windows import EVERYTHING
from storage.model import Window
from support.claims import window

TODAY = date(2026, 11, 2)
RECENT, RETENTION = 120, 1826


def test_recent_dates_come_first_then_leaving_ones_oldest_first_then_the_rest() -> None:
    assert order_dates([EVERYTHING], TODAY, recent_days=RECENT, retention_days=RETENTION) == [
        Part(window("2026-07-05", "9999-12-31")),
        Part(window("0001-01-01", "2022-05-04"), oldest_first=True),
        Part(window("2022-05-05", "2026-07-04")),
    ]


def test_ranges_come_newest_first_except_leaving_ones_oldest_first() -> None:
    left = [
        *(window("2015-01-01", "2016-01-01"), window("2020-01-01", "2021-01-01")),
        *(window("2023-01-01", "2023-02-01"), window("2024-01-01", "2024-02-01")),
    ]
    found = order_dates(left, TODAY, recent_days=RECENT, retention_days=RETENTION)
    assert [part.window for part in found] == [left[0], left[1], left[3], left[2]]
    assert [part.oldest_first for part in found] == [True, True, False, False]


BEGIN = date(2018, 1, 1)
days = st.integers(0, 3_300).map(lambda n: BEGIN + timedelta(days=n))
windows = st.tuples(days, days).map(lambda pair: Window(min(pair), max(pair)))


def every_day(some: list[Window]) -> list[date]:
    return [w.first + timedelta(days=n) for w in some for n in range((w.last - w.first).days + 1)]


@given(st.lists(windows, max_size=5), st.integers(1, 4_000), st.integers(1, 4_000))
def test_each_date_comes_once_and_in_its_group(left: list[Window], recent_days: int, retention_days: int) -> None:
    parts = order_dates(left, TODAY, recent_days=recent_days, retention_days=retention_days)
    dates = every_day([part.window for part in parts])
    assert sorted(dates) == sorted(set(every_day(left)))
    recent = TODAY - timedelta(days=recent_days)
    edge = TODAY - timedelta(days=retention_days - INSIDE_DAYS)

    def group(part: Part) -> int:
        return 0 if part.window.first >= recent else 1 if part.oldest_first else 2

    assert [group(part) for part in parts] == sorted(map(group, parts))
    for part in parts:
        assert part.oldest_first == (part.window.last <= edge and part.window.last < recent)
    for one, other in pairwise(parts):
        if group(one) == group(other):
            assert (one.window.last < other.window.first) == one.oldest_first
