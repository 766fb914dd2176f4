"""Stores texts that wait for a decision about a template change: their pages are stored, but no revision is recorded.

Call functions that write inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple


class HeldText(NamedTuple):
    """A decision with a stored page, and a text that is held back."""

    reference: str
    change: int
    page: int
    """The id of the first of its raw pages."""
    held_at: str
    is_new: bool
    """Whether the decision has no row in `decisions` yet."""
    is_amended: bool
    """Whether its text differs by more than the template change."""


def _make_held_text(row: tuple[Any, ...]) -> HeldText:
    reference, change, page, held_at, is_new, is_amended = row
    return HeldText(reference, change, page, held_at, bool(is_new), bool(is_amended))


_HELD = "reference, change, page, held_at, is_new, is_amended"


def hold(db: sqlite3.Connection, held: HeldText) -> None:
    """Holds a text back. It replaces an earlier held text of the decision."""
    db.execute(
        f"INSERT OR REPLACE INTO held_texts ({_HELD}) VALUES (?, ?, ?, ?, ?, ?)",
        (held.reference, held.change, held.page, held.held_at, int(held.is_new), int(held.is_amended)),
    )


def forget_held(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Removes held texts, and does not change their pages."""
    db.executemany("DELETE FROM held_texts WHERE reference = ?", [(reference,) for reference in references])


def end_holding(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Removes held texts after they, or newer ones, were recorded.

    Their pages are marked as recorded too, since the newest of them is the page that the decision was made from.
    """
    for reference in references:
        if db.execute("DELETE FROM held_texts WHERE reference = ?", (reference,)).rowcount:
            db.execute("UPDATE pages SET state = 'read' WHERE reference = ? AND state = 'held'", (reference,))


def release(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Marks held texts to be recorded."""
    db.executemany("UPDATE held_texts SET released = 1 WHERE reference = ?", [(key,) for key in references])


def find_held(db: sqlite3.Connection, change: int) -> list[HeldText]:
    """Finds the texts that wait for a change, by reference."""
    rows = db.execute(f"SELECT {_HELD} FROM held_texts WHERE change = ? ORDER BY reference", (change,))
    return [_make_held_text(row) for row in rows]


def find_released(db: sqlite3.Connection, limit: int) -> list[HeldText]:
    """Finds held texts that can be recorded now, by reference."""
    rows = db.execute(
        f"SELECT {', '.join('h.' + name for name in _HELD.split(', '))} FROM held_texts AS h "
        "JOIN template_changes AS c ON c.id = h.change "
        "WHERE h.released OR c.state IN ('accepted', 'released') OR (c.state = 'rejected' AND h.is_new) "
        "ORDER BY h.reference LIMIT ?",
        (limit,),
    )
    return [_make_held_text(row) for row in rows]


def find_all_held(db: sqlite3.Connection) -> list[HeldText]:
    """Every text that waits, by reference."""
    rows = db.execute(f"SELECT {_HELD} FROM held_texts ORDER BY reference")
    return [_make_held_text(row) for row in rows]


class Waiting(NamedTuple):
    """A newer version of a decision that waits for a decision about a template change."""

    change: int
    held_at: str
    is_new: bool


def find_waiting(db: sqlite3.Connection, reference: str) -> Waiting | None:
    """Finds the newer version of a decision that waits; None if there is none.

    A text does not wait if the user rejected its change as the template's and it differs by nothing else.
    """
    row = db.execute(
        "SELECT h.change, h.held_at, h.is_new FROM held_texts AS h JOIN template_changes AS c ON c.id = h.change "
        "WHERE h.reference = ? AND (c.state <> 'rejected' OR h.is_amended)",
        (reference,),
    ).fetchone()
    return Waiting(row[0], row[1], bool(row[2])) if row else None


def count_held_back(db: sqlite3.Connection) -> int:
    """Counts the decisions that are fetched and held back, and have no row in `decisions`."""
    return int(db.execute("SELECT count(*) FROM held_texts WHERE is_new").fetchone()[0])


# ------------------------------------------------------------ setting back


class PreviousReading(NamedTuple):
    """The reading of a decision before its current one."""

    page: int | None
    text: str
    url: str | None


def find_previous_reading(db: sqlite3.Connection, reference: str) -> PreviousReading | None:
    """Finds the reading that a decision's current one replaced; None if there is none. Imports beside do not count."""
    row = db.execute(
        "SELECT page, text, json_extract(fields, '$.url') FROM revisions WHERE reference = ? AND text IS NOT NULL "
        "AND change NOT IN ('beside', 'template') ORDER BY revision DESC LIMIT 1",
        (reference,),
    ).fetchone()
    return PreviousReading(*row) if row else None


def mark_current_as_template(db: sqlite3.Connection, reference: str) -> None:
    """Marks the current revision of a decision as a change of the template's words."""
    db.execute("UPDATE revisions SET change = 'template' WHERE reference = ? AND text IS NULL", (reference,))
