"""What became of decisions that are no longer listed. Gone needs two witnesses, twice, some days apart: absent from its
proven window, and its page gone. Nothing is concluded from a site that does not show a known decision."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta

from ingest.clock import Clock
from ingest.errors import FetchError, Gone
from ingest.survey import Survey
from ingest.wire import Wire
from storage import absences, ledger, queue
from storage.absences import Absence
from storage.database import atomic
from storage.errors import LgscoError
from storage.model import Window

log = logging.getLogger("lgsco")

_AGAIN = 86_400
"""Seconds until a page that could not be asked for is asked for again."""

_STILL_THERE = 30 * 86_400
"""Seconds until a page that is there, though not listed, is asked for again."""


class Witness:
    """Looks for decisions that are no longer listed, and concludes what became of them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: Wire,
        survey: Survey,
        clock: Clock,
        *,
        served: Callable[[], bool],
        days_apart: int,
        retention_days: int,
    ) -> None:
        """`served`: whether the site shows a known decision; it raises where it does not serve us. `days_apart`: at
        least so many between the two times. `retention_days`: the age from which statements leave the site."""
        self._db = db
        self._site = site
        self._survey = survey
        self._clock = clock
        self._served = served
        self._days_apart = days_apart
        self._retention_days = retention_days
        self.left: list[str] = []
        """What was found to have left the site, by reference."""

    def look(self) -> None:
        """Asks for the pages that are due, and concludes. Raises what `Wire.fetch` raises about the site as a whole."""
        asked: list[Absence] = []
        for absence in absences.find_due(self._db, self._clock.stamp()):
            day = Window(absence.stood_on, absence.stood_on)
            again = absence.gone > 0 and self._days_since(absence.gone_first_at) >= self._days_apart
            if again:
                self._survey.look(day, again=True)
                if not absences.is_open(self._db, absence):
                    log.info("%s is listed again", absence.reference)
                    continue
            if self._ask(absence, counts=not again or self._is_proven(day)):
                asked.append(absence)
        # What a run that was cut off had asked for is asked for again: it may have come back since then.
        for absence in absences.find_gone(self._db, self._days_apart):
            if not any(one.reference == absence.reference for one in asked) and self._ask(absence, counts=True):
                asked.append(absence)
        known = {absence.reference for absence in asked}
        gone = [one for one in absences.find_gone(self._db, self._days_apart) if one.reference in known]
        if not asked and not gone:
            return
        # Only a site that still shows a known decision, after all those that are gone, is believed.
        try:
            served = self._served()
        except LgscoError:
            absences.take_back(self._db, asked)
            raise
        if not served:
            absences.take_back(self._db, asked)
            return
        for absence in gone:
            self._conclude(absence)

    def _ask(self, absence: Absence, *, counts: bool) -> bool:
        """Asks for a page; whether it is gone, and that `counts`."""
        try:
            self._site.fetch(absence.url)
        except Gone as error:
            self._answered(absence, str(error), self._days_apart * 86_400 if counts else _AGAIN, gone=counts or None)
            return counts
        except FetchError as error:
            self._answered(absence, str(error), _AGAIN, gone=None)
            return False
        queue.add(self._db, absence.reference, absence.url, self._clock.stamp())  # it may say why
        self._answered(absence, "its page is there, though it is not listed", _STILL_THERE, gone=False)
        return False

    def _conclude(self, absence: Absence) -> None:
        aged = absence.kind != "report" and absence.stood_on <= self._oldest()
        ending = "expired" if aged else "withdrawn"
        with atomic(self._db):
            absences.conclude(self._db, absence, ending, self._clock.stamp())
        log.info("%s has left the site: %s", absence.reference, ending)
        self.left.append(absence.reference)

    def _answered(self, absence: Absence, answer: str, wait: float, *, gone: bool | None) -> None:
        at, next_at = self._clock.stamp(), self._clock.stamp(wait)
        with atomic(self._db):
            absences.answered(self._db, absence, answer, at=at, next_at=next_at, gone=gone)

    def _is_proven(self, day: Window) -> bool:
        """Whether the ledger's last word on a day is a whole listing."""
        return all(proof.is_sound for proof in ledger.find_windows(self._db, day))

    def _days_since(self, at: str | None) -> float:
        return (self._clock.now() - datetime.fromisoformat(at)).total_seconds() / 86_400 if at else 0.0

    def _oldest(self) -> date:
        """The last decision date that has reached the retention age."""
        return self._clock.today() - timedelta(days=self._retention_days)
