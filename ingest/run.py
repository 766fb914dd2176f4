"""The order of work: `perform(task, ...)` does one task from its lock to its last row, and is the one place where
failures are caught and turned into how a run ended."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import assert_never

from ingest import documents
from ingest.clock import Clock, Stop
from ingest.config import Config, require_contact
from ingest.errors import Blocked, FetchError, LayoutChanged, OutOfBudget, ReadError, Stopped, UsageError
from ingest.intake import Intake, Report, Tally
from ingest.site import Site
from ingest.survey import Survey
from ingest.window import EVERYTHING
from storage import decisions, ledger, runs
from storage.database import atomic
from storage.decisions import Reading
from storage.errors import LgscoError, StoreFailed
from storage.model import Request, Window
from storage.writer import writing

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Backfill:
    """Every decision whose decision date lies in the range, both ends inclusive; None: no bound."""

    first: date | None = None
    last: date | None = None
    limit: int | None = None
    """Decisions to fetch at most."""


@dataclass(frozen=True, slots=True)
class Demo(Backfill):
    """A backfill from the look-alike site; its runs mark a database that may be thrown away."""


@dataclass(frozen=True, slots=True)
class Sync:
    """What is new among the decision dates of the last days."""


@dataclass(frozen=True, slots=True)
class Import:
    """Documents from files and folders; `perform` finds the files in the folders."""

    paths: tuple[Path, ...]
    unclosed: bool = False


@dataclass(frozen=True, slots=True)
class Renormalise:
    """Read every kept page again with today's reader."""

    dry_run: bool = False


Task = Backfill | Sync | Import | Renormalise


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: str
    """complete, limited, incomplete, blocked, layout, failed or stopped."""
    exit_code: int
    message: str
    tally: Tally


def perform(task: Task, config: Config, database: Path, clock: Clock, stop: Stop, report: Report) -> Outcome:
    """Does one task, and records the run and how it ended.

    `report` is given the tally whenever it has changed. Raises UsageError and StoreError; whatever else goes wrong
    is in the outcome, but for errors nobody foresaw, which are recorded and raised.
    """
    if isinstance(task, Backfill | Sync):
        require_contact(config)
    name, arguments = type(task).__name__.lower(), _arguments(task)
    if isinstance(task, Import):
        task = replace(task, paths=tuple(documents.find(task.paths)))
    if isinstance(task, Renormalise) and not database.is_file():
        raise StoreFailed(f"{database}: no such database; --db names another")
    with writing(database) as db:
        run = runs.begin_run(db, name, arguments, clock.stamp())
        log.info("%s begins (run %d)", name, run)
        work = _Work(config, db, run, clock, stop, report)
        try:
            outcome = _caught(task, work)
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                code = error.exit_code if isinstance(error, LgscoError) else 1
                work.end(Outcome("failed", code, f"{type(error).__name__}: {error}", work.tally))
            raise
        work.end(outcome)
    log.info("%s ends (run %d): %s: %s", name, run, outcome.state, outcome.message)
    return outcome


def _caught(task: Task, work: _Work) -> Outcome:
    """How the task ended, whatever happened to it that can be foreseen."""
    try:
        return work.do(task)
    except Stopped as error:
        return Outcome("stopped", error.exit_code, str(error), work.tally)
    except Blocked as error:
        return Outcome("blocked", error.exit_code, str(error), work.tally)
    except LayoutChanged as error:
        return Outcome("layout", error.exit_code, str(error), work.tally)
    except (FetchError, OutOfBudget, ReadError) as error:
        return Outcome("incomplete", 10, f"{error}; run the command again later, it goes on where it was", work.tally)


class _Work:
    """One run's work, with what all of its steps need."""

    def __init__(
        self, config: Config, db: sqlite3.Connection, run: int, clock: Clock, stop: Stop, report: Report
    ) -> None:
        self._config = config
        self._db = db
        self._run = run
        self._clock = clock
        self._stop = stop
        self._report = report
        self._requests: list[Request] = []  # asked, and not in the journal yet
        self.tally = Tally()
        self._intake = Intake(db, clock, run, self.tally, report, batch=config.storage.batch)

    def end(self, outcome: Outcome) -> None:
        """Records how the run ended, with the last of its journal."""
        with atomic(self._db):
            self._save_requests()
            runs.end_run(
                self._db,
                self._run,
                at=self._clock.stamp(),
                state=outcome.state,
                exit_code=outcome.exit_code,
                message=outcome.message,
                tally=self.tally.counts(),
            )

    def do(self, task: Task) -> Outcome:
        match task:
            case Backfill():
                window = Window(task.first or EVERYTHING.first, task.last or self._clock.today())
                if window.first > window.last:
                    raise UsageError(f"the range ends before it begins: {window}; --to is today where it is not given")
                return self._collect(window, task.limit, self._config.listing.trust_hours)
            case Sync():
                today = self._clock.today()
                # from the first of a month, so that the ledger's rows of one day's sync hold those of the day before
                first = (today - timedelta(days=self._config.schedule.sync_days)).replace(day=1)
                return self._collect(Window(first, today), None, 0)
            case Import():
                return self._import(task)
            case Renormalise():
                return self._renormalise(task)
            case _:
                assert_never(task)

    # ------------------------------------------------------------ from the site

    def _collect(self, window: Window, limit: int | None, trust_hours: float) -> Outcome:
        """Lists a window and fetches what is not held, part by part."""
        db, tally = self._db, self.tally
        self._intake.record_kept()
        tally.held = decisions.count_held_between(db, window)

        def fetch(part: Window | None) -> None:
            left = None if limit is None else limit - tally.fetched
            self._intake.fetch(site, self._save_requests, part, left)
            if limit is not None and tally.fetched >= limit:
                raise _LimitReached

        def found(total: int) -> None:
            tally.expected = max(total, tally.held)
            self._report(tally)

        with self._site() as site:
            survey = Survey(
                db,
                site,
                self._clock,
                self._run,
                walk_most=self._config.listing.walk_most,
                trusted_since=self._clock.stamp(-3600 * trust_hours),
                walked=fetch,
                found=found,
            )
            try:
                survey.survey(window)
                fetch(window)
            except _LimitReached:
                waiting = ledger.count_queue(db, window)
                more = f"{waiting:,} listed so far wait to be fetched" if waiting else "nothing listed so far waits"
                return Outcome("limited", 0, f"{self._told()}; stopped at --limit {limit}, {more}", tally)
        waiting = ledger.count_queue(db, window)
        if waiting or survey.unproven:
            problems = []
            if waiting:
                problems.append(f"{waiting:,} listed decisions could not be had yet and are queued")
            problems += [f"{part} is not proven" for part in survey.unproven[:5]]
            if len(survey.unproven) > 5:
                problems.append(f"and {len(survey.unproven) - 5} more ranges are not")
            return Outcome("incomplete", 10, f"{self._told()}; incomplete: {'; '.join(problems)}", tally)
        return Outcome("complete", 0, f"{self._told()}; every decision the site lists is held", tally)

    def _site(self) -> Site:
        today, last = runs.requests_today(self._db, self._clock.stamp())
        return Site(self._config, self._clock, self._stop, self._journal, asked_today=today, asked_last=last)

    def _journal(self, request: Request) -> None:
        self._requests.append(request)
        self.tally.requests += 1

    def _save_requests(self) -> None:
        runs.record_requests(self._db, self._run, self._requests)
        self._requests.clear()

    def _told(self) -> str:
        tally = self.tally
        told = f"{tally.first:,} new, {tally.amended:,} amended, {tally.unchanged:,} as before"
        if tally.anew:
            told += f", {tally.anew:,} read anew"
        if tally.beside:
            told += f", {tally.beside:,} kept beside"
        if tally.odd:
            told += f", {len(tally.odd):,} odd (no closing line): {', '.join(tally.odd[:5])}"
        return told

    # ------------------------------------------------------------ from files and kept pages

    def _import(self, task: Import) -> Outcome:
        batch: dict[str, Reading] = {}
        self.tally.expected = len(task.paths)
        for path in task.paths:
            if self._stop.is_set():
                self._intake.record(list(batch.values()))
                raise Stopped(self._stop.exit_code)
            try:
                decision = documents.read(path, unclosed=task.unclosed)
                self._intake.check(decision)
            except ReadError as error:
                self.tally.miss(str(path), error)
                continue
            if decision.reference in batch or len(batch) >= self._config.storage.batch:
                self._intake.record(list(batch.values()))
                batch.clear()
            at = self._clock.stamp()
            batch[decision.reference] = self._intake.reading(decision, "import", at=at, document=str(path))
        self._intake.record(list(batch.values()))
        if self.tally.failed:
            return Outcome(
                "incomplete", 10, f"{self._told()}; {self.tally.failed:,} documents could not be read", self.tally
            )
        return Outcome("complete", 0, self._told(), self.tally)

    def _renormalise(self, task: Renormalise) -> Outcome:
        changed = self._intake.renormalise(self._stop, dry_run=task.dry_run)
        told = f"{changed:,} decisions read otherwise than they are held" if task.dry_run else self._told()
        if self.tally.failed:
            return Outcome("incomplete", 10, f"{told}; {self.tally.failed:,} kept pages do not read", self.tally)
        return Outcome("complete", 0, told, self.tally)


class _LimitReached(Exception):
    """As many decisions as the task asked for are fetched."""


def _arguments(task: Task) -> dict[str, object]:
    return {name: value if isinstance(value, int | None) else str(value) for name, value in asdict(task).items()}
