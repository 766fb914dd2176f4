"""Tests that the rows of a report are read in one transaction, also beside a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.crawling.asked_for import find_asked_dates
from ingest.fetching.quiet_hours import was_in_quiet_hours
from storage import runs
from storage.database import reading
from storage.politeness import find_politeness
from storage.reports import find_status
from storage.writer import writing

Find = Callable[[sqlite3.Connection], object]


@pytest.mark.parametrize(
    "find",
    [
        lambda db: find_status(db, 120, "2026-11-02T12:00:00Z", find_asked_dates),
        lambda db: find_politeness(db, was_in_quiet_hours),
    ],
    ids=["status", "politeness"],
)
def test_the_rows_of_a_report_are_read_in_one_transaction(tmp_path: Path, find: Find) -> None:
    database = tmp_path / "lgsco.db"
    with writing(database) as db:
        runs.begin_run(db, "sync", {}, "2026-11-02T12:00:00Z", "lgsco/1")
    with reading(database) as db:
        before = find(db)
        assert not db.in_transaction
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        assert find(db) == before
    assert statements[0] == "BEGIN"
    assert statements[-1] == "ROLLBACK"
    assert "BEGIN" not in statements[1:]


def test_the_status_of_an_empty_database_has_no_success_and_no_daemon(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        rows = find_status(db, 120, "2026-11-02T12:00:00Z", find_asked_dates)
    assert (rows.holdings.decisions, rows.claim.proofs, rows.claim.windows, rows.runs) == (0, [], [], [])
    assert (rows.last_success, rows.daemon) == (None, None)


def test_a_sync_by_hand_is_a_complete_one_that_no_daemon_ran(tmp_path: Path) -> None:
    noon = "2026-11-02T12:00:00Z"

    def end(task: str, arguments: dict[str, bool], state: str, minute: int) -> None:
        at = f"2026-11-02T12:{minute:02}:00Z"
        run = runs.begin_run(db, task, arguments, at)
        runs.end_run(db, run, at=at, state=state, exit_code=0, message=None, tally={})

    with writing(tmp_path / "lgsco.db") as db:
        end("sync", {"by_daemon": True}, "complete", 1)
        end("sync", {}, "incomplete", 2)
        end("backfill", {}, "complete", 3)
        assert runs.last_sync_by_hand(db, noon) is None
        end("sync", {"by_daemon": False}, "complete", 4)
        end("sync", {"by_daemon": True}, "complete", 5)
        assert (
            find_status(db, 120, "2026-11-02T12:30:00Z", find_asked_dates).last_sync_by_hand == "2026-11-02T12:04:00Z"
        )
        end("sync", {}, "complete", 6)  # as an older version recorded it
        assert runs.last_sync_by_hand(db, noon) == "2026-11-02T12:06:00Z"
        assert runs.last_sync_by_hand(db, "2026-10-31T00:00:00Z") is None, "they ended by a clock that was ahead"


def test_the_politeness_report_without_requests_names_only_the_user_agent(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        runs.begin_run(db, "sync", {}, "2026-11-02T12:00:00Z", "lgsco/1")
        rows = find_politeness(db, was_in_quiet_hours)
    assert rows.user_agents == ["lgsco/1"]
    assert (rows.days, rows.promises, rows.addresses) == ([], [], [])
    assert (rows.robots, rows.robots_requests, rows.wait_until) == (None, None, None)
