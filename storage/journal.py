"""The journal of requests, and the pace that everything which asks the site on this database shares.

A request is written down before it goes out and completed when it is answered, so a killed process leaves a row that
says it asked. After a while the rows of a day become one row of `request_days`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from storage.model import Answered


@dataclass(frozen=True, slots=True)
class Pace:
    """When the next request may go out, as every process before this one left it. Seconds since 1970."""

    next_at: float = 0.0
    gap: float = 0.0
    """Seconds that `next_at` was put off by: if it lies further away than that, the clock was set back."""
    hold_until: float = 0.0
    """The site asked not to be asked before then."""
    hold: float = 0.0
    """Seconds it asked for."""
    ease: float = 1.0
    """How many times slower than usual, since the site erred."""
    latency: float = 0.0
    """Seconds an answer took of late."""


_PACE = "next_at, gap, hold_until, hold, ease, latency"


def find_pace(db: sqlite3.Connection) -> Pace:
    """The pace as it was last left."""
    row = db.execute(f"SELECT {_PACE} FROM pace").fetchone()
    return Pace(*row) if row else Pace()


def record_pace(db: sqlite3.Connection, pace: Pace) -> None:
    """Leaves the pace to whoever asks next."""
    db.execute(
        f"INSERT OR REPLACE INTO pace (id, {_PACE}) VALUES (1, ?, ?, ?, ?, ?, ?)",
        (pace.next_at, pace.gap, pace.hold_until, pace.hold, pace.ease, pace.latency),
    )


def begin_request(db: sqlite3.Connection, run: int, at: str, target: str, attempt: int) -> int:
    """Writes down that a request goes out, and returns its number."""
    cursor = db.execute(
        "INSERT INTO requests (run, at, target, received, seconds, attempt) VALUES (?, ?, ?, 0, 0, ?)",
        (run, at, target, attempt),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def complete_requests(db: sqlite3.Connection, answers: Iterable[Answered]) -> None:
    """Writes down what came of requests."""
    db.executemany(
        "UPDATE requests SET status = ?, received = ?, seconds = ?, error = ?, retry_after = ? WHERE id = ?",
        [(a.status, a.received, round(a.seconds, 4), a.error, a.retry_after, a.request) for a in answers],
    )


def count_requests(db: sqlite3.Connection, day: str) -> int:
    """How many requests are journalled of a day (UTC)."""
    row = db.execute("SELECT count(*) FROM requests WHERE at >= ? AND at < ?", (day, f"{day}~")).fetchone()
    return int(row[0])


# ---------------------------------------------------------------- robots.txt


@dataclass(frozen=True, slots=True)
class Robots:
    """The robots.txt of a site, as it was last fetched."""

    site: str
    """Its address, without a path."""
    fetched_at: str
    status: int
    text: str


def find_robots(db: sqlite3.Connection, site: str | None = None) -> Robots | None:
    """The newest robots.txt that was fetched, of a site or of any."""
    row = db.execute(
        "SELECT site, fetched_at, status, text FROM robots WHERE site = ?1 OR ?1 IS NULL "
        "ORDER BY fetched_at DESC LIMIT 1",
        (site,),
    ).fetchone()
    return Robots(*row) if row else None


def record_robots(db: sqlite3.Connection, robots: Robots) -> None:
    """Keeps a robots.txt; one that says what the newest says takes its place."""
    newest = find_robots(db, robots.site)
    if newest is not None and (newest.status, newest.text) == (robots.status, robots.text):
        db.execute("DELETE FROM robots WHERE site = ? AND fetched_at = ?", (newest.site, newest.fetched_at))
    db.execute(
        "INSERT OR REPLACE INTO robots (site, fetched_at, status, text) VALUES (?, ?, ?, ?)",
        (robots.site, robots.fetched_at, robots.status, robots.text),
    )


# ---------------------------------------------------------------- what was promised, and kept


@dataclass(frozen=True, slots=True)
class Day:
    """A day's requests (UTC), in sum."""

    day: str
    requests: int
    unanswered: int
    """Requests without an answer."""
    errors: int
    """Answers with a status of 500 or more, and 429."""
    received: int
    """Bytes."""
    seconds: float
    """Seconds of waiting for answers."""
    most_in_a_minute: int
    """The most requests that went out within any 60 seconds that begin on that day."""
    least_gap: float | None
    """The least seconds from one request's start to the next's, to the first of the next day included."""
    holds: int
    """Answers that asked us to wait (Retry-After)."""
    holds_kept: int
    """Of those, after how many nothing was asked for as long, or for a day."""


_DAY = "day, requests, unanswered, errors, received, seconds, most_in_a_minute, least_gap, holds, holds_kept"

_SUMMED = """
WITH asked AS (
  SELECT substr(at, 1, 10) AS day, unixepoch(substr(at, 1, 19)) + coalesce(nullif(substr(at, 20), 'Z') + 0.0, 0.0) AS t,
         status, received, seconds, retry_after
    FROM requests
), paced AS (
  SELECT *, lead(t) OVER (ORDER BY t) - t AS gap,
         count(*) OVER (ORDER BY t RANGE BETWEEN CURRENT ROW AND 59.9995 FOLLOWING) AS in_a_minute
    FROM asked
)
SELECT day, count(*), count(*) FILTER (WHERE status IS NULL), count(*) FILTER (WHERE status >= 500 OR status = 429),
       sum(received), sum(seconds), max(in_a_minute), min(gap), count(retry_after),
       count(*) FILTER (WHERE retry_after IS NOT NULL AND (gap IS NULL OR gap >= min(retry_after, 86400)))
  FROM paced GROUP BY day ORDER BY day
"""


def find_days(db: sqlite3.Connection) -> list[Day]:
    """Every day on which anything was asked, oldest first, whether its requests are still journalled or summed up."""
    summed = [Day(*row) for row in db.execute(f"SELECT {_DAY} FROM request_days ORDER BY day")]
    known = {day.day for day in summed}
    return summed + [Day(*row) for row in db.execute(_SUMMED) if row[0] not in known]


def roll_up(db: sqlite3.Connection, before: str) -> int:
    """Sums up the journal of the days before one (ISO date) and returns how many requests that were. Call it inside a
    transaction."""
    days = [row for row in db.execute(_SUMMED) if row[0] < before]
    db.executemany(f"INSERT OR REPLACE INTO request_days ({_DAY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", days)
    return db.execute("DELETE FROM requests WHERE at < ?", (before,)).rowcount
