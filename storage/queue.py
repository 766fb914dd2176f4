"""The queue: decisions that are still to be fetched or read.

A row is `wanted` until it is asked for, `kept` while its pages are stored and not yet read, `failed` where it could
not be fetched or read, and `excluded` where its page was gone so often that nothing waits for it any more. It leaves
the queue when a reading of it is recorded, or when the site says that its page is unchanged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.model import Wanted, Window

EXCLUDED_AFTER_FETCHES = 3
EXCLUDED_AFTER_DAYS = 7
"""A listed decision that was never had is excluded once its page was gone so many times over so many days."""


def find_wanted(
    db: sqlite3.Connection, now: str, windows: Sequence[Window], limit: int, *, rereads: bool = False
) -> list[Wanted]:
    """Decisions to fetch that are due by now, of some windows: those with the fewest failures first, of these the
    untried first, then the newest first. `rereads`: stored decisions of any date, too."""
    # What is untried is due at once, and what is put off for longer than anything ever is was put off by a clock that
    # has been set right since then.
    due = "(next_at <= :now OR error IS NULL OR next_at > strftime('%Y-%m-%dT%H:%M:%SZ', :now, '+40 days'))"
    stored = "OR reference IN (SELECT reference FROM held_from_site)" if rereads else ""
    rows = db.execute(
        f"SELECT reference, url, attempts, reason, error_kind FROM queue WHERE state <> 'kept' AND {due} "
        f"AND ({_IN_WINDOWS} {stored}) "
        f"ORDER BY attempts, error IS NOT NULL, decision_date DESC, reference DESC LIMIT {limit:d}",
        {"now": now, "windows": _as_json(windows)},
    )
    return [Wanted(*row) for row in rows]


_IN_WINDOWS = """(decision_date IS NULL OR EXISTS (SELECT 1 FROM json_each(:windows) AS w
  WHERE decision_date BETWEEN json_extract(w.value, '$[0]') AND json_extract(w.value, '$[1]')))"""
"""Whether a row may be of the windows of the parameter `windows`. A row without a date may be of any."""


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


def want_again(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Has a decision fetched again whose page was stored and held back."""
    db.execute("UPDATE queue SET state = 'wanted', next_at = ? WHERE reference = ? AND state = 'kept'", (at, reference))


def kept(db: sqlite3.Connection, reference: str) -> None:
    """Says that all pages of a queued decision are kept. Call it in the transaction that keeps the last."""
    db.execute("UPDATE queue SET state = 'kept' WHERE reference = ?", (reference,))


def count_attempts(db: sqlite3.Connection, reference: str) -> int:
    """How many failures are held against a queued decision's page."""
    row = db.execute("SELECT attempts FROM queue WHERE reference = ?", (reference,)).fetchone()
    return int(row[0]) if row else 0


def failed(
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
    """Says that a decision could not be fetched or read, why, and when it is tried again.

    `gone`: the site says that there is no such page; said often enough, it excludes the decision from what a window
    must hold. False: there is a page, which does not read. None: neither is known.
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


def postponed(db: sqlite3.Connection, reference: str, *, next_at: str, error_kind: str, error: str) -> None:
    """Records that a decision could not be fetched or read, without holding it against its page: the site may be at
    fault."""
    db.execute(
        "UPDATE queue SET state = iif(state = 'excluded', state, 'failed'), next_at = ?, error_kind = ?, error = ? "
        "WHERE reference = ?",
        (next_at, error_kind, error, reference),
    )


def put_by(db: sqlite3.Connection, reference: str, *, next_at: str, error_kind: str, error: str) -> None:
    """Records that the page of a decision is known not to parse: a stored decision stays as it is, one that is not
    stored is excluded from what its window must hold, and is tried again."""
    db.execute(
        "DELETE FROM queue WHERE reference = ?1 "
        "AND EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = queue.reference)",
        (reference,),
    )
    db.execute(
        "UPDATE queue SET state = 'excluded', attempts = attempts + 1, next_at = ?, error_kind = ?, error = ? "
        "WHERE reference = ?",
        (next_at, error_kind, error, reference),
    )


def release(db: sqlite3.Connection, references: Iterable[str], now: str) -> None:
    """Has decisions that were put off due at once."""
    db.executemany("UPDATE queue SET next_at = ? WHERE reference = ?", [(now, reference) for reference in references])


def find_next(db: sqlite3.Connection) -> str | None:
    """When the first of what waits is due; None where nothing waits."""
    row = db.execute(
        "SELECT min(next_at) FROM queue WHERE state <> 'excluded' "
        "AND NOT (state = 'kept' AND reference IN (SELECT reference FROM held_texts))"
    ).fetchone()
    return None if row is None else row[0]


def done(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Takes recorded decisions off the queue. Call it in the transaction that records them."""
    db.executemany("DELETE FROM queue WHERE reference = ?", [(reference,) for reference in references])


@dataclass(frozen=True, slots=True)
class Failure:
    """A queued decision that could not be fetched or read yet."""

    reference: str
    url: str
    state: str
    """failed, or excluded: its page was gone so often that its window is proven without it. Both are tried again."""
    attempts: int
    """Failures held against its page; 0 where it may be the site that failed."""
    next_at: str
    error_kind: str | None
    error: str | None


def find_failures(db: sqlite3.Connection) -> list[Failure]:
    """The rows of the view `failures` and the excluded decisions, by reference."""
    rows = db.execute(
        "SELECT q.reference, q.url, q.state, q.attempts, q.next_at, q.error_kind, q.error FROM queue AS q "
        "JOIN entries AS e USING (reference) WHERE e.unlisted_at IS NULL AND (q.state = 'excluded' "
        "OR q.reference IN (SELECT reference FROM failures)) ORDER BY q.reference"
    )
    return [Failure(*row) for row in rows]


def count(db: sqlite3.Connection, window: Window | None = None) -> int:
    """How many queued decisions wait to be fetched or parsed, in a window or in all: neither excluded nor unlisted, nor
    held back."""
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
    """How many stored decisions are queued to be fetched again and could not be, so far."""
    row = db.execute(
        "SELECT count(*) FROM queue WHERE state = 'failed' AND reference IN (SELECT reference FROM held_from_site)"
    ).fetchone()
    return int(row[0])


def drop_never_fetched(db: sqlite3.Connection, windows: Sequence[Window]) -> int:
    """Takes decisions of some windows off the queue that are not stored, and none of whose pages is: what is left of a
    backfill that was withdrawn. Returns how many. Call it inside a transaction."""
    cursor = db.execute(
        f"DELETE FROM queue WHERE state <> 'kept' AND decision_date IS NOT NULL AND {_IN_WINDOWS} "
        "AND reference NOT IN (SELECT reference FROM held_from_site)",
        {"windows": _as_json(windows)},
    )
    return cursor.rowcount
