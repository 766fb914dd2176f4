"""Compares a reading of a decision with the archive and records what it changes.

Pages from the site, imported documents and pages that are parsed again all enter here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import assert_never

from ingest.clock import Clock
from ingest.errors import one_document
from ingest.lgo.page import NORMALISER
from ingest.lgo.text_format import render
from ingest.recording.chapters import parse_chapters
from ingest.recording.compare import Beside, Change, First, Known, Reread, Superseded, Unchanged, compare, with_card
from ingest.recording.tally import Tally
from storage import decisions, entries
from storage.decisions import Held, Reading
from storage.model import Decision, Page, Source

Compared = tuple[Change, Held | None]
"""What a reading changes, and what the archive holds of its decision."""


class Recorder:
    """Records readings, and counts what they changed."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, run: int, tally: Tally) -> None:
        self._db = db
        self._clock = clock
        self._run = run
        self._tally = tally

    # ------------------------------------------------------------ from pages and documents to readings

    def parse_pages(self, stored: Sequence[tuple[int, Page]]) -> Reading:
        """The reading of one decision's stored pages, given with their numbers. Raises ReadError."""
        number, first = stored[0]
        with one_document():
            decision = parse_chapters([page for _, page in stored])
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
        """A reading with its text, ready to be recorded."""
        for what in decision.odd:
            self._tally.note_odd(decision.reference, what)
        if decision.kind == "statement" and not decision.closed:
            self._tally.note_odd(decision.reference, "no closing line")
        return Reading(decision, render(decision), source, at, NORMALISER, url, page, document)

    # ------------------------------------------------------------ from readings to rows

    def record(self, readings: Sequence[Reading]) -> None:
        """Records readings of different decisions. Call it inside a transaction."""
        self.apply(self.compare(readings))

    def compare(self, readings: Sequence[Reading]) -> list[Compared]:
        """What each reading changes, without recording it."""
        references = [reading.decision.reference for reading in readings]
        held = decisions.find_held(self._db, references)
        cards = entries.find_entries(self._db, references)
        compared: list[Compared] = []
        for reading in readings:
            reference = reading.decision.reference
            before = held.get(reference)
            compared.append((compare(before, with_card(reading, cards.get(reference), before)), before))
        return compared

    def apply(self, changes: Sequence[Compared]) -> None:
        """Records changes of different decisions. Call it inside a transaction."""
        firsts: list[Reading] = []
        for change, before in changes:
            if isinstance(change, First):
                firsts.append(change.reading)
            else:
                self._apply_one(change, before)
        decisions.record_first(self._db, firsts, self._run)
        self._tally.first += len(firsts)

    def _apply_one(self, change: Superseded | Reread | Unchanged | Beside | Known, before: Held | None) -> None:
        reading = change.reading
        match change:
            case Superseded(_, why):
                decisions.supersede(self._db, reading, why, self._run)
                if before is not None:
                    decisions.fill(self._db, reading.decision.reference, before.import_fields)
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
                decisions.fill(self._db, reading.decision.reference, reading.fields())
                self._tally.beside += 1
            case Known():
                self._tally.unchanged += 1
            case _:
                assert_never(change)
