"""What became of decisions that are no longer listed. Gone needs two witnesses, twice, some days apart: absent from its
proven window, and its page gone. Nothing is concluded from a site that does not show a known decision."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from ingest.clock import Clock
from ingest.crawling.listing_walk import Survey
from ingest.errors import Denied, Disallowed, Elsewhere, FetchError, Gone, HeldOff, TooLarge
from ingest.fetching.interface import Wire
from storage import absences, ledger, queue
from storage.absences import Absence
from storage.database import atomic
from storage.errors import LgscoError
from storage.model import Window

log = logging.getLogger("lgsco")

_AGAIN = 86_400
"""Seconds, at least, until a page that told nothing is asked for again; the longer nobody knows, the rarer."""

_STILL_THERE = 30 * 86_400
"""Seconds until a page that is there, though not listed, is asked for again."""

_UNANSWERED_IN_A_ROW = 5
"""Pages in a row that the site did not answer for, after which a known one tells whether it is away."""

_AT_ONCE = 10
"""Pages that are asked for between two looks at a known decision."""


@dataclass(frozen=True, slots=True)
class _Testimony:
    """That a page is gone."""

    absence: Absence
    answer: str
    at: str
    concludes: bool
    """Whether it is the second time, and the decision's day was listed whole without it."""


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
        self._unanswered: list[tuple[Absence, FetchError]] = []  # in a row
        self.left: list[str] = []
        """What was found to have left the site, by reference."""

    def look(self) -> None:
        """Asks for the pages that are due, and concludes. Raises what `Wire.fetch` raises about the site as a whole."""
        furthest = self._clock.stamp(max(self._days_apart * 86_400, _STILL_THERE) + _AGAIN)
        due = absences.find_due(self._db, self._clock.stamp(), furthest)
        for start in range(0, len(due), _AT_ONCE):
            told = [self._ask(absence) for absence in due[start : start + _AT_ONCE]]
            gone = [testimony for testimony in told if testimony]
            # Only a site that still shows a known decision, after all those that are gone, is believed: until then
            # nothing of it is written down, and a run that is cut off here asks for these pages once more.
            if gone and self._served():
                self._record(gone)
        self._settle_unanswered()

    def _ask(self, absence: Absence) -> _Testimony | None:
        """Asks for a page; what it says if it is gone. Anything else is written down at once."""
        again = absence.gone > 0 and self._days_since(absence.gone_first_at) >= self._days_apart
        day = Window(absence.stood_on, absence.stood_on)
        if again:
            self._survey.look(day, again=True)
            if not absences.is_open(self._db, absence):
                log.info("%s is listed again", absence.reference)
                return None
        try:
            self._site.fetch(absence.url)
        except (Denied, Disallowed, Elsewhere, TooLarge) as error:
            self._told_nothing(absence, error)
        except HeldOff as error:
            if error.by is not None:  # the next run is to come past it
                self._told_nothing(absence, error)
            raise
        except Gone as error:
            if not again or self._is_proven(day):
                self._settle_unanswered()
                return _Testimony(absence, str(error), self._clock.stamp(), concludes=again)
            self._told_nothing(absence, error)
        except FetchError as error:
            self._unanswered.append((absence, error))
            if len(self._unanswered) < _UNANSWERED_IN_A_ROW:
                return None
            if not self._served():
                raise
        else:
            queue.add(self._db, absence.reference, absence.url, self._clock.stamp())  # it may say why
            self._answered(absence, "its page is there, though it is not listed", _STILL_THERE, gone=False)
        self._settle_unanswered()
        return None

    def _settle_unanswered(self) -> None:
        unanswered, self._unanswered = self._unanswered, []
        for absence, error in unanswered:
            self._told_nothing(absence, error)

    def _told_nothing(self, absence: Absence, error: LgscoError) -> None:
        age = 86_400 * self._days_since(absence.noticed_at)
        self._answered(absence, str(error), min(max(_AGAIN, age), _STILL_THERE), gone=None)

    def _record(self, gone: list[_Testimony]) -> None:
        with atomic(self._db):
            next_at = self._clock.stamp(self._days_apart * 86_400)
            for one in gone:
                if not absences.is_open(self._db, one.absence):
                    continue  # a look at another's day found it
                absences.answered(self._db, one.absence, one.answer, at=one.at, next_at=next_at, gone=True)
                if one.concludes:
                    self._conclude(one.absence)

    def _conclude(self, absence: Absence) -> None:
        aged = absence.kind != "report" and absence.stood_on <= self._oldest()
        ending = "expired" if aged else "withdrawn"
        absences.conclude(self._db, absence, ending, self._clock.stamp())
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
