"""Computes when the next request may go out, from what this process and others recorded. Reads no clock or database."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from storage.journal import Pace

CLOCK_GRAIN_SECONDS = 0.001
"""More than an instant of the wall clock can lose when it is stored."""

_MAX_SLOWDOWN = 32.0
"""The most times slower than usual that requests go out while the site fails."""

_SLOWDOWN_KEPT = 0.8
"""The part of the slowdown that is left after each response without an error."""

_LATENCY_WEIGHT = 0.25
"""The weight of the newest response in the moving average of response times."""


class Instant(NamedTuple):
    """One instant by both clocks."""

    wall: float
    """Seconds since 1970. Other processes can read it, and it can be set back or forward."""
    monotonic: float
    """Seconds by the clock of this process, which nobody sets."""


class Pacing:
    """The pace that all processes on one database share, as this process knows it.

    The database has wall-clock instants. This process waits by its monotonic clock, so that setting the wall clock
    neither shortens nor extends a wait.
    """

    def __init__(self, pace_seconds: float) -> None:
        """`pace_seconds`: the configured time from the start of one request to the start of the next."""
        self._pace_seconds = pace_seconds
        self._crawl_delay = 0.0
        self._began: Instant | None = None
        """When the last request of this process went out."""
        self._next_at = float("-inf")
        self._held_until = float("-inf")
        self.pace = Pace()
        """What other processes are to know."""
        self.stored = Pace()
        """What the database said when it was last read or written."""

    @property
    def promised_gap(self) -> float:
        """Seconds from one request to the next that the site can count on: the configured pace, or robots.txt's crawl
        delay if it is longer."""
        return max(self._pace_seconds, self._crawl_delay)

    def find_wait(self, monotonic: float) -> float:
        """Seconds until the gap after the last request is over; negative after it."""
        return self._next_at - monotonic

    def find_hold(self, monotonic: float) -> float:
        """Seconds until the wait that the site asked for is over; negative after it."""
        return self._held_until - monotonic

    def adopt(self, pace: Pace, now: Instant) -> None:
        """Goes on from the pace that another process stored. If the clock was set back since, no wait is longer than it
        was meant to be."""
        self.pace = self.stored = pace
        gap_left = min(pace.next_at - now.wall + CLOCK_GRAIN_SECONDS, pace.gap)
        hold_left = min(pace.hold_until - now.wall + CLOCK_GRAIN_SECONDS, pace.hold)
        self._next_at = max(self._next_at, now.monotonic + gap_left)
        self._held_until = max(self._held_until, now.monotonic + hold_left)
        if pace.hold_until - now.wall > pace.hold:  # the clock was set back; let the hold count down all the same
            self.pace = replace(pace, hold_until=now.wall + pace.hold)

    def begin(self, now: Instant) -> None:
        """A request goes out: the gap to the next one starts."""
        self._began = now
        self._set_gap()

    def find_delay(self, monotonic: float) -> float:
        """Seconds since the last request went out."""
        return monotonic - self._began.monotonic if self._began is not None else 0.0

    def set_crawl_delay(self, seconds: float) -> None:
        """Sets the crawl delay of robots.txt, which also holds for the current gap."""
        self._crawl_delay = seconds
        self._set_gap()

    def record_answer(self, seconds: float, *, is_error: bool) -> None:
        """Adapts the gap to a response that took so many seconds: longer if it is slow or an error."""
        slowdown = self.pace.ease
        slowdown = min(slowdown * 2, _MAX_SLOWDOWN) if is_error else max(1.0, slowdown * _SLOWDOWN_KEPT)
        latency = self.pace.latency + (seconds - self.pace.latency) * _LATENCY_WEIGHT
        self.pace = replace(self.pace, ease=slowdown, latency=latency)
        self._set_gap()

    def hold(self, seconds: float, now: Instant) -> None:
        """Lets no process make a request for so many seconds; never shortens an earlier hold."""
        held_until = now.monotonic + seconds
        if held_until > self._held_until:
            self._held_until = held_until
            self.pace = replace(self.pace, hold_until=now.wall + seconds, hold=seconds)

    def _set_gap(self) -> None:
        """Sets the gap after the last request: at least the promised gap, slower while the site fails, and at least
        twice the usual response time. No gap at all if none is promised."""
        if self._began is None:
            return
        promised = self.promised_gap
        gap = max(promised * self.pace.ease, 2 * self.pace.latency) if promised else 0.0
        self._next_at = self._began.monotonic + gap
        self.pace = replace(self.pace, next_at=self._began.wall + gap, gap=gap)
