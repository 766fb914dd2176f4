"""`perform(task, ...)` does one task: the lock, the run's row, and from errors to how the run ended."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import assert_never

from ingest.clock import Clock, Stop
from ingest.config import Config, require_courtesy
from ingest.errors import Blocked, FetchError, HeldOff, LayoutChanged, OutOfBudget, ReadError, Stopped
from ingest.fetching.quiet_hours import within
from ingest.fetching.throttle import Throttle
from ingest.recording.tally import Report, Tally
from ingest.tasks.backfill import Backfill, Demo, backfill
from ingest.tasks.documents import LeftOut, find
from ingest.tasks.import_files import Import, import_files
from ingest.tasks.outcome import AGAIN, Outcome
from ingest.tasks.renormalise import Renormalise, renormalise
from ingest.tasks.sync import Sync, sync
from ingest.tasks.task_run import TaskRun
from storage import journal, runs
from storage.database import atomic, heeding, plain
from storage.errors import LgscoError
from storage.writer import writing

__all__ = ["Backfill", "Demo", "Import", "Outcome", "Renormalise", "Sync", "Task", "perform"]

log = logging.getLogger("lgsco")

Task = Backfill | Sync | Import | Renormalise


def perform(task: Task, config: Config, database: Path, clock: Clock, stop: Stop, report: Report) -> Outcome:
    """Does one task, and records the run and how it ended.

    `report` is given the tally whenever it has changed. Raises UsageError and StoreError; whatever else goes wrong
    is in the outcome, but for errors nobody foresaw, which are recorded and raised.
    """
    if isinstance(task, Backfill | Sync):
        require_courtesy(config)
    name, arguments = type(task).__name__.lower(), _arguments(task)
    left_out: Sequence[LeftOut] = ()
    if isinstance(task, Import):
        found, left_out = find(task.paths)
        task = replace(task, paths=tuple(found))
    try:
        with heeding(stop.raise_if_set), writing(database, create=isinstance(task, Backfill | Import)) as db:
            with atomic(db):
                user_agent = config.user_agent if isinstance(task, Backfill | Sync) else None
                number = runs.begin_run(db, name, arguments, clock.stamp(), user_agent)
            log.info("%s begins (run %d)", name, number)
            run = _start(db, number, config, clock, stop, report)
            run.tally.leave_out(left_out)
            outcome = _run(task, run, database)
    except Stopped as error:  # while another program locks the file: the next run records that this one died
        log.info("%s ends: stopped: %s", name, error)
        return Outcome("stopped", error.exit_code, str(error), Tally())
    log.info("%s ends (run %d): %s: %s", name, number, outcome.state, outcome.message)
    return outcome


def _start(db: sqlite3.Connection, number: int, config: Config, clock: Clock, stop: Stop, report: Report) -> TaskRun:
    tally = Tally()

    def count_request() -> None:
        tally.requests += 1
        report(tally)

    def show_wait(told: str) -> None:
        tally.waiting = told
        report(tally)

    throttle = Throttle(db, number, config.fetch, clock, stop, on_request=count_request, on_wait=show_wait)
    return TaskRun(db, number, config, clock, stop, throttle, tally, report)


def _run(task: Task, run: TaskRun, database: Path) -> Outcome:
    """Does a task and records how it ended, also where it ends with an error that is raised."""
    try:
        outcome = _outcome(task, run)
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error, Stopped):
            told = plain(database, error) if isinstance(error, sqlite3.Error) else error
            if isinstance(told, LgscoError):
                _end(run, Outcome("failed", told.exit_code, str(told), run.tally))
            else:
                _end(run, Outcome("failed", 1, f"{type(told).__name__}: {told}", run.tally))
        raise
    _end(run, outcome)
    return outcome


def _outcome(task: Task, run: TaskRun) -> Outcome:
    """How the task ended, whatever happened to it that can be foreseen."""
    try:
        return _do(task, run)
    except Stopped as error:
        return Outcome("stopped", error.exit_code, str(error), run.tally)
    except Blocked as error:
        told = f"{error}; run the command again later, and write to the publisher if it stays so"
        return Outcome("blocked", error.exit_code, told, run.tally)
    except LayoutChanged as error:
        return Outcome("layout", error.exit_code, str(error), run.tally)
    except (HeldOff, OutOfBudget) as error:  # these say themselves when to go on
        return Outcome("incomplete", error.exit_code, str(error), run.tally)
    except (FetchError, ReadError) as error:
        return Outcome("incomplete", 10, f"{error}; {AGAIN}", run.tally)


def _do(task: Task, run: TaskRun) -> Outcome:
    match task:
        case Backfill():
            return backfill(task, run)
        case Sync():
            return sync(task, run)
        case Import():
            return import_files(task, run)
        case Renormalise():
            return renormalise(task, run)
        case _:
            assert_never(task)


def _end(run: TaskRun, outcome: Outcome) -> None:
    """Records how the run ended, with the last of its journal; old days of the journal are summed up."""
    with atomic(run.db):
        run.throttle.save()
        journal.roll_up(run.db, run.clock.stamp(-86_400 * run.config.storage.journal_days)[:10], within)
        runs.end_run(
            run.db,
            run.number,
            at=run.clock.stamp(),
            state=outcome.state,
            exit_code=outcome.exit_code,
            message=outcome.message,
            tally=run.tally.counts(),
        )


def _arguments(task: Task) -> dict[str, object]:
    return {name: value if isinstance(value, int | None) else str(value) for name, value in asdict(task).items()}
