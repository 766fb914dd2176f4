"""Processes the queue: fetch each page, store it, parse it, compare it with the archive, record the result.

Stored pages are parsed and recorded many decisions a transaction, so a kill costs at most one batch, parsed again.
`ingest.recording.failures` decides what a failure means; this module acts on it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import assert_never

from ingest.clock import Clock
from ingest.errors import FetchError, HeldOff, ReadError
from ingest.parsing.input_limits import prints_reference
from ingest.recording.failures import (
    BatchParsed,
    BlamePage,
    CanaryAnswered,
    CheckCanary,
    Decision,
    Event,
    Failure,
    Fetched,
    NotParsed,
    Parsed,
    RetryLater,
    RetryNextRun,
    RoundEnded,
    RunFails,
    State,
    Stop,
    Verdict,
    decide,
    listed_page_failed,
)
from ingest.recording.fetch_pages import PageFetcher
from ingest.recording.held_recorder import HeldRecorder
from ingest.recording.record import Recorder
from ingest.recording.tally import Report, Tally
from ingest.recording.template_verdicts import TemplateVerdicts
from ingest.recording.template_watch import TemplateWatch
from ingest.recording.unreadable import is_known_unreadable, record_known_unreadable
from ingest.recording.verdicts import write_verdict
from storage import findings, pages, queue
from storage.database import atomic
from storage.decisions import Reading
from storage.errors import LgscoError
from storage.model import Page, Wanted, Window

log = logging.getLogger("lgsco")

_FIRST_BATCH = 4
"""Decisions in the first batch of a run; each batch is twice the one before, so a changed layout shows early."""

Group = list[tuple[int, Page]]
"""The stored pages of one decision, with their ids."""


class Pipeline:
    """Fetches and records queued decisions."""

    def __init__(
        self,
        db: sqlite3.Connection,
        codec: pages.Codec,
        clock: Clock,
        fetcher: PageFetcher,
        recorder: Recorder,
        tally: Tally,
        report: Report,
        *,
        run: int,
        check_canary: Callable[[str], bool],
        save_journal: Callable[[], None],
        batch: int,
    ) -> None:
        """`check_canary`: called with the reason; returns whether the site shows a known decision.

        It raises if the site does not serve us. `save_journal`: called inside transactions. `batch`: the most decisions
        recorded in one transaction.
        """
        self._db = db
        self._codec = codec
        self._clock = clock
        self._fetcher = fetcher
        self._recorder = recorder
        self._watch = TemplateWatch(db, clock, recorder, run, tally)
        held = HeldRecorder(db, codec, clock, recorder, self._watch, run, tally)
        self._verdicts = TemplateVerdicts(db, clock, self._watch, held, run)
        self._tally = tally
        self._report = report
        self._check_canary = check_canary
        self._save_journal = save_journal
        self._batch_most = batch
        self._batch = min(_FIRST_BATCH, batch)
        self._state = State()

    def fetch_queued(
        self,
        windows: Sequence[Window],
        limit: int | None = None,
        *,
        rereads: bool = False,
        is_over: Callable[[], bool] | None = None,
    ) -> None:
        """Fetches and records the queued decisions of some windows that are due.

        `limit`: the most decisions that the run fetches, including those fetched before this call. `rereads`: also
        stored decisions of any date; then two known ones are reread before new ones are recorded. `is_over`: asked
        before each batch; ends the work early.

        Raises what `fetch` of the client raises about the site as a whole, Blocked and LayoutChanged.
        """
        with self._retrying_next_run_if_it_fails():
            self._record_stored()
            self._verdicts.settle(self._fetch_and_record, is_last=False)
            while not (is_over and is_over()) and (wanted := self._find_wanted(windows, limit, rereads=rereads)):
                if rereads and (known := self._verdicts.find_known(wanted)):
                    wanted = known
                self._fetch_and_record(wanted)
                self._verdicts.settle(self._fetch_and_record, is_last=False)
                self._batch = min(self._batch * 2, self._batch_most)
            self._handle(RoundEnded())
            self._record_stored()

    def settle(self) -> None:
        """Decides the pending template changes that can be decided. Call it when all other work is done.

        Raises what `fetch_queued` raises.
        """
        with self._retrying_next_run_if_it_fails():
            self._record_stored()
            self._verdicts.settle(self._fetch_and_record, is_last=True)
            self._handle(RoundEnded())

    def record_stored(self) -> None:
        """Records every decision with stored pages that are not parsed yet. Raises Blocked, LayoutChanged."""
        with self._retrying_next_run_if_it_fails():
            self._record_stored()

    # ------------------------------------------------------------ fetch

    def _find_wanted(self, windows: Sequence[Window], limit: int | None, *, rereads: bool) -> list[Wanted]:
        left = self._batch if limit is None else min(self._batch, limit - self._tally.fetched)
        if left <= 0:
            return []
        return queue.find_wanted(self._db, self._clock.stamp(), windows, left, rereads=rereads)

    def _fetch_and_record(self, wanted: Sequence[Wanted]) -> None:
        try:
            for one in wanted:
                self._handle(self._fetch(one))
        finally:
            self._record_stored()

    def _fetch(self, wanted: Wanted) -> Event:
        """Fetches and stores the pages of one decision."""
        try:
            unchanged = self._fetcher.fetch(wanted)
        except (FetchError, ReadError, HeldOff) as error:
            failure = Failure(wanted.reference, wanted.url, error)
            event = listed_page_failed(failure, was_held_off=wanted.error_kind == HeldOff.__name__)
            log.warning("%s: %s", wanted.reference, error)
            return event
        self._tally.unchanged += unchanged
        self._tally.fetched += 1
        self._report(self._tally)
        return Fetched()

    # ------------------------------------------------------------ parse, compare, record

    def _record_stored(self) -> None:
        while (decisions := self._record_batch(pages.find_kept(self._db, self._codec, self._batch_most))) is not None:
            self._follow(decisions)

    def _record_batch(self, groups: Iterable[Group]) -> Sequence[Decision] | None:
        """Parses and records the stored pages of some decisions, in one transaction. Returns None if there are none."""
        readings: list[Reading] = []
        results: list[Parsed | NotParsed] = []
        numbers: dict[str, list[int]] = {}
        known: list[tuple[Page, ReadError]] = []
        for group in groups:
            page = group[0][1]
            numbers[page.reference] = [number for number, _ in group]
            try:
                readings.append(self._recorder.parse_pages(group))
                results.append(Parsed())
            except ReadError as error:
                log.warning("%s: %s", page.reference, error)
                if is_known_unreadable(self._db, self._codec, group):
                    known.append((page, error))
                    continue
                failure = Failure(page.reference, page.url, error)
                results.append(NotParsed(failure, is_strange=not prints_reference(page.body, page.reference)))
        if not numbers:
            return None
        decisions: Sequence[Decision] = ()
        if results:
            self._state, decisions = decide(self._state, BatchParsed(tuple(results)))
        parsed = {reading.decision.reference for reading in readings}
        with atomic(self._db):
            held = self._watch.record(readings)
            for reference, of_it in numbers.items():
                state = "held" if reference in held else "read" if reference in parsed else "unreadable"
                pages.mark(self._db, of_it, state)
            queue.remove(self._db, [one for one in parsed if not held.get(one)])
            findings.forget_unreadable(self._db, [reference for reference in numbers if reference in parsed])
            for page, why in known:
                record_known_unreadable(self._db, self._clock, self._tally, page, why)
            self._write(decisions)
            self._codec.train_if_due(self._clock.stamp())
        self._report(self._tally)
        return decisions

    # ------------------------------------------------------------ failures

    def _handle(self, event: Event) -> None:
        """Decides about an event, writes the verdicts to the queue and does the rest of what is decided."""
        self._follow(self._decide(event))

    def _decide(self, event: Event) -> Sequence[Decision]:
        self._state, decisions = decide(self._state, event)
        if decisions:
            with atomic(self._db):
                self._write(decisions)
                self._save_journal()
            self._report(self._tally)
        return decisions

    def _write(self, decisions: Sequence[Decision]) -> None:
        """Writes the verdicts among decisions. Call it inside a transaction."""
        for decision in decisions:
            if isinstance(decision, Verdict):
                write_verdict(self._db, self._clock, self._tally, decision)

    def _follow(self, decisions: Sequence[Decision]) -> None:
        """Checks the canary if that is decided, and follows its answer. Raises the error of a Stop."""
        left = list(decisions)
        while left:
            decision = left.pop(0)
            match decision:
                case CheckCanary(why):
                    left += self._decide(CanaryAnswered(decision, self._check_canary(why)))
                case Stop(error):
                    raise error
                case RetryLater() | BlamePage() | RetryNextRun():
                    pass  # `_write` has written it
                case _:
                    assert_never(decision)

    @contextlib.contextmanager
    def _retrying_next_run_if_it_fails(self) -> Iterator[None]:
        """If the run ends with an error that is not a page's fault, makes the pages in doubt due at once."""
        try:
            yield
        except LgscoError:
            self._handle(RunFails())
            raise
