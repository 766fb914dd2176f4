"""Finds out which unlisted decisions have left the site.

A decision has left the site if its proven window no longer lists it and its page is gone, in two checks some days
apart. The page is gone if the site answers 404 or 410, or with a page that does not show the decision.
`ingest.crawling.disappearance` then decides why it left. While the site does not show a known decision, nothing is
concluded; `ingest.recording.failures` decides when to fetch one.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never
from urllib.parse import urlsplit

from ingest.clock import LONDON, Clock
from ingest.crawling.disappearance import COHORT_DAYS, Departure, judge
from ingest.crawling.listing_walk import ListingWalker
from ingest.crawling.windows import merge_windows
from ingest.errors import (
    FetchError,
    Gone,
    HeldOff,
    ReadError,
    Replaced,
    Undecodable,
    WrongReference,
    one_document,
)
from ingest.fetching.interface import Answer, HttpClient
from ingest.lgo import page as decision_page
from ingest.lgo.notice import find_notice
from ingest.parsing.input_limits import prints_reference
from ingest.recording.failures import (
    BlamePage,
    CanaryAnswered,
    CheckCanary,
    Decision,
    Event,
    Failure,
    Fetched,
    GoneAsExpected,
    Inconclusive,
    RetryLater,
    RetryNextRun,
    RoundEnded,
    RunFails,
    State,
    Stop,
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
"""The least seconds until the next request for a page, if its response decided nothing. The wait grows with time."""

_STILL_THERE_SECONDS = 30 * 86_400
"""Seconds until the next request for a page that exists though it is not listed."""

_BETWEEN_CHECKS = 10
"""Pages that are requested between two checks of the canary."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An absence, after the request for its page."""

    absence: Absence
    at: str
    """When: UTC, ISO 8601 with Z."""
    concludes: bool
    """Whether this is the second check, after a complete walk of the decision's day that does not list it."""


class DisappearanceCheck:
    """Requests the pages of decisions that are no longer listed, and concludes why they are not."""

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
        """`check_canary` gets the reason and returns whether the site shows a known decision.

        It raises if the site does not serve us. `days_apart`: the least days between the two checks. `retention_days`:
        the age in days from which statements leave the site.
        """
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
        """The references of the decisions that were found to have left the site."""

    def check_due(self) -> None:
        """Requests the pages that are due, and concludes.

        Raises what `fetch` of the site raises about the whole site.
        """
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
                    self._record_inconclusive(failure)
        if absences.find_departed(self._db, self._found_gone):
            self._walker.settle()  # `_judge` needs the dates that this run walked to be proven again
        self._judge()

    def _ask(self, absence: Absence) -> Event | None:
        """Requests a page, acts on the result and returns it; None if the decision is listed again."""
        again = absence.gone > 0 and self._days_since(absence.gone_first_at) >= self._days_apart
        day = Window(absence.stood_on, absence.stood_on)
        if again:
            self._walker.walk(day)
            if not absences.is_unexplained(self._db, absence):
                log.info("%s is listed again", absence.reference)
                return None
        event = self._fetch(absence)
        if isinstance(event, GoneAsExpected) and again and not self._is_proven(day):
            event = Inconclusive(event.failure)
        self._asked[absence.reference] = _Asked(absence, self._clock.stamp(), concludes=again)
        self._handle(event)
        return event

    def _fetch(self, absence: Absence) -> Event:
        try:
            refuse_other_page(absence.reference, absence.url, self._site.fetch(absence.url))
        except (FetchError, ReadError, HeldOff) as error:
            return unlisted_page_failed(Failure(absence.reference, absence.url, error))
        with atomic(self._db):
            queue.add(self._db, absence.reference, absence.url, self._clock.stamp())  # the page may say why
            there = Answered("its page exists, though it is not listed", 200)
            self._record(absence, there, _STILL_THERE_SECONDS, gone=False)
        return Fetched()

    # ------------------------------------------------------------ acting on what is decided

    def _handle(self, event: Event) -> None:
        """Decides about an event, records the verdicts and carries out the other decisions."""
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
        """Checks the canary if a decision asks for it, and acts on the result. Raises the error of a Stop."""
        left = list(decisions)
        while left:
            decision = left.pop(0)
            match decision:
                case CheckCanary():
                    left += self._decide(CanaryAnswered(decision, self._check_canary("pages are gone")))
                case Stop(error):
                    raise error
                case RetryLater() | BlamePage() | RetryNextRun():
                    pass  # `_decide` recorded these
                case _:
                    assert_never(decision)

    def _write(self, verdict: Verdict) -> None:
        """Records a verdict.

        Failures in doubt are not recorded before they are judged, so that the next run repeats the request if this run
        is killed.
        """
        match verdict:
            case RetryLater(failure):
                if failure not in self._state.in_doubt:
                    self._record_inconclusive(failure)
            case BlamePage(failures):
                for failure in failures:
                    self._blame(failure)
            case RetryNextRun():
                pass  # their next try does not change
            case _:
                assert_never(verdict)

    def _blame(self, failure: Failure) -> None:
        """Records a failure of the page itself. If the page is gone, records that and when to check again."""
        asked = self._asked[failure.reference]
        if not isinstance(failure.error, Gone):
            self._record_inconclusive(failure)
        elif absences.is_unexplained(self._db, asked.absence):  # the walk of another decision's day may have found it
            # If the run is killed before it judges, the next one requests the page again at once.
            next_at = self._clock.stamp(0 if asked.concludes else self._days_apart * 86_400)
            absences.record_answer(
                self._db, asked.absence, _describe(failure.error), at=asked.at, next_at=next_at, gone=True
            )
            if asked.concludes:
                self._found_gone.add(failure.reference)

    def _judge(self) -> None:
        """Judges decisions that were found gone for the second time.

        Also judges those again that left for an unknown reason: more decisions of their age may have left since.
        """
        with atomic(self._db):
            departed = absences.find_departed(self._db, self._found_gone)
            if not departed:
                return
            near = [Window(_shift(one.decided, -COHORT_DAYS), _shift(one.decided, COHORT_DAYS)) for one in departed]
            statements = [
                statement
                for dates in merge_windows(near)
                for statement in absences.find_statements(self._db, dates.first, dates.last)
            ]
            verdicts = judge(map(_make_departure, departed), statements, self._retention_days)
            for one in departed:
                absences.record_verdict(self._db, one, verdicts[one.reference], self._clock.stamp())
        for reference in sorted(self._found_gone & verdicts.keys()):
            log.info("%s has left the site: %s", reference, verdicts[reference].ending)
            self.left.append(reference)
        self._found_gone.clear()

    def _record_inconclusive(self, failure: Failure) -> None:
        absence = self._asked[failure.reference].absence
        age = 86_400 * self._days_since(absence.noticed_at)
        wait = min(max(_RETRY_SECONDS, age), _STILL_THERE_SECONDS)
        self._record(absence, _describe(failure.error), wait, gone=None)

    def _record(self, absence: Absence, answer: Answered, wait: float, *, gone: Literal[False] | None) -> None:
        at, next_at = self._clock.stamp(), self._clock.stamp(wait)
        absences.record_answer(self._db, absence, answer, at=at, next_at=next_at, gone=gone)

    def _is_proven(self, day: Window) -> bool:
        """Whether the ledger's newest record of a day is a complete listing."""
        return all(proof.is_sound for proof in ledger.find_windows(self._db, day))

    def _days_since(self, at: str | None) -> float:
        return (self._clock.now() - datetime.fromisoformat(at)).total_seconds() / 86_400 if at else 0.0


def refuse_other_page(reference: str, url: str, answer: Answer) -> None:
    """Raises Replaced if a response with status 200 is not the page of the requested decision.

    A page that does not parse counts as the decision's own if it prints the reference and is not another decision.
    Raises Undecodable for bytes that are not text: they prove nothing.
    """
    path = urlsplit(answer.address or url).path
    is_redirected = path.lower().rstrip("/") != urlsplit(url).path.lower().rstrip("/")
    seen = f"{url}: its address leads to another page, {path}" if is_redirected else f"{url}: another page answers"
    try:
        with one_document():
            decision_page.parse_page(answer.body, reference=reference, charset=answer.charset)
    except WrongReference as error:
        raise Replaced(f"{seen}: {error}", status=200) from None
    except Undecodable:
        raise
    except ReadError:
        if not prints_reference(answer.body, reference):
            words = b"" if is_redirected else answer.body  # other pages may use the words of a notice otherwise
            raise Replaced(
                f"{seen}, which does not print {reference}", status=200, body=words, charset=answer.charset
            ) from None


def _describe(error: LgscoError) -> Answered:
    """Describes the response of an address that could not be fetched."""
    status = error.status if isinstance(error, FetchError) else None
    words = find_notice(error.body, error.charset) if isinstance(error, Gone) else None
    return Answered(str(error), status, words)


def _make_departure(departed: Departed) -> Departure:
    seen_on, gone_on = (
        datetime.fromisoformat(at).astimezone(LONDON).date() for at in (departed.last_seen, departed.first_gone)
    )
    return Departure(departed.reference, departed.kind, departed.decided, seen_on, gone_on)


def _shift(day: date, days: int) -> date:
    """Returns a day `days` later, or the nearest day that a date can be."""
    return date.fromordinal(min(max(1, day.toordinal() + days), date.max.toordinal()))
