"""Runs the project's listing walks and sync rounds on a look-alike site in this process, without fetching pages.

An answer has the same bytes as over HTTP, because the look-alike's server also calls `Site.handle` of `lgsco.replica`.
Each listed decision is stored at once as a row without text, because the pages do not matter here. Only the known
decision of the daily check is fetched and parsed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

from ingest.clock import Clock
from ingest.config import Config
from ingest.crawling.absence_check import DisappearanceCheck
from ingest.crawling.canary import Canary
from ingest.crawling.findings import Findings
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.listing_walk import ListingWalker
from ingest.crawling.windows import EVERYTHING
from ingest.errors import Gone
from ingest.fetching.interface import Answer
from ingest.lgo.normaliser import NORMALISER
from ingest.tasks.crawl import find_retention_edge, make_walk_settings
from ingest.tasks.sync import SyncRound
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from storage import decisions, entries, ledger, pages, queue, runs, texts
from storage.database import atomic
from storage.decisions import Reading
from storage.model import Decision, Entry, Validators, Window
from storage.writer import writing

_LISTING = "/Decisions/SearchResults?"
_ALL = 1_000_000


@dataclass(slots=True)
class Counted:
    """A look-alike site in this process, with a count of the listing requests."""

    site: Site
    listing: int = 0
    """Requests of the listing."""

    def ask(self, target: str) -> bytes:
        """Returns the page of a path and query. Raises Gone for any status but 200."""
        self.listing += target.startswith(_LISTING)
        answer = self.site.handle(Request("GET", target, {}))
        if answer.status != 200:
            raise Gone(target, status=answer.status)
        return answer.body


class _InProcess:
    """Stands for the HTTP client: calls the site in this process, without robots.txt or pace."""

    def __init__(self, counted: Counted, clock: Clock) -> None:
        self._counted = counted
        self._at = clock.stamp

    def fetch(self, target: str, known: Validators | None = None) -> Answer:  # noqa: ARG002  # as HttpClient
        return Answer(target, self._counted.ask(target), "utf-8", self._at())


@contextmanager
def opened(database: Path, site: Site, config: Config, today: date) -> Iterator[Archive]:
    """Opens the archive in a database; a missing database is created."""
    with writing(database) as db:
        yield Archive(db, site, config, today)


class Archive:
    """A database and its site, combined as in `ingest.tasks.crawl`."""

    def __init__(self, db: sqlite3.Connection, site: Site, config: Config, today: date) -> None:
        self.today = today
        """The date of its clock; the time is always noon. Set it to let time pass. The site has a date of its own."""
        self._db = db
        self._codec = pages.Codec(db)
        self._config = config
        self._clock = Clock(
            now=lambda: datetime.combine(self.today, time(12), UTC),
            monotonic=lambda: 0.0,
            sleep=lambda _seconds, _stop: None,
            random=Random(1),
        )
        self._counted = Counted(site)
        self._client = _InProcess(self._counted, self._clock)

    def backfill(self) -> int:
        """Lists and stores everything, and returns the number of listing requests."""
        before, run = self._counted.listing, self._begin("backfill")
        trusted = self._clock.stamp(-3600 * self._config.listing.trust_hours)
        walker = self._walker(run, self._canary(run), trusted)
        for part in walker.walk_and_fetch(EVERYTHING, total=walker.ask(EVERYTHING)):
            self._hold(run, part)
        self._require_proof(walker)
        return self._counted.listing - before

    def sync(self) -> int:
        """Runs one complete sync round, and returns the number of listing requests."""
        before, run = self._counted.listing, self._begin("sync")
        canary = self._canary(run)
        walker = self._walker(run, canary)
        disappearances = DisappearanceCheck(
            *(self._db, self._client, walker, self._clock),
            check_canary=canary.check,
            days_apart=self._config.listing.gone_days,
            retention_days=self._config.listing.retention_days,
        )

        def fetch() -> None:
            self._hold(run, EVERYTHING)

        SyncRound(
            *(self._db, walker, canary, disappearances, self._clock, self._config, run),
            scopes=[EVERYTHING],
            fetch=fetch,
            check_listing=lambda: None,
            ask_site_total=lambda: None,
        ).run()
        self._require_proof(walker)
        return self._counted.listing - before

    def missing(self, references: Iterable[str]) -> list[str]:
        """Returns those references that are not stored."""
        return [reference for reference in references if texts.find_text(self._db, reference) is None]

    def _begin(self, task: str) -> int:
        return runs.begin_run(self._db, task, {}, self._clock.stamp())

    def _canary(self, run: int) -> Canary:
        within = Window(find_retention_edge(self._config, self.today), EVERYTHING.last)
        return Canary(self._db, self._codec, self._client, self._clock, run, within=within)

    def _walker(self, run: int, canary: Canary, trusted: str | None = None) -> ListingWalker:
        return ListingWalker(
            *(self._db, self._listing(run), self._clock, run),
            settings=make_walk_settings(self._config, self.today, may_begin=lambda _day: True),
            trusted_since=trusted,
            check_canary=canary.check,
        )

    def _listing(self, run: int) -> ListingFetcher:
        return ListingFetcher(
            *(self._db, self._client, self._clock, run, Findings()), note_odd=lambda _page, _what: None
        )

    def _hold(self, run: int, window: Window) -> None:
        """Records queued decisions as if their pages had been fetched and parsed."""
        at = self._clock.stamp()
        wanted = [one.reference for one in queue.find_wanted(self._db, at, [window], _ALL)]
        cards = entries.find_entries(self._db, wanted)
        with atomic(self._db):
            decisions.record_first(self._db, [_reading(card, at) for card in cards.values()], run)
            queue.remove(self._db, wanted)
            for group in list(pages.find_kept(self._db, self._codec, _ALL)):  # the canary stored it
                pages.mark(self._db, [number for number, _ in group], "read")
                queue.remove(self._db, [group[0][1].reference])

    def _require_proof(self, walker: ListingWalker) -> None:
        unproven = [str(proof.window) for proof in ledger.find_windows(self._db) if proof.state != "proven"]
        assert not unproven, f"not proven: {unproven[:5]} and {len(unproven)} in all"
        assert not walker.findings.contradictions, walker.findings.contradictions


def _reading(card: Entry, at: str) -> Reading:
    decision = Decision(
        *(card.reference, card.authority, None, card.subcategory, card.outcome, card.decision_date, card.kind),
        summary=None,
        lines=(),
        closed=True,
    )
    return Reading(decision, card.reference, "site", at, NORMALISER, card.url)
