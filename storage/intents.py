"""Stores the ranges of decision dates that were asked for: by backfills, by the fill, and by sync."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.model import Intent, IntentState, Window
from storage.stored import to_day

_COLUMNS = "id, kind, first, last, state, asked_at, changed_at, run, reason, total"


def find_intents(db: sqlite3.Connection) -> list[Intent]:
    """Finds the ranges that are neither withdrawn nor replaced, in the order in which they were asked for."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM intents WHERE state NOT IN ('withdrawn', 'replaced') ORDER BY id")
    return [_make_intent(row) for row in rows]


def record_backfill(db: sqlite3.Connection, window: Window, at: str, run: int) -> None:
    """Records that a run begins a backfill. Call it inside a transaction.

    It replaces the unfinished backfills with a range inside its own.
    """
    db.execute(
        "UPDATE intents SET state = 'replaced', changed_at = ?3 "
        "WHERE kind = 'backfill' AND state IN ('running', 'interrupted', 'paused') AND first >= ?1 AND last <= ?2",
        (window.first.isoformat(), window.last.isoformat(), at),
    )
    _insert(db, "backfill", window, "running", at, run)


def record_sync(db: sqlite3.Connection, window: Window, at: str, run: int) -> Window:
    """Records the range that sync covers, and returns it. Call it inside a transaction.

    The range only ever grows: it never begins later than that of an earlier sync.
    """
    first, last = window.first.isoformat(), window.last.isoformat()
    updated = db.execute(
        "UPDATE intents SET first = min(first, ?1), last = max(last, ?2), "
        "changed_at = iif(?1 < first OR ?2 > last, ?3, changed_at) WHERE state = 'standing'",
        (first, last, at),
    )
    if not updated.rowcount:
        _insert(db, "sync", window, "standing", at, run)
    return next(intent.window for intent in find_intents(db) if intent.state == "standing")


def record_fill(db: sqlite3.Connection, window: Window, at: str, run: int) -> None:
    """Records that the daemon fills a range. Call it inside a transaction."""
    _insert(db, "fill", window, "running", at, run)


def record_finished(db: sqlite3.Connection, windows: Sequence[Window], at: str, run: int) -> None:
    """Records that backfills finished some windows, which sync covers from now on. Call it inside a transaction.

    A window that touches a finished one is joined with it.
    """
    for window in windows:
        joined = db.execute(
            "UPDATE intents SET first = min(first, ?1), last = max(last, ?2), changed_at = ?3 WHERE id = "
            "(SELECT id FROM intents WHERE state = 'finished' "
            "AND first <= coalesce(date(?2, '+1 day'), ?2) AND coalesce(date(last, '+1 day'), last) >= ?1 LIMIT 1)",
            (window.first.isoformat(), window.last.isoformat(), at),
        )
        if not joined.rowcount:
            _insert(db, "backfill", window, "finished", at, run)


def record_total(db: sqlite3.Connection, run: int, total: int) -> None:
    """Records the total that the site stated for the range of a run's backfill. Call it inside a transaction."""
    db.execute("UPDATE intents SET total = ? WHERE run = ? AND kind = 'backfill' AND state = 'running'", (total, run))


def find_total(db: sqlite3.Connection, run: int) -> int | None:
    """Returns the total that the site stated for the range of a run's backfill; None if it is not known."""
    row = db.execute(
        "SELECT total FROM intents WHERE run = ? AND kind = 'backfill' AND state = 'running'", (run,)
    ).fetchone()
    return row[0] if row else None


def set_state(db: sqlite3.Connection, intent: Intent, state: IntentState, at: str, reason: str | None = None) -> None:
    """Gives a range another state. Call it inside a transaction."""
    db.execute("UPDATE intents SET state = ?, changed_at = ?, reason = ? WHERE id = ?", (state, at, reason, intent.id))


def replace_by_parts(
    db: sqlite3.Connection, intent: Intent, parts: Sequence[tuple[Window, IntentState]], at: str, run: int
) -> None:
    """Replaces a range with parts of it, each with its own state. Call it inside a transaction."""
    set_state(db, intent, "replaced", at, intent.reason)
    for window, state in parts:
        _insert(db, intent.kind, window, state, at, run, intent.reason)


def _insert(
    db: sqlite3.Connection,
    kind: str,
    window: Window,
    state: IntentState,
    at: str,
    run: int,
    reason: str | None = None,
) -> None:
    db.execute(
        "INSERT INTO intents (kind, first, last, state, asked_at, changed_at, run, reason) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)",
        (kind, window.first.isoformat(), window.last.isoformat(), state, at, run, reason),
    )


def _make_intent(row: Sequence[object]) -> Intent:
    number, kind, first, last, *rest = row
    window = Window(to_day(first, "a range that was asked for"), to_day(last, "a range that was asked for"))
    return Intent(number, kind, window, *rest)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the site's total of all dates


def record_site_total(db: sqlite3.Connection, run: int, at: str, total: int) -> None:
    """Records the total that the site stated for all dates. Call it inside a transaction."""
    db.execute("INSERT OR REPLACE INTO site_totals (run, at, total) VALUES (?, ?, ?)", (run, at, total))


def find_site_total(db: sqlite3.Connection) -> tuple[int, str] | None:
    """The total that the site stated last for all dates, and when; None where it never did."""
    row = db.execute("SELECT total, at FROM site_totals ORDER BY run DESC LIMIT 1").fetchone()
    return None if row is None else (int(row[0]), str(row[1]))
