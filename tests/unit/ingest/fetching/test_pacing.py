"""The gap between two requests, computed without clocks; test_throttle.py runs it on two clocks."""

from __future__ import annotations

import pytest

from ingest.fetching.pacing import CLOCK_GRAIN_SECONDS, Instant, Pacing
from storage.journal import Pace

WALL = 1_800_000_000.0


def at(seconds: float) -> Instant:
    return Instant(WALL + seconds, seconds)


def begun(pace_seconds: float) -> Pacing:
    pacing = Pacing(pace_seconds)
    pacing.begin(at(10))
    return pacing


def test_the_first_request_does_not_wait() -> None:
    pacing = Pacing(1.0)
    assert pacing.find_wait(0.0) < 0
    assert pacing.find_hold(0.0) < 0


def test_the_gap_starts_at_the_last_request_and_is_stored_for_others() -> None:
    pacing = begun(2.0)
    assert pacing.find_wait(10.5) == 1.5
    assert (pacing.pace.next_at, pacing.pace.gap) == (WALL + 12, 2.0)


def test_errors_double_the_gap_up_to_32_times_and_successes_shorten_it_again() -> None:
    pacing = begun(1.0)
    for expected in (2.0, 4.0, 8.0, 16.0, 32.0, 32.0):
        pacing.record_answer(0.1, is_error=True)
        assert pacing.pace.gap == expected
    pacing.record_answer(0.1, is_error=False)
    assert pacing.pace.gap == pytest.approx(25.6)
    for _ in range(20):
        pacing.record_answer(0.1, is_error=False)
    assert pacing.pace.gap == 1.0


def test_the_gap_is_twice_the_usual_response_time_if_the_site_is_slow() -> None:
    pacing = begun(1.0)
    pacing.record_answer(8.0, is_error=False)  # a quarter of the weight: 2 seconds
    assert pacing.pace.gap == 4.0


def test_there_is_no_gap_if_none_is_promised() -> None:
    pacing = begun(0.0)
    pacing.record_answer(8.0, is_error=True)
    assert pacing.find_wait(10.0) == 0.0


def test_a_crawl_delay_applies_to_the_current_gap_and_never_shortens_the_pace() -> None:
    pacing = begun(2.0)
    pacing.set_crawl_delay(5.0)
    assert (pacing.promised_gap, pacing.find_wait(10.0)) == (5.0, 5.0)
    pacing.set_crawl_delay(1.0)
    assert (pacing.promised_gap, pacing.find_wait(10.0)) == (2.0, 2.0)


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    pacing = begun(1.0)
    pacing.hold(60.0, at(11))
    pacing.hold(5.0, at(12))
    assert pacing.find_hold(12.0) == 59.0
    assert (pacing.pace.hold_until, pacing.pace.hold) == (WALL + 71, 60.0)


def test_the_pace_of_another_process_is_respected() -> None:
    pacing = Pacing(1.0)
    pacing.adopt(Pace(next_at=WALL + 102, gap=3.0, hold_until=WALL + 130, hold=60.0), at(100))
    assert pacing.find_wait(100.0) == pytest.approx(2 + CLOCK_GRAIN_SECONDS)
    assert pacing.find_hold(100.0) == pytest.approx(30 + CLOCK_GRAIN_SECONDS)
    assert pacing.pace == pacing.stored


def test_a_wall_clock_that_was_set_back_extends_no_wait() -> None:
    pacing = Pacing(1.0)
    pacing.adopt(Pace(next_at=WALL + 9_000, gap=3.0, hold_until=WALL + 9_000, hold=60.0), at(100))
    assert pacing.find_wait(100.0) == 3.0
    assert pacing.find_hold(100.0) == 60.0
    assert pacing.pace.hold_until == WALL + 160, "it is stored for other processes, so that the hold counts down"
    assert pacing.stored.hold_until == WALL + 9_000
