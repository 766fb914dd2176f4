"""Decides whether a daemon runs, whether one should, and when its next sync is due. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from storage.lock import Holder
from storage.status import Daemon

DAEMON_SILENT_SECONDS = 300
"""A daemon without a heartbeat for this many seconds is not running. It writes one a minute."""

DAEMON_MISSING_SECONDS = 600
"""A daemon without a heartbeat for more than this many seconds, and without a recorded stop, should run and does
not."""

CLOCK_AHEAD_SECONDS = 60
"""A heartbeat this many seconds in the future was written before the clock was set back, and proves nothing."""


def count_silent_seconds(daemon: Daemon, now: datetime) -> float:
    """Returns the seconds since the daemon's last heartbeat."""
    return (now - datetime.fromisoformat(daemon.seen_at)).total_seconds()


def is_running(daemon: Daemon, now: datetime) -> bool:
    """Whether a daemon runs: it recorded no stop, and wrote a heartbeat in the last five minutes.

    A heartbeat in the future was written before the clock was set back; a running daemon writes another within a
    minute.
    """
    silent = count_silent_seconds(daemon, now)
    return daemon.stopped_at is None and -CLOCK_AHEAD_SECONDS <= silent < DAEMON_SILENT_SECONDS


def is_missing(daemon: Daemon | None, now: datetime, sync_by_hand: str | None, *, expected: bool) -> bool:
    """Whether a daemon that should run does not.

    A daemon with an old heartbeat and no recorded stop should run, until a later sync by hand succeeds. If none ever
    ran, one should run if it is `expected`. `sync_by_hand`: when the last complete sync ended that no daemon ran.
    """
    if daemon is None:
        return expected
    if daemon.stopped_at is not None:
        return False
    silent = count_silent_seconds(daemon, now)
    if silent < -CLOCK_AHEAD_SECONDS:
        return True
    return silent > DAEMON_MISSING_SECONDS and (sync_by_hand is None or sync_by_hand <= daemon.seen_at)


def has_blocked_syncs(holder: Holder | None, now: datetime, next_sync: Callable[[datetime], str | None]) -> bool:
    """Whether a process has held the writer's lock while two syncs of the timetable were due."""
    due = holder.since if holder is not None else None
    for _ in range(2):
        due = next_sync(datetime.fromisoformat(due)) if due is not None else None
    return due is not None and datetime.fromisoformat(due) <= now


def find_next_sync(
    daemon: Daemon | None, now: datetime, next_sync: Callable[[datetime], str | None], *, runs: bool, expected: bool
) -> str | None:
    """Returns when the next sync is due; None where no daemon ever ran and none is expected."""
    if daemon is None:
        return next_sync(now) if expected else None
    return daemon.next_at if runs else next_sync(now)
