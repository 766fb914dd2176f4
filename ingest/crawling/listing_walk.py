"""Asks the listing what `reconcile` says to ask, and records what it lists.

A page that states no total is *unknown*, never zero, and so is one that states 0 and shows no card: an empty window is
known only by the difference between a range around it and that range's other part.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urljoin

from ingest.clock import Clock
from ingest.crawling.reconcile import Ask, Contradiction, Empty, Habits, Silent, Step, Walk, look
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, FetchError, Gone, LayoutChanged, ReadError
from ingest.fetching.interface import Wire
from ingest.lgo import listing_page as listing
from ingest.lgo.addresses import LISTING
from ingest.lgo.listing_page import Listing, Unfollowed
from ingest.lgo.source import PAGE_SIZE, SEARCH_FILTERS, SEARCH_PATH
from storage import entries, ledger
from storage.database import atomic
from storage.model import Entry, Proof, Standing, Window, WindowState

log = logging.getLogger("lgsco")

_WALKS = 3
"""Times a window that drifts while it is walked is walked again."""

_LACKING_IN_A_ROW = 2
"""Pages of a walk in a row that bring nothing, though cards should stand on them, after which it ends."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A page of a walk that brought nothing, though cards should stand on it or might."""

    told: str
    error: FetchError | ReadError | None = None
    """Why it was not had; None where it was answered for."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What walking a window's pages found."""

    total: int
    references: frozenset[str]
    drifted: bool
    """Whether the total changed on the way, or a card stood twice, or outside the window."""
    lacks: tuple[Lack, ...] = ()
    gave_up: bool = False
    """Whether it ended before the last page, after too many in a row that brought nothing."""

    @property
    def is_unanswered(self) -> bool:
        """Whether a page of it was not had at all: then it says nothing against what was known."""
        return any(lack.error for lack in self.lacks)


class Survey:
    """Asks the listing about windows, and records what it says."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: Wire,
        clock: Clock,
        run: int,
        *,
        habits: Habits,
        trusted_since: str | None = None,
        surprised: Callable[[str], object],
        fetch: Callable[[Window], None],
        odd: Callable[[str, str], None],
    ) -> None:
        """`trusted_since`: windows walked since this instant are not walked again. `surprised` is called, with the
        reason, when an answer may come from a site that does not serve us, and raises what it finds. `fetch` is called
        after each window that was listed, and may have what it lists. `odd` is called with a page's address and what is
        odd about it."""
        self._db = db
        self._site = site
        self._clock = clock
        self._run = run
        self._habits = habits
        self._trusted_since = trusted_since
        self._surprised = surprised
        self._fetch = fetch
        self._odd = odd
        self._asked: tuple[Window, Listing, str] | None = None  # the last first page, with when it was asked for
        self._to_check: list[tuple[Window, str]] = []
        self._silences: dict[Window, str] = {}  # in what words the listing has nothing for a window
        self.contradictions: list[str] = []
        """What the site's totals say against each other, a sentence each."""
        self.lacking: dict[Window, tuple[str, ...]] = {}
        """The pages that windows lack since they were walked last, with what the site answered."""
        self.unfollowed: dict[Unfollowed, str] = {}
        """Cards that lead to no decision of the site, each with the page where it was seen first."""
        self.failure: FetchError | ReadError | None = None
        """Why the last page of the listing that was not had was not."""
        self.unlisted = 0
        """Decisions that were listed before and no longer are."""

    # ------------------------------------------------------------ looking

    def ask(self, window: Window) -> int | None:
        """The total that the site states for a window, None where it states none."""
        began = self._clock.stamp()
        page = self._page(window, 1, window)
        self._asked = (window, page, began)
        return page.total

    def ask_aside(self, window: Window, asked: str = SEARCH_FILTERS) -> int | None:
        """The same, of a window not ours to look into, or with other filters: what is listed is not recorded."""
        return self._page(window, 1, None, asked).total

    def look(self, window: Window, *, again: bool, total: int | None = None) -> int | None:
        """Looks at all of a window (`again`), or at what of it is not as the books say; returns its total.

        `total`: the window's, where it was asked already. Raises Blocked where the site states no total for what it
        has decisions of, LayoutChanged where cards stand on a page that states none.
        """
        steps = look(window, self._books, self._habits, again=again, total=total)
        silent: list[Window] = []
        try:
            step: Step = next(steps)
            while True:
                step = steps.send(self._do(step, silent))
        except StopIteration as stop:
            found: int | None = stop.value
        if found is None:
            self.show_empty(window)
            self._record_empty(window)
            found = 0
        elif silent:
            self._blocked_if_silent(window, found)
        return found

    @contextlib.contextmanager
    def listing_may_fail(self, fetch: Callable[[], None]) -> Iterator[None]:
        """Where it is the listing that fails, what was queued before is had all the same, by `fetch`, if the site is
        there. What failed is raised."""
        try:
            yield
        except (FetchError, ReadError) as error:
            if error is self.failure:
                with contextlib.suppress(FetchError, ReadError):
                    fetch()
            raise

    def settle(self) -> None:
        """Judges what was listed by what is held now; a window whose decisions, once fetched, show that they moved
        while it was walked is walked once more."""
        to_check, self._to_check = self._to_check, []
        for window, began in to_check:
            if entries.find_moved_meanwhile(self._db, window, began):
                log.info("decisions of %s took another date while it was walked; walking it again", window)
                self._walk(window)
                self._fetch(window)
        self._to_check.clear()
        with atomic(self._db):
            ledger.prove(self._db, self._clock.stamp(), self._run)

    def _books(self, window: Window) -> Standing:
        trusted = (self._trusted_since, self._clock.stamp()) if self._trusted_since else None
        return ledger.standing(self._db, window, trusted)

    def _do(self, step: Step, silent: list[Window]) -> int | None:
        match step:
            case Ask(window):
                return self.ask(window)
            case Walk(window):
                total = self._walk(window)
                if total is not None:
                    self._fetch(window)
                return total
            case Empty(window):
                self._record_empty(window)
            case Silent(window):
                silent.append(window)
                with atomic(self._db):
                    self._put(window, None, 0, "unknown", None)
            case Contradiction(window, total, parts):
                told = f"for {window} the site states {total} decisions, and {parts} in its parts"
                log.warning("%s", told)
                self.contradictions.append(told)
            case _:
                assert_never(step)
        return None

    def show_empty(self, window: Window) -> None:
        """Shows by the ranges around it that a window which states no total, or 0, holds nothing. Raises Blocked."""
        told = f"the listing {self._silence(window)} for {window}"
        whole = self.ask_aside(EVERYTHING) if window != EVERYTHING else None
        rest = 0
        for part in EVERYTHING.without(window) if whole else ():
            rest += self.ask_aside(part) or 0
            if rest == whole:
                if stood := ledger.standing(self._db, window).expected:
                    self._surprised(f"{told}, where {stood:,} decisions stood")
                return
        self._surprised(told)
        raise Blocked(
            f"{told}, and no range around it shows that it is empty: a search shell, a broken index, or a wording that "
            "is not known; it proves nothing and nothing was concluded from it"
        )

    def _silence(self, window: Window) -> str:
        return self._silences.get(window, "states no total")

    def _blocked_if_silent(self, window: Window, total: int) -> None:
        """Parts of a window stated no total: whether the whole, which did, has fallen silent too."""
        if self.ask(window) is None:
            told = f"the listing stated {total:,} decisions for {window} and now {self._silence(window)}"
            self._surprised(told)
            raise Blocked(f"{told}: a search shell, or it is not itself; it proves nothing")

    # ------------------------------------------------------------ walking

    def _walk(self, window: Window) -> int | None:
        """Walks all pages of a window, again if it drifts, and records what was listed. None: it states no total."""
        for left in range(_WALKS - 1, -1, -1):
            began = self._clock.stamp()
            if self._asked is not None and self._asked[0] == window:
                _, first, began = self._asked
                self._asked = None
            else:
                first = self._page(window, 1, window)
            if first.total is None:
                return None
            walked = self._walk_once(window, first, first.total)
            if not walked.drifted or walked.is_unanswered or not left:
                break
            log.info("the listing of %s changed while it was walked; walking it again", window)
        self._record_walked(window, walked, began)
        if walked.gave_up and (error := walked.lacks[-1].error):
            raise error
        return walked.total

    def _record_walked(self, window: Window, walked: Walked, began: str) -> None:
        listed = len(walked.references)
        # Until all of it is held a window that was listed whole is short as well.
        state: WindowState = "drifting" if walked.drifted else "short"
        whole = not walked.drifted and not walked.is_unanswered and listed == walked.total
        if whole:
            self.lacking.pop(window, None)
        else:
            self.lacking[window] = tuple(lack.told for lack in walked.lacks)
            log.warning("%s is %s: the site states %d decisions, lists %d", window, state, walked.total, listed)
        with atomic(self._db):
            if walked.is_unanswered:
                self._record_unanswered(window, walked.total, listed)
                return
            if whole:
                self._record_unlisted(window, walked.references)
            self._put(window, walked.total, listed, state, began)
        self._to_check.append((window, began))

    def _record_unanswered(self, window: Window, total: int, listed: int) -> None:
        """Notes that a window was not walked to its end; what was proven of it before stays so."""
        sound = [proof.window for proof in ledger.find_windows(self._db, window) if proof.is_sound]
        if not sound and listed < total:
            self._put(window, total, listed, "short", None)
            return
        for part in gaps(window, sound):
            self._put(part, None, 0, "unknown", None)

    def _walk_once(self, window: Window, first: Listing, total: int) -> Walked:
        """One walk from the first page to the last, and past it where the last is full: a total may say too little. A
        page that brings nothing is left out, and after a second one in a row the rest is."""
        drifted = False
        cards: Counter[str] = Counter()
        lacks: list[Lack] = []
        number, day, in_a_row = 1, window.last, 0
        found: Listing | Lack = self._lack(window, 1, first, total) or first
        while True:
            if isinstance(found, Lack):
                lacks.append(found)
                in_a_row += 1
            else:
                in_a_row = 0
                drifted |= bool(found.entries) and found.total != total
                drifted |= any(not _lies_in(entry, window) for entry in found.entries)
                day = next((e.decision_date for e in reversed(found.entries) if e.decision_date), day)
                cards.update(entry.reference for entry in found.entries)
            if number * PAGE_SIZE > total or in_a_row == _LACKING_IN_A_ROW:
                break
            number += 1
            found = self._next_page(window, number, Window(window.first, max(window.first, day)), total)
        drifted |= any(times > 1 for times in cards.values())
        return Walked(total, frozenset(cards), drifted, tuple(lacks), in_a_row == _LACKING_IN_A_ROW)

    def _next_page(self, window: Window, number: int, stands_in: Window, total: int) -> Listing | Lack:
        try:
            page = self._page(window, number, stands_in)
        except Gone as error:  # some sites say so past the last page
            return Lack(str(error)) if (number - 1) * PAGE_SIZE < total else Listing(None, ())
        except (FetchError, ReadError) as error:
            return Lack(str(error), error)
        return self._lack(window, number, page, total) or page

    def _lack(self, window: Window, number: int, page: Listing, total: int) -> Lack | None:
        """What a page lacks that has no card though some should stand on it. Raises Blocked where it is no listing, and
        the site does not serve us."""
        if page.entries or (number - 1) * PAGE_SIZE >= total:
            return None
        where = f"{self._target(window, number, SEARCH_FILTERS)}: no card stands there"
        if page.unfollowed:
            where += " that can be followed"
        if page.total is not None:
            return Lack(f"{where}, though the site states {page.total:,} decisions")
        told = f"{where}, and it {self._silence(window)}"
        self._blocked_if_silent(window, total)
        self._surprised(told)
        return Lack(told)

    def _page(self, window: Window, number: int, stands_in: Window | None, asked: str = SEARCH_FILTERS) -> Listing:
        """One page of a window's listing. `stands_in`: where cards without a date stand; None: nothing is recorded."""
        try:
            page, at = self._read(window, number, asked)
        except (FetchError, ReadError) as error:
            self.failure = error
            raise
        if page.total == 0 and not page.entries:  # nothing is believed to be empty because it says so
            self._silences[window] = "states 0 results"
            return Listing(None, ())
        if page.total is None:
            self._silences[window] = "states no total"
        if stands_in is not None:
            self._notice(self._target(window, number, asked), page)
            with atomic(self._db):
                entries.record_listing(self._db, page.entries, at, stands_in, self._run)
        return page

    def _notice(self, target: str, page: Listing) -> None:
        """Reports what of a page is odd or cannot be followed, once."""
        for what in page.odd:
            self._odd(target, what)
        # A page without a total is not the listing, and what looks like a card there is none.
        for card in page.unfollowed if page.total is not None else ():
            if card not in self.unfollowed:
                self.unfollowed[card] = target
                log.warning("%s: %s", target, card)

    def _read(self, window: Window, number: int, asked: str) -> tuple[Listing, str]:
        """The same, with when it was asked for."""
        try:
            answer = self._site.fetch(self._target(window, number, asked))
        except (Elsewhere, Denied, Disallowed) as error:
            raise Blocked(f"{error}; the listing is not shown to us") from None
        try:
            address = answer.address or urljoin(LISTING, answer.target)
            page = listing.read(answer.body, address=address, charset=answer.charset)
        except ReadError as error:
            raise type(error)(f"{answer.target}: the listing does not read: {error}") from None
        if page.total is None and page.entries:
            raise LayoutChanged(
                f"{answer.target}: the listing shows {len(page.entries)} cards and no total that reads; its layout has "
                "changed, or this lgsco is too old"
            )
        strays = sum(not _lies_in(entry, window) for entry in page.entries)
        if strays * 2 > len(page.entries):
            raise LayoutChanged(
                f"{answer.target}: {strays} of {len(page.entries)} cards bear dates that were not asked for; the "
                "listing no longer keeps to its dates, so nothing can be told from its totals"
            )
        return page, answer.at

    def _target(self, window: Window, number: int, asked: str) -> str:
        """The listing's address for one page, from 1, of a window. No decision is dated later than today."""
        last = max(window.first, min(window.last, self._clock.today()))
        filters = f"&{asked}" if asked else ""
        return f"{SEARCH_PATH}?fd={window.first}&td={last}{filters}&page={number}"

    def _record_empty(self, window: Window) -> None:
        with atomic(self._db):
            self._record_unlisted(window, ())
            self._put(window, 0, 0, "short", self._clock.stamp())

    def _record_unlisted(self, window: Window, listed: Iterable[str]) -> None:
        for reference in entries.record_unlisted(self._db, window, listed, self._clock.stamp(), self._run):
            log.info("%s is no longer listed", reference)
            self.unlisted += 1

    def _put(self, window: Window, total: int | None, listed: int, state: WindowState, walked_at: str | None) -> None:
        proof = Proof(window, total, listed, state, self._clock.stamp(), walked_at, None, SEARCH_FILTERS)
        ledger.record_window(self._db, proof, self._run)


def _lies_in(entry: Entry, window: Window) -> bool:
    return entry.decision_date is None or window.first <= entry.decision_date <= window.last
