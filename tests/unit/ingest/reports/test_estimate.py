"""Tests the estimate of a backfill: requests, time and disk."""

from __future__ import annotations

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from ingest.reports.estimate import DECISION_BYTES, Estimate, describe_backfill, estimate_backfill

HOUR, DAY = 3_600, 86_400


def estimate(
    listed: int, stored: int = 0, *, pace: float = 1.0, daily: int = 50_000, limit: int | None = None
) -> Estimate:
    return estimate_backfill(listed, stored, pace_seconds=pace, daily_requests=daily, limit=limit)


def test_each_decision_is_a_request_and_each_ten_listed_are_another() -> None:
    assert estimate(57_480).requests == 57_480 + 5_748
    assert estimate(101).requests == 101 + 11
    assert estimate(0) == Estimate(0, 0, 0, 0.0, 0, 1.0, 50_000)


def test_stored_decisions_are_listed_again_and_not_fetched() -> None:
    assert (estimate(1_000, 900).decisions, estimate(1_000, 900).requests) == (100, 200)
    more = estimate(1_000, 1_200)
    assert (more.decisions, more.requests, more.bytes) == (0, 100, 0), "decisions that left the site are stored too"


def test_the_time_depends_only_on_the_pace_within_the_daily_limit() -> None:
    assert estimate(1_000, pace=2).seconds == 2_200
    assert estimate(50_000, pace=10).seconds == 550_000, "at this pace a day is too short for the daily limit"


def test_requests_above_the_daily_limit_take_another_day() -> None:
    assert estimate(57_480, daily=63_228).seconds == 63_228
    assert estimate(57_480, daily=63_227).seconds == DAY + 1
    assert estimate(10_000, daily=1_000).seconds == 10 * DAY + 1_000


def test_a_recently_listed_range_is_not_listed_again() -> None:
    one = estimate_backfill(1_000, 900, pace_seconds=1, daily_requests=9_999, is_listed=True)
    assert (one.decisions, one.requests) == (100, 100)


def test_the_estimate_fetches_no_more_than_the_limit() -> None:
    assert (estimate(57_480, limit=5).decisions, estimate(57_480, limit=5).requests) == (5, 6)
    assert estimate(57_480, 57_478, limit=5) == estimate(57_480, 57_478)


def test_the_disk_estimate_counts_the_decisions_to_fetch() -> None:
    assert estimate(1_000, 400).bytes == 600 * DECISION_BYTES
    assert estimate_backfill(10, 0, pace_seconds=1, daily_requests=9, decision_bytes=7).bytes == 70


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            estimate(57_480),
            "estimate: 57,480 of 57,480 listed decisions to fetch; about 63,228 requests, 27.7 hours or more (one "
            "request in 1 s, 50,000 a day), about 1.3 GB of disk",
        ),
        (
            estimate(57_480, 57_000, pace=0.5),
            "estimate: 480 of 57,480 listed decisions to fetch; about 6,228 requests, 51.9 min or more (one request in "
            "0.5 s, 50,000 a day), about 11 MB of disk",
        ),
        (
            estimate(20, daily=5),
            "estimate: 20 of 20 listed decisions to fetch; about 22 requests, 4.0 days or more (one request in 1 s, 5 "
            "a day), about 460 kB of disk",
        ),
        (
            estimate(20),
            "estimate: 20 of 20 listed decisions to fetch; about 22 requests, 22 s or more (one request in 1 s, 50,000 "
            "a day), about 460 kB of disk",
        ),
    ],
)
def test_the_estimate_states_requests_time_and_pace(one: Estimate, sentence: str) -> None:
    assert str(one) == sentence


@pytest.mark.parametrize(
    ("total", "expected", "stored", "start"),
    [
        (100, 100, 40, "estimate: 60 of 100 listed decisions to fetch; about 70 requests"),
        (100, 100, 100, "estimate: 0 of 100 listed decisions to fetch; about 10 requests"),
        (100, 120, 120, "estimate: 0 of 100 listed decisions to fetch; about 10 requests"),
        (None, 100, 40, "estimate: 60 of 100 listed decisions to fetch; about 60 requests"),
        (None, 40, 40, ""),
        (None, 0, 0, ""),
    ],
)
def test_an_estimate_is_shown_if_the_total_is_known_and_something_is_left(
    total: int | None, expected: int, stored: int, start: str
) -> None:
    line = describe_backfill(total, expected, stored, pace_seconds=1, daily_requests=999, limit=None)
    assert line.startswith(start)
    assert bool(line) == bool(start)


@seed(1)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 60), st.integers(1, 10**6))
def test_no_day_of_the_estimate_has_more_requests_than_pace_and_daily_limit_allow(
    listed: int, stored: int, pace: float, daily: int
) -> None:
    one = estimate(listed, stored, pace=pace, daily=daily)
    assert one.seconds >= one.requests * pace
    days = int(one.seconds // DAY) + 1
    assert one.requests <= days * daily


@pytest.mark.parametrize(("free", "is_named"), [(None, False), (60 * DECISION_BYTES, False), (1_000_000, True)])
def test_an_estimate_names_a_lack_of_disk_space(free: int | None, is_named: bool) -> None:
    line = describe_backfill(100, 100, 40, pace_seconds=1, daily_requests=999, limit=None, free_bytes=free)
    words = (
        ", and only 1.0 MB is free: free disk space, or fetch fewer dates; if the disk gets full, nothing stored is "
        "lost"
    )
    assert line.endswith(words if is_named else "about 1.4 MB of disk")


def test_a_line_about_a_limited_backfill_counts_no_more_than_the_limit() -> None:
    line = describe_backfill(100, 100, 0, pace_seconds=1, daily_requests=999, limit=5)
    assert line.startswith("estimate: 5 of 100 listed decisions to fetch; about 6 requests, 6 s or more")


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        *((89, "89 s"), (90, "1.5 min"), (5_370, "89.5 min"), (5_400, "1.5 hours"), (7_200, "2.0 hours")),
        *((2 * DAY - HOUR, "47.0 hours"), (2 * DAY, "2.0 days"), (DAY * 1_000, "1,000.0 days")),
    ],
)
def test_a_time_is_given_in_seconds_minutes_hours_or_days(requests: int, words: str) -> None:
    one = Estimate(0, 0, requests, float(requests), 0, 1.0, 10**9)
    assert f" requests, {words} or more (" in str(one)
