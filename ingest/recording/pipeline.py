"""From a queued reference to a recorded decision: fetch -> keep -> read -> compare -> record.

Each fetched page is kept in a small transaction of its own, with its queue row and the journal of its requests.
Recording reads kept pages and takes many decisions a transaction, so a kill re-reads at most one batch and
re-fetches at most one page. Imports and renormalising enter at `read`: one way in.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from ingest.clock import Clock, Stop
from ingest.errors import (
    Blocked,
    CutShort,
    Denied,
    Disallowed,
    Elsewhere,
    FetchError,
    Gone,
    HeldOff,
    LayoutChanged,
    NotADecision,
    ReadError,
    Stopped,
    one_document,
)
from ingest.fetching.interface import Wire
from ingest.lgo import page as pages_read
from ingest.lgo.page import NORMALISER
from ingest.lgo.text_format import render
from ingest.parsing.input_limits import names
from ingest.recording.compare import Beside, Change, First, Known, Reread, Superseded, Unchanged, compare, with_card
from ingest.recording.tally import Report, Tally
from storage import decisions, entries, pages, queue
from storage.database import atomic
from storage.decisions import Held, Reading
from storage.errors import Damaged, LgscoError
from storage.model import Decision, Page, Source, Wanted, Window

log = logging.getLogger("lgsco")

_DAY = 86_400
_RETRY_SECONDS = (3600, 6 * 3600, _DAY, 2 * _DAY, 4 * _DAY, 8 * _DAY, 16 * _DAY, 30 * _DAY)
"""Seconds until a decision that could not be had is tried again, by its failures so far; then for ever the last."""

_UNREADABLE_IN_A_ROW = 5
"""Pages in a row that do not read, after which it is the layout that changed and not the pages."""

_UNANSWERED_IN_A_ROW = 5
"""Decisions in a row that the site did not answer for, after which a known one tells whether it is away."""

_OF_ONE_VERSION = 3600
"""Seconds within which the chapters of a report are taken to be of one version: it may be amended in between."""

_FIRST_BATCH = 4
"""Decisions in the first batch of a run; each batch is twice the one before, so a changed layout shows early."""


class Intake:
    """Records decisions: those of the queue, and those of documents."""

    def __init__(
        self,
        db: sqlite3.Connection,
        clock: Clock,
        run: int,
        tally: Tally,
        report: Report,
        *,
        batch: int,
        full_days: int,
    ) -> None:
        """`batch`: decisions recorded in one transaction. `full_days`: for which the site's word is taken that a page
        is unchanged."""
        self._db = db
        self._codec = pages.Codec(db)
        self._clock = clock
        self._run = run
        self._tally = tally
        self._report = report
        self._full_days = full_days
        self._batch_most = batch
        self._batch = min(_FIRST_BATCH, batch)
        self._unreadable = 0  # in a row
        self._strange = False  # whether one of those does not even print its reference, as no decision's page does
        self._unanswered = 0  # in a row: the site did not answer for them at all
        self._doubtful: list[tuple[str, str, Exception]] = []
        """Reference, address and error of what was not had since a page last came: whose fault it is, is not known."""
        self._overtaken: list[tuple[str, str, Exception]] = []
        """The same, of what was not had before a page came that is still to be read: if it reads, it was theirs."""
        self._suspected = False
        self.surprised: Callable[[str], bool] = lambda _why: False
        """Asked, with the reason, when a page does not read: True where the site is known to serve us as ever. It
        raises where the site does not, or its layout changed."""

    # ------------------------------------------------------------ fetch, keep

    def fetch(self, site: Wire, save: Callable[[], None], window: Window | None, most: int | None) -> None:
        """Fetches what is queued and due, of a window if one is given, and records it.

        `save` writes the journal; it is called inside the transaction of each page. `most`: decisions to fetch at
        most. Raises what `Wire.fetch` raises about the site as a whole, and LayoutChanged.
        """
        try:
            self._fetch(site, save, window, most)
        except LgscoError:
            # The run ends for another reason than theirs: they are wanted as soon as there is a next one.
            self._acquit_doubtful()
            raise

    def _fetch(self, site: Wire, save: Callable[[], None], window: Window | None, most: int | None) -> None:
        self.record_kept()
        enough = None if most is None else self._tally.fetched + most
        while enough is None or self._tally.fetched < enough:
            left = self._batch if enough is None else min(self._batch, enough - self._tally.fetched)
            wanted = queue.find_wanted(self._db, self._clock.stamp(), window, left)
            if not wanted:
                break
            try:
                for one in wanted:
                    self._fetch_one(site, save, one)
            finally:
                self.record_kept()
            self._batch = min(self._batch * 2, self._batch_most)
        if self._doubtful and self.surprised(f"the last {len(self._doubtful)} pages in a row were not had"):
            self._blame_doubtful()

    def _fetch_one(self, site: Wire, save: Callable[[], None], wanted: Wanted) -> None:
        try:
            self._fetch_pages(site, save, wanted)
        except Disallowed as error:
            log.warning("%s: %s", wanted.reference, error)
            with atomic(self._db):
                self._fail(wanted.reference, wanted.url, error)
                save()
            return
        except HeldOff as error:
            if error.by is not None:
                self._held_off(wanted, error, save)
            raise
        except (Gone, Elsewhere, Denied, ReadError) as error:
            self._doubt(wanted, error, save)
            self._unanswered = 0
            self._unreadable += 1
            self._strange = True
            self._suspect(wanted.reference, error)
            return
        except FetchError as error:
            # The site's fault, if it goes on; the page's, if the next ones come.
            self._doubt(wanted, error, save)
            self._unanswered += 1
            if self._unanswered >= _UNANSWERED_IN_A_ROW:
                if not self.surprised(f"{self._unanswered} pages in a row were not answered for"):
                    raise
                self._unanswered = 0
                self._blame_doubtful()
            return
        self._unanswered = 0
        self._overtaken += self._doubtful
        self._doubtful = []
        self._tally.fetched += 1
        self._report(self._tally)

    def _fetch_pages(self, site: Wire, save: Callable[[], None], wanted: Wanted) -> None:
        """Fetches what is missing of a decision's pages and keeps it, page by page."""
        kept = pages.find_unfinished(self._db, self._codec, wanted.reference)
        if kept and not self._are_of_one_version(kept):
            with atomic(self._db):
                pages.give_up_unfinished(self._db, wanted.reference)
            kept = []
        missing = _next_chapter(kept, wanted.reference)
        known = None
        if wanted.reason == "reread" and not kept:
            since = self._clock.stamp(-86_400 * self._full_days)
            known = pages.find_validators(self._db, wanted.reference, since)
        while missing is not None:
            target = wanted.url if missing == 1 else f"{wanted.url}?chapter={missing}"
            answer = site.fetch(target, known)
            if answer.unchanged:
                with atomic(self._db):
                    pages.record_unchanged(self._db, wanted.reference, answer.at)
                    decisions.record_seen(self._db, wanted.reference, answer.at)
                    queue.done(self._db, [wanted.reference])
                    save()
                self._tally.unchanged += 1
                return
            page = Page(wanted.reference, missing, target, answer.at, answer.charset, answer.body, answer.validators)
            kept.append(page)
            missing = _next_chapter(kept, wanted.reference)
            with atomic(self._db):
                pages.keep(self._db, self._codec, page)
                if missing is None:
                    queue.kept(self._db, wanted.reference)
                save()

    def _are_of_one_version(self, kept: Sequence[Page]) -> bool:
        """Whether chapters that were kept are young enough to be gone on from."""
        since, until = self._clock.stamp(-_OF_ONE_VERSION), self._clock.stamp()
        return all(since <= page.fetched_at <= until for page in kept)

    def _doubt(self, wanted: Wanted, error: Exception, save: Callable[[], None]) -> None:
        """Has a decision that was not had tried again later, and does not hold it against its page yet."""
        with atomic(self._db):
            self._put_off(wanted.reference, wanted.url, error)
            save()

    def _held_off(self, wanted: Wanted, error: HeldOff, save: Callable[[], None]) -> None:
        """The site asked for a long wait when it was asked for this one: it may be busy. The second time, after all
        that is untried, it is held against the page, or no run would ever come past it."""
        if wanted.error_kind != HeldOff.__name__:
            self._doubt(wanted, error, save)
            return
        with atomic(self._db):
            self._fail(wanted.reference, wanted.url, error)
            save()

    def _put_off(self, reference: str, url: str, error: Exception) -> None:
        self._doubtful.append((reference, url, error))
        log.warning("%s: %s", reference, error)
        next_at = self._clock.stamp(_RETRY_SECONDS[0])
        queue.postponed(self._db, reference, next_at=next_at, error_kind=type(error).__name__, error=str(error))

    def _acquit_doubtful(self) -> None:
        doubtful, self._doubtful, self._overtaken = self._overtaken + self._doubtful, [], []
        if doubtful:
            with atomic(self._db):
                queue.release(self._db, [reference for reference, _, _ in doubtful], self._clock.stamp())

    def _blame_doubtful(self) -> None:
        doubtful, self._doubtful = self._doubtful, []
        self._blame(doubtful)

    def _blame(self, failures: Sequence[tuple[str, str, Exception]]) -> None:
        """The site serves us: what was not had just before is the pages' own failure."""
        if failures:
            with atomic(self._db):
                for reference, url, error in failures:
                    self._fail(reference, url, error)
            self._report(self._tally)

    def _fail(self, reference: str, url: str, error: Exception) -> None:
        wait = _RETRY_SECONDS[min(queue.count_attempts(self._db, reference), len(_RETRY_SECONDS) - 1)]
        queue.failed(
            self._db,
            reference,
            url,
            at=self._clock.stamp(),
            next_at=self._clock.stamp(wait),
            error_kind=type(error).__name__,
            error=str(error),
            gone=True if isinstance(error, Gone) else False if isinstance(error, ReadError) else None,
        )
        self._tally.miss(reference, error)

    # ------------------------------------------------------------ read, compare, record

    def record_kept(self) -> None:
        """Reads and records every decision whose pages are kept and unread. Raises LayoutChanged."""
        while True:
            groups = pages.find_kept(self._db, self._codec, self._batch_most)
            if not groups:
                return
            readings: list[Reading] = []
            failures: list[tuple[Page, list[int], ReadError]] = []
            for group in groups:
                try:
                    readings.append(self._read(group))
                    self._unreadable, self._strange = 0, False
                except ReadError as unread:
                    self._strange |= not names(group[0][1].body, group[0][1].reference)
                    failures.append((group[0][1], [number for number, _ in group], unread))
                    self._unreadable += 1
            ids = {group[0][1].reference: [page for page, _ in group] for group in groups}
            with atomic(self._db):
                self._record(readings)
                for reading in readings:
                    pages.mark(self._db, ids[reading.decision.reference], "read")
                queue.done(self._db, [reading.decision.reference for reading in readings])
                for page, page_ids, error in failures:
                    pages.mark(self._db, page_ids, "unreadable")
                    self._put_off(page.reference, page.url, error)
                self._codec.train_if_due(self._clock.stamp())
            self._report(self._tally)
            overtaken, self._overtaken = self._overtaken, []
            if readings:
                self._blame(overtaken)
            else:
                self._doubtful = overtaken + self._doubtful
            if failures:
                page, _, error = failures[-1]
                self._suspect(page.reference, error)

    def _suspect(self, reference: str, error: Exception) -> None:
        """Asks, at the first page of a run that is not had and at every few in a row, whether it is the site."""
        in_a_row = self._unreadable >= _UNREADABLE_IN_A_ROW
        if self._suspected and not in_a_row:
            return
        self._suspected = True
        if self.surprised(f"the page of {reference} was not had: {error}"):
            self._unreadable, self._strange = 0, False
            self._blame_doubtful()
        elif in_a_row:
            told = f"{self._unreadable} pages in a row were not had, the last of them {reference}: {error}"
            if self._strange:
                raise Blocked(
                    f"{told}; the site shows something else in place of decisions. Nothing was concluded from it"
                )
            raise LayoutChanged(
                f"{told}; the site's layout has changed, or this lgsco is too old. The pages are kept, and `lgsco "
                "renormalise` reads them again"
            )

    def take(self, page: Page, reads: bool = True) -> None:
        """Keeps the only page of a held decision that was asked for without its being queued, and records what it says
        now if it `reads`."""
        with atomic(self._db):
            number = pages.keep(self._db, self._codec, page)
            if reads:
                queue.add(self._db, page.reference, page.url, page.fetched_at, state="kept")
            else:
                pages.mark(self._db, [number], "unreadable")
        self.record_kept()

    def _read(self, group: Sequence[tuple[int, Page]]) -> Reading:
        page_id, first = group[0]
        lacking = _next_chapter([page for _, page in group], first.reference)
        if lacking is not None:
            raise CutShort(f"chapter {lacking} is not among the kept pages")
        with one_document():
            if len(group) == 1:
                decision = pages_read.read(first.body, reference=first.reference, charset=first.charset)
            else:
                bodies = [page.body for _, page in group]
                decision = pages_read.read_chapters(bodies, reference=first.reference, charset=first.charset)
            self.check(decision)
            return self.reading(decision, "site", at=first.fetched_at, url=first.url, page=page_id)

    def check(self, decision: Decision) -> None:
        """Refuses what cannot be true. Raises NotADecision."""
        decided = decision.decision_date
        if decided is not None and decided > self._clock.today():
            raise NotADecision(f"its decision date {decided} is in the future")

    def reading(
        self,
        decision: Decision,
        source: Source,
        *,
        at: str,
        url: str | None = None,
        page: int | None = None,
        document: str | None = None,
    ) -> Reading:
        """A reading with its text, ready to be recorded."""
        for what in decision.odd:
            self._tally.note_odd(decision.reference, what)
        if decision.kind == "statement" and not decision.closed:
            self._tally.note_odd(decision.reference, "no closing line")
        return Reading(decision, render(decision), source, at, NORMALISER, url, page, document)

    def record(self, readings: Sequence[Reading]) -> None:
        """Records readings of different decisions, in one transaction."""
        with atomic(self._db):
            self._record(readings)
        self._report(self._tally)

    def renormalise(self, stop: Stop, *, dry_run: bool) -> int:
        """Reads the newest kept pages of every decision again; returns how many read otherwise than they are held.

        Raises Stopped.
        """
        changed = 0
        for reference in pages.find_read(self._db):
            if stop.is_set():
                raise Stopped(stop.exit_code)
            try:
                group = pages.find_newest(self._db, self._codec, reference)
                found = replace(self._read(group), again=self._clock.stamp())
            except (ReadError, Damaged) as error:
                log.warning("%s: %s", reference, error)
                self._tally.miss(reference, error)
                continue
            changes = self._compared([found])
            change, _ = changes[0]
            if isinstance(change, Unchanged):
                self._tally.unchanged += 1
                continue
            changed += 1
            log.info("%s reads otherwise than it is held: %s", reference, type(change).__name__.lower())
            if not dry_run:
                with atomic(self._db):
                    self._act(changes)
                    pages.mark(self._db, [page for page, _ in group], "read")
                    queue.done(self._db, [reference])
                self._report(self._tally)
        return changed

    def _record(self, readings: Sequence[Reading]) -> None:
        self._act(self._compared(readings))

    def _compared(self, readings: Sequence[Reading]) -> list[tuple[Change, Held | None]]:
        """What each reading brings, beside what is held of its decision."""
        references = [reading.decision.reference for reading in readings]
        held = decisions.find_held(self._db, references)
        cards = entries.find_entries(self._db, references)
        compared: list[tuple[Change, Held | None]] = []
        for reading in readings:
            reference = reading.decision.reference
            before = held.get(reference)
            compared.append((compare(before, with_card(reading, cards.get(reference), before)), before))
        return compared

    def _act(self, changes: Sequence[tuple[Change, Held | None]]) -> None:
        firsts: list[Reading] = []
        for change, before in changes:
            if isinstance(change, First):
                firsts.append(change.reading)
            else:
                self._apply(change, before)
        decisions.record_first(self._db, firsts, self._run)
        self._tally.first += len(firsts)

    def _apply(self, change: Change, before: Held | None) -> None:
        reading = change.reading
        reference = reading.decision.reference
        match change:
            case First():
                raise AssertionError("first readings are recorded together")
            case Superseded(_, why):
                decisions.supersede(self._db, reading, why, self._run)
                if before is not None:
                    decisions.fill(self._db, reference, before.import_fields)
                if why == "amended":
                    self._tally.amended += 1
                else:
                    self._tally.anew += 1
            case Reread():
                decisions.reread(self._db, reading)
                decisions.seen(self._db, reading)
                self._tally.unchanged += 1
            case Unchanged():
                decisions.seen(self._db, reading)
                self._tally.unchanged += 1
            case Beside():
                decisions.keep_beside(self._db, reading, self._run)
                decisions.fill(self._db, reference, reading.fields())
                self._tally.beside += 1
            case Known():
                self._tally.unchanged += 1
            case _:
                assert_never(change)


def _next_chapter(kept: Sequence[Page], reference: str) -> int | None:
    """The next page of a decision to fetch: the first, then each chapter that a page links to."""
    if not kept:
        return 1
    have = {page.chapter for page in kept}
    linked = {number for page in kept for number in pages_read.chapters(page.body, reference) if number > 1}
    return min(linked - have, default=None)
