"""Which dates the listing's filter includes, found with requests about one day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.windows import split_at
from ingest.lgo.date_filter import EXACT, DateFilter, Shift, find_shift, last_day_of_other_season, season_of
from storage.model import Window

DAY = timedelta(days=1)
TODAY = date(2026, 11, 2)
IN_UTC = DateFilter(summer=Shift(1, 1), winter=EXACT)
SHIFTS = [Shift(first, last) for first in (-1, 0, 1) for last in (-1, 0, 1)]

days = st.dates(date(2019, 1, 1), date(2026, 10, 20))


def listing(listed: set[date], included: Callable[[date, date, date], bool]) -> Callable[[date, date], frozenset[date]]:
    """A site with a date filter that lists a few decisions."""
    return lambda first, last: frozenset(day for day in listed if included(first, last, day))


def shifted(shift: Shift) -> Callable[[date, date, date], bool]:
    return lambda first, last, day: first + shift.first * DAY <= day <= last + shift.last * DAY


def in_utc(first: date, last: date, day: date) -> bool:
    """Decisions stored as midnight in London, and compared by their date in UTC."""
    midnight = datetime.combine(day, time(), ZoneInfo("Europe/London"))
    return first <= midnight.astimezone(UTC).date() <= last


@pytest.mark.parametrize("shift", SHIFTS)
@given(day=days, others=st.sets(st.integers(-4, 4)))
def test_find_shift_finds_every_shift_of_a_day(shift: Shift, day: date, others: set[int]) -> None:
    listed = {day, *(day + other * DAY for other in others)}
    assert find_shift(day, listing(listed, shifted(shift)), thorough=True) == shift


@pytest.mark.parametrize("shift", SHIFTS)
@given(day=days, others=st.sets(st.integers(-4, 4)))
def test_exact_filter_takes_one_request_and_excludes_no_date(shift: Shift, day: date, others: set[int]) -> None:
    asked: list[tuple[date, date]] = []
    answer = listing({day, *(day + other * DAY for other in others)}, shifted(shift))

    def ask(first: date, last: date) -> frozenset[date]:
        asked.append((first, last))
        return answer(first, last)

    found = find_shift(day, ask)
    if shift == EXACT:
        assert len(asked) == 1
    if found == EXACT:
        assert shift.first <= 0 <= shift.last, "every day between the ends is included"
    else:
        assert found == shift
    assert len(asked) <= 7


@given(day=days)
def test_filter_that_matches_no_shift_gives_none(day: date) -> None:
    assert find_shift(day, listing({day}, shifted(Shift(3, 3)))) is None
    assert find_shift(day, lambda _first, _last: frozenset()) is None
    only_wide = listing({day}, lambda first, last, one: first <= one <= last and first < last)
    assert find_shift(day, only_wide) is None, "a day alone shows nothing, and its neighbours speak against a shift"
    other = frozenset({day + 9 * DAY})
    always = listing({day}, shifted(Shift(1, 1)))
    assert find_shift(day, lambda first, last: always(first, last) | other) is None, "no shift includes the other day"


@given(first=days, length=st.integers(0, 400), summer=st.sampled_from(SHIFTS), winter=st.sampled_from(SHIFTS), day=days)
def test_ask_for_gives_dates_that_list_the_window(
    first: date, length: int, summer: Shift, winter: Shift, day: date
) -> None:
    window = Window(first, first + length * DAY)
    dates = DateFilter(summer, winter)
    asked = dates.ask_for(window, TODAY)
    ends = (window.first, min(window.last, TODAY))
    included = asked[0] + dates.shift_of(ends[0]).first * DAY <= day <= asked[1] + dates.shift_of(ends[1]).last * DAY
    assert included == (ends[0] <= day <= ends[1])


@given(first=days, length=st.integers(1, 900), middle=st.integers(1, 900), day=days)
def test_utc_filter_lists_parts_of_a_window_without_gap_or_overlap(
    first: date, length: int, middle: int, day: date
) -> None:
    window = Window(first, min(first + length * DAY, TODAY))
    begin = first + min(middle, length) * DAY
    if begin > window.last or not (IN_UTC.may_begin(begin) and IN_UTC.may_begin(window.first)):
        return
    if not IN_UTC.may_begin(window.last + DAY):
        return
    parts = split_at(window, begin)
    listed = [in_utc(*IN_UTC.ask_for(part, TODAY), day) for part in parts]
    assert listed == [part.first <= day <= part.last for part in parts]


def test_range_cannot_begin_on_the_day_after_the_clocks_go_forward_with_a_utc_filter() -> None:
    assert not IN_UTC.may_begin(date(2026, 3, 30))
    assert all(IN_UTC.may_begin(date(2026, 1, 1) + n * DAY) for n in range(365) if n != 88)
    assert DateFilter().may_begin(date(2026, 3, 30))
    assert DateFilter().may_begin(date.min)
    assert IN_UTC.may_begin(date.min), "no range ends before the first date"
    assert DateFilter(summer=Shift(0, 1)).may_begin(date(2026, 3, 30)), "both seasons begin with the date asked for"


def test_open_ends_stay_within_the_range_of_dates() -> None:
    everything = Window(date.min, date.max)
    assert DateFilter(Shift(1, 1), Shift(1, -1)).ask_for(everything, TODAY) == (date.min, TODAY + DAY)


def test_seasons_change_with_the_clocks_in_london() -> None:
    assert [season_of(date(2026, 3, day)) for day in (29, 30)] == ["winter", "summer"]
    assert [season_of(date(2026, 10, day)) for day in (25, 26)] == ["summer", "winter"]
    assert last_day_of_other_season(date(2026, 11, 2)) == date(2026, 10, 25)
    assert last_day_of_other_season(date(2026, 7, 1)) == date(2026, 3, 29)
