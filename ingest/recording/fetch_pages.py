"""Fetches all pages of one queued decision and stores each as received, before it is parsed.

Each page is stored in its own small transaction, with its queue row and the journal of its requests, so a kill costs at
most one page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from ingest.clock import Clock
from ingest.fetching.interface import HttpClient
from ingest.recording.chapters import find_next_chapter
from storage import decisions, pages, queue
from storage.database import atomic
from storage.model import Page, Validators, Wanted

_ONE_VERSION_SECONDS = 3600
"""Chapters of one report are fetched within an hour, or all again, so that a text never mixes two versions."""


class PageFetcher:
    """Fetches and stores the pages of queued decisions."""

    def __init__(
        self,
        db: sqlite3.Connection,
        codec: pages.Codec,
        site: HttpClient,
        clock: Clock,
        *,
        save_journal: Callable[[], None],
        full_days: int,
    ) -> None:
        """Takes the connection, the codec, the HTTP client and the clock.

        `save_journal`: called inside the transaction of each page. `full_days`: days for which "unchanged" from the
        site is accepted; after that the page is fetched in full.
        """
        self._db = db
        self._codec = codec
        self._site = site
        self._clock = clock
        self._save_journal = save_journal
        self._full_days = full_days

    def fetch(self, wanted: Wanted) -> bool:
        """Fetches and stores the pages that are missing; returns whether the site reports that nothing has changed.

        Raises what `fetch` of the client raises, and ReadError for a page that cannot be a decision's.
        """
        stored = self._find_stored(wanted.reference)
        known = self._find_validators(wanted) if not stored else None
        missing = find_next_chapter(stored, wanted.reference)
        while missing is not None:
            target = wanted.url if missing == 1 else f"{wanted.url}?chapter={missing}"
            answer = self._site.fetch(target, known)
            if answer.unchanged:
                self._record_unchanged(wanted.reference, answer.at)
                return True
            page = Page(wanted.reference, missing, target, answer.at, answer.charset, answer.body, answer.validators)
            stored.append(page)
            missing = find_next_chapter(stored, wanted.reference)
            self._store(page, is_last=missing is None)
        return False

    def _find_stored(self, reference: str) -> list[Page]:
        """Finds the chapters that an earlier run stored, if the missing ones can still be of the same version."""
        stored = pages.find_unfinished(self._db, self._codec, reference)
        if not stored or self._are_of_one_version(stored):
            return stored
        with atomic(self._db):
            pages.give_up_unfinished(self._db, reference)
        return []

    def _are_of_one_version(self, stored: Sequence[Page]) -> bool:
        since, until = self._clock.stamp(-_ONE_VERSION_SECONDS), self._clock.stamp()
        return all(since <= page.fetched_at <= until for page in stored)

    def _find_validators(self, wanted: Wanted) -> Validators | None:
        if wanted.reason != "reread":
            return None
        return pages.find_validators(self._db, wanted.reference, self._clock.stamp(-86_400 * self._full_days))

    def _record_unchanged(self, reference: str, at: str) -> None:
        with atomic(self._db):
            pages.record_unchanged(self._db, reference, at)
            decisions.record_seen(self._db, reference, at)
            queue.remove(self._db, [reference])
            self._save_journal()

    def _store(self, page: Page, *, is_last: bool) -> None:
        with atomic(self._db):
            pages.store(self._db, self._codec, page)
            if is_last:
                queue.record_stored(self._db, page.reference)
            self._save_journal()
