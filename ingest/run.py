"""Performs one task: takes the lock, records the run, and turns errors into the run's outcome."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from ingest.clock import Clock, Stop
from ingest.config import Config, is_loopback, require_contact_and_pace
from ingest.crawling.windows import find_range
from ingest.errors import Blocked, FetchError, HeldOff, LayoutChanged, OutOfBudget, ReadError, Stopped, UsageError
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.fetching.site_clock import SiteClock
from ingest.fetching.throttle import Allowance, Throttle
from ingest.recording.first_check import check_migrated
from ingest.recording.relate import relate_migrated
from ingest.recording.tally import Report, Tally
from ingest.reports.date_ranges import describe_pause
from ingest.reports.fill import decide_mode
from ingest.reports.lines import name_ending, name_task
from ingest.tasks import intent
from ingest.tasks.backfill import Backfill, Demo, backfill
from ingest.tasks.documents import LeftOut, find_documents
from ingest.tasks.fill import Fill, SwitchFill, fill, switch_fill
from ingest.tasks.import_files import Import, import_files
from ingest.tasks.outcome import RUN_AGAIN, Outcome, count_progress
from ingest.tasks.renormalise import Renormalise, renormalise
from ingest.tasks.resume import Resume, resume
from ingest.tasks.slices import TASKS
from ingest.tasks.sync import Sync, sync
from ingest.tasks.task_run import TaskRun
from ingest.tasks.template import Template, template
from ingest.tasks.verify import Repair, repair_file
from ingest.tasks.withdraw import Withdraw, withdraw
from storage import journal, runs
from storage.database import atomic, checking_while_waiting, explain_error
from storage.errors import Busy, LgscoError
from storage.fill_state import find_fill_state
from storage.identity import Identity, MadeBy, find_made_by, find_place, require_known, require_place
from storage.lock import find_holder
from storage.writer import writing

__all__ = [
    "Backfill",
    "Demo",
    "Fill",
    "Import",
    "Outcome",
    "Renormalise",
    "Repair",
    "Resume",
    "SwitchFill",
    "Sync",
    "Task",
    "Template",
    "Withdraw",
    "perform",
]

log = logging.getLogger("lgsco")

Slice = Resume | Fill
"""The tasks that the daemon does in slices. Other tasks may run between two slices."""
Crawls = Backfill | Sync | Slice
"""The tasks that make requests to the site."""
Task = Crawls | Withdraw | SwitchFill | Import | Renormalise | Repair | Template


def perform(
    task: Task,
    config: Config,
    database: Path,
    clock: Clock,
    stop: Stop,
    report: Report,
    *,
    known: Identity | None = None,
    warn: Callable[[str], object] = log.warning,
) -> Outcome:
    """Does one task, and records the run and how it ended.

    `report` is called with the tally whenever it has changed. `known`: the archive that the file must be; another file
    is not written. `warn` is called with a message when a reader keeps the write-ahead log too large.

    Raises UsageError and StoreError, and ArchiveLost if the file is not in its place at the end. Every other foreseen
    failure is in the outcome. An unforeseen error is recorded and raised.
    """
    if isinstance(task, Crawls):
        require_contact_and_pace(config)
    name = name_task(_get_recorded_name(task), _format_arguments(task))
    task, left_out = _find_documents(task)
    try:
        with checking_while_waiting(stop.raise_if_set), _open(task, name, database, config, clock, stop, warn) as db:
            place = _require_archive(task, db, database, config, known)
            with atomic(db):
                number = _begin(db, task, config, clock)
            log.info("%s started (run %d)", name, number)
            check_migrated(db, clock, stop)
            relate_migrated(db, stop)
            run = _start(db, number, task, config, clock, stop, report)
            run.tally.leave_out(left_out)
            outcome = _run(task, run, database)
    except Stopped as error:  # another program locks the file, so the next run records that this one died
        log.info("%s ended: stopped: %s", name, error)
        return Outcome("stopped", error.exit_code, str(error), Tally())
    require_place(database, place)  # the outcome must be about the file that the run wrote
    log.info("%s ended (run %d): %s: %s", name, number, name_ending(outcome.state), outcome)
    return outcome


def _find_documents(task: Task) -> tuple[Task, Sequence[LeftOut]]:
    """An import with the files that its paths lead to, and what is left out; any other task as it is."""
    if not isinstance(task, Import):
        return task, ()
    found, left_out = find_documents(task.paths)
    return replace(task, paths=tuple(found)), left_out


def _require_archive(
    task: Task, db: sqlite3.Connection, database: Path, config: Config, known: Identity | None
) -> tuple[int, int] | None:
    """Returns the place of the open database file.

    Raises ArchiveLost if it is not the known archive, and UsageError if it was filled from another kind of site.
    """
    if known is not None:
        require_known(db, database, known)
    if isinstance(task, Crawls):
        _require_one_site(db, database, config, is_demo=isinstance(task, Demo))
    return find_place(database)


def _require_one_site(db: sqlite3.Connection, database: Path, config: Config, *, is_demo: bool) -> None:
    """Raises UsageError if a look-alike on this machine would be mixed with another site in one archive.

    The other site would know none of the invented decisions, and they would count as gone; and what was asked of one
    site would count as known of the other. A site that moved to another address is one site, also a look-alike that
    moved to another port, except the one of a demo.
    """
    known, asked = journal.find_robots(db), config.site.base_url
    if known is None:
        return
    if find_made_by(db) == "demo" and not is_demo and urlsplit(known.site)[:2] != urlsplit(asked)[:2]:
        raise UsageError(
            f"{database} has the invented decisions of a demo, so nothing is fetched into it from {asked}. Name "
            "another file with --db"
        )
    if is_loopback(known.site) == is_loopback(asked):
        return
    look_alike = known.site if is_loopback(known.site) else asked
    raise UsageError(
        f"{database} was filled from {known.site}, so nothing is fetched into it from {asked}: {look_alike} is on this "
        "machine, and an archive never mixes a look-alike with the publisher's site. Name another file with --db"
    )


_SLICE_WAIT_SECONDS = 600.0
"""How long a command waits for a slice of the daemon. A slice lasts 5 minutes, and its last response at most 2."""
_SLICE_CHECK_SECONDS = 0.2
"""Seconds between two checks. Slices are a second apart, so a shorter wait lets the command go first."""


@contextlib.contextmanager
def _open(
    task: Task, name: str, database: Path, config: Config, clock: Clock, stop: Stop, warn: Callable[[str], object]
) -> Iterator[sqlite3.Connection]:
    """Opens the database for writing, after the daemon's current slice if there is one. Raises Busy and Stopped."""
    waits_until = clock.monotonic() + _SLICE_WAIT_SECONDS
    with contextlib.ExitStack() as opened:
        while True:
            try:
                db = opened.enter_context(_writing(task, name, database, config, warn))
                break
            except Busy:
                if isinstance(task, Slice) or clock.monotonic() >= waits_until or not _is_slice_at_work(database):
                    raise
            log.info("waiting for the daemon's slice to end, five minutes at most")
            while _is_slice_at_work(database) and clock.monotonic() < waits_until:
                clock.sleep(_SLICE_CHECK_SECONDS, stop)
                stop.raise_if_set()
        yield db


def _is_slice_at_work(database: Path) -> bool:
    holder = find_holder(database)
    return holder is not None and holder.doing in TASKS


def _writing(
    task: Task, name: str, database: Path, config: Config, warn: Callable[[str], object]
) -> contextlib.AbstractContextManager[sqlite3.Connection]:
    makes: MadeBy | None = None
    match task:
        case Demo():
            makes = "demo"
        case Backfill():
            makes = "backfill"
        case Import():
            makes = "import"
    return writing(
        database,
        create=makes is not None,
        doing=name,
        made_by=makes,
        wal_warn_bytes=config.storage.wal_warn_mb * 1_000_000,
        warn=warn,
    )


def _begin(db: sqlite3.Connection, task: Task, config: Config, clock: Clock) -> int:
    """Records the run, the dates that it asks for, and that runs still marked as running were killed.

    Returns the number of the run. Raises UsageError.
    """
    at = clock.stamp()
    user_agent = config.user_agent if isinstance(task, Crawls) else None
    number = runs.begin_run(db, _get_recorded_name(task), _format_arguments(task), at, user_agent)
    intent.interrupt_killed(db, at, number)
    if isinstance(task, Backfill) and task.limit is None:
        intent.record_backfill(db, find_range(task.first, task.last, clock.today()), at, number)
    elif isinstance(task, Sync):
        intent.record_sync(db, clock.today(), config.schedule.sync_days, at, number)
    if isinstance(task, Fill) or (isinstance(task, Sync) and task.by_daemon):
        mode = decide_mode(config.schedule.fill, find_made_by(db), find_fill_state(db))
        intent.record_fill(db, at, number, is_on=mode.is_on)
    return number


def _start(
    db: sqlite3.Connection, number: int, task: Task, config: Config, clock: Clock, stop: Stop, report: Report
) -> TaskRun:
    tally = Tally()
    allowance = None
    if isinstance(task, Slice):
        requests = config.fetch.daily_requests if task.requests is None else task.requests
        allowance = Allowance(clock.monotonic() + task.seconds, requests)

    def count_request() -> None:
        tally.requests += 1
        report(tally)

    def show_wait(message: str) -> None:
        tally.waiting = message
        report(tally)

    throttle = Throttle(
        *(db, number, config.fetch, clock, stop), on_request=count_request, on_wait=show_wait, allowance=allowance
    )
    return TaskRun(db, number, config, clock, stop, throttle, SiteClock(clock.now, clock.today), tally, report)


def _run(task: Task, run: TaskRun, database: Path) -> Outcome:
    """Does a task and records how it ended, even if it ends with an error that is raised."""
    try:
        outcome = _run_to_outcome(task, run)
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error, Stopped):
            failure = explain_error(database, error) if isinstance(error, sqlite3.Error) else error
            if isinstance(failure, LgscoError):
                _end(run, Outcome("failed", failure.exit_code, str(failure), run.tally))
            else:
                _end(run, Outcome("failed", 1, f"{type(failure).__name__}: {failure}", run.tally))
        raise
    _end(run, outcome)
    return outcome


def _run_to_outcome(task: Task, run: TaskRun) -> Outcome:
    """Does the task, and returns how it ended. Foreseen errors become an outcome."""
    try:
        return _dispatch(task, run)
    except Stopped as error:
        message = (
            "the work done so far is saved; `lgsco daemon` continues it" if isinstance(task, Slice) else str(error)
        )
        return _end_early(task, run, "stopped", error.exit_code, message)
    except Blocked as error:
        message = str(error)
        if not isinstance(task, Slice):
            message += "; run the command again later, and write to the publisher if this does not change"
        return _end_early(task, run, "blocked", error.exit_code, message)
    except LayoutChanged as error:
        return _end_early(task, run, "layout", error.exit_code, str(error))
    except (HeldOff, OutOfBudget) as error:  # their messages say when to continue
        return _end_early(task, run, "incomplete", error.exit_code, str(error))
    except (FetchError, ReadError) as error:
        return _end_early(task, run, "incomplete", 10, f"{error}; {RUN_AGAIN}")


def _end_early(task: Task, run: TaskRun, state: str, exit_code: int, message: str) -> Outcome:
    """Returns the outcome of a task that ended early. For a backfill, it says what is left and how to continue."""
    if isinstance(task, Backfill) and task.limit is None:
        window = find_range(task.first, task.last, run.clock.today())
        ending = intent.judge_ending(state, exit_code, reached_the_end=False)
        progress = count_progress(run, window)
        # A demo has its own database, and no backfill continues it.
        if ending == "paused" and not isinstance(task, Demo):
            message = describe_pause(window)
        message = f"{progress}; {message}"
    return Outcome(state, exit_code, message, run.tally)


def _dispatch(task: Task, run: TaskRun) -> Outcome:
    match task:
        case Backfill():
            return backfill(task, run)
        case Sync():
            return sync(task, run)
        case Resume():
            return resume(task, run)
        case Fill():
            return fill(task, run)
        case Withdraw():
            return withdraw(task, run)
        case SwitchFill():
            return switch_fill(task, run)
        case Import():
            return import_files(task, run)
        case Renormalise():
            return renormalise(task, run)
        case Repair():
            return repair_file(task, run)
        case Template():
            return template(task, run)
        case _:
            assert_never(task)


def _end(run: TaskRun, outcome: Outcome) -> None:
    """Sums up the old days of the journal, writes its rest, and records how the run and its backfill ended."""
    _roll_up_journal(run)
    at = run.clock.stamp()
    state = intent.judge_ending(outcome.state, outcome.exit_code, reached_the_end=outcome.reached_the_end)
    with atomic(run.db):
        run.throttle.save()
        intent.end_backfill(run.db, run.number, state, at, None if outcome.reached_the_end else outcome.message)
        intent.record_proven_meanwhile(run.db, at, run.number)
        runs.end_run(
            run.db,
            run.number,
            at=at,
            state=outcome.state,
            exit_code=outcome.exit_code,
            message=outcome.message,
            tally=run.tally.counts(),
        )


def _roll_up_journal(run: TaskRun) -> None:
    """Sums up the old days, each in a transaction of its own. If a stop was requested, the next run does the rest."""
    before = run.clock.stamp(-86_400 * run.config.storage.journal_days)[:10]
    while True:
        with atomic(run.db):
            requests = journal.roll_up_oldest_day(run.db, before, was_in_quiet_hours)
        if not requests or run.stop.is_set():
            return


def _get_recorded_name(task: Task) -> str:
    """Returns the name of a task in the table `runs`."""
    return type(task).__name__.lower()


def _format_arguments(task: Task) -> dict[str, object]:
    return {name: value if isinstance(value, int | None) else str(value) for name, value in asdict(task).items()}
