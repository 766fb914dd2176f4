"""Tests whether a daemon is called running or missing at the limits, and when the next sync is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.reports.daemon_state import (
    CLOCK_AHEAD_SECONDS,
    DAEMON_MISSING_SECONDS,
    DAEMON_SILENT_SECONDS,
    count_silent_seconds,
    find_next_sync,
    is_missing,
    is_running,
)
from storage.status import Daemon

SEEN = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAEMON = Daemon(77, "2026-11-01T00:00:00Z", "2026-11-02T12:00:00Z", "2026-11-02T19:30:00Z", None)


def after(seconds: float) -> datetime:
    return SEEN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "runs"),
    [
        (-CLOCK_AHEAD_SECONDS - 1, False),
        (-CLOCK_AHEAD_SECONDS, True),
        (DAEMON_SILENT_SECONDS - 1, True),
        (DAEMON_SILENT_SECONDS, False),
    ],
)
def test_a_daemon_runs_while_its_heartbeat_is_neither_old_nor_far_ahead(seconds: int, runs: bool) -> None:
    assert count_silent_seconds(DAEMON, after(seconds)) == seconds
    assert is_running(DAEMON, after(seconds)) is runs


@pytest.mark.parametrize(
    ("seconds", "missing"),
    [
        (-CLOCK_AHEAD_SECONDS - 1, True),
        (-CLOCK_AHEAD_SECONDS, False),
        (DAEMON_MISSING_SECONDS, False),
        (DAEMON_MISSING_SECONDS + 1, True),
    ],
)
def test_a_silent_daemon_is_missing_after_ten_minutes_or_if_the_clock_was_set_back(seconds: int, missing: bool) -> None:
    assert is_missing(DAEMON, after(seconds), None, expected=False) is missing


def test_only_a_sync_by_hand_after_the_last_heartbeat_excuses_a_silent_daemon() -> None:
    now = after(DAEMON_MISSING_SECONDS + 1)
    assert is_missing(DAEMON, now, DAEMON.seen_at, expected=False)
    assert not is_missing(DAEMON, now, "2026-11-02T12:00:01Z", expected=False)


def test_the_next_sync_is_the_daemons_plan_or_else_the_timetables() -> None:
    def timetable(now: datetime) -> str | None:
        return f"after {now.hour}"

    assert find_next_sync(DAEMON, SEEN, timetable, runs=True, expected=False) == DAEMON.next_at
    assert find_next_sync(DAEMON, SEEN, timetable, runs=False, expected=False) == "after 12"
    assert find_next_sync(None, SEEN, timetable, runs=False, expected=True) == "after 12"
    assert find_next_sync(None, SEEN, timetable, runs=False, expected=False) is None
