"""The retry policy, with failures and pauses from the test."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import Blocked, Gone, HeldOff, Refused, Stopped, Unreachable
from ingest.fetching.retry import call_with_retries, find_retry_wait
from storage.errors import LgscoError

BUSY = Refused("/x: the site answers 503", status=503)
BROKEN = Unreachable("/x: no complete response")


class Calls:
    """Fails with each of these errors in turn, then succeeds."""

    def __init__(self, errors: Iterable[LgscoError], then: Callable[[], None] = lambda: None) -> None:
        self._errors = list(errors)
        self._then = then
        self.numbers: list[int] = []
        self.pauses: list[tuple[float, str]] = []

    def call(self, number: int) -> str:
        self.numbers.append(number)
        if len(self.numbers) <= len(self._errors):
            self._then()
            raise self._errors[len(self.numbers) - 1]
        return "found"

    def run(self, stop: Stop | None = None, tries: int = 4) -> str:
        def pause(seconds: float, reason: str) -> None:
            self.pauses.append((seconds, reason))

        clock = Clock(random=random.Random(1))
        return call_with_retries(self.call, Fetch(tries=tries, retry_wait=2), clock, stop or Stop(), pause)


def test_the_wait_doubles_after_each_failure_up_to_the_configured_maximum() -> None:
    settings = Fetch(retry_wait=2.0, retry_wait_most=15.0)
    assert [find_retry_wait(failed, settings, 0.0) for failed in range(1, 6)] == [2.0, 4.0, 8.0, 15.0, 15.0]


def test_chance_adds_up_to_a_quarter_to_the_wait_within_the_maximum() -> None:
    settings = Fetch(retry_wait=8.0, retry_wait_most=9.0)
    assert [find_retry_wait(1, settings, chance) for chance in (0.0, 0.25, 1.0)] == [8.0, 8.5, 9.0]


def test_failures_are_retried_until_one_try_succeeds() -> None:
    calls = Calls([BUSY, BROKEN])
    assert calls.run() == "found"
    assert calls.numbers == [1, 2, 3]
    assert [reason for _, reason in calls.pauses] == ["next try at"] * 2
    (first, _), (second, _) = calls.pauses
    assert 2 <= first <= 2.5
    assert 4 <= second <= 5


def test_the_last_failure_is_raised_when_all_tries_are_used() -> None:
    calls = Calls([BUSY, BUSY, BROKEN])
    with pytest.raises(Unreachable):
        calls.run(tries=3)
    assert calls.numbers == [1, 2, 3]
    assert len(calls.pauses) == 2


@pytest.mark.parametrize(
    "error", [Gone("/x: gone", status=404), Refused("/x: the site answers 400", status=400), Blocked("robots.txt")]
)
def test_a_permanent_failure_is_raised_at_once(error: LgscoError) -> None:
    calls = Calls([error])
    with pytest.raises(type(error)):
        calls.run()
    assert (calls.numbers, calls.pauses) == ([1], [])


def test_a_hold_names_the_failure_that_it_followed() -> None:
    calls = Calls([BUSY, HeldOff("the site asked for a wait")])
    with pytest.raises(HeldOff, match=r"^/x: the site answers 503, and the site asked for a wait$") as raised:
        calls.run()
    assert raised.value.by is BUSY


def test_a_stop_between_two_tries_is_raised_instead_of_the_failure() -> None:
    stop = Stop()
    calls = Calls([BUSY], then=stop.set)
    with pytest.raises(Stopped):
        calls.run(stop)
    assert (calls.numbers, calls.pauses) == ([1], [])
