"""The journal of requests, and the pace that everything which asks the site on this database shares.

A request is written down before it goes out and completed when it is answered, so a killed process leaves a row that
says it asked; with it stands what was promised then, for promises change. After a while the rows of a day become one
row of `request_days`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import astuple, dataclass

from storage.model import HOLD_MOST_SECONDS, Answered


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


@dataclass(frozen=True, slots=True)
class Promise:
    """What the site can count on while a request is made."""

    gap: float
    """Seconds from its start to the start of the next, at least."""
    a_day: int
    """Requests a day (UTC), at most."""
    quiet_hours: str
    """Hours in London in which nothing is asked, such as "08:00-18:00 22:00-24:00"."""


def begin_request(db: sqlite3.Connection, run: int, at: str, target: str, attempt: int, promise: Promise) -> int:
    """Writes down that a request goes out, and returns its number."""
    db.execute("INSERT OR IGNORE INTO promises (gap, a_day, quiet_hours) VALUES (?, ?, ?)", astuple(promise))
    cursor = db.execute(
        "INSERT INTO requests (run, at, target, received, seconds, attempt, promise) VALUES (?, ?, ?, 0, 0, ?, "
        "(SELECT id FROM promises WHERE gap = ? AND a_day = ? AND quiet_hours = ?))",
        (run, at, target, attempt, *astuple(promise)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def complete_requests(db: sqlite3.Connection, answers: Iterable[Answered]) -> None:
    """Writes down what came of requests."""
    db.executemany(
        "UPDATE requests SET at = coalesce(?, at), status = ?, received = ?, seconds = ?, error = ?, retry_after = ?, "
        "hold = ? WHERE id = ?",
        [(a.at, a.status, a.received, round(a.seconds, 4), a.error, a.retry_after, a.hold, a.request) for a in answers],
    )


def find_wait(db: sqlite3.Connection) -> float:
    """Seconds that the site asked us to wait, the last time that it did; 0 where none is journalled."""
    row = db.execute(
        "SELECT retry_after FROM requests WHERE retry_after IS NOT NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return float(row[0]) if row else 0.0


def count_requests(db: sqlite3.Connection, day: str) -> int:
    """How many requests are journalled of a day (UTC)."""
    row = db.execute(
        "SELECT count(*) + coalesce((SELECT requests FROM request_days WHERE day = ?1), 0) "
        "FROM requests WHERE at >= ?1 AND at < ?1 || '~'",
        (day,),
    ).fetchone()
    return int(row[0])


def count_requests_of(db: sqlite3.Connection, tasks: Collection[str], day: str) -> int:
    """How many requests of some tasks are journalled of a day (UTC) that is not summed up yet."""
    row = db.execute(
        f"SELECT count(*) FROM requests JOIN runs ON runs.id = run WHERE at >= ?1 AND at < ?1 || '~' "
        f"AND task IN ({', '.join('?' * len(tasks))})",
        (day, *tasks),
    ).fetchone()
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
    """Answers that were not taken whole, or with a status of 400 or more, but for 404 and 410: that a page is gone is
    no error."""
    received: int
    """Bytes."""
    seconds: float
    """Seconds of waiting for answers."""
    most_in_a_minute: int
    """The most requests that went out within any 60 seconds that begin on that day."""
    least_gap: float | None
    """The least seconds from one request's start to the next's, to the first of the next day included. Where the clock
    was set back between the two, the journal does not know, and nothing of it is judged."""
    holds: int
    """Answers that asked us to wait (Retry-After)."""
    holds_kept: int
    """Of those, after how many nothing was asked for as long, or for as long as such an answer is waited for."""
    holds_capped: int
    """Of those, how many asked for more than a day, and were kept for a day."""
    promised: int
    """Requests of which it is known what was promised when they were made. The rest is of them."""
    too_soon: int
    """After how many the next one was made too soon."""
    too_many: int
    """How many were more than a day's."""
    in_quiet_hours: int
    holds_shortened: int = 0
    """Answers for one address that asked for a longer wait than `retry_wait_most`, and were kept for that."""


_IN_SUM = {
    **dict.fromkeys(("requests", "unanswered", "errors", "received", "seconds"), "sum"),
    "most_in_a_minute": "max",
    "least_gap": "min",
    **dict.fromkeys(
        ("holds", "holds_kept", "holds_capped", "promised", "too_soon", "too_many", "in_quiet_hours"), "sum"
    ),
    "holds_shortened": "sum",
}
"""Each column of `request_days` but the day, and what makes one of two: where a clock that was ahead had a day summed
up before it was over, the rest of it is journalled later."""
_DAY = f"day, {', '.join(_IN_SUM)}"
_CLOCK_GRAIN = 0.0025
"""Seconds by which two instants in whole milliseconds may seem nearer than they were."""
_HOLD = f"coalesce(hold, min(retry_after, {HOLD_MOST_SECONDS}))"
"""Seconds for which nothing is to be asked after an answer. Of those of before it was journalled: up to a day."""

_DAYS = f"""
WITH asked AS (
  SELECT requests.id, at, substr(at, 1, 10) AS day,
         unixepoch(substr(at, 1, 19)) + coalesce(nullif(substr(at, 20), 'Z') + 0.0, 0.0) AS t, status, received,
         seconds, error, retry_after, {_HOLD} AS hold, p.gap AS promised_gap, a_day, quiet_hours
    FROM requests LEFT JOIN promises AS p ON p.id = promise
), paced AS (
  SELECT *, CASE WHEN lead(t) OVER made >= t AND lead(id) OVER made = id + 1 THEN lead(t) OVER made - t END AS gap,
         count(*) OVER (ORDER BY t RANGE BETWEEN CURRENT ROW AND 59.9995 FOLLOWING) AS in_a_minute,
         row_number() OVER (PARTITION BY day ORDER BY t, id)
         + coalesce((SELECT requests FROM request_days AS r WHERE r.day = asked.day), 0) AS of_the_day
    FROM asked WINDOW made AS (ORDER BY id)
), summed ({_DAY}) AS (
  SELECT day, count(*), count(*) FILTER (WHERE status IS NULL),
         count(*) FILTER (WHERE status IS NOT NULL
                          AND (error IS NOT NULL OR status >= 400 AND status NOT IN (404, 410))),
         sum(received), sum(seconds),
         max(in_a_minute), min(gap), count(retry_after),
         count(*) FILTER (WHERE retry_after IS NOT NULL
                          AND (gap IS NULL OR gap >= seconds + hold - {_CLOCK_GRAIN})),
         count(*) FILTER (WHERE retry_after > hold AND hold >= {HOLD_MOST_SECONDS}),
         count(a_day), count(*) FILTER (WHERE gap < promised_gap - {_CLOCK_GRAIN}),
         count(*) FILTER (WHERE of_the_day > a_day),
         count(*) FILTER (WHERE quiet_hours <> '' AND within(quiet_hours, at)),
         count(*) FILTER (WHERE retry_after > hold AND hold < {HOLD_MOST_SECONDS})
    FROM paced GROUP BY day
)
SELECT day, {", ".join(f"{how}({column})" for column, how in _IN_SUM.items())}
  FROM (SELECT {_DAY} FROM request_days UNION ALL SELECT {_DAY} FROM summed) GROUP BY day ORDER BY day
"""

Within = Callable[[str, str], bool]
"""Whether an instant (the second) lies in hours of the day (the first): `ingest.fetching.quiet_hours.within`."""


def find_days(db: sqlite3.Connection, within: Within) -> list[Day]:
    """Every day on which anything was asked, oldest first, whether its requests are still journalled or summed up."""
    db.create_function("within", 2, within, deterministic=True)
    return [Day(*row) for row in db.execute(_DAYS)]


def roll_up(db: sqlite3.Connection, before: str, within: Within) -> int:
    """Sums up the journal of the days before one (ISO date) and returns how many requests that were. Call it inside a
    transaction."""
    over = {row[0] for row in db.execute("SELECT DISTINCT substr(at, 1, 10) FROM requests WHERE at < ?", (before,))}
    days = [astuple(day) for day in find_days(db, within) if day.day in over] if over else []
    marks = ", ".join("?" * (len(_IN_SUM) + 1))
    db.executemany(f"INSERT OR REPLACE INTO request_days ({_DAY}) VALUES ({marks})", days)
    return db.execute("DELETE FROM requests WHERE at < ?", (before,)).rowcount


def find_promises(db: sqlite3.Connection) -> list[Promise]:
    """Every promise under which anything was asked, in their order."""
    return [Promise(*row) for row in db.execute("SELECT gap, a_day, quiet_hours FROM promises ORDER BY id")]


def find_hold(db: sqlite3.Connection) -> str | None:
    """Until when nothing is asked, because the last answer asked us to wait; None where it did not."""
    row = db.execute(
        f"SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at, (seconds + {_HOLD}) || ' seconds') "
        "FROM requests ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Asked:
    """How often something was asked for, and what came of it the last time."""

    times: int
    at: str
    status: int | None
    error: str | None


def find_asked(db: sqlite3.Connection, target: str) -> Asked | None:
    """What the journal holds of a target; None where it is in it no longer, or not yet."""
    row = db.execute(
        "SELECT count(*) OVER (), at, status, error FROM requests WHERE target = ? ORDER BY id DESC LIMIT 1",
        (target,),
    ).fetchone()
    return Asked(*row) if row else None
