"""Writes the verdicts about failed pages to the queue."""

from __future__ import annotations

import sqlite3
from typing import assert_never

from ingest.clock import Clock
from ingest.errors import Gone, ReadError
from ingest.recording.failures import BlamePage, Failure, RetryLater, RetryNextRun, Verdict, retry_seconds
from ingest.recording.tally import Tally
from storage import queue


def write_verdict(db: sqlite3.Connection, clock: Clock, tally: Tally, verdict: Verdict) -> None:
    """Writes one verdict. Call it inside a transaction."""
    match verdict:
        case RetryLater(failure):
            _postpone(db, clock, failure)
        case BlamePage(failures):
            for failure in failures:
                _count(db, clock, failure)
                tally.miss(failure.reference, failure.error)
        case RetryNextRun(failures):
            queue.release(db, [failure.reference for failure in failures], clock.stamp())
        case _:
            assert_never(verdict)


def _postpone(db: sqlite3.Connection, clock: Clock, failure: Failure) -> None:
    queue.record_postponed(
        db,
        failure.reference,
        next_at=clock.stamp(retry_seconds(0)),
        error_kind=type(failure.error).__name__,
        error=str(failure.error),
    )


def _count(db: sqlite3.Connection, clock: Clock, failure: Failure) -> None:
    error = failure.error
    queue.record_failure(
        db,
        failure.reference,
        failure.url,
        at=clock.stamp(),
        next_at=clock.stamp(retry_seconds(queue.count_attempts(db, failure.reference))),
        error_kind=type(error).__name__,
        error=str(error),
        gone=True if isinstance(error, Gone) else False if isinstance(error, ReadError) else None,
    )
