"""The clock's door: the daemon's timetable, in the foreground, for systemd or a container.

Cron lines of `config.toml` -> `ingest.run.perform`. A run that fails never ends the daemon and is tried again, ever
less often; a run that was missed, or never completed, is caught up at start. SIGTERM and Ctrl-C break off the request
in hand and end it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from ingest.clock import Clock, Stop, instant
from ingest.config import Config, require_courtesy
from ingest.fetching.throttle import find_earliest_start
from ingest.run import Outcome, Slice, Sync, Task, perform
from ingest.tasks.alerts import Alerts
from ingest.tasks.archive_watch import ArchiveWatch
from ingest.tasks.daily_check import describe_pending, find_damage
from ingest.tasks.log_watch import LogWatch
from ingest.tasks.next_slice import SliceChoice, describe_stuck, find_next_slice
from ingest.tasks.timetable import Plan, next_sync, timetable
from storage import runs, status
from storage.database import connect, plain_errors, reading
from storage.errors import ArchiveLost, Busy, LgscoError
from storage.lock import DAEMON, locked
from storage.status import Daemon
from storage.writer import writing

__all__ = ["next_sync", "retry_wait", "run_daemon", "timetable"]

log = logging.getLogger("lgsco")

_BEAT_SECONDS = 60
_BEAT_PATIENCE = 0.5
"""Seconds that a heartbeat waits for a locked file: the next one comes soon, and no signal is heard meanwhile."""
_TICK_SECONDS = 1.0
_BUSY_RETRY_SECONDS = 300
"""Seconds until a task that found another writer at work is tried again."""
_LOOK_SECONDS = 60
"""Seconds between two looks for what slices have to do."""
_RETRY_SECONDS = (3600, 6 * 3600, 86_400)
"""Seconds until a sync that did not complete is tried again, by how many there were since one did: so an hour's outage
costs an hour, and a long one costs the site little. The timetable goes on beside."""
_REFUSED = frozenset({"blocked", "layout"})
"""States of a run that asking again soon does not mend, and may make worse."""
_REFUSED_SECONDS = 6 * 3600
"""Seconds until a sync that ended so is tried again, at least."""
_WATCH_SECONDS = 60
"""Seconds between two looks into the file, to see that it is still the same archive."""
_HANGUP = 129
"""The exit code after SIGHUP."""


def retry_wait(states: Sequence[str]) -> float:
    """Seconds until a sync is tried again, by how the syncs since the last complete one ended, newest first."""
    wait = _RETRY_SECONDS[min(max(len(states), 1), len(_RETRY_SECONDS)) - 1]
    return max(wait, _REFUSED_SECONDS) if states and states[0] in _REFUSED else wait


def run_daemon(config: Config, database: Path, clock: Clock) -> int:
    """Keeps the timetable until a signal ends it; returns 0, or 129 after SIGHUP, so that a service manager that
    restarts what failed starts it again. Raises UsageError, ConfigError and StoreError at start, and ArchiveLost after
    an alert once the file vanished, was replaced or lost decisions."""
    require_courtesy(config)
    plan = Plan(timetable(config), clock)
    _prepare(database)
    stop = Stop()
    daemon = _Daemon(config, database, clock, stop)
    with locked(database, DAEMON), stop.on_signals(), _beating(daemon, plan):
        try:
            daemon.require_archive()
            _catch_up(daemon, plan)
            _work(daemon, stop, plan)
            daemon.require_archive()
        except LgscoError as error:
            raise daemon.find_loss(error) from None
        log.info("the daemon ends")
    return _HANGUP if stop.exit_code == _HANGUP else 0


@contextlib.contextmanager
def _beating(daemon: _Daemon, plan: Plan) -> Iterator[None]:
    """Writes the daemon's heartbeat while the context lasts, whatever the clock on the wall does, and in the end that
    it stopped."""
    ended = threading.Event()

    def beat() -> None:
        daemon.beat(plan.next_run)
        while not ended.wait(_BEAT_SECONDS):
            daemon.beat(plan.next_run)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        daemon.beat_last()


def _catch_up(daemon: _Daemon, plan: Plan) -> None:
    """Makes a sync due where none completed since the last one was due, or for when the site may be asked again."""
    if not daemon.is_behind():
        return
    refused_until = daemon.refused_until()
    if refused_until is None:
        log.info("no sync has completed since the last one was due: catching up now")
        plan.ask_now()
    else:
        _try_again(daemon, plan, refused_until)


def _try_again(daemon: _Daemon, plan: Plan, at: datetime | None) -> None:
    plan.try_again(at)
    if at is not None:
        log.info("a sync is tried again at %s, or by the timetable if that comes first", instant(at))
    daemon.beat(plan.next_run)


def _work(daemon: _Daemon, stop: Stop, plan: Plan) -> None:
    """Syncs when a sync is due, and goes on with interrupted backfills and the fill meanwhile, until it is told to
    stop."""
    while not stop.is_set():
        daemon.watch_archive()
        moved = plan.notice_set_clock()
        if moved is not None:
            log.warning("the clock was set by %s: the timetable is applied to the new time", moved)
            daemon.beat(plan.next_run)
            with _logged("whether a sync was missed cannot be read"):
                _catch_up(daemon, plan)
        if plan.take_due():
            _try_again(daemon, plan, daemon.sync())
        elif task := daemon.find_slice():
            daemon.do(task)
        daemon.check_daily()
        stop.wait(_TICK_SECONDS)


@contextlib.contextmanager
def _logged(told: str) -> Iterator[None]:
    """Logs an error of the database instead of ending the daemon."""
    try:
        yield
    except LgscoError as error:
        log.warning("%s: %s", told, error)


def _prepare(database: Path) -> None:
    """Migrates the file now, so that a bad one or none is said at once. Raises StoreError."""
    try:
        with writing(database, create=False):
            pass
    except Busy as error:
        with reading(database):  # as it is now it will do; a sync waits until the other is done
            log.info("%s; the daemon waits for it", error)


class _Daemon:
    """The daemon's jobs, a sync and a slice of interrupted backfills or of the fill, and what it writes of itself."""

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
        self._watch_again = clock.monotonic()
        self._failed_slices: list[str] = []
        """How the slices ended since the last that did not fail, newest first."""
        self._no_slice_before = clock.monotonic()
        self._told_stuck: str | None = None
        """Since when the fill was stuck that an alert was last about."""
        self._checked: date | None = None

    def watch_archive(self) -> None:
        """Looks now and then whether the file is still the same archive, at once where another is in its place. Raises
        ArchiveLost."""
        if self._clock.monotonic() >= self._watch_again or self._lost is not None or not self._watch.is_in_place():
            self.require_archive()
            self._log_watch.look()
            self._watch_again = self._clock.monotonic() + _WATCH_SECONDS

    def require_archive(self) -> None:
        """Raises ArchiveLost where the file is not the same archive, or lost something."""
        if self._lost is not None:
            raise self._lost
        self._watch.check()

    def find_loss(self, error: LgscoError) -> LgscoError:
        """Why the daemon ends: the loss of the archive where that is behind an error, after an alert of it."""
        try:
            self.require_archive()
        except ArchiveLost as loss:
            error = error if isinstance(error, ArchiveLost) else loss
        if isinstance(error, ArchiveLost):
            self._lost = error
            self._alerts.tell("archive", "lost", str(error))
        return error

    def sync(self) -> datetime | None:
        """One sync. Waits out another writer; no failure ends the daemon. Returns when to try again what did not
        complete."""
        began = self._clock.now()
        while not self._stop.is_set():
            try:
                ending = self._perform(Sync(by_daemon=True))
            except Busy as error:
                log.warning("%s; trying again in %d seconds", error, _BUSY_RETRY_SECONDS)
                self._tell_missed(began, error)
                self._clock.sleep(_BUSY_RETRY_SECONDS, self._stop)
                continue
            self._alerts.forget("waiting")
            return None if ending is None else _find_retry(self._config, self._database, self._clock)
        return None

    def _tell_missed(self, began: datetime, error: Busy) -> None:
        """Alerts, once a day, that another process kept the sync that was due then and a later one from running."""
        due = timetable(self._config).get_next_fire_time(None, began + timedelta(microseconds=1))
        if due is not None and due <= self._clock.now():
            missed = f"two or more syncs were missed since {instant(began)}"
            self._alerts.tell("waiting", "missed", f"lgsco sync waits for another process: {missed}. {error}")

    def check_daily(self) -> None:
        """Once a day, checks a share of the rows, and alerts of damage and of template changes that wait."""
        today = self._clock.today()
        if self._checked == today or self._stop.is_set():
            return
        self._checked = today
        pending = None
        try:
            damage = find_damage(self._database, today)
            pending = describe_pending(self._database)
        except LgscoError as error:
            self.require_archive()
            damage = f"the rows cannot be checked: {error}"
        if damage is not None:
            log.error("%s", damage)
            self._alerts.tell("verify", "damaged", damage)
        if pending is not None:
            self._alerts.tell("template", "pending", pending)

    def find_slice(self) -> Slice | None:
        """The slice of interrupted backfills, or else of the fill, that may be done now; None where there is none."""
        if self._clock.monotonic() < self._no_slice_before:
            return None
        try:
            found = find_next_slice(self._database, self._config, self._clock, self._started)
        except LgscoError as error:
            log.warning("the dates that were asked for cannot be read: %s", error)
            found = SliceChoice(None)
        if found.stuck is not None and found.stuck != self._told_stuck:
            self._told_stuck = found.stuck
            self._alerts.tell("fill", "stuck", describe_stuck(found.stuck))
        if found.task is None:
            self._wait_with_slices(_LOOK_SECONDS)
        return found.task

    def do(self, task: Slice) -> None:
        """One slice. After one that failed the next waits as a sync does; one that was refused is suspended."""
        try:
            ending = self._perform(task)
        except Busy as error:
            log.info("%s; the daemon's slices wait %d seconds", error, _BUSY_RETRY_SECONDS)
            self._wait_with_slices(_BUSY_RETRY_SECONDS)
            return
        failed = ending if ending != "blocked" else None
        self._failed_slices = [] if failed is None else [failed, *self._failed_slices]
        if failed is not None:
            self._wait_with_slices(retry_wait(self._failed_slices))

    def _wait_with_slices(self, seconds: float) -> None:
        self._no_slice_before = self._clock.monotonic() + seconds

    def _perform(self, task: Task) -> str | None:
        """Does a task. Returns how it failed, after an alert about it; None where it did not, or was stopped. Raises
        Busy, and ArchiveLost."""
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
            self._alerts.tell(name, ending, str(error))
            return ending
        except Exception as error:
            log.exception("%s failed unexpectedly", name)
            ending = type(error).__name__
            self._alerts.tell(name, ending, f"{name} failed unexpectedly: {error!r}")
            return ending
        if outcome.state == "stopped":
            return None
        if not outcome.exit_code:
            self._alerts.forget(name)
            return None
        if outcome.state == "template":
            self._alerts.tell("template", "pending", _alert_text(name, outcome))
            return None  # asking the site again decides nothing
        self._alerts.tell(name, outcome.state, _alert_text(name, outcome))
        return outcome.state

    def refused_until(self) -> datetime | None:
        """Until when even a restart does not ask again, since the last sync was refused."""
        now = self._clock.now()
        with reading(self._database) as db:
            failing = runs.find_failing(db)
        if not failing or failing[0].state not in _REFUSED:
            return None
        # A clock that was ahead then makes no wait longer.
        ended = min(now, datetime.fromisoformat(failing[0].ended_at or failing[0].started_at))
        at = ended + timedelta(seconds=retry_wait([run.state for run in failing]))
        return at if at > now else None

    def is_behind(self) -> bool:
        """Whether no sync or backfill completed since the last one was due."""
        with reading(self._database) as db:
            last = runs.last_success(db, self._config.schedule.sync_days, self._clock.stamp())
        if last is None:
            return True
        due = timetable(self._config).get_next_fire_time(None, datetime.fromisoformat(last))
        return due is not None and due <= self._clock.now()

    def beat_last(self) -> None:
        """Writes that the daemon stopped. After SIGHUP it does not: a daemon whose terminal closed should still run. It
        never writes into a file that is not its archive."""
        if self._lost is None:
            self.beat(None, stopped=self._stop.exit_code != _HANGUP)

    def beat(self, next_run: datetime | None, *, stopped: bool = False) -> None:
        """Writes that the daemon lives, and when it goes next. A locked file is no reason to end; a lost archive makes
        the daemon end."""
        now = self._clock.stamp()
        self._self = replace(
            self._self,
            seen_at=now,
            next_at=instant(next_run) if next_run else None,
            stopped_at=now if stopped else None,
        )
        try:
            _write_heartbeat(self._database, self._watch, self._self)
        except ArchiveLost as error:  # also in the middle of a long sync, which then ends
            self._lost = error
            self._stop.set()
        except LgscoError as error:
            log.warning("the daemon's heartbeat was not written: %s", error)


def _find_retry(config: Config, database: Path, clock: Clock) -> datetime:
    """When a sync that just failed is tried again: never sooner than the site may be asked."""
    now = clock.now()
    try:
        with reading(database) as db:
            at = now + timedelta(seconds=retry_wait([run.state for run in runs.find_failing(db)]))
            return find_earliest_start(db, config.fetch, now, at)
    except LgscoError as error:  # then it cannot be written either, and the site is not asked
        log.warning("the runs cannot be read: %s", error)
        return now + timedelta(seconds=_RETRY_SECONDS[0])


def _write_heartbeat(database: Path, watch: ArchiveWatch, heartbeat: Daemon) -> None:
    """Writes a heartbeat into the archive that is watched, and into no other. Raises StoreError."""
    watch.require_place()
    with plain_errors(database, _BEAT_PATIENCE), contextlib.closing(connect(database, "rw", _BEAT_PATIENCE)) as db:
        watch.require(db)
        status.record_daemon(db, heartbeat)


def _alert_text(name: str, outcome: Outcome) -> str:
    return "\n".join([f"lgsco {name} ended {outcome.state} (exit {outcome.exit_code}): {outcome}", *outcome.details])
