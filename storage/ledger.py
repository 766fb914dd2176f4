"""What the site listed and what is still to be fetched: entries, windows, queue.

Entries that are not held become queue rows in the transaction that records the listing which named them, so
progress is a question to the database and a killed run resumes by asking.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from storage.model import Count, Entry, Wanted, Window


def record_listing(db: sqlite3.Connection, entries: Iterable[Entry], at: str) -> None:
    """Records the cards of a listing page, and queues those that are not held. Call it inside a transaction."""
    rows = [
        (
            entry.reference,
            entry.url,
            entry.authority,
            entry.outcome,
            entry.subcategory,
            entry.decision_date.isoformat() if entry.decision_date else None,
            entry.kind,
            at,
            at,
        )
        for entry in entries
    ]
    db.executemany(
        "INSERT INTO entries (reference, url, authority, outcome, subcategory, decision_date, kind, first_listed, "
        "last_listed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET url = excluded.url, "
        "authority = excluded.authority, outcome = excluded.outcome, subcategory = excluded.subcategory, "
        "decision_date = excluded.decision_date, kind = excluded.kind, last_listed = excluded.last_listed",
        rows,
    )
    db.executemany(
        "INSERT INTO queue (reference, url, decision_date, state, added_at, next_at) "
        "SELECT ?1, ?2, ?3, 'wanted', ?4, ?4 WHERE NOT EXISTS "
        "(SELECT 1 FROM decisions WHERE reference = ?1 AND source = 'site') "
        "ON CONFLICT (reference) DO UPDATE SET url = excluded.url, decision_date = excluded.decision_date",
        [(row[0], row[1], row[5], at) for row in rows],
    )


def find_entries(db: sqlite3.Connection, references: Sequence[str]) -> dict[str, Entry]:
    """The newest card of each of those references that was ever listed."""
    found: dict[str, Entry] = {}
    for reference in references:
        row = db.execute(
            "SELECT url, authority, outcome, subcategory, decision_date, kind FROM entries WHERE reference = ?",
            (reference,),
        ).fetchone()
        if row:
            url, authority, outcome, subcategory, decided, kind = row
            decision_date = date.fromisoformat(decided) if decided else None
            found[reference] = Entry(reference, url, authority, outcome, subcategory, decision_date, kind)
    return found


def record_window(db: sqlite3.Connection, count: Count, run: int) -> None:
    """Records what a look at a window's listing found."""
    first, last = count.window.first.isoformat(), count.window.last.isoformat()
    db.execute(
        "INSERT INTO windows (first, last, total, listed, state, counted_at, proven_at, asked, run) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (first, last) DO UPDATE SET total = excluded.total, "
        "listed = excluded.listed, state = excluded.state, counted_at = excluded.counted_at, "
        "proven_at = coalesce(excluded.proven_at, proven_at), asked = excluded.asked, run = excluded.run",
        (
            first,
            last,
            count.total,
            count.listed,
            count.state,
            count.counted_at,
            count.counted_at if count.state == "proven" else None,
            count.asked,
            run,
        ),
    )


def find_window(db: sqlite3.Connection, window: Window, since: str) -> Count | None:
    """The ledger's row of a window, if it was counted at or after `since`."""
    row = db.execute(
        "SELECT total, listed, state, counted_at, asked FROM windows WHERE first = ? AND last = ? AND counted_at >= ?",
        (window.first.isoformat(), window.last.isoformat(), since),
    ).fetchone()
    return Count(window, *row) if row else None


def drop_windows(db: sqlite3.Connection, within: Window, but: Sequence[Window]) -> None:
    """Takes out of the ledger the windows inside a window but for the given ones."""
    kept = json.dumps([f"{window.first} {window.last}" for window in but])
    db.execute(
        "DELETE FROM windows WHERE first >= ? AND last <= ? "
        "AND first || ' ' || last NOT IN (SELECT value FROM json_each(?))",
        (within.first.isoformat(), within.last.isoformat(), kept),
    )


def seen(db: sqlite3.Connection, references: Iterable[str], at: str) -> None:
    """Says that a proven listing showed those decisions; what was fetched since then was seen later still."""
    db.execute(
        "UPDATE decisions SET last_seen = ? WHERE source = 'site' AND last_seen < ? "
        "AND reference IN (SELECT value FROM json_each(?))",
        (at, at, json.dumps(list(references))),
    )


def count_held(db: sqlite3.Connection, references: Iterable[str]) -> int:
    """How many of those references are held as the site shows them."""
    row = db.execute(
        "SELECT count(*) FROM decisions WHERE source = 'site' AND reference IN (SELECT value FROM json_each(?))",
        (json.dumps(list(references)),),
    ).fetchone()
    return int(row[0])


def count_moved(db: sqlite3.Connection, references: Iterable[str], window: Window) -> int:
    """How many of those references are held with a decision date outside the window."""
    row = db.execute(
        "SELECT count(*) FROM decisions WHERE source = 'site' AND decision_date NOT BETWEEN ? AND ? "
        "AND reference IN (SELECT value FROM json_each(?))",
        (window.first.isoformat(), window.last.isoformat(), json.dumps(list(references))),
    ).fetchone()
    return int(row[0])


# ---------------------------------------------------------------- the queue


def find_wanted(db: sqlite3.Connection, now: str, window: Window | None, limit: int) -> list[Wanted]:
    """Decisions to fetch, newest first: due by now, and of the window if one is given."""
    where, values = "state <> 'kept' AND next_at <= ?", [now]
    if window is not None:
        where += " AND (decision_date IS NULL OR decision_date BETWEEN ? AND ?)"
        values += [window.first.isoformat(), window.last.isoformat()]
    rows = db.execute(
        f"SELECT reference, url, attempts FROM queue WHERE {where} "
        "ORDER BY attempts, decision_date DESC, reference DESC LIMIT ?",
        (*values, limit),
    )
    return [Wanted(*row) for row in rows]


def queue_kept(db: sqlite3.Connection, reference: str) -> None:
    """Says that all pages of a queued decision are kept. Call it in the transaction that keeps the last."""
    db.execute("UPDATE queue SET state = 'kept' WHERE reference = ?", (reference,))


def queue_failed(
    db: sqlite3.Connection, reference: str, url: str, *, at: str, next_at: str, error_kind: str, error: str
) -> None:
    """Says that a decision could not be fetched or read, why, and when it is tried again."""
    db.execute(
        "INSERT INTO queue (reference, url, state, added_at, attempts, next_at, error_kind, error) "
        "VALUES (?, ?, 'failed', ?, 1, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET state = 'failed', "
        "attempts = attempts + 1, next_at = excluded.next_at, error_kind = excluded.error_kind, error = excluded.error",
        (reference, url, at, next_at, error_kind, error),
    )


def queue_done(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Takes recorded decisions off the queue. Call it in the transaction that records them."""
    db.executemany("DELETE FROM queue WHERE reference = ?", [(reference,) for reference in references])


@dataclass(frozen=True, slots=True)
class Failure:
    """A queued decision that could not be fetched or read yet."""

    reference: str
    url: str
    attempts: int
    next_at: str
    error_kind: str | None
    error: str | None


def find_failures(db: sqlite3.Connection) -> list[Failure]:
    """What could not be fetched or read yet, by reference."""
    rows = db.execute(
        "SELECT reference, url, attempts, next_at, error_kind, error FROM queue WHERE state = 'failed' "
        "ORDER BY reference"
    )
    return [Failure(*row) for row in rows]


def count_queue(db: sqlite3.Connection, window: Window | None = None) -> int:
    """How many decisions wait to be fetched or read, in a window or in all."""
    if window is None:
        return int(db.execute("SELECT count(*) FROM queue").fetchone()[0])
    return int(
        db.execute(
            "SELECT count(*) FROM queue WHERE decision_date IS NULL OR decision_date BETWEEN ? AND ?",
            (window.first.isoformat(), window.last.isoformat()),
        ).fetchone()[0]
    )
