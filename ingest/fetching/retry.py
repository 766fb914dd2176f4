"""Decides which failures are retried, how often, and with which back-off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_when_event_set

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import FetchError, HeldOff, Stopped

T = TypeVar("T")


def find_retry_wait(failed_tries: int, settings: Fetch, chance: float) -> float:
    """Returns the seconds to wait after some failed tries: `retry_wait`, doubled for each, at most `retry_wait_most`.

    `chance`: from 0 to 1; adds up to a quarter, so that clients that failed together do not retry together. A wait that
    the site asks for with Retry-After does not count here: the throttle enforces it for every process.
    """
    wait = settings.retry_wait * 2.0 ** (failed_tries - 1) * (1 + chance / 4)
    return min(wait, settings.retry_wait_most)


class _Tries(Generic[T]):
    """The tries of one call, the first of which has failed."""

    def __init__(self, call: Callable[[int], T], failure: FetchError) -> None:
        self._call = call
        self.failure = failure
        """The error of the last try."""

    def make(self, number: int) -> T:
        """Makes a try, from 1. Raises its error; for the first, the one that is known."""
        if number == 1:
            raise self.failure
        try:
            return self._call(number)
        except FetchError as error:
            self.failure = error
            raise


def call_with_retries(
    call: Callable[[int], T], settings: Fetch, clock: Clock, stop: Stop, pause: Callable[[float, str], None]
) -> T:
    """Calls `call` with the number of the try, from 1, until it succeeds or `settings.tries` are used up.

    A FetchError with a true `retry` is retried. `pause` waits; it gets the seconds and the reason in words. Raises
    the error of the last try; HeldOff, with the failure before it if there was one; and Stopped if a stop is requested
    before all tries are used.
    """
    try:
        return call(1)  # most calls succeed and need no `Retrying`, whose making takes CPU time
    except FetchError as error:
        tries = _Tries(call, error)
    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retry),
        stop=stop_after_attempt(settings.tries) | stop_when_event_set(stop),
        wait=lambda state: find_retry_wait(state.attempt_number, settings, clock.random.random()),
        sleep=lambda seconds: pause(seconds, "next try at"),
        reraise=True,
    )
    try:
        for attempt in retrying:
            with attempt:
                return tries.make(attempt.retry_state.attempt_number)
    except HeldOff as error:
        raise HeldOff(str(error), tries.failure) from None
    except FetchError:
        if stop.is_set():
            raise Stopped(stop.exit_code) from None
        raise
    raise AssertionError("tenacity ends with a result or an error")
