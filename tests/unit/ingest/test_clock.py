"""Instants, London days, and how a signal ends a wait."""

from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from ingest.clock import Clock, Stop, instant, london_day
from ingest.errors import Stopped


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("2026-07-01T22:59:59Z", date(2026, 7, 1)),
        ("2026-07-01T23:00:00Z", date(2026, 7, 2)),
        ("2026-12-01T23:59:59Z", date(2026, 12, 1)),
    ],
    ids=["before midnight in summer", "midnight in summer", "winter"],
)
def test_a_day_is_that_of_london(stamp: str, day: date) -> None:
    assert london_day(stamp) == day
    assert Clock(now=lambda: datetime.fromisoformat(stamp)).today() == day


def test_an_instant_is_stored_in_utc_with_whole_seconds() -> None:
    there = datetime(2026, 11, 2, 14, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert instant(there) == "2026-11-02T12:00:00Z"
    assert instant(there, -3600) == "2026-11-02T11:00:00Z"
    assert Clock(now=lambda: datetime(2026, 11, 2, 12, tzinfo=UTC)).stamp(60) == "2026-11-02T12:01:00Z"


def test_a_sleep_ends_when_the_work_is_to_stop() -> None:
    stop = Stop()
    stop.set()
    Clock().sleep(3600, stop)
    with pytest.raises(Stopped) as stopped:
        stop.raise_if_set()
    assert stopped.value.exit_code == 130


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_asks_the_work_to_stop_with_its_exit_code(number: signal.Signals, code: int) -> None:
    stop, before = Stop(), signal.getsignal(number)
    stop.raise_if_set()
    with stop.on_signals():
        os.kill(os.getpid(), number)
        assert stop.wait(10)
    assert stop.exit_code == code
    assert signal.getsignal(number) == before, "the handler from before is back"


def test_a_signal_ends_a_wait_that_nothing_else_can_end() -> None:
    stop = Stop()

    def wait() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(10)

    with pytest.raises(Stopped), stop.on_signals(), stop.interruptible():
        wait()
