"""Tests which runs count as a success, a failure or a demo."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from storage import runs
from storage.errors import Damaged, StoreError

NOW = "2026-11-02T12:00:00Z"
STARTED = "2026-11-01T12:00:00Z"
DAYS = 120


def add(
    db: sqlite3.Connection,
    task: str = "sync",
    state: str = "complete",
    ended: str = STARTED,
    agent: str | None = None,
    **arguments: Any,
) -> int:
    run = runs.begin_run(db, task, arguments, STARTED, agent)
    runs.end_run(db, run, at=ended, state=state, exit_code=0, message="how it ended", tally={"fetched": 3})
    return run


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """A database without runs."""
    db.execute("DELETE FROM runs")
    return db


def test_a_run_that_was_killed_is_called_died_by_the_next_one(db: sqlite3.Connection) -> None:
    runs.begin_run(db, "backfill", {}, STARTED)
    add(db)
    assert [(run.task, run.state) for run in runs.find_runs(db)] == [("sync", "complete"), ("backfill", "died")]


def test_a_run_is_found_as_it_was_recorded(db: sqlite3.Connection) -> None:
    number = add(db, "backfill", "limited", NOW, first="2025-01-01", limit=5)
    (run,) = runs.find_runs(db)
    assert (run.id, run.started_at, run.ended_at, run.message) == (number, STARTED, NOW, "how it ended")
    assert (run.arguments, run.tally) == ({"first": "2025-01-01", "limit": 5}, {"fetched": 3})


def test_damaged_arguments_name_the_run(db: sqlite3.Connection) -> None:
    number = add(db)
    db.execute("UPDATE runs SET arguments = '{'")
    with pytest.raises(StoreError, match=f"run {number}") as error:
        runs.find_runs(db)
    assert isinstance(error.value, Damaged) or "damaged" in str(error.value)


@pytest.mark.parametrize(
    ("task", "arguments", "counts"),
    [
        ("sync", {}, True),
        ("demo", {}, True),
        ("backfill", {}, True),
        ("backfill", {"first": "2026-07-04"}, True),
        ("backfill", {"first": "2026-07-05"}, False),
        ("backfill", {"first": "2020-01-01", "last": "2026-10-31"}, False),
        ("backfill", {"first": "2020-01-01", "last": "2026-11-01"}, True),
        ("backfill", {"first": "2020-01-01", "last": "2026-12-31"}, True),
        ("backfill", {"first": "2026-07-05", "last": "2026-12-31"}, False),
        ("import", {}, False),
    ],
)
def test_a_success_covers_the_days_before_it(
    db: sqlite3.Connection, task: str, arguments: dict[str, Any], counts: bool
) -> None:
    add(db, task, **arguments)
    assert runs.last_success(db, DAYS, NOW) == (STARTED if counts else None)


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [
        ("2026-03-04", "2026-07-02", True),
        ("2026-03-05", "2026-07-02", False),
        ("2026-03-04", "2026-07-01", False),
    ],
)
def test_the_days_of_a_backfill_are_those_of_london(
    db: sqlite3.Connection, first: str, last: str, counts: bool
) -> None:
    at = "2026-07-01T23:20:00Z"  # 2 July in London
    run = runs.begin_run(db, "backfill", {"first": first, "last": last}, at, None)
    runs.end_run(db, run, at=at, state="complete", exit_code=0, message="", tally={})
    assert runs.last_success(db, DAYS, at) == (at if counts else None)


@pytest.mark.parametrize("state", ["incomplete", "failed", "stopped", "limited", "running"])
def test_a_run_that_did_not_complete_does_not_count_as_a_success(db: sqlite3.Connection, state: str) -> None:
    add(db, state=state)
    assert runs.last_success(db, DAYS, NOW) is None


def test_a_success_more_than_a_day_ahead_does_not_count(db: sqlite3.Connection) -> None:
    add(db, ended="2026-11-03T12:00:00Z")
    assert runs.last_success(db, DAYS, NOW) == "2026-11-03T12:00:00Z"
    add(db, ended="2026-11-03T12:00:01Z")
    assert runs.last_success(db, DAYS, NOW) == "2026-11-03T12:00:00Z"


def test_only_a_sync_that_no_daemon_ran_was_by_hand(db: sqlite3.Connection) -> None:
    add(db, by_daemon=True)
    assert runs.last_sync_by_hand(db, NOW) is None
    add(db)
    assert runs.last_sync_by_hand(db, NOW) == STARTED


def test_failing_syncs_are_those_since_the_last_complete_one(db: sqlite3.Connection) -> None:
    add(db, state="failed")
    add(db)
    later = [add(db, state=state) for state in ("blocked", "stopped", "died", "incomplete")]
    add(db, "backfill", "failed")
    assert [run.id for run in runs.find_failing(db)] == [later[3], later[0]]


def test_user_agents_are_listed_once_the_newest_last(db: sqlite3.Connection) -> None:
    for agent in ("lgsco/2", "lgsco/1", None, "lgsco/2"):
        add(db, agent=agent)
    assert runs.find_user_agents(db) == ["lgsco/1", "lgsco/2"]


def test_a_database_is_thrown_away_only_if_demos_alone_wrote_it(db: sqlite3.Connection) -> None:
    assert not runs.is_throw_away(db), "an empty database is not a demo"
    add(db, "demo")
    assert runs.is_throw_away(db), "only a demo wrote it"
    add(db, "sync")
    assert not runs.is_throw_away(db), "a sync wrote it too"
