"""Finds out which decisions that are no longer listed have left the site.

A decision has left the site when its proven window lists it no more and its page is gone, found twice, some days apart.
`ingest.crawling.disappearance` then decides why. Nothing is concluded from a site that does not show a known decision;
`ingest.recording.failures` decides when it is asked for one.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never

from ingest.clock import LONDON, Clock
from ingest.crawling.disappearance import COHORT_DAYS, Departure, judge
from ingest.crawling.listing_walk import ListingWalker
from ingest.errors import FetchError, Gone, HeldOff, ReadError
from ingest.fetching.interface import HttpClient
from ingest.lgo.notice import find_notice
from ingest.recording.failures import (
    Acquit,
    BlamePage,
    CanaryAnswered,
    CheckCanary,
    Decision,
    Event,
    Failure,
    Fetched,
    GoneAsExpected,
    RetryLater,
    RoundEnded,
    RunFails,
    State,
    Stop,
    TellsNothing,
    Verdict,
    decide,
    unlisted_page_failed,
)
from storage import absences, ledger, queue
from storage.absences import Absence, Answered, Departed
from storage.database import atomic
from storage.errors import LgscoError
from storage.model import Window

log = logging.getLogger("lgsco")

_RETRY_SECONDS = 86_400
"""Least seconds until a page is requested again whose answer decided nothing. The wait grows with the absence."""

_STILL_THERE_SECONDS = 30 * 86_400
"""Seconds until a page that is there, though not listed, is asked for again."""

_BETWEEN_CHECKS = 10
"""Pages that are asked for between two checks of the canary."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An absence whose page was asked for."""

    absence: Absence
    at: str
    concludes: bool
    """Whether it is the second time, and the whole listing of the decision's day lacks it."""


class DisappearanceCheck:
    """Asks for the pages of decisions that are no longer listed, and concludes what became of them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: HttpClient,
        walker: ListingWalker,
        clock: Clock,
        *,
        check_canary: Callable[[str], bool],
        days_apart: int,
        retention_days: int,
    ) -> None:
        """`check_canary` is given the reason; it returns whether the site shows a known decision, and raises if it does
        not serve us. `days_apart`: at least so many between the two times. `retention_days`: the age from which
        statements leave the site."""
        self._db = db
        self._site = site
        self._walker = walker
        self._clock = clock
        self._days_apart = days_apart
        self._retention_days = retention_days
        self._check_canary = check_canary
        self._state = State()
        self._asked: dict[str, _Asked] = {}  # by reference
        self._found_gone: set[str] = set()
        self.left: list[str] = []
        """The references of what was found to have left the site."""

    def check_due(self) -> None:
        """Asks for the pages that are due, and concludes. Raises what `fetch` of the site raises about the site."""
        furthest = self._clock.stamp(max(self._days_apart * 86_400, _STILL_THERE_SECONDS) + _RETRY_SECONDS)
        due = absences.find_due(self._db, self._clock.stamp(), furthest)
        try:
            for start in range(0, len(due), _BETWEEN_CHECKS):
                events = [self._ask(absence) for absence in due[start : start + _BETWEEN_CHECKS]]
                if any(isinstance(event, GoneAsExpected) for event in events):
                    self._handle(RoundEnded())
        except LgscoError:
            self._handle(RunFails())
            self._judge()
            raise
        with atomic(self._db):
            for failure in self._state.in_doubt:
                if not isinstance(failure.error, Gone):
                    self._told_nothing(failure)
        if absences.find_departed(self._db, self._found_gone):
            self._walker.settle()  # the dates that this run walked are proven again before they are counted on
        self._judge()

    def _ask(self, absence: Absence) -> Event | None:
        """Asks for a page and acts on what happened, which is returned; None if it is listed again."""
        again = absence.gone > 0 and self._days_since(absence.gone_first_at) >= self._days_apart
        day = Window(absence.stood_on, absence.stood_on)
        if again:
            self._walker.walk(day)
            if not absences.is_open(self._db, absence):
                log.info("%s is listed again", absence.reference)
                return None
        event = self._fetch(absence)
        if isinstance(event, GoneAsExpected) and again and not self._is_proven(day):
            event = TellsNothing(event.failure)
        self._asked[absence.reference] = _Asked(absence, self._clock.stamp(), concludes=again)
        self._handle(event)
        return event

    def _fetch(self, absence: Absence) -> Event:
        try:
            self._site.fetch(absence.url)
        except (FetchError, ReadError, HeldOff) as error:
            return unlisted_page_failed(Failure(absence.reference, absence.url, error))
        with atomic(self._db):
            queue.add(self._db, absence.reference, absence.url, self._clock.stamp())  # its page may say why
            there = Answered("its page exists, though it is not listed", 200)
            self._record(absence, there, _STILL_THERE_SECONDS, gone=False)
        return Fetched()

    # ------------------------------------------------------------ acting on what is decided

    def _handle(self, event: Event) -> None:
        """Decides about an event, writes the verdicts down and does the rest of what is decided."""
        self._follow(self._decide(event))

    def _decide(self, event: Event) -> Sequence[Decision]:
        self._state, decisions = decide(self._state, event)
        if decisions:
            with atomic(self._db):
                for decision in decisions:
                    if isinstance(decision, Verdict):
                        self._write(decision)
        return decisions

    def _follow(self, decisions: Sequence[Decision]) -> None:
        """Checks the canary if that is decided, and follows its answer. Raises the error of a Stop."""
        left = list(decisions)
        while left:
            decision = left.pop(0)
            match decision:
                case CheckCanary():
                    left += self._decide(CanaryAnswered(decision, self._check_canary("pages are gone")))
                case Stop(error):
                    raise error
                case RetryLater() | BlamePage() | Acquit():
                    pass  # written already
                case _:
                    assert_never(decision)

    def _write(self, verdict: Verdict) -> None:
        """Writes a verdict. Of what is in doubt nothing is written before it is judged, so that a run that is cut off
        asks for it once more."""
        match verdict:
            case RetryLater(failure):
                if failure not in self._state.in_doubt:
                    self._told_nothing(failure)
            case BlamePage(failures):
                for failure in failures:
                    self._blame(failure)
            case Acquit():
                pass  # their next try stays as it was
            case _:
                assert_never(verdict)

    def _blame(self, failure: Failure) -> None:
        """Records a failure that is the page's own: if it is gone, that, and what follows from it."""
        asked = self._asked[failure.reference]
        if not isinstance(failure.error, Gone):
            self._told_nothing(failure)
        elif absences.is_open(self._db, asked.absence):  # the walk of another's day may have found it
            # A run that is cut off before it judges asks again at once.
            next_at = self._clock.stamp(0 if asked.concludes else self._days_apart * 86_400)
            absences.record_answer(
                self._db, asked.absence, _describe(failure.error), at=asked.at, next_at=next_at, gone=True
            )
            if asked.concludes:
                self._found_gone.add(failure.reference)

    def _judge(self) -> None:
        """Judges what was found gone for the second time, and again what left for an unknown reason: more of its age
        may have left since."""
        with atomic(self._db):
            departed = absences.find_departed(self._db, self._found_gone)
            if not departed:
                return
            days = [one.decided for one in departed]
            statements = absences.find_statements(
                self._db, _shift(min(days), -COHORT_DAYS), _shift(max(days), COHORT_DAYS)
            )
            verdicts = judge(map(_date, departed), statements, self._retention_days)
            for one in departed:
                absences.record_verdict(self._db, one, verdicts[one.reference], self._clock.stamp())
        for reference in sorted(self._found_gone & verdicts.keys()):
            log.info("%s has left the site: %s", reference, verdicts[reference].ending)
            self.left.append(reference)
        self._found_gone.clear()

    def _told_nothing(self, failure: Failure) -> None:
        absence = self._asked[failure.reference].absence
        age = 86_400 * self._days_since(absence.noticed_at)
        wait = min(max(_RETRY_SECONDS, age), _STILL_THERE_SECONDS)
        self._record(absence, _describe(failure.error), wait, gone=None)

    def _record(self, absence: Absence, answer: Answered, wait: float, *, gone: Literal[False] | None) -> None:
        at, next_at = self._clock.stamp(), self._clock.stamp(wait)
        absences.record_answer(self._db, absence, answer, at=at, next_at=next_at, gone=gone)

    def _is_proven(self, day: Window) -> bool:
        """Whether the ledger's last word on a day is a whole listing."""
        return all(proof.is_sound for proof in ledger.find_windows(self._db, day))

    def _days_since(self, at: str | None) -> float:
        return (self._clock.now() - datetime.fromisoformat(at)).total_seconds() / 86_400 if at else 0.0


def _describe(error: LgscoError) -> Answered:
    """What an address answered that could not be fetched."""
    status = error.status if isinstance(error, FetchError) else None
    words = find_notice(error.body, error.charset) if isinstance(error, Gone) else None
    return Answered(str(error), status, words)


def _date(departed: Departed) -> Departure:
    seen_on, gone_on = (
        datetime.fromisoformat(at).astimezone(LONDON).date() for at in (departed.last_seen, departed.first_gone)
    )
    return Departure(departed.reference, departed.kind, departed.decided, seen_on, gone_on)


def _shift(day: date, days: int) -> date:
    """A day so many days later, or the last that a date can be."""
    return date.fromordinal(min(max(1, day.toordinal() + days), date.max.toordinal()))
