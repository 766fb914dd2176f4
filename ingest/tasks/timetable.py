"""Parses the crontab lines of the configuration with APScheduler, and finds when a sync is due.

It refuses lines that never occur, and hours that a change of clocks repeats or skips.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from ingest.clock import Clock, instant
from ingest.config import Config
from ingest.errors import ConfigError
from ingest.wording import describe_duration

_CLOCK_SET_SECONDS = 60.0
"""If the wall clock moves by this much more or less than the monotonic clock within a tick, it was set."""
_HOURS_TWICE_OR_NEVER = frozenset({1, 2})
"""Hours of the day that a change of clocks repeats or skips somewhere in Europe."""


def make_trigger(config: Config) -> OrTrigger:
    """Returns the trigger for syncs. Raises ConfigError, which names the crontab line."""
    zone = ZoneInfo(config.schedule.time_zone)
    origin = config.name_origin("schedule", "sync")
    if not config.schedule.sync:
        raise ConfigError(f"{origin} is empty: the daemon would do nothing; add a crontab line")
    return OrTrigger([_make_trigger(line, zone, origin) for line in config.schedule.sync])


def _make_trigger(line: str, zone: ZoneInfo, origin: str) -> OrTrigger:
    parts = line.split()
    where = f"{origin} = {line!r}"
    if len(parts) == 5 and re.search(r"\d", parts[4]):
        raise ConfigError(f"{where}: name the weekdays (mon-fri); cron and this scheduler number them differently")
    try:
        triggers = [CronTrigger.from_crontab(one, timezone=zone) for one in _read_days(line)]
    except ValueError as error:
        raise ConfigError(f"{where} is not a crontab line: {error}") from None
    hours = next(field for field in triggers[0].fields if field.name == "hour")
    midnight = datetime(2026, 1, 5, tzinfo=zone)
    fired = {hour for hour in range(24) if hours.get_next_value(midnight.replace(hour=hour)) == hour}
    if fired & _HOURS_TWICE_OR_NEVER and len(fired) < 24:
        raise ConfigError(f"{where}: hours 1 and 2 occur twice or never when the clocks change; choose another hour")
    trigger = OrTrigger(triggers)
    if trigger.get_next_fire_time(None, midnight) is None:
        raise ConfigError(f"{where} never occurs: none of its months has such a day; choose days that exist")
    return trigger


def _read_days(line: str) -> list[str]:
    """Splits a crontab line so that APScheduler treats its days as cron does.

    If both the day of the month and the weekday are given, either is enough (crontab(5)); APScheduler requires both. A
    field that begins with * counts as not given.
    """
    parts = line.split()
    if len(parts) != 5 or parts[2].startswith("*") or parts[4].startswith("*"):
        return [line]
    minute, hour, day, month, weekday = parts
    return [f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}"]


def next_sync(config: Config, now: datetime) -> str | None:
    """Returns when the timetable's next sync after `now` is due: UTC, ISO 8601 with Z."""
    due = make_trigger(config).get_next_fire_time(None, now)
    return instant(due) if due else None


def describe_set_clock(moved: timedelta) -> str:
    """Says by how much the clock was set. A machine that slept looks as if its clock had been set forward."""
    by = describe_duration(abs(moved).total_seconds())
    if moved < timedelta():
        return f"the clock of this machine was set back by {by}"
    return f"the clock of this machine was set forward by {by}, or the machine slept"


class Plan:
    """When the next sync is due. The monotonic clock shows if the wall clock was set; the plan is then recomputed."""

    def __init__(self, trigger: OrTrigger, clock: Clock) -> None:
        self._trigger = trigger
        self._clock = clock
        self._offset = self._find_offset()
        self._next: datetime | None = None
        self._retry: datetime | None = None
        self._is_due = False
        self._plan(clock.now())

    @property
    def next_run(self) -> datetime | None:
        """When the next sync is due: by the timetable, or to try again what did not complete."""
        return min(filter(None, (self._next, self._retry)), default=None)

    def make_due(self) -> None:
        """Makes a sync due now."""
        self._is_due = True

    def schedule_retry(self, at: datetime | None) -> None:
        """Makes a sync due at an instant, beside those of the timetable. None: only those of the timetable."""
        self._retry = at

    def take_due(self) -> bool:
        """Whether a sync is due. Several syncs that were due count as one, so the next call returns False."""
        now = self._clock.now()
        if any(at <= now for at in (self._next, self._retry) if at is not None):
            self._is_due = True
            self._plan(now)
        if self._is_due:
            self._retry = None
        due, self._is_due = self._is_due, False
        return due

    def notice_set_clock(self) -> timedelta | None:
        """Returns by how much the clock was set since the last call; None if it was not set.

        If it was set, the timetable is applied to the new time. A machine that slept looks the same.
        """
        offset = self._find_offset()
        moved, self._offset = offset - self._offset, offset
        if abs(moved) < _CLOCK_SET_SECONDS:
            return None
        self._plan(self._clock.now())
        if self._retry is not None:
            self._retry += timedelta(seconds=moved)
        return timedelta(seconds=moved)

    def _plan(self, now: datetime) -> None:
        self._next = self._trigger.get_next_fire_time(None, now + timedelta(microseconds=1))

    def _find_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
