"""Runs the daemon, which calls `ingest.run.perform` by the timetable of `config.toml`, in the foreground.

A failed run never ends the daemon. The daemon tries it again, with longer and longer waits. At start it catches up on a
sync that was missed or did not complete. SIGTERM and Ctrl-C interrupt the current request and end the daemon.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from ingest.clock import Clock, Stop, instant
from ingest.config import Config, require_contact_and_pace
from ingest.fetching.throttle import find_earliest_start
from ingest.run import Outcome, Slice, Sync, Task, perform
from ingest.tasks.alerts import Alerts
from ingest.tasks.archive_watch import ArchiveWatch
from ingest.tasks.daily_check import describe_pending, find_damage
from ingest.tasks.log_watch import LogWatch
from ingest.tasks.next_slice import SliceChoice, describe_stuck, find_next_slice
from ingest.tasks.timetable import Plan, describe_set_clock, make_trigger, next_sync
from storage import runs, status
from storage.database import connect, plain_errors, reading
from storage.errors import ArchiveLost, Busy, LgscoError
from storage.lock import DAEMON, locked
from storage.status import Daemon
from storage.writer import writing

__all__ = ["find_retry_seconds", "make_trigger", "next_sync", "run_daemon"]

log = logging.getLogger("lgsco")

_HEARTBEAT_SECONDS = 60
"""Seconds between two heartbeats."""
_LOCK_WAIT_SECONDS = 0.5
"""Seconds that a heartbeat waits for a locked file. The next one comes soon, and this wait delays signals."""
_TICK_SECONDS = 1.0
_BUSY_RETRY_SECONDS = 300
"""Seconds until the daemon tries a task again that found the database locked by another writer."""
_SLICE_CHECK_SECONDS = 60
"""Seconds between two checks for work that a slice can do."""
_RETRY_SECONDS = (3600, 6 * 3600, 86_400)
"""Seconds until the next try of a failed sync, by the number of failed syncs since the last complete one.

After a short outage the archive is up to date again within an hour. During a long one the site gets few requests. The
timetable stays in force.
"""
_REFUSED = frozenset({"blocked", "layout"})
"""States of a run that an early retry does not fix and may make worse."""
_REFUSED_SECONDS = 6 * 3600
"""The least seconds until the next try of a sync that ended in one of these states."""
_ARCHIVE_CHECK_SECONDS = 60
"""Seconds between two checks that the file is still the same archive."""
_SIGHUP_EXIT = 129
"""The exit code after SIGHUP."""


def find_retry_seconds(states: Sequence[str]) -> float:
    """Returns the seconds until the next try of a sync.

    `states`: how the syncs since the last complete one ended, newest first.
    """
    wait = _RETRY_SECONDS[min(max(len(states), 1), len(_RETRY_SECONDS)) - 1]
    return max(wait, _REFUSED_SECONDS) if states and states[0] in _REFUSED else wait


def run_daemon(config: Config, database: Path, clock: Clock) -> int:
    """Runs the timetable until a signal ends the daemon, and returns the exit code.

    The exit code is 0, or 129 after SIGHUP, so that a service manager restarts the daemon then. Raises UsageError,
    ConfigError and StoreError at start. Raises ArchiveLost, after an alert, if the file vanished, was replaced or lost
    decisions.
    """
    require_contact_and_pace(config)
    plan = Plan(make_trigger(config), clock)
    _prepare(database)
    stop = Stop()
    daemon = _Daemon(config, database, clock, stop)
    with locked(database, DAEMON), stop.on_signals(), _write_heartbeats(daemon, plan):
        try:
            daemon.require_archive()
            _catch_up(daemon, plan)
            log.info("the daemon has started; next sync due: %s", plan.next_run and instant(plan.next_run))
            _work(daemon, stop, plan)
            daemon.require_archive()
        except LgscoError as error:
            raise daemon.find_loss(error) from None
        log.info("the daemon has stopped")
    return _SIGHUP_EXIT if stop.exit_code == _SIGHUP_EXIT else 0


@contextlib.contextmanager
def _write_heartbeats(daemon: _Daemon, plan: Plan) -> Iterator[None]:
    """Writes the daemon's heartbeat while the context lasts, and at the end that the daemon stopped.

    It counts by the monotonic clock, so a change of the wall clock does not delay it.
    """
    ended = threading.Event()

    def write_until_ended() -> None:
        daemon.write_heartbeat(plan.next_run)
        while not ended.wait(_HEARTBEAT_SECONDS):
            daemon.write_heartbeat(plan.next_run)

    thread = threading.Thread(target=write_until_ended, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        daemon.write_last_heartbeat()


def _catch_up(daemon: _Daemon, plan: Plan) -> None:
    """Makes a sync due if none completed since the last one was due: now, or when the site may be asked again."""
    if not daemon.is_behind():
        return
    refused_until = daemon.refused_until()
    if refused_until is None:
        log.info("no sync has completed since the last one was due: catching up now")
        plan.make_due()
    else:
        _schedule_retry(daemon, plan, refused_until)


def _schedule_retry(daemon: _Daemon, plan: Plan, at: datetime | None) -> None:
    plan.schedule_retry(at)
    if at is not None:
        log.info("the next try of a sync is at %s, or at the timetable's next time if that is earlier", instant(at))
    daemon.write_heartbeat(plan.next_run)


def _work(daemon: _Daemon, stop: Stop, plan: Plan) -> None:
    """Syncs when one is due and does slices in between, until a stop is requested."""
    while not stop.is_set():
        daemon.watch_archive()
        moved = plan.notice_set_clock()
        if moved is not None:
            log.warning("%s: the timetable now follows the new time", describe_set_clock(moved))
            daemon.write_heartbeat(plan.next_run)
            with _log_errors("cannot find out whether a sync was missed"):
                _catch_up(daemon, plan)
        if plan.take_due():
            _schedule_retry(daemon, plan, daemon.sync())
        elif task := daemon.find_slice():
            daemon.do_slice(task)
        daemon.check_daily()
        stop.wait(_TICK_SECONDS)


@contextlib.contextmanager
def _log_errors(message: str) -> Iterator[None]:
    """Logs an error of the database, so that it does not end the daemon."""
    try:
        yield
    except LgscoError as error:
        log.warning("%s: %s", message, error)


def _prepare(database: Path) -> None:
    """Migrates the file at start, so that a missing or bad file is reported at once. Raises StoreError."""
    try:
        with writing(database, create=False):
            pass
    except Busy as error:
        with reading(database):  # a readable file is enough for now; a sync waits for the other writer
            log.info("%s; the daemon waits for it", error)


class _Daemon:
    """The jobs of the daemon, which are syncs and slices, and its heartbeat, alerts and daily check."""

    def __init__(self, config: Config, database: Path, clock: Clock, stop: Stop) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._stop = stop
        self._self = Daemon(os.getpid(), clock.stamp(), clock.stamp(), None, None)
        self._started = clock.now()
        self._alerts = Alerts(config.alerts.command, clock, stop)
        self._watch = ArchiveWatch(database)
        self._log_watch = LogWatch(database, config.storage.wal_warn_mb * 1_000_000, self._alerts)
        self._lost: ArchiveLost | None = None
        self._next_archive_check = clock.monotonic()
        self._failed_slices: list[str] = []
        """How the slices since the last successful one ended, newest first."""
        self._no_slice_before = clock.monotonic()
        self._alerted_stuck_since: str | None = None
        """The instant since which the fill is stuck, as in the last alert about it."""
        self._checked_on: date | None = None
        """The London day of the last daily check."""

    def watch_archive(self) -> None:
        """Raises ArchiveLost if the file is another archive: at once if it was replaced, else within a minute."""
        is_due = self._clock.monotonic() >= self._next_archive_check
        if is_due or self._lost is not None or not self._watch.is_in_place():
            self.require_archive()
            self._log_watch.look()
            self._next_archive_check = self._clock.monotonic() + _ARCHIVE_CHECK_SECONDS

    def require_archive(self) -> None:
        """Raises ArchiveLost if the file is another archive or lost decisions."""
        if self._lost is not None:
            raise self._lost
        self._watch.check()

    def find_loss(self, error: LgscoError) -> LgscoError:
        """Returns the error that ends the daemon: ArchiveLost, after an alert, if the archive is lost; else `error`."""
        try:
            self.require_archive()
        except ArchiveLost as loss:
            error = error if isinstance(error, ArchiveLost) else loss
        if isinstance(error, ArchiveLost):
            self._lost = error
            self._alerts.send("archive", "lost", str(error))
        return error

    def sync(self) -> datetime | None:
        """Does one sync, after other writers. Returns when to retry it; None if it completed or was stopped."""
        began = self._clock.now()
        while not self._stop.is_set():
            try:
                ending = self._perform(Sync(by_daemon=True))
            except Busy as error:
                log.warning("%s; trying again in %d seconds", error, _BUSY_RETRY_SECONDS)
                self._alert_missed_syncs(began, error)
                self._clock.sleep(_BUSY_RETRY_SECONDS, self._stop)
                continue
            self._alerts.clear("waiting")
            return None if ending is None else _find_retry(self._config, self._database, self._clock)
        return None

    def _alert_missed_syncs(self, began: datetime, error: Busy) -> None:
        """Alerts, once a day, if another process delayed the sync until the next one was due too."""
        due = make_trigger(self._config).get_next_fire_time(None, began + timedelta(microseconds=1))
        if due is not None and due <= self._clock.now():
            missed = f"two or more syncs were missed since {instant(began)}"
            self._alerts.send("waiting", "missed", f"lgsco sync is waiting for another process: {missed}. {error}")

    def check_daily(self) -> None:
        """Once a day, checks a share of the rows, and alerts about damage and pending template changes."""
        today = self._clock.today()
        if self._checked_on == today or self._stop.is_set():
            return
        self._checked_on = today
        pending = None
        try:
            damage = find_damage(self._database, today)
            pending = describe_pending(self._database)
        except LgscoError as error:
            self.require_archive()
            damage = f"cannot check the rows for damage: {error}"
        if damage is not None:
            log.error("%s", damage)
            self._alerts.send("verify", "damaged", damage)
        if pending is not None:
            self._alerts.send("template", "pending", pending)

    def find_slice(self) -> Slice | None:
        """Returns the slice of interrupted backfills, or else of the fill, that may run now; None if there is none."""
        if self._clock.monotonic() < self._no_slice_before:
            return None
        try:
            found = find_next_slice(self._database, self._config, self._clock, self._started)
        except LgscoError as error:
            log.warning("cannot read which dates were asked for: %s", error)
            found = SliceChoice(None)
        if found.stuck is not None and found.stuck != self._alerted_stuck_since:
            self._alerted_stuck_since = found.stuck
            self._alerts.send("fill", "stuck", describe_stuck(found.stuck))
        if found.task is None:
            self._delay_slices(_SLICE_CHECK_SECONDS)
        return found.task

    def do_slice(self, task: Slice) -> None:
        """Does one slice. After a failed slice the next one waits as a sync does."""
        try:
            ending = self._perform(task)
        except Busy as error:
            log.info("%s; the daemon's next slice starts in %d seconds at the earliest", error, _BUSY_RETRY_SECONDS)
            self._delay_slices(_BUSY_RETRY_SECONDS)
            return
        failed = ending if ending != "blocked" else None  # `ingest.tasks.slices` suspends slices after a refusal
        self._failed_slices = [] if failed is None else [failed, *self._failed_slices]
        if failed is not None:
            self._delay_slices(find_retry_seconds(self._failed_slices))

    def _delay_slices(self, seconds: float) -> None:
        self._no_slice_before = self._clock.monotonic() + seconds

    def _perform(self, task: Task) -> str | None:
        """Does a task, and alerts about a failure.

        Returns how it failed; None if it did not fail, was stopped, or waits for a decision about a template change.
        Raises Busy and ArchiveLost.
        """
        name = type(task).__name__.lower()
        arguments = (self._config, self._database, self._clock, self._stop, lambda _tally: None)
        try:
            with self._watch.at_work():
                outcome = perform(task, *arguments, known=self._watch.known, warn=self._log_watch.warn)
        except (Busy, ArchiveLost):
            raise
        except LgscoError as error:
            log.error("%s failed: %s", name, error)
            ending = type(error).__name__
            self._alerts.send(name, ending, str(error))
            return ending
        except Exception as error:
            log.exception("%s failed unexpectedly", name)
            ending = type(error).__name__
            self._alerts.send(name, ending, f"{name} failed unexpectedly: {error!r}")
            return ending
        if outcome.state == "stopped":
            return None
        if not outcome.exit_code:
            self._alerts.clear(name)
            return None
        if outcome.state == "template":
            self._alerts.send("template", "pending", _format_alert(name, outcome))
            return None  # a retry does not help: the user has to decide
        self._alerts.send(name, outcome.state, _format_alert(name, outcome))
        return outcome.state

    def refused_until(self) -> datetime | None:
        """Returns until when the daemon must not sync, even after a restart, because the site refused the last sync."""
        now = self._clock.now()
        with reading(self._database) as db:
            failing = runs.find_failing(db)
        if not failing or failing[0].state not in _REFUSED:
            return None
        # A clock that ran ahead when the run ended must not extend the wait.
        ended = min(now, datetime.fromisoformat(failing[0].ended_at or failing[0].started_at))
        at = ended + timedelta(seconds=find_retry_seconds([run.state for run in failing]))
        return at if at > now else None

    def is_behind(self) -> bool:
        """Whether no sync or backfill has completed since a sync was last due."""
        with reading(self._database) as db:
            last = runs.last_success(db, self._config.schedule.sync_days, self._clock.stamp())
        if last is None:
            return True
        due = make_trigger(self._config).get_next_fire_time(None, datetime.fromisoformat(last))
        return due is not None and due <= self._clock.now()

    def write_last_heartbeat(self) -> None:
        """Writes that the daemon stopped; after SIGHUP only a heartbeat, because it should still be running."""
        if self._lost is None:  # never write into a file that is not the daemon's archive
            self.write_heartbeat(None, stopped=self._stop.exit_code != _SIGHUP_EXIT)

    def write_heartbeat(self, next_run: datetime | None, *, stopped: bool = False) -> None:
        """Writes that the daemon is running, and when its next sync is due. A locked file does not end the daemon."""
        now = self._clock.stamp()
        self._self = self._self._replace(
            seen_at=now,
            next_at=instant(next_run) if next_run else None,
            stopped_at=now if stopped else None,
        )
        try:
            _store_heartbeat(self._database, self._watch, self._self)
        except ArchiveLost as error:  # also during a long sync, which then stops
            self._lost = error
            self._stop.set()
        except LgscoError as error:
            log.warning("cannot write the daemon's heartbeat: %s", error)


def _find_retry(config: Config, database: Path, clock: Clock) -> datetime:
    """Returns when to try a failed sync again, never earlier than the site may be asked."""
    now = clock.now()
    try:
        with reading(database) as db:
            at = now + timedelta(seconds=find_retry_seconds([run.state for run in runs.find_failing(db)]))
            return find_earliest_start(db, config.fetch, now, at)
    except LgscoError as error:  # a retry without a database makes no requests
        log.warning("cannot read the past runs: %s", error)
        return now + timedelta(seconds=_RETRY_SECONDS[0])


def _store_heartbeat(database: Path, watch: ArchiveWatch, heartbeat: Daemon) -> None:
    """Writes a heartbeat into the watched archive and into no other file. Raises StoreError."""
    watch.require_place()
    with (
        plain_errors(database, _LOCK_WAIT_SECONDS),
        contextlib.closing(connect(database, "rw", _LOCK_WAIT_SECONDS)) as db,
    ):
        watch.require(db)
        status.record_daemon(db, heartbeat)


def _format_alert(name: str, outcome: Outcome) -> str:
    return "\n".join([f"lgsco {name} ended {outcome.state} (exit {outcome.exit_code}): {outcome}", *outcome.details])
