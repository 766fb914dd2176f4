"""Stores links between decisions that belong together. Linked decisions are never merged.

The reasons are joint cases, the same or nearly the same text, a reference in the title, and citations. Call functions
that write inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

Reason = Literal["joint", "same text", "similar text", "named in title", "cites"]

_SUFFIX = "abcdefghijklmnopqrstuvwxyz"

_ONE_FAMILY = "('joint', 'same text', 'named in title')"
"""The reasons that make decisions count as one case."""

MOST_SHARED = 50
"""The most decisions that may share a line of a sketch: a line with more is a standard sentence."""


class Related(NamedTuple):
    """A decision that is linked with another."""

    other: str
    reason: Reason
    similarity: float | None
    """How alike the texts are, from 0 to 1, if the reason is their texts."""
    is_stored: bool


def base_of(reference: str) -> str:
    """Returns the reference without the letter of a joint health case."""
    return reference.rstrip(_SUFFIX)


def find_family(db: sqlite3.Connection, reference: str) -> str:
    """Returns a name that the decisions of one case share: the first of their references, without its letter."""
    base = base_of(reference)
    rows = db.execute(
        f"SELECT other FROM related WHERE reference = ?1 AND reason IN {_ONE_FAMILY} "
        f"UNION SELECT reference FROM related WHERE other = ?1 AND reason IN {_ONE_FAMILY}",
        (reference,),
    )
    return min([base, *(base_of(other) for (other,) in rows)])


def find_related(db: sqlite3.Connection, reference: str) -> list[Related]:
    """Finds the links of a decision, by reason and reference.

    Decisions that cite it, and suppressed ones, are not included.
    """
    rows = db.execute(
        "SELECT r.other, r.reason, r.similarity, EXISTS (SELECT 1 FROM decisions AS d WHERE d.reference = r.other) "
        "FROM related AS r WHERE r.reference = ? "
        "AND r.other NOT IN (SELECT reference FROM suppressions) ORDER BY r.reason, r.other",
        (reference,),
    )
    return [Related(other, reason, similarity, bool(stored)) for other, reason, similarity, stored in rows]


def find_joint(db: sqlite3.Connection, reference: str) -> list[str]:
    """Finds the stored decisions with a reference that differs only in its letter."""
    base = base_of(reference)
    rows = db.execute(
        "SELECT reference FROM decisions WHERE reference BETWEEN ?1 AND ?1 || 'z' AND reference <> ?2",
        (base, reference),
    )
    return [other for (other,) in rows]


def relate(db: sqlite3.Connection, reference: str, others: Iterable[str], reason: Reason) -> None:
    """Links a decision with others, in one direction."""
    db.executemany(
        "INSERT OR IGNORE INTO related (reference, other, reason) VALUES (?, ?, ?)",
        [(reference, other, reason) for other in others],
    )


def relate_texts(db: sqlite3.Connection, reference: str, other: str, similarity: float) -> None:
    """Links two decisions with the same or nearly the same text, in both directions."""
    reason: Reason = "same text" if similarity == 1 else "similar text"
    db.executemany(
        "INSERT OR IGNORE INTO related (reference, other, reason, similarity) VALUES (?, ?, ?, ?)",
        [(reference, other, reason, similarity), (other, reference, reason, similarity)],
    )


def forget_texts(db: sqlite3.Connection, reference: str) -> None:
    """Removes the links that were made from the text of a decision."""
    db.execute(
        "DELETE FROM related WHERE reference = ? AND reason IN ('same text', 'similar text', 'cites')", (reference,)
    )
    db.execute("DELETE FROM related WHERE other = ? AND reason IN ('same text', 'similar text')", (reference,))


# ------------------------------------------------------------ sketches of texts


def count_shared(db: sqlite3.Connection, sketch: Sequence[int]) -> dict[int, int]:
    """Counts the decisions with each line of a sketch. Lines that no decision has are left out."""
    import json

    rows = db.execute(
        "SELECT hash, count(*) FROM text_sketches WHERE hash IN (SELECT value FROM json_each(?)) GROUP BY hash",
        (json.dumps(sketch),),
    )
    return dict(rows.fetchall())


def find_sharing(db: sqlite3.Connection, hashes: Collection[int], least: int, limit: int) -> list[str]:
    """Finds decisions with at least `least` of these lines of a sketch, those with most first."""
    import json

    rows = db.execute(
        "SELECT reference FROM text_sketches WHERE hash IN (SELECT value FROM json_each(?)) GROUP BY reference "
        "HAVING count(*) >= ? ORDER BY count(*) DESC, reference LIMIT ?",
        (json.dumps(list(hashes)), least, limit),
    )
    return [reference for (reference,) in rows]


def add_sketch(db: sqlite3.Connection, reference: str, hashes: Iterable[int]) -> None:
    """Stores the lines of a decision's sketch."""
    db.executemany("INSERT OR IGNORE INTO text_sketches VALUES (?, ?)", [(one, reference) for one in hashes])


def remove_sketch(db: sqlite3.Connection, reference: str, hashes: Iterable[int]) -> None:
    """Removes lines from a decision's sketch."""
    db.executemany("DELETE FROM text_sketches WHERE hash = ? AND reference = ?", [(one, reference) for one in hashes])


def find_unrelated(db: sqlite3.Connection, limit: int) -> list[str]:
    """Finds decisions that were stored by a version without links."""
    return [reference for (reference,) in db.execute("SELECT reference FROM unrelated LIMIT ?", (limit,))]


def mark_related(db: sqlite3.Connection, references: Iterable[str]) -> None:
    """Records that the links of decisions are stored."""
    db.executemany("DELETE FROM unrelated WHERE reference = ?", [(reference,) for reference in references])
