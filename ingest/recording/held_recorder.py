"""Records held texts once they are released, and puts back texts that a template change had replaced."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace

from ingest.clock import Clock
from ingest.errors import ReadError
from ingest.lgo.text_format import parse
from ingest.recording.compare import Superseded
from ingest.recording.record import Recorder
from ingest.recording.relate import relate
from ingest.recording.tally import Tally
from ingest.recording.template_watch import TemplateWatch
from ingest.recording.text_edits import find_edits
from storage import decisions, findings, held_texts, pages, queue
from storage.database import atomic
from storage.decisions import Reading
from storage.errors import Damaged
from storage.held_texts import HeldText
from storage.templates import TemplateChange

log = logging.getLogger("lgsco")

_BATCH = 100


class HeldRecorder:
    """Records held texts."""

    def __init__(
        self,
        db: sqlite3.Connection,
        codec: pages.Codec,
        clock: Clock,
        recorder: Recorder,
        watch: TemplateWatch,
        run: int,
        tally: Tally,
    ) -> None:
        self._db = db
        self._codec = codec
        self._clock = clock
        self._recorder = recorder
        self._watch = watch
        self._run = run
        self._tally = tally

    def record_released(self) -> None:
        """Records the released texts. If a run is killed, the next one records the rest."""
        while rows := held_texts.find_released(self._db, _BATCH):
            with atomic(self._db):
                for held in rows:
                    self._record_held(held)

    def _record_held(self, held: HeldText) -> None:
        reading = self.read(held)
        if reading is None:
            held_texts.forget_held(self._db, [held.reference])
            queue.requeue(self._db, held.reference, self._clock.stamp())
            return
        ((change, before),) = self._recorder.compare([reading])
        if before is None:
            self._record_new(reading)
            return
        if isinstance(change, Superseded):  # `recorded_at` is now, not when the page was fetched
            change = replace(change, reading=replace(change.reading, again=self._clock.stamp()))
        self._recorder.apply([(change, before)])
        held_texts.end_holding(self._db, [held.reference])

    def _record_new(self, reading: Reading) -> None:
        """Records a reading of a new decision, unless another template change holds it back."""
        passing, _ = self._watch.sift(self._recorder.compare([reading]))
        self._recorder.apply(passing)
        queue.remove(self._db, [change.reading.decision.reference for change, _ in passing])

    def try_again(self, held: HeldText) -> None:
        """Parses a held page with the current parser, and records it if nothing holds it back.

        Call it inside a transaction.
        """
        reading = self.read(held)
        if reading is not None:
            self._record_new(reading)

    def read(self, held: HeldText) -> Reading | None:
        """Parses a held page; returns None if it does not parse."""
        try:
            return self._recorder.parse_pages(pages.find_version(self._db, self._codec, held.reference, held.page))
        except (ReadError, Damaged, IndexError) as error:
            log.warning("%s: its held-back page does not parse: %s", held.reference, error)
            return None

    def set_back(self, change: TemplateChange, reference: str, page: int, at: str) -> None:
        """Puts back the text from before a recorded template change, and holds the page that shows the change."""
        db = self._db
        past = self._read_past(reference)
        false = decisions.find_held(db, [reference])[reference]
        if past is None or false.flaw is not None:
            log.warning("%s has words of the site's template, and no earlier text is stored to replace it", reference)
            return
        edits = find_edits(past.decision.lines, false.lines, false.authority)
        held_texts.mark_current_as_template(db, reference)
        decisions.supersede(db, replace(past, again=at), "set back", self._run)
        decisions.fill_null_columns(db, reference, false.import_fields)
        findings.record_findings(db, past.decision, at)
        relate(db, reference, past.decision.lines, false.lines)
        pages.hold_since(db, reference, page)
        newest = pages.find_newest(db, self._codec, reference, "held")
        first = newest[0][0] if newest else page
        held_texts.hold(db, HeldText(reference, change.id, first, at, False, bool(edits - change.edits)))
        self._tally.set_back += 1
        log.info("%s: its text from before template change %d was put back", reference, change.id)

    def _read_past(self, reference: str) -> Reading | None:
        """Returns the reading before the current one; None if there is none.

        It is parsed from its page, or from its stored text if the page gives another text now.
        """
        past = held_texts.find_previous_reading(self._db, reference)
        if past is None:
            return None
        try:
            if past.page is not None:
                version = pages.find_version(self._db, self._codec, reference, past.page)
                reading = self._recorder.parse_pages(version) if version else None
                if reading is not None and reading.text == past.text:
                    return replace(reading, url=past.url)
            decision = parse(past.text, unclosed=True)
            return self._recorder.make_reading(decision, "site", at=self._clock.stamp(), url=past.url, page=past.page)
        except (ReadError, Damaged) as error:
            log.warning("%s: its earlier text does not parse: %s", reference, error)
            return None
