"""Stores the queue: decisions that are still to be fetched or parsed.

A row is `wanted` until its pages are fetched, `kept` while they are stored and not parsed yet, `failed` after it could
not be fetched or parsed, and `excluded` once windows are proven without it: its page was gone too often, or is known
not to parse. A row leaves the queue when its decision is recorded, or when the site reports its page as unchanged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storage.model import Wanted, Window

EXCLUDED_AFTER_FETCHES = 3
EXCLUDED_AFTER_DAYS = 7
"""A listed decision that was never fetched is excluded once its page was gone this many times, over this many days."""


def find_wanted(
    db: sqlite3.Connection, now: str, windows: Sequence[Window], limit: int, *, rereads: bool = False
) -> list[Wanted]:
    """Finds decisions of some windows to fetch that are due by now.

    Those with the fewest failures come first, of these the untried first, then the newest first. `rereads`: includes
    stored decisions of any date.
    """
    # Untried decisions are due at once. A due time more than 40 days away (more than the longest retry delay) was set
    # while the clock was ahead.
    due = "(next_at <= :now OR error IS NULL OR next_at > strftime('%Y-%m-%dT%H:%M:%SZ', :now, '+40 days'))"
    stored = f"OR {_STORED}" if rereads else ""
    rows = db.execute(
        f"SELECT reference, url, attempts, reason, error_kind FROM queue WHERE state <> 'kept' AND {due} "
        f"AND ({_IN_WINDOWS} {stored}) "
        f"ORDER BY attempts, error IS NOT NULL, decision_date DESC, reference DESC LIMIT {limit:d}",
        {"now": now, "windows": _as_json(windows)},
    )
    return [Wanted(*row) for row in rows]


_STORED = "EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = queue.reference)"
"""Whether the decision of a row is stored from the site."""

_IN_WINDOWS = """(decision_date IS NULL OR EXISTS (SELECT 1 FROM json_each(:windows) AS w
  WHERE decision_date BETWEEN json_extract(w.value, '$[0]') AND json_extract(w.value, '$[1]')))"""
"""Whether a row may belong to the windows in the parameter `windows`. A row without a date may belong to any."""


def _as_json(windows: Sequence[Window]) -> str:
    return json.dumps([(window.first.isoformat(), window.last.isoformat()) for window in windows])


def add(
    db: sqlite3.Connection, reference: str, url: str, at: str, *, state: str = "wanted", reason: str = "changed"
) -> None:
    """Queues a decision to be fetched again; in state `kept`, to be parsed from the pages just stored."""
    db.execute(
        "INSERT INTO queue (reference, url, decision_date, state, reason, added_at, next_at) "
        "SELECT ?1, ?2, (SELECT stands_on FROM entries WHERE reference = ?1), ?3, ?5, ?4, ?4 WHERE true "
        "ON CONFLICT (reference) DO UPDATE SET state = CASE WHEN excluded.state = 'kept' THEN 'kept' "
        "WHEN state = 'kept' AND reference IN (SELECT reference FROM held_texts) THEN excluded.state ELSE state END, "
        "reason = iif(reason = 'reread', excluded.reason, reason)",
        (reference, url, state, at, reason),
    )


def requeue(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Queues a decision to be fetched again after its stored page was held back."""
    db.execute("UPDATE queue SET state = 'wanted', next_at = ? WHERE reference = ? AND state = 'kept'", (at, reference))


def record_stored(db: sqlite3.Connection, reference: str) -> None:
    """Records that all pages of a queued decision are stored. Call it in the transaction that stores the last."""
    db.execute("UPDATE queue SET state = 'kept' WHERE reference = ?", (reference,))


def count_attempts(db: sqlite3.Connection, reference: str) -> int:
    """Counts the failures of a queued decision's page."""
    row = db.execute("SELECT attempts FROM queue WHERE reference = ?", (reference,)).fetchone()
    return int(row[0]) if row else 0


def record_failure(
    db: sqlite3.Connection,
    reference: str,
    url: str,
    *,
    at: str,
    next_at: str,
    error_kind: str,
    error: str,
    gone: bool | None,
) -> None:
    """Records that a decision could not be fetched or parsed, why, and when it is tried again.

    `gone`: True if the site reports that the page does not exist. After enough of these, windows are proven without the
    decision. False: the page exists but does not parse. None: neither is known.
    """
    db.execute(
        "INSERT INTO queue (reference, url, state, reason, added_at, next_at) VALUES (?, ?, 'failed', 'listed', ?, ?) "
        "ON CONFLICT (reference) DO NOTHING",
        (reference, url, at, at),
    )
    gone_first_at = {True: "coalesce(gone_first_at, :at)", False: "NULL", None: "gone_first_at"}[gone]
    gone_last_at = {True: ":at", False: "NULL", None: "gone_last_at"}[gone]
    db.execute(
        "UPDATE queue SET attempts = attempts + 1, next_at = :next_at, error_kind = :error_kind, error = :error, "
        f"gone = {'gone + 1' if gone else '0' if gone is False else 'gone'}, gone_first_at = {gone_first_at}, "
        f"gone_last_at = {gone_last_at} WHERE reference = :reference",
        {"at": at, "next_at": next_at, "error_kind": error_kind, "error": error, "reference": reference},
    )
    db.execute(
        "UPDATE queue SET state = iif(gone >= ? AND julianday(gone_last_at) - julianday(gone_first_at) >= ?, "
        "'excluded', 'failed') WHERE reference = ?",
        (EXCLUDED_AFTER_FETCHES, EXCLUDED_AFTER_DAYS, reference),
    )


def record_postponed(db: sqlite3.Connection, reference: str, *, next_at: str, error_kind: str, error: str) -> None:
    """Records that a decision could not be fetched or parsed, without counting a failure: the site may be at fault."""
    db.execute(
        "UPDATE queue SET state = iif(state = 'excluded', state, 'failed'), next_at = ?, error_kind = ?, error = ? "
        "WHERE reference = ?",
        (next_at, error_kind, error, reference),
    )


def exclude_unreadable(db: sqlite3.Connection, reference: str, *, next_at: str, error_kind: str, error: str) -> None:
    """Records that the page of a decision is known not to parse.

    A decision that is stored stays unchanged and leaves the queue. One that is not stored is excluded, so that its
    window is proven without it, and is tried again later.
    """
    db.execute(
        f"DELETE FROM queue WHERE reference = ?1 AND {_STORED}",
        (reference,),
    )
    db.execute(
        "UPDATE queue SET state = 'excluded', attempts = attempts + 1, next_at = ?, error_kind = ?, error = ? "
        "WHERE reference = ?",
        (next_at, error_kind, error, reference),
    )


def release(db: sqlite3.Connection, references: Iterable[str], now: str) -> None:
    """Makes postponed decisions due at once."""
    db.executemany("UPDATE queue SET next_at = ? WHERE reference = ?", [(now, reference) for reference in references])


def find_next(db: sqlite3.Connection) -> str | None:
    """Returns when the next queued decision is due; None if none waits."""
    row = db.execute(
        "SELECT min(next_at) FROM queue WHERE state <> 'excluded' "
        "AND NOT (state = 'kept' AND reference IN (SELECT reference FROM held_texts))"
    ).fetchone()
    return None if row is None else row[0]


def remove(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Removes recorded decisions from the queue. Call it in the transaction that records them."""
    db.executemany("DELETE FROM queue WHERE reference = ?", [(reference,) for reference in references])


class Failure(NamedTuple):
    """A queued decision that could not be fetched or parsed yet."""

    reference: str
    url: str
    state: str
    """failed, or excluded (its window is proven without it). Both are tried again."""
    attempts: int
    """Failures counted against its page; 0 if the site may be at fault."""
    next_at: str
    error_kind: str | None
    error: str | None


def find_failures(db: sqlite3.Connection) -> list[Failure]:
    """Finds the rows of the view `failures` and the excluded decisions, by reference."""
    rows = db.execute(
        "SELECT q.reference, q.url, q.state, q.attempts, q.next_at, q.error_kind, q.error FROM queue AS q "
        "JOIN entries AS e USING (reference) WHERE e.unlisted_at IS NULL AND (q.state = 'excluded' "
        "OR q.reference IN (SELECT reference FROM failures)) ORDER BY q.reference"
    )
    return [Failure(*row) for row in rows]


def count(db: sqlite3.Connection, window: Window | None = None) -> int:
    """Counts the queued decisions that wait to be fetched or parsed, in a window or in all.

    Excluded, unlisted and held-back decisions do not count.
    """
    where = (
        "state <> 'excluded' AND NOT EXISTS "
        "(SELECT 1 FROM entries AS e WHERE e.reference = queue.reference AND e.unlisted_at IS NOT NULL) "
        "AND NOT (state = 'kept' AND reference IN (SELECT reference FROM held_texts))"
    )
    values: list[str] = []
    if window is not None:
        where += " AND (decision_date IS NULL OR decision_date BETWEEN ? AND ?)"
        values = [window.first.isoformat(), window.last.isoformat()]
    return int(db.execute(f"SELECT count(*) FROM queue WHERE {where}", values).fetchone()[0])


def count_failed_rereads(db: sqlite3.Connection) -> int:
    """Counts the stored decisions that are queued to be fetched again and could not be so far."""
    row = db.execute(f"SELECT count(*) FROM queue WHERE state = 'failed' AND {_STORED}").fetchone()
    return int(row[0])


def drop_never_fetched(db: sqlite3.Connection, windows: Sequence[Window]) -> int:
    """Removes decisions of some windows from the queue that are not stored and have no unparsed pages.

    They are the rest of a withdrawn backfill. Returns how many. Call it inside a transaction.
    """
    cursor = db.execute(
        f"DELETE FROM queue WHERE state <> 'kept' AND decision_date IS NOT NULL AND {_IN_WINDOWS} AND NOT {_STORED}",
        {"windows": _as_json(windows)},
    )
    return cursor.rowcount
