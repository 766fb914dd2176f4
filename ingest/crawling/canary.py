"""A known decision, read again: tells a site that does not serve us from one whose layout changed, and both from no
news. Asked once a day, and whenever an answer surprises."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

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
from ingest.fetching.interface import Wire
from ingest.lgo import page as pages_read
from ingest.parsing.input_limits import shows
from storage import checks
from storage.checks import Known
from storage.model import Page, Window

log = logging.getLogger("lgsco")

_TRIES = 3
"""Known decisions to try, where the first is gone, refused or not had: any one of them may have been withdrawn, or have
a page that fails."""


class Canary:
    """Re-reads known decisions and judges the site by them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: Wire,
        clock: Clock,
        run: int,
        *,
        within: Window,
        take: Callable[[Page, bool], None],
    ) -> None:
        """`within`: decision dates that nothing leaves by age. `take` is given each page that came, and whether it
        reads."""
        self._db = db
        self._site = site
        self._clock = clock
        self._run = run
        self._within = within
        self._take = take

    def check_daily(self) -> None:
        """Checks if no check was passed this day (UTC)."""
        last = checks.last_check(self._db, "canary")
        if last is None or last[:10] != self._clock.stamp()[:10]:
            self.check("once a day")

    def check(self, why: str) -> bool:
        """True: a known decision reads as ever. False: none is known yet, or too few that could be had, so nothing is
        told.

        Raises Blocked where the site shows something else in its place, LayoutChanged where the decision is there and
        no longer reads; and what `Wire.fetch` raises, where as many as are tried could not be had.
        """
        count = checks.count_known(self._db, self._within)
        places = self._clock.chance.sample(range(count), min(_TRIES, count))
        gone: list[str] = []
        failed: list[FetchError | TooLarge] = []
        for place in places:
            known = checks.find_known(self._db, self._within, place)
            try:
                finding = self._read(known)
            except (Gone, Denied):
                gone.append(known.reference)
                continue
            except Disallowed:
                continue
            except Elsewhere as error:
                self._record(known.reference, why, str(error), passed=False)
                raise Blocked(
                    f"{error}; it is the page of a decision that is known, so the site does not serve us"
                ) from None
            except (Blocked, LayoutChanged) as error:
                self._record(known.reference, why, str(error), passed=False)
                raise
            except (FetchError, TooLarge) as error:
                if known.url not in str(error) or (count >= _TRIES and not _is_of_the_page(error)):
                    raise  # robots.txt is not to be had, or nothing is
                log.info("known decision %s: %s", known.reference, error)
                failed.append(error)
                continue
            self._record(known.reference, why, finding, passed=True)
            return True
        if len(failed) == _TRIES:
            raise failed[-1]
        if len(gone) < _TRIES:
            return False
        told = (
            f"the known decisions {', '.join(gone)} are all gone or refused: the site does not serve us, or is not "
            "itself. Nothing was concluded from it"
        )
        self._record(", ".join(gone), why, told, passed=False)
        raise Blocked(told)

    def _read(self, known: Known) -> str:
        answer = self._site.fetch(known.url)
        page = Page(known.reference, 1, known.url, answer.at, answer.charset, answer.body)
        try:
            with one_document():
                pages_read.read(page.body, reference=known.reference, charset=page.charset)
        except ReadError as error:
            self._take(page, False)
            raise self._judgement(known, page, error) from None
        self._take(page, True)
        return "it reads"

    def _judgement(self, known: Known, page: Page, error: ReadError) -> Blocked | LayoutChanged:
        if shows(page.body, page.charset, known.text):
            return LayoutChanged(
                f"{known.url}: the words of {known.reference} are there and no longer read ({error}); the site's "
                "layout has changed, or this lgsco is too old. The page is kept"
            )
        return Blocked(
            f"{known.url}: the site shows something else in place of {known.reference} ({error}): a wall, or a page "
            "that is no decision. Nothing was concluded from it"
        )

    def _record(self, subject: str, why: str, finding: str, *, passed: bool) -> None:
        log.info("known decision %s, read because %s: %s", subject, why, finding)
        checks.record_check(
            self._db, self._run, "canary", subject, at=self._clock.stamp(), passed=passed, why=why, finding=finding
        )


def _is_of_the_page(error: FetchError | TooLarge) -> bool:
    """Whether a failure may be one page's alone: the site answered, and not that we ask too much. A site that does not
    answer is away, and is not asked for one page after another."""
    return isinstance(error, TooLarge) or error.status not in (None, 429)
