"""Rereads other decisions for a suspected template change, and acts on the result.

Each step is stored in the database, so a new run continues where a killed one stopped: a held text stays held until its
change is decided.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import assert_never

from ingest.clock import Clock
from ingest.recording.held_recorder import HeldRecorder
from ingest.recording.template_guard import (
    LEAST_ASKED,
    MOST_ASKED,
    SET_BACK_DAYS,
    Answer,
    AskMore,
    Hold,
    Release,
    Template,
    conclude,
    has_any,
)
from ingest.recording.template_watch import TemplateWatch, find_edits_of
from ingest.recording.text_edits import find_shown, show_diff
from ingest.wording import count_of
from storage import decisions, held_texts, queue, related, templates
from storage.database import atomic
from storage.model import Wanted
from storage.templates import TemplateChange

log = logging.getLogger("lgsco")

Fetch = Callable[[list[Wanted]], None]
"""Fetches the pages of decisions and records them."""

_ROUNDS = 3
"""Rounds in which other decisions are chosen in place of those that could not be fetched."""
_CHOOSE_FROM = 20
_DAY = 86_400


class TemplateVerdicts:
    """Decides the template changes that a run finds."""

    def __init__(
        self, db: sqlite3.Connection, clock: Clock, watch: TemplateWatch, held: HeldRecorder, run: int
    ) -> None:
        self._db = db
        self._clock = clock
        self._watch = watch
        self._held = held
        self._run = run
        self._was_known_chosen = False
        self._tried: set[tuple[int, bool]] = set()
        """The changes that this run has rereads for, and whether each was `single` then."""

    def settle(self, fetch: Fetch, *, is_last: bool) -> None:
        """Rereads decisions for the suspected changes, decides these and records the released texts.

        `is_last`: at the end of a run, when changes of a single decision are decided too. Raises what `fetch` raises.
        """
        self._held.record_released()
        while (change := self._find_next(is_last)) is not None:
            is_single = change.state == "single"
            self._tried.add((change.id, is_single))
            if is_single:
                self._decide_single(change, fetch)
            else:
                self._ask(change, MOST_ASKED, fetch)
                self._conclude(change.id, fetch)
            self._held.record_released()
        self._end_gone()

    def find_known(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Finds stored decisions to reread before new decisions are recorded, and queues them.

        They are of the same kind and similar age as the first new one in `wanted`. Each run rereads at least two
        families first; the result is empty if it already did, or if nothing wanted is new.
        """
        lacking = LEAST_ASKED - len(self._watch.reread)
        if self._was_known_chosen or lacking <= 0:
            return []
        stored = templates.find_stored(self._db, [one.reference for one in wanted])
        new = next((one.reference for one in wanted if one.reference not in stored), None)
        if new is None:
            return []
        self._was_known_chosen = True
        kind, day = templates.find_card(self._db, new)
        near = templates.find_known(self._db, kind, day, _CHOOSE_FROM)
        near = [one for one in near if related.base_of(one.reference) not in self._watch.reread]
        chosen = self._clock.random.sample(near, min(lacking, len(near)))
        with atomic(self._db):
            for one in chosen:
                queue.add(self._db, one.reference, one.url, self._clock.stamp(), reason="reread")
        return chosen

    # ------------------------------------------------------------ asking

    def _find_next(self, is_last: bool) -> TemplateChange | None:
        states = ("asking", "too few", "single") if is_last else ("asking", "too few")
        found = templates.find_changes(self._db, states)
        return next((one for one in found if (one.id, one.state == "single") not in self._tried), None)

    def _ask(self, change: TemplateChange, most: int, fetch: Fetch) -> None:
        for _ in range(_ROUNDS):
            wanted = self._choose(change, most)
            if not wanted:
                return
            fetch(wanted)

    def _choose(self, change: TemplateChange, most: int) -> list[Wanted]:
        """Chooses other decisions to reread for a change: one of each family, up to `most` in total.

        Decisions already reread for the change count towards `most`.
        """
        db, at = self._db, self._clock.stamp()
        families = templates.find_families(db, change.id)
        answered = templates.find_answers(db, change.id)
        families |= {related.find_family(db, row.reference) for row in answered}
        chosen: list[Wanted] = []
        for one in templates.find_candidates(db, change, most + _CHOOSE_FROM):
            family = related.find_family(db, one.reference)
            if len(answered) + len(chosen) < most and family not in families:
                families.add(family)
                chosen.append(one)
        asked = [one for one in templates.find_unanswered(db, change.id) if (change.id, True) not in self._tried]
        with atomic(db):
            templates.add_asked(db, change.id, [one.reference for one in chosen], at)
            for one in (*chosen, *asked):
                queue.add(db, one.reference, one.url, at)
        if chosen:
            others = count_of(len(chosen), "other decision")
            log.info("template change %d is suspected: rereading %s", change.id, others)
        return [*asked, *chosen]

    def _decide_single(self, change: TemplateChange, fetch: Fetch) -> None:
        """Releases a change that only one decision has, once two others were seen without it."""
        mine = templates.find_families(self._db, change.id)
        without = templates.find_reread_families(self._db, change.kind, "", self._run) - mine
        if len(without) < LEAST_ASKED:
            self._ask(change, LEAST_ASKED - len(without), fetch)
        now = templates.find_change(self._db, change.id)
        if now is not None and now.state == "single":
            with atomic(self._db):
                templates.set_state(self._db, change.id, "released", self._clock.stamp())

    # ------------------------------------------------------------ verdicts

    def _conclude(self, number: int, fetch: Fetch, *, can_ask_more: bool = True) -> None:
        db, at = self._db, self._clock.stamp()
        change = templates.find_change(db, number)
        assert change is not None
        rows = templates.find_answers(db, number)
        asked = {related.find_family(db, row.reference) for row in rows}
        families = templates.find_families(db, number)
        reread = templates.find_reread_families(db, change.kind, change.since)
        verdict = conclude(
            [Answer(row.same) for row in rows],
            families=len(families - asked),
            seen_without=len(reread - families - asked),
            can_ask_more=can_ask_more,
            seen=templates.count_sightings(db, number),
        )
        log.info("template change %d: %s", number, type(verdict).__name__.lower())
        match verdict:
            case AskMore():
                self._ask(change, len(rows) + MOST_ASKED, fetch)
                self._conclude(number, fetch, can_ask_more=False)
            case Hold() | Release():
                with atomic(db):
                    templates.set_state(db, number, "released" if isinstance(verdict, Release) else "too few", at)
            case Template(edits):
                with atomic(db):
                    self._confirm(change._replace(edits=edits), at)
            case _:
                assert_never(verdict)

    def _confirm(self, change: TemplateChange, at: str) -> None:
        """Records that a change is the template's. Call it inside a transaction.

        Texts without any of its edits are released. Texts recorded with one are put back.
        """
        db = self._db
        templates.set_edits(db, change.id, change.edits)
        templates.set_state(db, change.id, "template", at)
        shown = False
        for held in held_texts.find_held(db, change.id):
            reading = self._held.read(held)
            if reading is None:
                continue
            before = decisions.find_held(db, [held.reference]).get(held.reference)
            if before is None:
                if not find_shown(change.edits, reading.decision.lines, reading.decision.authority):
                    held_texts.release(db, [held.reference])
                continue
            edits = find_edits_of(before, reading)
            if not has_any(edits, change.edits):
                held_texts.release(db, [held.reference])
                continue
            is_amended = bool(edits - change.edits)
            held_texts.hold(db, held._replace(is_amended=is_amended))
            if not shown and not is_amended:
                templates.set_example(db, change.id, held.reference, show_diff(before.text, reading.text))
                shown = True
        for sighting in templates.find_recorded_sightings(db, change.id, self._clock.stamp(-SET_BACK_DAYS * _DAY)):
            self._held.set_back(change, sighting.reference, sighting.page, at)

    def _end_gone(self) -> None:
        """Ends the changes for which every stored decision shows its stored text again.

        New decisions that were held back for them are fetched again.
        """
        gone = templates.find_without_known(self._db)
        if not gone:
            return
        at = self._clock.stamp()
        with atomic(self._db):
            for number in gone:
                new = [held.reference for held in held_texts.find_held(self._db, number)]
                held_texts.forget_held(self._db, new)
                for reference in new:
                    queue.requeue(self._db, reference, at)
                templates.set_state(self._db, number, "ended", at)
