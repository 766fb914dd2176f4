"""Handles pages that are known not to parse: they were fetched again with the same bytes.

The first time that a page does not parse, it is a failure: it is queued and reported. When it is fetched again
unchanged, nothing new is known. Then it is named and counted, its window is proven without it, and it is tried again
later or by the next version of the parser.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ingest.clock import Clock
from ingest.errors import ReadError
from ingest.lgo.normaliser import NORMALISER
from ingest.recording.failures import retry_seconds
from ingest.recording.tally import Tally
from storage import findings, pages, queue
from storage.errors import Damaged
from storage.model import Page


def is_known_unreadable(db: sqlite3.Connection, codec: pages.Codec, group: Sequence[tuple[int, Page]]) -> bool:
    """Whether pages that do not parse are the same as those that did not parse the last time."""
    reference = group[0][1].reference
    try:
        before = pages.find_newest(db, codec, reference)
    except Damaged:
        return False
    if not before or not pages.is_unreadable(db, [number for number, _ in before]):
        return False
    return [(page.chapter, page.body) for _, page in before] == [(page.chapter, page.body) for _, page in group]


def record_known_unreadable(db: sqlite3.Connection, clock: Clock, tally: Tally, page: Page, error: ReadError) -> None:
    """Records that a page is known not to parse. Call it inside a transaction."""
    at = clock.stamp()
    findings.record_unreadable(db, page.reference, at, NORMALISER, str(error))
    queue.exclude_unreadable(
        db,
        page.reference,
        next_at=clock.stamp(retry_seconds(queue.count_attempts(db, page.reference))),
        error_kind=type(error).__name__,
        error=f"its page was fetched again with the same bytes and does not parse: {error}",
    )
    tally.unreadable.append(page.reference)
