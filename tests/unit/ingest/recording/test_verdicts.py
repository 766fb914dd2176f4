"""Tests that each verdict about a failure changes the row in the queue."""

from __future__ import annotations

import sqlite3

import pytest

from ingest.errors import CutShort, Gone, Refused
from ingest.recording.failures import BlamePage, Failure, RetryLater, RetryNextRun, retry_seconds
from ingest.recording.tally import Tally
from ingest.recording.verdicts import write_verdict
from storage.errors import LgscoError
from support.rows import KEY, find_url, list_decision
from support.world import Time


@pytest.fixture
def tally() -> Tally:
    return Tally()


def failure(error: LgscoError) -> Failure:
    return Failure(KEY, find_url(KEY), error)


def row(db: sqlite3.Connection) -> tuple[object, ...]:
    found: tuple[object, ...] = db.execute("SELECT state, attempts, gone, next_at, error_kind FROM queue").fetchone()
    return found


def test_a_failure_of_the_site_counts_against_no_page(db: sqlite3.Connection, time: Time, tally: Tally) -> None:
    list_decision(db)
    clock = time.clock()
    write_verdict(db, clock, tally, RetryLater(failure(Refused("503", status=503))))
    assert row(db) == ("failed", 0, 0, clock.stamp(retry_seconds(0)), "Refused")
    assert tally.failed == 0


@pytest.mark.parametrize(
    ("error", "gone"), [(Gone("404", status=404), 1), (CutShort("no end"), 0), (Refused("500", status=500), 0)]
)
def test_a_failure_of_the_page_is_counted_and_the_next_try_comes_later(
    db: sqlite3.Connection, time: Time, tally: Tally, error: LgscoError, gone: int
) -> None:
    list_decision(db)
    clock = time.clock()
    write_verdict(db, clock, tally, BlamePage((failure(error),)))
    assert row(db) == ("failed", 1, gone, clock.stamp(retry_seconds(0)), type(error).__name__)
    write_verdict(db, clock, tally, BlamePage((failure(error),)))
    assert row(db)[3] == clock.stamp(retry_seconds(1))
    assert retry_seconds(1) > retry_seconds(0)
    assert tally.failed == 2


def test_pages_that_a_failing_site_delayed_are_due_at_once(db: sqlite3.Connection, time: Time, tally: Tally) -> None:
    list_decision(db)
    clock = time.clock()
    write_verdict(db, clock, tally, RetryLater(failure(Refused("503", status=503))))
    write_verdict(db, clock, tally, RetryNextRun((failure(Refused("503", status=503)),)))
    assert row(db)[3] == clock.stamp()
