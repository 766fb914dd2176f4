"""When the daemon may do a slice, and how much a slice may use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.config import Schedule
from ingest.fetching.quiet_hours import find_seconds_left
from ingest.tasks.slice_times import SLICE_SECONDS, Slice, Wait, find_slice, find_suspension

NIGHT = datetime(2026, 11, 2, 22, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def at(
    now: datetime,
    *,
    quiet: tuple[str, ...] = (),
    requests: int = 0,
    suspended: datetime | None = None,
    earliest: datetime = LONG_AGO,
    is_fill: bool = True,
) -> Slice | Wait:
    return find_slice(
        *(now, Schedule(), quiet),
        requests_today=requests,
        suspended_until=suspended,
        earliest=earliest,
        is_fill=is_fill,
    )


def test_the_fill_runs_in_its_hours_and_interrupted_backfills_at_any_hour() -> None:
    assert at(NIGHT) == Slice(SLICE_SECONDS, 5_000)
    assert at(NOON) == Wait(datetime(2026, 11, 2, 20, tzinfo=UTC), "outside fill_hours")
    assert at(NOON, is_fill=False) == Slice(SLICE_SECONDS, 5_000)


def test_fill_hours_are_london_hours_in_summer_too() -> None:
    summer = datetime(2026, 7, 1, 19, tzinfo=UTC)
    assert isinstance(at(summer), Slice)
    assert isinstance(at(summer - timedelta(seconds=1)), Wait)


def test_a_slice_ends_with_the_fill_hours_and_before_quiet_hours() -> None:
    assert at(datetime(2026, 11, 3, 5, 58, tzinfo=UTC)) == Slice(120, 5_000)
    assert at(NIGHT, quiet=("22:01-22:30",)) == Slice(60, 5_000)


def test_slices_share_the_days_requests_and_then_wait_for_the_next_day() -> None:
    assert at(NIGHT, requests=4_990) == Slice(SLICE_SECONDS, 10)
    assert at(NIGHT, requests=5_000) == Wait(datetime(2026, 11, 3, tzinfo=UTC), "today's requests are used up")


def test_no_slice_starts_before_a_suspension_or_requested_wait_ends() -> None:
    later = NIGHT + timedelta(days=2)
    for is_fill in (True, False):
        assert at(NIGHT, suspended=later, is_fill=is_fill) == Wait(later, "suspended")
        assert at(NIGHT, earliest=later, is_fill=is_fill) == Wait(later, "no request is allowed yet")
    assert isinstance(at(NIGHT, suspended=NIGHT), Slice)


@pytest.mark.parametrize(("before", "days"), [(0, 1), (1, 2), (2, 4), (3, 7), (30, 7)])
def test_each_suspension_is_longer_than_the_one_before(before: int, days: int) -> None:
    assert find_suspension(before, NOON) == NOON + timedelta(days=days)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda then: then.replace(tzinfo=UTC)),  # noqa: DTZ001
    st.sampled_from([(), ("08:00-18:00",), ("23:00-01:00", "03:00-04:00")]),
    st.integers(0, 6_000),
    st.booleans(),
)
def test_no_slice_exceeds_its_hours_or_requests(
    now: datetime, quiet: tuple[str, ...], requests: int, is_fill: bool
) -> None:
    quiet_left = find_seconds_left(quiet, now)
    found = at(now, quiet=quiet, requests=requests, is_fill=is_fill, earliest=now + timedelta(seconds=quiet_left))
    if isinstance(found, Wait):
        assert found.until > now
        return
    assert 0 < found.seconds <= SLICE_SECONDS
    assert 0 < found.requests == 5_000 - requests
    for share in (0, 0.5, 0.999):
        then = now + timedelta(seconds=share * found.seconds)
        assert find_seconds_left(quiet, then) == 0
        assert not is_fill or find_seconds_left(["20:00-06:00"], then) > 0
