"""Holds back texts that may come from the site's template and not from the publisher.

It works between parsing and recording: it records the readings of a batch that are beyond doubt, and holds the others
with their raw pages. `ingest.recording.template_guard` has the rules; `ingest.recording.template_verdicts` rereads
other decisions and acts on the result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.clock import Clock
from ingest.recording.compare import Beside, First, Known, Superseded
from ingest.recording.record import Compared, Recorder
from ingest.recording.tally import Tally
from ingest.recording.template_guard import (
    SMALL_ARCHIVE,
    has_any,
    must_ask,
)
from ingest.recording.text_edits import find_edits, find_shown, show_diff
from storage import held_texts, related, templates
from storage.decisions import Held, Reading
from storage.held_texts import HeldText
from storage.model import PENDING, UNDECIDED, Edit, Oddity
from storage.templates import Reread, TemplateChange

Changed = tuple[Superseded, Held, frozenset[Edit]]
"""A reading with other words than the stored text, the stored reading, and the edits between them."""


def find_edits_of(before: Held, reading: Reading) -> frozenset[Edit]:
    """Finds the edits between the stored text of a decision and a reading."""
    return find_edits(before.lines, reading.decision.lines, before.authority)


class TemplateWatch:
    """Records readings, or holds them."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, recorder: Recorder, run: int, tally: Tally) -> None:
        self._db = db
        self._clock = clock
        self._recorder = recorder
        self._run = run
        self._tally = tally
        self.reread: set[str] = set()
        """The families of the stored decisions that this run has reread."""

    def record(self, readings: Sequence[Reading]) -> dict[str, bool]:
        """Records the readings that can be recorded, and holds the others. Call it inside a transaction.

        Returns the references of the held decisions, each with whether the decision is new.
        """
        self._recorder.record_again(readings)
        passing, held = self.sift(self._recorder.compare(readings))
        self._recorder.apply(passing)
        return held

    def sift(self, compared: Sequence[Compared]) -> tuple[list[Compared], dict[str, bool]]:
        """Splits readings into those to record and those that are held. Call it inside a transaction."""
        passing: list[Compared] = []
        news: list[Compared] = []
        changed: list[Changed] = []
        rereads: list[Reread] = []
        asked = templates.find_asked_about(self._db)
        for change, before in compared:
            reading = change.reading
            if reading.source != "site" or reading.again is not None or isinstance(change, Beside | Known):
                passing.append((change, before))
            elif before is None or before.flaw is not None or before.source != "site":
                news.append((change, before))
            else:
                is_changed = isinstance(change, Superseded) and change.why == "amended"
                edits = find_edits_of(before, reading) if is_changed else frozenset()
                rereads.append(self._note_reread(reading, edits, asked, changed=is_changed))
                if isinstance(change, Superseded) and edits:
                    changed.append((change, before, edits))
                else:
                    passing.append((change, before))
        templates.add_rereads(self._db, rereads, self._run)
        held = self._sift_changed(changed, passing)
        held |= self._sift_new(news, passing)
        held_texts.end_holding(self._db, [change.reading.decision.reference for change, _ in passing])
        self._tally.held_back += len(held)
        return passing, held

    def _note_reread(
        self, reading: Reading, edits: frozenset[Edit], asked: Mapping[str, list[int]], *, changed: bool
    ) -> Reread:
        """Makes the row of a reread, and records its result for the changes that it was reread for."""
        reference = reading.decision.reference
        for number in asked.get(reference, ()):
            change = templates.find_change(self._db, number)
            of = change.edits if change is not None else frozenset()
            templates.record_answer(self._db, number, reference, edits & of, changed=bool(edits))
        family = related.find_family(self._db, reference) if changed else related.base_of(reference)
        self.reread.add(family)
        return Reread(reference, family, reading.decision.kind, reading.at, changed)

    # ------------------------------------------------------------ stored decisions with changed words

    def _sift_changed(self, changed: Sequence[Changed], passing: list[Compared]) -> dict[str, bool]:
        held: dict[str, bool] = {}
        touched: set[int] = set()
        if not changed:
            return held
        since = min(change.reading.at for change, _, _ in changed)
        for change, before, edits in sorted(changed, key=lambda one: one[1].reference):
            known = templates.find_changes(self._db, (*PENDING, "accepted", "rejected"))
            edits -= {edit for one in known if one.state == "accepted" for edit in one.edits}
            if not edits:
                passing.append((change, before))
                continue
            decided = [one for one in known if one.state in ("template", "rejected") and has_any(edits, one.edits)]
            if decided:
                self._hold_decided(change.reading, edits, decided)
            else:
                undecided = [one for one in known if one.state in UNDECIDED and edits & one.edits]
                touched.add(self._suspect(change.reading, before, edits, undecided, since))
            held[before.reference] = False
        self._find_suspects(touched)
        return held

    def _hold_decided(self, reading: Reading, edits: frozenset[Edit], decided: list[TemplateChange]) -> None:
        """Holds a text that has edits of changes already known to be the template's.

        A change that the user has not decided yet comes first.
        """
        decided.sort(key=lambda one: one.state != "template")
        rest = edits.difference(*(one.edits for one in decided))
        self._hold(reading, decided[0].id, is_new=False, is_amended=bool(rest))

    def _suspect(
        self, reading: Reading, before: Held, edits: frozenset[Edit], alike: Sequence[TemplateChange], since: str
    ) -> int:
        """Holds a text under the change that shares edits with it, or under a new one; returns the change's number."""
        db, at, reference = self._db, self._clock.stamp(), reading.decision.reference
        if alike:
            number = alike[0].id
            templates.join_changes(db, number, [one.id for one in alike[1:]], at)
        else:
            number = templates.add_change(
                db,
                since=since,
                at=at,
                run=self._run,
                kind=before.kind,
                example=reference,
                decided_on=before.decision_date.isoformat() if before.decision_date else None,
                diff=show_diff(before.text, reading.text),
            )
        templates.add_edits(db, number, edits)
        assert reading.page is not None, "a reading from the site has its page"
        family = related.find_family(db, reference)
        templates.add_sightings(db, number, reference, family, reading.page, at, edits)
        self._hold(reading, number, is_new=False, is_amended=False)
        return number

    def _find_suspects(self, touched: set[int]) -> None:
        """Decides for which changes other decisions must be reread."""
        decisions = templates.count_site_decisions(self._db, SMALL_ARCHIVE)
        changed = templates.count_changed(self._db)
        for change in templates.find_changes(self._db, ("single",)):
            sightings = templates.count_sightings(self._db, change.id) if change.id in touched else {}
            if must_ask(max(sightings.values(), default=1), decisions, changed):
                templates.set_state(self._db, change.id, "asking", self._clock.stamp())

    # ------------------------------------------------------------ decisions seen for the first time

    def _sift_new(self, news: Sequence[Compared], passing: list[Compared]) -> dict[str, bool]:
        held: dict[str, bool] = {}
        known = templates.find_changes(self._db, (*PENDING, "rejected")) if news else []
        for change, before in news:
            reading = change.reading
            lines, authority = reading.decision.lines, reading.decision.authority
            shown = [one for one in known if find_shown(one.edits, lines, authority)]
            pending = [one for one in shown if one.state != "rejected"]
            if pending:
                pending.sort(key=lambda one: one.state != "template")
                self._hold(reading, pending[0].id, is_new=before is None, is_amended=False)
                held[reading.decision.reference] = before is None
            elif shown and isinstance(change, First):
                passing.append((First(self._with_odd(reading, shown)), before))
            else:
                passing.append((change, before))
        return held

    def _with_odd(self, reading: Reading, rejected: Sequence[TemplateChange]) -> Reading:
        """Returns the reading with an oddity for each rejected template change that its text shows."""
        odd = tuple(Oddity("template", f"block {one.id} of a rejected template") for one in rejected)
        for oddity in odd:
            self._tally.note_odd(reading.decision.reference, str(oddity))
        return replace(reading, decision=replace(reading.decision, odd=(*reading.decision.odd, *odd)))

    def _hold(self, reading: Reading, change: int, *, is_new: bool, is_amended: bool) -> None:
        assert reading.page is not None, "a reading from the site has its page"
        held = HeldText(reading.decision.reference, change, reading.page, self._clock.stamp(), is_new, is_amended)
        held_texts.hold(self._db, held)
