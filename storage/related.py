"""Decisions that belong together: joint cases, the same or nearly the same text, references named in one title, and
decisions that one cites. They are linked, and never merged.
"""

from __future__ import annotations

import sqlite3

_SUFFIX = "abcdefghijklmnopqrstuvwxyz"

_ONE_FAMILY = "('joint', 'same text', 'named in title')"
"""The reasons for which decisions count as one case."""


def base_of(reference: str) -> str:
    """The reference without the letter of a joint health case."""
    return reference.rstrip(_SUFFIX)


def find_family(db: sqlite3.Connection, reference: str) -> str:
    """A name that the decisions of one case share: the first of their references, without its letter."""
    base = base_of(reference)
    rows = db.execute(
        f"SELECT other FROM related WHERE reference = ?1 AND reason IN {_ONE_FAMILY} "
        f"UNION SELECT reference FROM related WHERE other = ?1 AND reason IN {_ONE_FAMILY}",
        (reference,),
    )
    return min([base, *(base_of(other) for (other,) in rows)])
