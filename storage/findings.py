"""Stores what parsing finds in addition to the text, and the kinds of blocks outside decisions.

Findings are oddities, dated notes, other references in a title, and unreadable pages. Call functions that write inside
a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from storage.model import Decision
from storage.suppressions import REFERENCES


def record_findings(db: sqlite3.Connection, decision: Decision, at: str, *, is_new: bool = False) -> None:
    """Replaces the oddities, notes and references of a decision by those of its current reading.

    `is_new`: the decision was not stored before, so there are none to delete.
    """
    reference = decision.reference
    if not is_new:
        for table in ("oddities", "notes"):
            db.execute(f"DELETE FROM {table} WHERE reference = ?", (reference,))
        db.execute("DELETE FROM related WHERE reference = ? AND reason = 'named in title'", (reference,))
    for one in decision.odd:
        db.execute(
            "INSERT OR IGNORE INTO oddities (reference, what, example, found_at) VALUES (?, ?, ?, ?)",
            (reference, one.what, one.example, at),
        )
    for place, note in enumerate(decision.notes):
        db.execute(
            "INSERT INTO notes (reference, position, date, text) VALUES (?, ?, ?, ?)",
            (reference, place, note.date.isoformat(), note.text),
        )
    for other in decision.named_with:
        db.execute(
            "INSERT OR IGNORE INTO related (reference, other, reason) VALUES (?, ?, 'named in title')",
            (reference, other),
        )


class OddCount(NamedTuple):
    """How many decisions have an oddity of one kind."""

    what: str
    decisions: int
    example: str
    """The reference of one of them."""


def count_oddities(db: sqlite3.Connection) -> list[OddCount]:
    """Counts the decisions with each kind of oddity, the most frequent kind first. Suppressed ones do not count."""
    rows = db.execute(
        f"SELECT what, count(DISTINCT reference), max(reference) FROM oddities WHERE reference NOT IN {REFERENCES} "
        "GROUP BY what ORDER BY 2 DESC, 1"
    )
    return [OddCount(*row) for row in rows]


def find_oddities(db: sqlite3.Connection, limit: int) -> list[dict[str, str]]:
    """Finds the newest oddities, newest first, without those of suppressed decisions."""
    rows = db.execute(
        f"SELECT reference, what, example, found_at FROM oddities WHERE reference NOT IN {REFERENCES} "
        "ORDER BY found_at DESC, reference LIMIT ?",
        (limit,),
    )
    return [dict(zip(("reference", "what", "example", "found_at"), row, strict=True)) for row in rows]


# ------------------------------------------------------------ pages that are known not to parse


class Unreadable(NamedTuple):
    """A decision with a page that does not parse and was fetched again with the same bytes."""

    reference: str
    since: str
    checked_at: str
    normaliser: str
    """The version of the parser that last failed on it."""
    error: str


def record_unreadable(db: sqlite3.Connection, reference: str, at: str, normaliser: str, error: str) -> None:
    """Records that the page of a decision was fetched again with the same bytes, which do not parse."""
    db.execute(
        "INSERT INTO unreadable (reference, since, checked_at, normaliser, error) VALUES (?1, ?2, ?2, ?3, ?4) "
        "ON CONFLICT (reference) DO UPDATE SET checked_at = ?2, normaliser = ?3, error = ?4",
        (reference, at, normaliser, error),
    )


def forget_unreadable(db: sqlite3.Connection, references: Sequence[str]) -> None:
    """Removes decisions from the unreadable ones, since their page parses or changed."""
    db.executemany("DELETE FROM unreadable WHERE reference = ?", [(reference,) for reference in references])


def find_unreadable(db: sqlite3.Connection) -> list[Unreadable]:
    """Finds the decisions with a page that is known not to parse, by reference."""
    rows = db.execute("SELECT reference, since, checked_at, normaliser, error FROM unreadable ORDER BY reference")
    return [Unreadable(*row) for row in rows]


# ------------------------------------------------------------ blocks outside decisions


class OutsideBlock(NamedTuple):
    """A kind of block outside decisions: its words with references, dates, numbers and addresses masked."""

    hash: str
    masked: str
    example: str
    reference: str
    """The decision with the example on its page."""
    first_seen: str
    last_seen: str
    decisions: int
    """The least number of decisions that have it on their pages.

    A page is not examined if all its words around the article were seen before.
    """


def count_outside_block(db: sqlite3.Connection, block: OutsideBlock) -> bool:
    """Counts one more decision with a kind of block; returns whether the kind is new."""
    known = db.execute(
        "UPDATE outside_blocks SET last_seen = max(last_seen, ?), decisions = decisions + ? WHERE hash = ?",
        (block.last_seen, block.decisions, block.hash),
    ).rowcount
    if known:
        return False
    db.execute(
        "INSERT INTO outside_blocks (hash, masked, example, reference, first_seen, last_seen, decisions) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            block.hash,
            block.masked,
            block.example,
            block.reference,
            block.first_seen,
            block.last_seen,
            max(block.decisions, 1),
        ),
    )
    return True


def find_outside_blocks(db: sqlite3.Connection, limit: int) -> list[OutsideBlock]:
    """Finds the newest kinds of blocks by when they were first seen, newest first."""
    rows = db.execute(
        "SELECT hash, masked, example, reference, first_seen, last_seen, decisions FROM outside_blocks "
        "ORDER BY first_seen DESC, decisions, hash LIMIT ?",
        (limit,),
    )
    return [OutsideBlock(*row) for row in rows]


def find_frequent_blocks(db: sqlite3.Connection, limit: int) -> list[OutsideBlock]:
    """Finds the most frequent kinds of blocks, by the number of decisions on whose pages they were counted."""
    rows = db.execute(
        "SELECT hash, masked, example, reference, first_seen, last_seen, decisions FROM outside_blocks "
        "ORDER BY decisions DESC, hash LIMIT ?",
        (limit,),
    )
    return [OutsideBlock(*row) for row in rows]
