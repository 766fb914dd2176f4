"""Time, sleep and chance, as one argument: the only place that asks the machine for them."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Event, Thread
from zoneinfo import ZoneInfo

from ingest.errors import Stopped

LONDON = ZoneInfo("Europe/London")
"""The time zone of the site's dates."""


class Stop(Event):
    """Set to ask the work to end; `exit_code` says how the program then exits."""

    exit_code = 130
    _breakable = False

    def raise_if_set(self) -> None:
        """Raises Stopped once it is set."""
        if self.is_set():
            raise Stopped(self.exit_code)

    @contextlib.contextmanager
    def breaking_off(self) -> Iterator[None]:
        """While the context lasts, a signal breaks off what the main thread waits for, by raising Stopped there: for
        waits that nobody else can end, such as the one for an answer."""
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT (exit code 130), SIGTERM (143) and, unless it is ignored, SIGHUP (129) set it instead of breaking off,
        while the context lasts."""

        def ask(number: int, _frame: object) -> None:
            self.exit_code = 128 + number
            # A handler runs in the main thread, which may be inside `wait` with the event's lock in hand.
            Thread(target=self.set, daemon=True).start()
            if self._breakable:
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
    """What the work asks of time. Tests pass their own."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float, Event], None] = field(default=lambda seconds, stop: void(stop.wait(seconds)))
    """Sleeps so many seconds, or until the event is set."""
    chance: random.Random = field(default_factory=random.Random)

    def stamp(self, later: float = 0) -> str:
        """This instant, or one so many seconds later: UTC, ISO 8601 with Z."""
        return instant(self.now(), later)

    def today(self) -> date:
        """The day in London."""
        return self.now().astimezone(LONDON).date()


def london_day(stamp: str) -> date:
    """The day in London of a stored instant."""
    return datetime.fromisoformat(stamp).astimezone(LONDON).date()


def instant(at: datetime, later: float = 0) -> str:
    """An instant as it is stored: UTC, ISO 8601 with Z, whole seconds."""
    return datetime.fromtimestamp(at.timestamp() + later, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def void(_: object) -> None:
    """Nothing, whatever it is given."""
