"""The clock's door: the daemon's timetable, in the foreground, for systemd or a container.

Cron lines of `config.toml` -> `ingest.run.perform`. A run that fails never ends the daemon; a run that was missed, or
never completed, is caught up at start. SIGTERM and Ctrl-C break off the request in hand and end it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from ingest.clock import Clock, Stop, instant
from ingest.config import Config, require_contact
from ingest.errors import ConfigError
from ingest.run import Outcome, Sync, perform
from storage import runs, status
from storage.database import connect, reading, said_plainly
from storage.errors import Busy, LgscoError
from storage.status import Daemon
from storage.writer import locked, writing

log = logging.getLogger("lgsco")

_BEAT_SECONDS = 60
_TICK_SECONDS = 1.0
_BUSY_RETRY_SECONDS = 300
"""Seconds until a sync that found another writer at work is tried again."""
_ALERT_MOST = 10_000
"""Characters of an alert: a longer argument may not be given to a program."""

_ALERT_SECONDS = 60
_HOURS_TWICE_OR_NEVER = frozenset({1, 2})
"""Hours of the day that a change of clocks repeats or leaves out somewhere in Europe."""


def timetable(config: Config) -> OrTrigger:
    """When syncs are due. Raises ConfigError naming the crontab line."""
    zone = ZoneInfo(config.schedule.time_zone)
    if not config.schedule.sync:
        raise ConfigError(
            f"{config.file}: [schedule] sync is empty: the daemon would do nothing; give it a crontab line"
        )
    return OrTrigger([_trigger(line, zone, config.file) for line in config.schedule.sync])


def _trigger(line: str, zone: ZoneInfo, file: str) -> CronTrigger:
    parts = line.split()
    where = f"{file}: [schedule] sync = {line!r}"
    if len(parts) == 5 and re.search(r"\d", parts[4]):
        raise ConfigError(f"{where}: name the weekdays (mon-fri); cron and this scheduler number them differently")
    try:
        trigger = CronTrigger.from_crontab(line, timezone=zone)
    except ValueError as error:
        raise ConfigError(f"{where} is no crontab line: {error}") from None
    hours = next(field for field in trigger.fields if field.name == "hour")
    midnight = datetime(2026, 1, 5, tzinfo=zone)
    fired = {hour for hour in range(24) if hours.get_next_value(midnight.replace(hour=hour)) == hour}
    if fired & _HOURS_TWICE_OR_NEVER and len(fired) < 24:
        raise ConfigError(f"{where}: hours 1 and 2 come twice or never when clocks change; choose another hour")
    return trigger


def next_sync(config: Config, now: datetime) -> str | None:
    """When the timetable's next sync is due after `now`: UTC, ISO 8601 with Z."""
    due = timetable(config).get_next_fire_time(None, now)
    return instant(due) if due else None


def run_daemon(config: Config, database: Path, clock: Clock) -> int:
    """Keeps the timetable until a signal ends it; returns 0. Raises UsageError, ConfigError and StoreError at start."""
    require_contact(config)
    trigger = timetable(config)
    with writing(database):  # makes or migrates the file now, so that a bad one is said at once
        pass
    stop, due = Stop(), threading.Event()
    daemon = _Daemon(config, database, clock, stop)
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    # The scheduler's threads only say what is due. The work is done here, in the main thread, where a signal can break
    # off a wait for the site.
    scheduler.add_job(due.set, trigger, id="sync")
    scheduler.add_job(lambda: daemon.beat(scheduler.get_job("sync").next_run_time), "interval", seconds=_BEAT_SECONDS)
    with locked(database, "-daemon"), stop.on_signals():
        scheduler.start()
        try:
            daemon.beat(scheduler.get_job("sync").next_run_time)
            if daemon.is_behind():
                log.info("no sync has completed since the last one was due: catching up now")
                due.set()
            while not stop.is_set():
                if due.is_set():
                    due.clear()
                    daemon.sync()
                stop.wait(_TICK_SECONDS)
        finally:
            log.info("the daemon ends")
            scheduler.shutdown(wait=True)
            daemon.beat(None, stopped=True)
    return 0


class _Daemon:
    """The daemon's one job, and what it writes of itself."""

    def __init__(self, config: Config, database: Path, clock: Clock, stop: Stop) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._stop = stop
        self._self = Daemon(os.getpid(), clock.stamp(), clock.stamp(), None, None)

    def sync(self) -> None:
        """One sync. Waits out another writer; no failure ends the daemon."""
        while not self._stop.is_set():
            try:
                outcome = perform(Sync(), self._config, self._database, self._clock, self._stop, lambda _tally: None)
            except Busy as error:
                log.warning("%s; trying again in %d seconds", error, _BUSY_RETRY_SECONDS)
                self._clock.sleep(_BUSY_RETRY_SECONDS, self._stop)
                continue
            except LgscoError as error:
                log.error("the sync failed: %s", error)
                self._alert(str(error))
            except Exception as error:
                log.exception("the sync failed unexpectedly")
                self._alert(f"the sync failed unexpectedly: {error!r}")
            else:
                if outcome.exit_code and outcome.state != "stopped":
                    self._alert(_alert_text(outcome))
            return

    def is_behind(self) -> bool:
        """Whether no sync or backfill completed since the last one was due."""
        with reading(self._database) as db:
            last = runs.last_success(db, self._config.schedule.sync_days, self._clock.stamp())
        if last is None:
            return True
        due = timetable(self._config).get_next_fire_time(None, datetime.fromisoformat(last))
        return due is not None and due <= self._clock.now()

    def beat(self, next_run: datetime | None, *, stopped: bool = False) -> None:
        """Writes that the daemon lives, and when it goes next. A locked file is no reason to end."""
        now = self._clock.stamp()
        self._self = replace(
            self._self,
            seen_at=now,
            next_at=instant(next_run) if next_run else None,
            stopped_at=now if stopped else None,
        )
        try:
            with said_plainly(self._database), contextlib.closing(connect(self._database, "rw")) as db:
                status.record_daemon(db, self._self)
        except LgscoError as error:
            log.warning("the daemon's heartbeat was not written: %s", error)

    def _alert(self, message: str) -> None:
        command = shlex.split(self._config.alerts.command)
        if not command:
            return
        try:
            subprocess.run([*command, message.replace("\0", " ")[:_ALERT_MOST]], timeout=_ALERT_SECONDS, check=True)  # noqa: S603  # the user's own command
        except (OSError, subprocess.SubprocessError) as error:
            log.error("the alert command failed: %s", error)


def _alert_text(outcome: Outcome) -> str:
    return f"lgsco sync ended {outcome.state} (exit {outcome.exit_code}): {outcome.message}"
