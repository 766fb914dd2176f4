"""Tests the rows that the politeness report is made from."""

from __future__ import annotations

import sqlite3

from ingest.fetching.quiet_hours import was_in_quiet_hours
from storage import journal
from storage.journal import Promise
from storage.model import Answered
from storage.politeness import find_politeness
from support.rows import AT, find_url, list_decision


def test_an_archive_that_sent_nothing_has_nothing_to_report(db: sqlite3.Connection) -> None:
    rows = find_politeness(db, was_in_quiet_hours)
    assert (rows.days, rows.promises, rows.user_agents, rows.wait_until, rows.robots, rows.robots_requests) == (
        *([], [], [], None, None, None),
    )


def test_requests_promises_and_listed_addresses_are_reported(db: sqlite3.Connection) -> None:
    db.execute("UPDATE runs SET user_agent = 'lgsco/1'")
    list_decision(db)
    promise = Promise(1.5, 100, "22:00-06:00")
    for target, status in (("/robots.txt", 200), (find_url("25 000 001"), 503)):
        request = journal.begin_request(db, 1, AT, target, 1, promise)
        journal.complete_requests(db, [Answered(request, status, 10, 0.1, None, 60.0 if status == 503 else None)])
    rows = find_politeness(db, was_in_quiet_hours)
    assert [(day.day, day.requests) for day in rows.days] == [("2026-11-02", 2)]
    assert rows.promises == [promise]
    assert rows.user_agents == ["lgsco/1"]
    assert rows.wait_until is not None, "the last answer asked for a minute"
    assert rows.robots_requests is not None
    assert rows.addresses == [find_url("25 000 001")]
    assert not db.in_transaction
