"""The order of work: `perform(task, ...)` does one task from its lock to its last row, and is the one place where
failures are caught and turned into how a run ended."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import assert_never

from ingest.clock import Clock, Stop
from ingest.config import Config, require_courtesy
from ingest.crawling.canary import Canary
from ingest.crawling.disappearance import Witness
from ingest.crawling.listing_walk import Survey
from ingest.crawling.reconcile import Habits
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.errors import (
    Blocked,
    FetchError,
    HeldOff,
    LayoutChanged,
    OutOfBudget,
    ReadError,
    Stopped,
    UsageError,
    one_document,
)
from ingest.fetching.client import Site
from ingest.fetching.interface import Wire
from ingest.fetching.quiet_hours import within
from ingest.fetching.throttle import Manners
from ingest.recording.pipeline import Intake
from ingest.recording.tally import Report, Tally
from ingest.tasks import import_files as documents
from ingest.tasks.import_files import LeftOut
from ingest.tasks.sync import Round, edge
from storage import decisions, journal, ledger, pages, queue, runs
from storage.database import atomic, heeding, plain
from storage.decisions import Reading
from storage.errors import LgscoError, StoreFailed
from storage.model import Window
from storage.writer import writing

log = logging.getLogger("lgsco")

_AGAIN = "run the command again later, it goes on where it was"


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
        require_courtesy(config)
    name, arguments = type(task).__name__.lower(), _arguments(task)
    left_out: Sequence[LeftOut] = ()
    if isinstance(task, Import):
        found, left_out = documents.find(task.paths)
        task = replace(task, paths=tuple(found))
    if isinstance(task, Renormalise) and not database.is_file():
        raise StoreFailed(f"{database}: no such database; --db names another")
    try:
        with heeding(stop.heed), writing(database) as db:
            with atomic(db):
                asks_as = config.user_agent if isinstance(task, Backfill | Sync) else None
                run = runs.begin_run(db, name, arguments, clock.stamp(), asks_as)
            log.info("%s begins (run %d)", name, run)
            work = _Work(config, db, run, clock, stop, report)
            work.tally.leave_out(left_out)
            try:
                outcome = _caught(task, work)
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error, Stopped):
                    told = plain(database, error) if isinstance(error, sqlite3.Error) else error
                    if isinstance(told, LgscoError):
                        work.end(Outcome("failed", told.exit_code, str(told), work.tally))
                    else:
                        work.end(Outcome("failed", 1, f"{type(told).__name__}: {told}", work.tally))
                raise
            work.end(outcome)
    except Stopped as error:  # while another program has the file: the next run writes down that this one died
        log.info("%s ends: stopped: %s", name, error)
        return Outcome("stopped", error.exit_code, str(error), Tally())
    log.info("%s ends (run %d): %s: %s", name, run, outcome.state, outcome.message)
    return outcome


def _caught(task: Task, work: _Work) -> Outcome:
    """How the task ended, whatever happened to it that can be foreseen."""
    try:
        return work.do(task)
    except Stopped as error:
        return Outcome("stopped", error.exit_code, str(error), work.tally)
    except Blocked as error:
        told = f"{error}; run the command again later, and write to the publisher if it stays so"
        return Outcome("blocked", error.exit_code, told, work.tally)
    except LayoutChanged as error:
        return Outcome("layout", error.exit_code, str(error), work.tally)
    except (HeldOff, OutOfBudget) as error:  # these say themselves when to go on
        return Outcome("incomplete", error.exit_code, str(error), work.tally)
    except (FetchError, ReadError) as error:
        return Outcome("incomplete", 10, f"{error}; {_AGAIN}", work.tally)


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
        self.tally = Tally()
        self._manners = Manners(db, run, config.fetch, clock, stop, asked=self._asked, waits=self._waits)
        self._intake = Intake(
            db,
            clock,
            run,
            self.tally,
            report,
            batch=config.storage.batch,
            full_days=config.cadence.full_days,
        )

    def end(self, outcome: Outcome) -> None:
        """Records how the run ended, with the last of its journal; old days of it are summed up."""
        with atomic(self._db):
            self._manners.save()
            journal.roll_up(self._db, self._clock.stamp(-86_400 * self._config.storage.journal_days)[:10], within)
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
                window = Window(task.first or EVERYTHING.first, task.last or EVERYTHING.last)
                if window.first > (task.last or self._clock.today()):
                    raise UsageError(f"the range ends before it begins: {window}; --to is today where it is not given")
                return self._backfill(window, task.limit)
            case Sync():
                return self._sync()
            case Import():
                return self._import(task)
            case Renormalise():
                return self._renormalise(task)
            case _:
                assert_never(task)

    # ------------------------------------------------------------ from the site

    def _backfill(self, window: Window, limit: int | None) -> Outcome:
        """Lists what of a window was not walked lately, and fetches what is not held, part by part."""
        db, tally = self._db, self.tally
        self._prove()
        tally.held = decisions.count_held_between(db, window)

        def fetch(part: Window) -> None:
            left = None if limit is None else limit - tally.fetched
            self._intake.fetch(site, self._manners.save, part, left)
            survey.settle()
            if limit is not None and tally.fetched >= limit:
                raise _LimitReached

        def fetch_queued() -> None:
            with contextlib.suppress(_LimitReached):  # that the listing failed is what the run ends with
                fetch(window)

        trusted = self._clock.stamp(-3600 * self._config.listing.trust_hours)
        with self._site() as site:
            canary = self._canary(site)
            survey = self._survey(site, canary, fetch, trusted)
            fresh = ledger.find_trusted(db, window, trusted, self._clock.stamp())
            unseen = gaps(window, [proof.window for proof in fresh])
            tally.expected = max(tally.held, sum(proof.total or 0 for proof in fresh))
            try:
                with survey.listing_may_fail(fetch_queued):
                    if unseen:
                        total = survey.ask(window)
                        tally.expected = max(tally.held, total or 0)
                        self._report(tally)
                        survey.look(window, again=True, total=total)
                fetch(window)
            except _LimitReached:
                waiting = queue.count(db, window)
                more = f"{waiting:,} listed so far wait to be fetched" if waiting else "nothing listed so far waits"
                return Outcome("limited", 0, f"{self._told()}; stopped at --limit {limit}, {more}", tally)
        return self._judged([window], survey)

    def _sync(self) -> Outcome:
        """One round of what the daemon does."""
        self._prove()
        with self._site() as site:
            canary = self._canary(site)
            survey = self._survey(site, canary, lambda _window: None)
            dials = self._config.listing
            witness = Witness(
                self._db,
                site,
                survey,
                self._clock,
                served=lambda: canary.check("pages are gone"),
                days_apart=dials.gone_days,
                retention_days=dials.retention_days,
            )
            self._queue_oldest()
            scopes = Round(
                self._db,
                survey,
                canary,
                witness,
                self._clock,
                self._config,
                self._run,
                fetch=lambda: self._intake.fetch(site, self._manners.save, None, None),
            ).go()
        self.tally.left = len(witness.left)
        return self._judged(scopes, survey)

    def _queue_oldest(self) -> None:
        """Queues pages that were not asked for in a long time: a page can change without its card."""
        dials = self._config.cadence
        with atomic(self._db):
            before = self._clock.stamp(-86_400 * dials.reread_days)
            count = pages.queue_oldest(self._db, before, dials.reread_most, self._clock.stamp())
        if count:
            log.info("%d pages are asked for again in their turn", count)

    def _prove(self) -> None:
        """Records what an earlier run kept, and proves the windows that lacked no more than that."""
        self._intake.record_kept()
        with atomic(self._db):
            ledger.prove(self._db, self._clock.stamp(), self._run)

    def _canary(self, site: Wire) -> Canary:
        within = Window(edge(self._config, self._clock.today()), EVERYTHING.last)
        canary = Canary(self._db, site, self._clock, self._run, within=within, take=self._intake.take)
        self._intake.surprised = canary.check
        return canary

    def _survey(
        self, site: Wire, canary: Canary, fetch: Callable[[Window], None], trusted: str | None = None
    ) -> Survey:
        today = self._clock.today()
        return Survey(
            self._db,
            site,
            self._clock,
            self._run,
            habits=Habits(
                walk_most=self._config.listing.walk_most,
                horizon=date(today.year, 12, 31),
                recent=today - timedelta(days=self._config.cadence.middle_days),
            ),
            trusted_since=trusted,
            surprised=canary.check,
            fetch=fetch,
            odd=self.tally.note_odd,
        )

    def _judged(self, scopes: Sequence[Window], survey: Survey) -> Outcome:
        """Complete, where every decision that the site lists in those windows is held and proven to be."""
        self.tally.unlisted = survey.unlisted
        lacking = [told for lacks in survey.lacking.values() for told in lacks]
        problems = [*survey.contradictions, *lacking[:5]]
        if len(lacking) > 5:
            problems.append(f"and {len(lacking) - 5} more pages of the listing bring nothing")
        unfollowed = list(survey.unfollowed.items())
        problems += [f"{target}: {card}" for card, target in unfollowed[:5]]
        if len(unfollowed) > 5:
            problems.append(f"and {len(unfollowed) - 5:,} more cards cannot be followed")
        waiting = sum(queue.count(self._db, scope) for scope in scopes)
        if waiting:
            due = queue.find_next(self._db)
            problems.append(f"{waiting:,} listed decisions could not be had yet and are queued, due from {due}")
        unproven = [
            part
            for scope in scopes
            for part in gaps(scope, [p.window for p in ledger.find_windows(self._db, scope) if p.state == "proven"])
        ]
        problems += [f"{part} is not proven" for part in unproven[:5]]
        if len(unproven) > 5:
            problems.append(f"and {len(unproven) - 5} more ranges are not")
        if problems:
            told = f"{self._told()}; incomplete: {'; '.join(problems)}; {_AGAIN}"
            return Outcome("incomplete", 10, told, self.tally)
        return Outcome("complete", 0, f"{self._told()}; every decision the site lists is held", self.tally)

    def _site(self) -> Site:
        return Site(self._config, self._clock, self._stop, self._manners)

    def _asked(self) -> None:
        self.tally.requests += 1
        self._report(self.tally)

    def _waits(self, told: str) -> None:
        self.tally.waiting = told
        self._report(self.tally)

    def _told(self) -> str:
        tally = self.tally
        told = f"{tally.first:,} new, {tally.amended:,} amended, {tally.unchanged:,} as before"
        if tally.anew:
            told += f", {tally.anew:,} read anew"
        if tally.unlisted:
            told += f", {tally.unlisted:,} no longer listed"
        if tally.left:
            told += f", {tally.left:,} found to have left the site"
        if tally.beside:
            told += f", {tally.beside:,} kept beside"
        if tally.odd:
            more = f" and {len(tally.odd) - 5:,} more" if len(tally.odd) > 5 else ""
            told += f", {len(tally.odd):,} odd: {', '.join(map(str, tally.odd[:5]))}{more}"
        if tally.left_out:
            more = f" and {len(tally.left_out) - 5:,} more" if len(tally.left_out) > 5 else ""
            told += f", {len(tally.left_out):,} left out: {', '.join(tally.left_out[:5])}{more}"
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
                with one_document():
                    decision = documents.read(path, unclosed=task.unclosed)
                self._intake.check(decision)
            except ReadError as error:
                log.warning("%s: %s", path, error)
                self.tally.miss(str(path), error)
                continue
            if decision.reference in batch or len(batch) >= self._config.storage.batch:
                self._intake.record(list(batch.values()))
                batch.clear()
            at = self._clock.stamp()
            batch[decision.reference] = self._intake.reading(
                decision, "import", at=at, document=os.fsencode(path).decode("utf-8", "replace")
            )
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
