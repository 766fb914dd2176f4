"""The journal of one run's requests, and the daily limit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.errors import OutOfBudget
from ingest.fetching.request_journal import RequestJournal, format_instant
from storage.journal import Promise
from support.politeness import BEGAN, DAY, emptied

PROMISE = Promise(1.0, 3, "")


def test_a_request_is_journalled_before_its_response_and_completed_by_save() -> None:
    db = emptied()
    journal = RequestJournal(db, 1, 3)
    journal.begin(BEGAN, "/x?y", 2, PROMISE)
    columns = "run, at, target, attempt, status, received, error, retry_after, hold"
    assert db.execute(f"SELECT {columns} FROM requests").fetchone() == (
        *(1, "2026-11-02T12:00:00.000Z", "/x?y", 2),
        *(None, 0, None, None, None),
    )
    journal.set_sent_at(BEGAN + timedelta(seconds=1.25))
    journal.add_answer(status=503, received=7, seconds=0.5, error=None, retry_after=90_000.0, hold=86_400.0)
    assert db.execute("SELECT status FROM requests").fetchone() == (None,), "written by the next save"
    for _ in range(2):
        journal.save()
        assert db.execute(f"SELECT {columns} FROM requests").fetchone() == (
            *(1, "2026-11-02T12:00:01.250Z", "/x?y", 2),
            *(503, 7, None, 90_000.0, 86_400.0),
        )


def test_the_daily_limit_counts_requests_of_other_runs() -> None:
    db = emptied()
    ours, theirs = RequestJournal(db, 1, 3), RequestJournal(db, 1, 3)
    for journal in (theirs, theirs):
        journal.count(BEGAN)
        journal.begin(BEGAN, "/x", 1, PROMISE)
    ours.count(BEGAN)
    with pytest.raises(OutOfBudget, match="the daily limit of 3 requests is reached"):
        ours.count(BEGAN)
    ours.count(BEGAN + DAY)


def test_the_count_is_read_again_after_another_process_made_requests() -> None:
    db = emptied()
    ours, theirs = RequestJournal(db, 1, 2), RequestJournal(db, 1, 2)
    ours.count(BEGAN)
    ours.begin(BEGAN, "/x", 1, PROMISE)
    theirs.begin(BEGAN, "/y", 1, PROMISE)
    ours.forget_count()
    with pytest.raises(OutOfBudget):
        ours.count(BEGAN)


def test_an_instant_is_stored_in_utc_with_milliseconds() -> None:
    assert format_instant(BEGAN + timedelta(microseconds=1_999)) == "2026-11-02T12:00:00.001Z"
