"""Stores which decisions are suppressed: they stay stored, sync still fetches them, and no command shows them.

The tables of the program still have their rows, so that ranges stay proven. Pages, searches, exports and public
snapshots leave them out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from storage.database import atomic

REFERENCES = "(SELECT reference FROM suppressions)"
"""SQL: the references of all suppressed decisions, for `NOT IN`."""


class Suppression(NamedTuple):
    """One suppressed decision."""

    reference: str
    suppressed_at: str
    """UTC, ISO 8601."""
    reason: str


def suppress(db: sqlite3.Connection, reference: str, reason: str, at: str) -> bool:
    """Suppresses a decision, stored or not. Returns whether it was not suppressed before; its reason is replaced."""
    with atomic(db):
        is_new = not is_suppressed(db, reference)
        db.execute("DELETE FROM suppressions WHERE reference = ?", (reference,))
        db.execute(
            "INSERT INTO suppressions (reference, suppressed_at, reason) VALUES (?, ?, ?)", (reference, at, reason)
        )
    return is_new


def lift(db: sqlite3.Connection, reference: str) -> bool:
    """Shows a suppressed decision again. Returns whether it was suppressed."""
    with atomic(db):
        return bool(db.execute("DELETE FROM suppressions WHERE reference = ?", (reference,)).rowcount)


def is_suppressed(db: sqlite3.Connection, reference: str) -> bool:
    """Whether a decision is suppressed."""
    return db.execute("SELECT 1 FROM suppressions WHERE reference = ?", (reference,)).fetchone() is not None


def find_suppressions(db: sqlite3.Connection) -> list[Suppression]:
    """Finds all suppressed decisions, by reference."""
    rows = db.execute("SELECT reference, suppressed_at, reason FROM suppressions ORDER BY reference")
    return [Suppression(*row) for row in rows]


def count_stored(db: sqlite3.Connection) -> int:
    """Counts the suppressed decisions that are stored."""
    (count,) = db.execute(f"SELECT count(*) FROM decisions WHERE reference IN {REFERENCES}").fetchone()
    return int(count)


def count_shown(db: sqlite3.Connection) -> int:
    """Counts the stored decisions that are not suppressed."""
    (count,) = db.execute(f"SELECT count(*) FROM decisions WHERE reference NOT IN {REFERENCES}").fetchone()
    return int(count)


def count_hidden(db: sqlite3.Connection, *, with_withdrawn: bool) -> int:
    """Counts the stored decisions that a public snapshot leaves out, damaged ones aside."""
    withdrawn = "" if with_withdrawn else " OR status = 'withdrawn'"
    (count,) = db.execute(f"SELECT count(*) FROM decisions WHERE reference IN {REFERENCES}{withdrawn}").fetchone()
    return int(count)


def find_rowids(db: sqlite3.Connection) -> set[int]:
    """Finds the rows in `decisions` of the suppressed decisions."""
    rows = db.execute("SELECT d.rowid FROM suppressions AS s CROSS JOIN decisions AS d USING (reference)")
    return {rowid for (rowid,) in rows}


def leave_out(db: sqlite3.Connection, references: Iterable[str]) -> list[str]:
    """Returns the references that are not suppressed."""
    hidden = {reference for (reference,) in db.execute("SELECT reference FROM suppressions")}
    return [reference for reference in references if reference not in hidden]
