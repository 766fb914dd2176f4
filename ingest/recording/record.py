"""Compares a reading of a decision with the archive and records what it changes.

Pages from the site, imported documents and pages that are parsed again all enter here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from ingest.clock import Clock, london_day
from ingest.errors import ReadError, one_document
from ingest.lgo.normaliser import NORMALISER
from ingest.lgo.text_format import render
from ingest.recording.chapters import parse_stored_pages
from ingest.recording.compare import (
    Beside,
    Change,
    First,
    Known,
    Rebuilt,
    Reread,
    Superseded,
    Unchanged,
    compare,
    with_card,
)
from ingest.recording.outside_blocks import PageSurroundings, find_kinds
from ingest.recording.relate import relate
from ingest.recording.tally import Tally
from storage import decisions, entries, findings, pages, parser_versions, repair
from storage.decisions import Held, Reading
from storage.errors import Damaged
from storage.model import Decision, Page, Source

log = logging.getLogger("lgsco")

Compared = tuple[Change, Held | None]
"""The changes that a reading makes, and the stored reading of its decision; None if it is not stored."""


Changed = Superseded | Reread | Unchanged | Beside | Known | Rebuilt
"""A change of a decision that is stored."""


class Recorder:
    """Records readings, and counts what they changed."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, run: int, tally: Tally) -> None:
        self._db = db
        self._clock = clock
        self._run = run
        self._tally = tally
        self._codec = pages.Codec(db)
        self._around = PageSurroundings()
        tally.knew_blocks = bool(findings.find_outside_blocks(db, 1))

    # ------------------------------------------------------------ from pages and documents to readings

    def parse_pages(self, stored: Sequence[tuple[int, Page]]) -> Reading:
        """Parses one decision's stored pages, given with their ids. Raises ReadError."""
        number, first = stored[0]
        with one_document():
            fetched_on, chapters = london_day(first.fetched_at), [page for _, page in stored]
            decision = parse_stored_pages(chapters, fetched_on)
            if self._around.has_new_words(first.body):  # otherwise the page around a plain article is not parsed
                everything = parse_stored_pages(chapters, fetched_on, all_blocks=True)
                decision = replace(decision, left_out=everything.left_out)
            return self.make_reading(decision, "site", at=first.fetched_at, url=first.url, page=number)

    def make_reading(
        self,
        decision: Decision,
        source: Source,
        *,
        at: str,
        url: str | None = None,
        page: int | None = None,
        document: str | None = None,
    ) -> Reading:
        """Makes a reading with its text, and counts its oddities."""
        for oddity in decision.odd:
            self._tally.note_odd(decision.reference, str(oddity))
        return Reading(decision, render(decision), source, at, NORMALISER, url, page, document)

    # ------------------------------------------------------------ from readings to rows

    def record(self, readings: Sequence[Reading]) -> None:
        """Records readings of different decisions. Call it inside a transaction.

        Changes that come only from the parser are recorded first, so that they do not count as the publisher's
        amendment.
        """
        self.record_again(readings)
        self.apply(self.compare(readings))

    def record_again(self, readings: Sequence[Reading]) -> None:
        """Parses and records again the stored pages of decisions last parsed by another parser version.

        Call it inside a transaction.
        """
        self.apply(self.compare(list(self._parse_again(readings))))

    def _parse_again(self, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Parses the stored pages of decisions that another version of the parser parsed last."""
        fetched = [reading.decision.reference for reading in readings if reading.source == "site" and not reading.again]
        for reference in parser_versions.find_read_by_others(self._db, fetched, NORMALISER):
            stored = pages.find_newest(self._db, self._codec, reference, state="read")
            try:
                yield replace(self.parse_pages(stored), again=self._clock.stamp())
            except (ReadError, Damaged) as error:
                log.warning("%s: its stored page could not be parsed again: %s", reference, error)

    def compare(self, readings: Sequence[Reading]) -> list[Compared]:
        """Returns what each reading would change, without recording it."""
        references = [reading.decision.reference for reading in readings]
        held = decisions.find_held(self._db, references)
        cards = entries.find_entries(self._db, references)
        compared: list[Compared] = []
        for reading in readings:
            reference = reading.decision.reference
            before = held.get(reference)
            compared.append((compare(before, with_card(reading, cards.get(reference), before)), before))
        return compared

    def apply(self, changes: Sequence[Compared], *, index: bool = True) -> None:
        """Records changes of different decisions. Call it inside a transaction.

        `index`: rebuild the full-text index if a damaged row was rebuilt. If it is False, the caller must do that
        afterwards.
        """
        firsts: list[Reading] = []
        damaged = False
        for change, before in changes:
            if isinstance(change, First):
                firsts.append(change.reading)
            else:
                self._apply_one(change, before)
                if before is not None and before.flaw is not None:
                    damaged |= self._rebuild(change, before)
        if damaged and index:
            repair.rebuild_index(self._db)
        decisions.record_first(self._db, firsts, self._run)
        self._tally.first += len(firsts)
        for change, before in changes:
            if not isinstance(change, (Unchanged, Beside, Known)):
                self._record_findings(change.reading, is_new=isinstance(change, First))
            if isinstance(change, First | Superseded | Rebuilt):
                decision = change.reading.decision
                relate(self._db, decision.reference, decision.lines, before.lines if before is not None else None)

    def _record_findings(self, reading: Reading, *, is_new: bool) -> None:
        decision = reading.decision
        findings.record_findings(self._db, decision, reading.recorded_at, is_new=is_new)
        for block in find_kinds(decision, decision.left_out, reading.recorded_at, is_new=is_new):
            if findings.count_outside_block(self._db, block):
                self._tally.note_new_block(decision.reference, block.example)

    def _rebuild(self, change: Change, before: Held) -> bool:
        """Rebuilds a damaged row if the change has its words; returns whether it did."""
        if not isinstance(change, Rebuilt | Superseded):
            return False
        if isinstance(change, Superseded):
            repair.withdraw_digest(self._db, before.reference)
        repair.rebuild(self._db, change.reading, before.import_fields)
        log.warning("%s was damaged (%s) and was rebuilt", before.reference, before.flaw)
        return True

    def _apply_one(self, change: Changed, before: Held | None) -> None:
        reading = change.reading
        match change:
            case Superseded(_, why):
                decisions.supersede(self._db, reading, why, self._run)
                if before is not None:
                    decisions.fill_null_columns(self._db, reading.decision.reference, before.import_fields)
                if why == "amended":
                    self._tally.amended += 1
                else:
                    self._tally.anew += 1
            case Reread():
                decisions.update_columns(self._db, reading)
                decisions.record_unchanged(self._db, reading)
                self._tally.unchanged += 1
            case Unchanged():
                decisions.record_unchanged(self._db, reading)
                self._tally.unchanged += 1
            case Beside():
                decisions.add_beside(self._db, reading, self._run)
                decisions.fill_null_columns(self._db, reading.decision.reference, reading.fields())
                self._tally.beside += 1
            case Known() | Rebuilt():
                self._tally.unchanged += 1
            case _:
                assert_never(change)
