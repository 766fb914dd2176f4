"""What the database says of its own state: for `lgsco status` and `lgsco coverage`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held, in numbers."""

    decisions: int
    from_site: int
    from_imports: int
    revisions: int
    pages: int
    oldest: str | None
    """Decision date."""
    newest: str | None
    """Decision date."""
    waiting: int
    """Listed decisions that wait to be fetched or read."""
    failed: int
    """Of those, what failed at least once."""
    unproven: int
    """Windows of the ledger that are not proven."""


def holdings(db: sqlite3.Connection) -> Holdings:
    """Counts of what is held and what is missing."""
    held, site, oldest, newest = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE source = 'site'), min(decision_date), max(decision_date) "
        "FROM decisions"
    ).fetchone()
    (revisions,) = db.execute("SELECT count(*) FROM revisions").fetchone()
    (pages,) = db.execute("SELECT count(*) FROM pages").fetchone()
    waiting, failed = db.execute("SELECT count(*), count(*) FILTER (WHERE state = 'failed') FROM queue").fetchone()
    (unproven,) = db.execute("SELECT count(*) FROM windows WHERE state <> 'proven'").fetchone()
    return Holdings(held, site, held - site, revisions, pages, oldest, newest, waiting, failed, unproven)


def windows(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The ledger, newest window first: what the site says it has, what it lists, what of that is held."""
    cursor = db.execute(
        "SELECT w.first, w.last, w.state, w.total, w.listed, "
        "(SELECT count(*) FROM decisions AS d WHERE d.source = 'site' AND d.decision_date BETWEEN w.first AND w.last) "
        "AS held, (SELECT count(*) FROM queue AS q WHERE q.decision_date BETWEEN w.first AND w.last) AS missing, "
        "w.counted_at, w.proven_at FROM windows AS w ORDER BY w.first DESC"
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon as it last wrote of itself. Instants are UTC."""

    process: int
    started_at: str
    seen_at: str
    next_at: str | None
    stopped_at: str | None


def find_daemon(db: sqlite3.Connection) -> Daemon | None:
    """The last daemon on this database, if there ever was one."""
    row = db.execute("SELECT process, started_at, seen_at, next_at, stopped_at FROM daemon").fetchone()
    return Daemon(*row) if row else None


def record_daemon(db: sqlite3.Connection, daemon: Daemon) -> None:
    """Writes what the daemon says of itself."""
    db.execute(
        "INSERT OR REPLACE INTO daemon (id, process, started_at, seen_at, next_at, stopped_at) "
        "VALUES (1, ?, ?, ?, ?, ?)",
        (daemon.process, daemon.started_at, daemon.seen_at, daemon.next_at, daemon.stopped_at),
    )
