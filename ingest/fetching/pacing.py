"""Computes when the next request may be sent. Reads no clock and no database."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from storage.journal import Pace

CLOCK_GRAIN_SECONDS = 0.001
"""More than the rounding error of a stored wall-clock instant."""

_MAX_SLOWDOWN = 32.0
"""The greatest factor by which the gap between requests grows while the site fails."""

_SLOWDOWN_KEPT = 0.8
"""The share of the slowdown that remains after each response without an error."""

_LATENCY_WEIGHT = 0.25
"""The weight of the newest response in the moving average of response times."""


class Instant(NamedTuple):
    """One instant by both clocks."""

    wall: float
    """Seconds since 1970. Other processes can read it, and it can be set back or forward."""
    monotonic: float
    """Seconds of the monotonic clock of this process, which cannot be set."""


class Pacing:
    """The pace that all processes on one database share, as this process knows it.

    The database stores wall-clock instants. This process waits by its monotonic clock, so that a change of the wall
    clock neither shortens nor extends a wait.
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
        """The pace for other processes, to be stored."""
        self.stored = Pace()
        """The pace in the database when it was last read or written."""

    @property
    def promised_gap(self) -> float:
        """Returns the least seconds between requests: the configured pace or, if longer, robots.txt's crawl delay."""
        return max(self._pace_seconds, self._crawl_delay)

    def find_wait(self, monotonic: float) -> float:
        """Returns the seconds until the gap after the last request is over; negative after it."""
        return self._next_at - monotonic

    def find_hold(self, monotonic: float) -> float:
        """Returns the seconds until the wait that the site asked for is over; negative after it."""
        return self._held_until - monotonic

    def adopt(self, pace: Pace, now: Instant) -> None:
        """Adopts the pace that another process stored.

        If the wall clock was set back since, no wait is longer than the recorded gap or hold.
        """
        self.pace = self.stored = pace
        gap_left = min(pace.next_at - now.wall + CLOCK_GRAIN_SECONDS, pace.gap)
        hold_left = min(pace.hold_until - now.wall + CLOCK_GRAIN_SECONDS, pace.hold)
        self._next_at = max(self._next_at, now.monotonic + gap_left)
        self._held_until = max(self._held_until, now.monotonic + hold_left)
        if pace.hold_until - now.wall > pace.hold:  # the clock was set back; the hold must count down all the same
            self.pace = replace(pace, hold_until=now.wall + pace.hold)

    def begin(self, now: Instant) -> None:
        """Records that a request goes out, which starts the gap to the next one."""
        self._began = now
        self._set_gap()

    def find_delay(self, monotonic: float) -> float:
        """Returns the seconds since the last request went out; 0 if none did."""
        return monotonic - self._began.monotonic if self._began is not None else 0.0

    def set_crawl_delay(self, seconds: float) -> None:
        """Sets the crawl delay of robots.txt. It applies to the current gap too."""
        self._crawl_delay = seconds
        self._set_gap()

    def record_answer(self, seconds: float, *, is_error: bool) -> None:
        """Adapts the gap to a response that took `seconds`: longer if it was slow or an error."""
        slowdown = self.pace.ease
        slowdown = min(slowdown * 2, _MAX_SLOWDOWN) if is_error else max(1.0, slowdown * _SLOWDOWN_KEPT)
        latency = self.pace.latency + (seconds - self.pace.latency) * _LATENCY_WEIGHT
        self.pace = replace(self.pace, ease=slowdown, latency=latency)
        self._set_gap()

    def hold(self, seconds: float, now: Instant) -> None:
        """Stops the requests of all processes for `seconds`. It never shortens an earlier hold."""
        held_until = now.monotonic + seconds
        if held_until > self._held_until:
            self._held_until = held_until
            self.pace = replace(self.pace, hold_until=now.wall + seconds, hold=seconds)

    def _set_gap(self) -> None:
        """Sets the gap after the last request.

        It is at least the promised gap, longer while the site fails, and at least twice the usual response time.
        Without a promised gap there is none.
        """
        if self._began is None:
            return
        promised = self.promised_gap
        gap = max(promised * self.pace.ease, 2 * self.pace.latency) if promised else 0.0
        self._next_at = self._began.monotonic + gap
        self.pace = replace(self.pace, next_at=self._began.wall + gap, gap=gap)
