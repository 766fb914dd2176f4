"""Stores the journal of requests, and the pace that all processes on this database share.

A request is recorded before it is sent and completed when it is answered, so a killed process leaves a row that shows
its request. Each row also has the promises in force at that time, since promises change. After a while the rows of a
day are summed up into one row of `request_days`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from storage.database import connect_to_read
from storage.errors import StoreError
from storage.model import HOLD_MOST_SECONDS, Answered


@dataclass(frozen=True, slots=True)
class Pace:
    """When the next request may be sent, according to all processes so far. Instants are seconds since 1970."""

    next_at: float = 0.0
    gap: float = 0.0
    """Seconds by which `next_at` was delayed. If `next_at` is further away than that, the clock was set back."""
    hold_until: float = 0.0
    """The site asked for no request before this instant."""
    hold: float = 0.0
    """Seconds it asked for."""
    ease: float = 1.0
    """By what factor the pace is slower than usual, because the site answered with errors."""
    latency: float = 0.0
    """Seconds that recent answers took."""


_PACE = "next_at, gap, hold_until, hold, ease, latency"


def find_pace(db: sqlite3.Connection) -> Pace:
    """The pace as it was last left."""
    row = db.execute(f"SELECT {_PACE} FROM pace").fetchone()
    return Pace(*row) if row else Pace()


def record_pace(db: sqlite3.Connection, pace: Pace) -> None:
    """Stores the pace for the next request of any process."""
    db.execute(
        f"INSERT OR REPLACE INTO pace (id, {_PACE}) VALUES (1, ?, ?, ?, ?, ?, ?)",
        (pace.next_at, pace.gap, pace.hold_until, pace.hold, pace.ease, pace.latency),
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """The limits that lgsco promises the site for its requests."""

    gap: float
    """The least seconds from the start of one request to the start of the next."""
    a_day: int
    """The most requests in a day (UTC)."""
    quiet_hours: str
    """Hours in London in which no request is sent, such as "08:00-18:00 22:00-24:00"."""


def begin_request(db: sqlite3.Connection, run: int, at: str, target: str, attempt: int, promise: Promise) -> int:
    """Records that a request is sent, and returns its number."""
    db.execute("INSERT OR IGNORE INTO promises (gap, a_day, quiet_hours) VALUES (?, ?, ?)", astuple(promise))
    cursor = db.execute(
        "INSERT INTO requests (run, at, target, received, seconds, attempt, promise) VALUES (?, ?, ?, 0, 0, ?, "
        "(SELECT id FROM promises WHERE gap = ? AND a_day = ? AND quiet_hours = ?))",
        (run, at, target, attempt, *astuple(promise)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def complete_requests(db: sqlite3.Connection, answers: Iterable[Answered]) -> None:
    """Records the results of requests."""
    db.executemany(
        "UPDATE requests SET at = coalesce(?, at), status = ?, received = ?, seconds = ?, error = ?, retry_after = ?, "
        "hold = ? WHERE id = ?",
        [(a.at, a.status, a.received, round(a.seconds, 4), a.error, a.retry_after, a.hold, a.request) for a in answers],
    )


def find_wait(db: sqlite3.Connection) -> float:
    """Returns the seconds that the site last asked us to wait; 0 if no such answer is journalled."""
    row = db.execute(
        "SELECT retry_after FROM requests WHERE retry_after IS NOT NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return float(row[0]) if row else 0.0


def count_requests(db: sqlite3.Connection, day: str) -> int:
    """Counts the journalled requests of a day (UTC)."""
    row = db.execute(
        "SELECT count(*) + coalesce((SELECT requests FROM request_days WHERE day = ?1), 0) "
        "FROM requests WHERE at >= ?1 AND at < ?1 || '~'",
        (day,),
    ).fetchone()
    return int(row[0])


def count_requests_of(db: sqlite3.Connection, tasks: Collection[str], day: str) -> int:
    """Counts the journalled requests of some tasks on a day (UTC) that is not summed up yet."""
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
    """The site's address, without a path."""
    fetched_at: str
    status: int
    text: str


def find_robots(db: sqlite3.Connection, site: str | None = None) -> Robots | None:
    """Finds the newest fetched robots.txt of a site, or of any site; None if there is none."""
    row = db.execute(
        "SELECT site, fetched_at, status, text FROM robots WHERE site = ?1 OR ?1 IS NULL "
        "ORDER BY fetched_at DESC LIMIT 1",
        (site,),
    ).fetchone()
    return Robots(*row) if row else None


def find_site(path: Path) -> str | None:
    """Returns the site that a file was last filled from; None if it never was, or cannot be read."""
    try:
        with contextlib.closing(connect_to_read(path)) as db:
            robots = find_robots(db)
    except (sqlite3.Error, StoreError, OSError):
        return None
    return robots.site if robots else None


def record_robots(db: sqlite3.Connection, robots: Robots) -> None:
    """Stores a robots.txt. If it equals the newest one, it replaces that row."""
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
    """The sums of a day's requests (UTC)."""

    day: str
    requests: int
    unanswered: int
    """Requests without an answer."""
    errors: int
    """Answers that were not received completely, or with a status of 400 or more. 404 and 410 do not count: a missing
    page is not an error."""
    received: int
    """Bytes."""
    seconds: float
    """Seconds of waiting for answers."""
    most_in_a_minute: int
    """The most requests within any 60 seconds that begin on that day."""
    least_gap: float | None
    """The least seconds from the start of one request to the start of the next, which may be the first of the next day.
    If the clock was set back between the two, the gap is unknown and is not judged."""
    holds: int
    """Answers that asked us to wait (Retry-After)."""
    holds_kept: int
    """Of those, the answers after which no request was sent for as long as asked, or as long as such an answer is
    obeyed."""
    holds_capped: int
    """Of those, the answers that asked for more than a day, and were obeyed for a day."""
    promised: int
    """Requests with recorded promises. The next three fields count only these."""
    too_soon: int
    """Requests after which the next one was sent too soon."""
    too_many: int
    """Requests above the daily limit."""
    in_quiet_hours: int
    holds_shortened: int = 0
    """Answers for one address that asked for a longer wait than `retry_wait_most`, and were obeyed only that long."""


_IN_SUM = {
    **dict.fromkeys(("requests", "unanswered", "errors", "received", "seconds"), "sum"),
    "most_in_a_minute": "max",
    "least_gap": "min",
    **dict.fromkeys(
        ("holds", "holds_kept", "holds_capped", "promised", "too_soon", "too_many", "in_quiet_hours"), "sum"
    ),
    "holds_shortened": "sum",
}
"""The columns of `request_days` without the day, with the SQL function that merges two rows of a day. A day can be
summed up before it is over, if the clock was ahead; the rest of it is journalled later."""
_DAY = f"day, {', '.join(_IN_SUM)}"
_CLOCK_GRAIN = 0.0025
"""Seconds by which two instants in whole milliseconds may seem closer than they were."""
_HOLD = f"coalesce(r.hold, min(r.retry_after, {HOLD_MOST_SECONDS}))"
"""Seconds for which no request may be sent after an answer. For rows from before `hold` was journalled: what the answer
asked for, up to a day."""

_SECONDS = "unixepoch(substr({0}, 1, 19)) + coalesce(nullif(substr({0}, 20), 'Z') + 0.0, 0.0)"
"""The seconds since 1970 of an instant of the journal."""

_IS_ERROR = "(error IS NOT NULL OR status >= 400 AND status NOT IN (404, 410))"
"""Whether an answer is an error. 404 and 410 are not."""

_SUMS = f"""
WITH asked AS (
  SELECT r.id, r.at, substr(r.at, 1, 10) AS day, {_SECONDS.format("r.at")} AS t, {_SECONDS.format("n.at")} AS next_t,
         r.status, r.received, r.seconds, r.error, r.retry_after, {_HOLD} AS hold,
         p.gap AS promised_gap, a_day, quiet_hours
    FROM requests AS r LEFT JOIN promises AS p ON p.id = r.promise LEFT JOIN requests AS n ON n.id = r.id + 1
   WHERE r.at >= :since AND r.at < :until
), paced AS (
  SELECT *, CASE WHEN next_t >= t THEN next_t - t END AS gap,
         count(*) OVER (ORDER BY t RANGE BETWEEN CURRENT ROW AND 59.9995 FOLLOWING) AS in_a_minute,
         row_number() OVER (PARTITION BY day ORDER BY t, id)
         + coalesce((SELECT requests FROM request_days AS r WHERE r.day = asked.day), 0) AS of_the_day
    FROM asked
), summed ({_DAY}) AS (
  SELECT day, count(*), count(*) FILTER (WHERE status IS NULL),
         count(*) FILTER (WHERE status IS NOT NULL AND {_IS_ERROR}),
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
  FROM (SELECT {_DAY} FROM request_days UNION ALL SELECT {_DAY} FROM summed)
 WHERE day BETWEEN :since AND :last GROUP BY day ORDER BY day
"""
"""The sums of the days from `:since` to `:last`. `:until`: at least a minute after the last of these days."""

Within = Callable[[str, str], bool]
"""Whether an instant (second argument) lies in hours of the day (first): `ingest.fetching.quiet_hours.within`."""


def find_days(db: sqlite3.Connection, within: Within) -> list[Day]:
    """Finds every day with requests, oldest first, from single requests and from the sums of past days."""
    return _sum_up(db, within, since="", last="9", until="9")


def _sum_up(db: sqlite3.Connection, within: Within, **bounds: str) -> list[Day]:
    db.create_function("within", 2, within, deterministic=True)
    return [Day(*row) for row in db.execute(_SUMS, bounds)]


def roll_up_oldest_day(db: sqlite3.Connection, before: str, within: Within) -> int:
    """Sums up the journal of its oldest day, if that is before a date (ISO), and returns the number of its requests.

    A day is the slice in which a long journal is summed up: it has at most as many requests as the daily limit. Call it
    inside a transaction, again until it returns 0.
    """
    day, following = db.execute(
        "SELECT substr(min(at), 1, 10), date(substr(min(at), 1, 10), '+1 day') FROM requests WHERE at < ?", (before,)
    ).fetchone()
    if day is None:
        return 0
    until = f"{following}T00:01" if following else f"{day}~"  # requests of the next minute count for `in_a_minute`
    sums = _sum_up(db, within, since=day, last=day, until=until)
    marks = ", ".join("?" * (len(_IN_SUM) + 1))
    db.executemany(f"INSERT OR REPLACE INTO request_days ({_DAY}) VALUES ({marks})", map(astuple, sums))
    return db.execute("DELETE FROM requests WHERE at >= ?1 AND at < ?1 || '~'", (day,)).rowcount


@dataclass(frozen=True, slots=True)
class RequestError:
    """How often requests failed in one way."""

    status: int | None
    """The HTTP status; None if no answer came."""
    error: str | None
    """The error without the address; None if there is only a status, or if the process ended before the answer."""
    requests: int


def find_errors(db: sqlite3.Connection) -> list[RequestError]:
    """Counts the ways in which requests failed, the most frequent first. Days that are summed up are left out."""
    rows = db.execute(
        "SELECT status, iif(substr(error, 1, length(target) + 2) = target || ': ', "
        "                   substr(error, length(target) + 3), error) AS what, count(*) AS requests "
        f"FROM requests WHERE status IS NULL OR {_IS_ERROR} GROUP BY 1, 2 ORDER BY requests DESC, status, what"
    )
    return [RequestError(*row) for row in rows]


def find_promises(db: sqlite3.Connection) -> list[Promise]:
    """Finds every promise under which a request was sent, in their order."""
    return [Promise(*row) for row in db.execute("SELECT gap, a_day, quiet_hours FROM promises ORDER BY id")]


def find_hold(db: sqlite3.Connection) -> str | None:
    """Returns until when no request may be sent, because the last answer asked us to wait; None if it did not."""
    row = db.execute(
        f"SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at, (seconds + {_HOLD}) || ' seconds') "
        "FROM requests AS r ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class LastRequest:
    """How often robots.txt was requested, and the result of the last request."""

    times: int
    at: str
    status: int | None
    error: str | None


def find_last_robots_request(db: sqlite3.Connection) -> LastRequest | None:
    """Counts the journalled requests for robots.txt, with the result of the last; None if there are none."""
    row = db.execute(
        "SELECT count(*) OVER (), at, status, error FROM requests WHERE target = '/robots.txt' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return LastRequest(*row) if row else None
