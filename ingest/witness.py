"""What became of decisions that are no longer listed. Gone needs two witnesses, twice, some days apart: absent from its
proven window, and its page gone. Nothing is concluded from a site that does not show a known decision."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Literal

from ingest.clock import Clock
from ingest.errors import FetchError, Gone
from ingest.survey import Survey
from ingest.wire import Wire
from storage import absences, ledger, queue
from storage.absences import Absence
from storage.database import atomic
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
        """Asks for the pages that are due. Raises what `Wire.fetch` raises about the site as a whole."""
        gone: list[tuple[Absence, str, bool]] = []
        for absence in absences.find_due(self._db, self._clock.stamp()):
            again = absence.gone > 0 and self._days_since(absence.gone_first_at) >= self._days_apart
            day = Window(absence.stood_on, absence.stood_on)
            if again:
                self._survey.look(day, again=True)
                if not absences.is_open(self._db, absence):
                    log.info("%s is listed again", absence.reference)
                    continue
            answer = self._ask(absence)
            if answer is not None:
                gone.append((absence, answer, again and self._is_proven(day)))
        # Only a site that still shows a known decision, after all those that are gone, is believed.
        if gone and self._served():
            for absence, answer, second in gone:
                self._gone(absence, answer, second=second)

    def _ask(self, absence: Absence) -> str | None:
        """What the site says where the page is gone; None where it is not, or nobody knows."""
        try:
            self._site.fetch(absence.url)
        except Gone as error:
            return str(error)
        except FetchError as error:
            self._answered(absence, str(error), _AGAIN, gone=None)
            return None
        queue.add(self._db, absence.reference, absence.url, self._clock.stamp())  # it may say why
        self._answered(absence, "its page is there, though it is not listed", _STILL_THERE, gone=False)
        return None

    def _gone(self, absence: Absence, answer: str, *, second: bool) -> None:
        at, next_at = self._clock.stamp(), self._clock.stamp(self._days_apart * 86_400 if not second else _AGAIN)
        aged = absence.kind != "report" and absence.stood_on <= self._oldest()
        ending = "expired" if aged else "withdrawn"
        with atomic(self._db):
            absences.answered(self._db, absence, answer, at=at, next_at=next_at, gone=True)
            if second:
                absences.conclude(self._db, absence, ending, at)
        if second:
            log.info("%s has left the site: %s", absence.reference, ending)
            self.left.append(absence.reference)

    def _answered(self, absence: Absence, answer: str, wait: float, *, gone: Literal[False] | None) -> None:
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
