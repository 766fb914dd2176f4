"""Records and finds runs: what the program did, and when."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ingest.clock import london_day
from storage.stored import to_object


class Run(NamedTuple):
    """One run, finished or not."""

    id: int
    task: str
    arguments: dict[str, Any]
    started_at: str
    ended_at: str | None
    state: str
    """running, complete, limited, incomplete, template, blocked, layout, failed, stopped or died."""
    exit_code: int | None
    message: str | None
    tally: dict[str, int]
    process: int
    """The operating system's number of the process; 0 if it is not recorded."""


def begin_run(
    db: sqlite3.Connection, task: str, arguments: Mapping[str, Any], at: str, user_agent: str | None = None
) -> int:
    """Records that a run begins and returns its id.

    The caller holds the writer's lock, so an earlier run in state `running` was killed and becomes `died`.
    `user_agent`: the name by which it sends requests, if it sends any.
    """
    db.execute("UPDATE runs SET state = 'died' WHERE state = 'running'")
    cursor = db.execute(
        "INSERT INTO runs (task, arguments, started_at, state, process, user_agent) VALUES (?, ?, ?, 'running', ?, ?)",
        (task, json.dumps(arguments), at, os.getpid(), user_agent),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end_run(
    db: sqlite3.Connection,
    run: int,
    *,
    at: str,
    state: str,
    exit_code: int,
    message: str | None,
    tally: Mapping[str, int],
) -> None:
    """Records how a run ended."""
    db.execute(
        "UPDATE runs SET ended_at = ?, state = ?, exit_code = ?, message = ?, tally = ? WHERE id = ?",
        (at, state, exit_code, message, json.dumps(tally), run),
    )


def find_runs(db: sqlite3.Connection, limit: int = 10) -> list[Run]:
    """Finds the last runs, newest first."""
    return [_make_run(row) for row in db.execute(f"SELECT {_RUN} FROM runs ORDER BY id DESC LIMIT ?", (limit,))]


_RUN = "id, task, arguments, started_at, ended_at, state, exit_code, message, tally, process"


def _make_run(row: tuple[Any, ...]) -> Run:
    number, task, arguments, started_at, ended_at, state, exit_code, message, tally, process = row
    counts = to_object(tally or "{}", f"run {number}")
    return Run(
        number,
        task,
        to_object(arguments, f"run {number}"),
        started_at,
        ended_at,
        state,
        exit_code,
        message,
        counts,
        process,
    )


def find_user_agents(db: sqlite3.Connection) -> list[str]:
    """Finds every user agent that runs sent, the newest last."""
    rows = db.execute("SELECT user_agent FROM runs WHERE user_agent IS NOT NULL GROUP BY user_agent ORDER BY max(id)")
    return [name for (name,) in rows]


def find_failing(db: sqlite3.Connection) -> list[Run]:
    """Finds the failed or incomplete syncs since the last complete one, newest first.

    Syncs that were stopped or died do not count.
    """
    rows = db.execute(
        f"SELECT {_RUN} FROM runs WHERE task = 'sync' AND state IN ('incomplete', 'blocked', 'layout', 'failed') "
        "AND id > (SELECT coalesce(max(id), 0) FROM runs WHERE task = 'sync' AND state = 'complete') ORDER BY id DESC"
    )
    return [_make_run(row) for row in rows]


def last_success(db: sqlite3.Connection, days: int, now: str) -> str | None:
    """Returns when the last complete run ended that covered at least the `days` days before it; None if none did.

    A run that ended more than a day after `now` does not count: its clock was ahead.
    """
    rows = db.execute(
        "SELECT id, task, arguments, started_at, ended_at FROM runs WHERE state = 'complete' "
        "AND task IN ('sync', 'demo', 'backfill') AND ended_at <= strftime('%Y-%m-%dT%H:%M:%SZ', ?, '+1 day') "
        "ORDER BY ended_at DESC",
        (now,),
    )
    for number, task, arguments, started_at, ended_at in rows:
        if task != "backfill" or _covers_days(to_object(arguments, f"run {number}"), london_day(started_at), days):
            return str(ended_at)
    return None


def _covers_days(arguments: dict[str, Any], began_on: date, days: int) -> bool:
    """Whether a backfill that began on a day in London covers it and the `days` days before it, as a sync does."""
    first, last = arguments.get("first") or "", arguments.get("last") or "9999"
    return first <= str(began_on - timedelta(days=days)) and str(began_on) <= last


def last_sync_by_hand(db: sqlite3.Connection, now: str) -> str | None:
    """Returns when the last complete sync ended that no daemon ran; None if none did. `now`: as for `last_success`."""
    row = db.execute(
        "SELECT max(ended_at) FROM runs WHERE task = 'sync' AND state = 'complete' "
        "AND ended_at <= strftime('%Y-%m-%dT%H:%M:%SZ', ?, '+1 day') "
        "AND NOT coalesce(json_extract(arguments, '$.by_daemon'), 0)",
        (now,),
    ).fetchone()
    return row[0] if row else None


def is_throw_away(db: sqlite3.Connection) -> bool:
    """Whether only demos wrote the database."""
    (others,) = db.execute("SELECT count(*) FROM runs WHERE task <> 'demo'").fetchone()
    (demos,) = db.execute("SELECT count(*) FROM runs").fetchone()
    return bool(demos) and not others
