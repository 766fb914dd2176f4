"""Windows of dates: they are split without a gap or an overlap."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.crawling.windows import EVERYTHING, days, find_range, split
from ingest.errors import UsageError
from storage.model import Window

DAYS = st.dates(EVERYTHING.first, EVERYTHING.last)

WINDOWS = st.tuples(DAYS, DAYS).map(lambda pair: Window(min(pair), max(pair)))

NEAR = st.tuples(st.dates(date(2009, 1, 1), date(2030, 1, 1)), st.integers(0, 900)).map(
    lambda pair: Window(pair[0], pair[0] + timedelta(days=pair[1]))
)


@given(window=(WINDOWS | NEAR).filter(lambda window: window.first < window.last))
@example(window=EVERYTHING)
@example(window=Window(date(2009, 12, 31), date(2010, 1, 1)))
@example(window=Window(date(9999, 12, 30), date(9999, 12, 31)))
@example(window=Window(date(1, 1, 1), date(1, 1, 2)))
def test_a_split_covers_the_window_without_gap_or_overlap(window: Window) -> None:
    older, newer = split(window)
    assert window.first == older.first <= older.last
    assert older.last + timedelta(days=1) == newer.first
    assert newer.first <= newer.last == window.last
    assert days(older) + days(newer) == days(window)


@given(day=DAYS)
def test_a_day_cannot_be_split(day: date) -> None:
    assert days(Window(day, day)) == 1
    with pytest.raises(ValueError, match="cannot be split"):
        split(Window(day, day))


@given(window=NEAR)
def test_splitting_ends_in_days(window: Window) -> None:
    parts, rounds = [window], 0
    while any(days(part) > 1 for part in parts):
        parts = [piece for part in parts for piece in (split(part) if days(part) > 1 else (part,))]
        rounds += 1
    assert [part.first for part in parts] == [window.first + timedelta(days=n) for n in range(days(window))]
    assert rounds <= 12, "a split makes halves, not small pieces"


@given(days=st.lists(DAYS | st.dates(date(2026, 1, 1), date(2026, 1, 9)), min_size=4, max_size=4).map(sorted))
def test_without_returns_the_parts_outside_a_window(days: list[date]) -> None:
    whole, part = Window(days[0], days[3]), Window(days[1], days[2])
    around = whole.without(part)
    tiles = sorted([*around, part], key=lambda window: window.first)
    assert tiles[0].first == whole.first
    assert tiles[-1].last == whole.last
    for before, after in pairwise(tiles):
        assert before.first <= before.last
        assert before.last + timedelta(days=1) == after.first
    assert whole.without(whole) == []


TODAY = date(2026, 11, 2)
FIRST, PAST = date(2025, 1, 1), date(2025, 6, 30)


@pytest.mark.parametrize(
    ("first", "last", "window"),
    [
        (None, None, EVERYTHING),
        (FIRST, None, Window(FIRST, EVERYTHING.last)),
        (None, PAST, Window(EVERYTHING.first, PAST)),
        (FIRST, PAST, Window(FIRST, PAST)),
        (PAST, PAST, Window(PAST, PAST)),
        (TODAY, None, Window(TODAY, EVERYTHING.last)),
        (FIRST, TODAY, Window(FIRST, TODAY)),
        (FIRST, date(2026, 12, 31), Window(FIRST, date(2026, 12, 31))),
    ],
)
def test_a_range_without_a_bound_is_open_and_its_end_may_be_after_today(
    first: date | None, last: date | None, window: Window
) -> None:
    assert find_range(first, last, TODAY) == window


@pytest.mark.parametrize(
    ("first", "last", "named"),
    [
        (
            PAST,
            FIRST,
            "the range ends before it begins: 2025-06-30 to 2025-01-01; name an earlier --from or a later --to",
        ),
        (date(2026, 11, 3), None, "the range begins after today: 2026-11-03; name an earlier --from"),
        (date(2027, 1, 1), date(2027, 12, 31), "the range begins after today: 2027-01-01; name an earlier --from"),
    ],
)
def test_a_range_that_ends_before_it_begins_or_has_not_begun_is_refused(
    first: date, last: date | None, named: str
) -> None:
    with pytest.raises(UsageError, match=f"^{named}$"):
        find_range(first, last, TODAY)
