"""Provides time, sleep, random numbers and signals to all other modules, so that tests can replace them."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from threading import Event, Thread
from zoneinfo import ZoneInfo

from ingest.errors import Stopped

LONDON = ZoneInfo("Europe/London")
"""The time zone of the site's dates."""


class Stop(Event):
    """An event that asks the work to stop. `exit_code`: the exit code of the program after that."""

    exit_code = 130
    _is_interruptible = False

    def raise_if_set(self) -> None:
        """Raises Stopped if it is set."""
        if self.is_set():
            raise Stopped(self.exit_code)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """While the context lasts, a signal raises Stopped in the main thread.

        For waits that nothing else can end, such as the wait for a response.
        """
        self._is_interruptible = True
        try:
            yield
        finally:
            self._is_interruptible = False

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """While the context lasts, signals set this event instead of ending the program.

        The signals are SIGINT (exit code 130), SIGTERM (143) and, unless it is ignored, SIGHUP (129).
        """

        def ask(number: int, _frame: object) -> None:
            self.exit_code = 128 + number
            # The handler runs in the main thread, which may be inside `wait` and hold the event's lock.
            Thread(target=self.set, daemon=True).start()
            if self._is_interruptible:
                raise Stopped(self.exit_code)

        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the program. Tests pass their own."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float, Event], None] = field(default=lambda seconds, stop: discard(stop.wait(seconds)))
    """Sleeps so many seconds, or until the event is set."""
    random: Random = field(default_factory=Random)

    def stamp(self, later: float = 0) -> str:
        """Formats this instant, or the one `later` seconds after it: UTC, ISO 8601 with Z."""
        return instant(self.now(), later)

    def today(self) -> date:
        """Returns today's date in London."""
        return self.now().astimezone(LONDON).date()


def london_day(stamp: str) -> date:
    """Returns the London date of a stored instant."""
    return datetime.fromisoformat(stamp).astimezone(LONDON).date()


def instant(at: datetime, later: float = 0) -> str:
    """Formats an instant as it is stored: UTC, ISO 8601 with Z, whole seconds."""
    moment = datetime.fromtimestamp(at.timestamp() + later, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")  # a third of the time of `strftime`


def discard(_: object) -> None:
    """Discards a value, so that a lambda returns None."""
