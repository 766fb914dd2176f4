"""Fetches the canary, a known decision, again to check that the site serves us and that its pages still parse.

It runs once a day, and whenever a response is doubtful. The page is stored and queued, so that the pipeline records
what it says now.
"""

from __future__ import annotations

import logging
import sqlite3

from ingest.clock import Clock
from ingest.errors import (
    Blocked,
    Denied,
    Disallowed,
    Elsewhere,
    FetchError,
    Gone,
    LayoutChanged,
    ReadError,
    TooLarge,
    one_document,
)
from ingest.fetching.interface import HttpClient
from ingest.lgo import page as decision_page
from ingest.parsing.input_limits import shows_text
from storage import checks, pages, queue
from storage.checks import Known
from storage.database import atomic
from storage.model import Page, Window

log = logging.getLogger("lgsco")

_TRIES = 3
"""Known decisions to try. Any single one may have been withdrawn, or have a page that fails."""


class Canary:
    """Fetches known decisions again, and judges the site by them."""

    def __init__(
        self, db: sqlite3.Connection, codec: pages.Codec, site: HttpClient, clock: Clock, run: int, *, within: Window
    ) -> None:
        """`within`: decision dates that are too recent for decisions to leave the site by age."""
        self._db = db
        self._codec = codec
        self._site = site
        self._clock = clock
        self._run = run
        self._within = within

    def check_daily(self) -> None:
        """Runs the check, unless one passed on this day (UTC)."""
        last = checks.last_check(self._db, "canary")
        if last is None or last[:10] != self._clock.stamp()[:10]:
            self.check("once a day")

    def check(self, why: str) -> bool:
        """Whether a known decision still parses. False: none is known, or too few could be fetched to decide.

        Raises Blocked if the site shows something else in its place, and LayoutChanged if the page has the decision but
        no longer parses. If none of the decisions tried could be fetched, raises what `fetch` of the site raises.
        """
        chosen = checks.choose_known(self._db, self._within, _TRIES, self._clock.random)
        gone: list[str] = []
        failed: list[FetchError | TooLarge] = []
        for reference in chosen:
            known = checks.find_known(self._db, reference)
            try:
                self._check_one(known, why)
            except (Gone, Denied):
                gone.append(known.reference)
            except Disallowed:
                pass
            except (FetchError, TooLarge) as error:
                if known.url not in str(error) or (len(chosen) == _TRIES and not _may_be_of_one_page(error)):
                    raise  # the failure is of robots.txt, or of the whole site
                log.info("canary: %s: %s", known.reference, error)
                failed.append(error)
            else:
                return True
        if len(failed) == _TRIES:
            raise failed[-1]
        if len(gone) == _TRIES:
            raise self._make_all_gone_error(gone, why)
        return False

    def _check_one(self, known: Known, why: str) -> None:
        """Fetches, parses and stores the page of a known decision, and records whether the site passed."""
        try:
            self._fetch_and_parse(known)
        except Elsewhere as error:
            self._record(known.reference, why, str(error), passed=False)
            raise Blocked(
                f"{error}; this is the page of a decision in the archive, so the site does not serve us"
            ) from None
        except (Blocked, LayoutChanged) as error:
            self._record(known.reference, why, str(error), passed=False)
            raise
        self._record(known.reference, why, "its page parses", passed=True)

    def _fetch_and_parse(self, known: Known) -> None:
        answer = self._site.fetch(known.url)
        page = Page(known.reference, 1, known.url, answer.at, answer.charset, answer.body)
        try:
            with one_document():
                decision_page.parse_page(page.body, reference=known.reference, charset=page.charset)
        except ReadError as error:
            self._store(page, parses=False)
            raise self._judge(known, page, error) from None
        self._store(page, parses=True)

    def _store(self, page: Page, *, parses: bool) -> None:
        with atomic(self._db):
            number = pages.store(self._db, self._codec, page)
            if parses:
                queue.add(self._db, page.reference, page.url, page.fetched_at, state="kept")
            else:
                pages.mark(self._db, [number], "unreadable")

    def _judge(self, known: Known, page: Page, error: ReadError) -> Blocked | LayoutChanged:
        if shows_text(page.body, page.charset, known.text):
            return LayoutChanged(
                f"{known.url}: the page has the text of {known.reference}, but it no longer parses ({error}); the "
                "site's layout has changed, or this lgsco is too old. The page is stored"
            )
        return Blocked(
            f"{known.url}: the site shows something else in place of {known.reference} ({error}): a block page, or "
            "another page that is not a decision. Nothing was concluded from it"
        )

    def _make_all_gone_error(self, gone: list[str], why: str) -> Blocked:
        message = (
            f"the decisions {', '.join(gone)} are in the archive, and their pages are all gone or refused: the site "
            "does not serve us, or does not work as usual. Nothing was concluded from it"
        )
        self._record(", ".join(gone), why, message, passed=False)
        return Blocked(message)

    def _record(self, subject: str, why: str, finding: str, *, passed: bool) -> None:
        log.info("canary: %s (%s): %s", subject, why, finding)
        at = self._clock.stamp()
        with atomic(self._db):
            checks.record_check(self._db, self._run, "canary", subject, at=at, passed=passed, why=why, finding=finding)


def _may_be_of_one_page(error: FetchError | TooLarge) -> bool:
    """Whether a failure may be of one page alone: the site answered, and not with 429.

    A site that does not answer is down, and lgsco does not try one page after another then.
    """
    return isinstance(error, TooLarge) or error.status not in (None, 429)
