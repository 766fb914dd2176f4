"""Finds the decisions that another version of the parser parsed last."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable


def find_read_by_others(db: sqlite3.Connection, references: Iterable[str], normaliser: str) -> list[str]:
    """Finds which of the decisions were last parsed by another version of the parser, from a page of the site."""
    rows = db.execute(
        "SELECT h.reference FROM held_from_site AS h "
        "WHERE h.reference IN (SELECT value FROM json_each(?)) AND h.normaliser <> ? AND EXISTS "
        "(SELECT 1 FROM pages AS p WHERE p.reference = h.reference AND p.state = 'read') ORDER BY h.reference",
        (json.dumps(list(references)), normaliser),
    )
    return [reference for (reference,) in rows]


def count_read_by_others(db: sqlite3.Connection, normaliser: str) -> int:
    """Counts the decisions that another version of the parser parsed last, from stored pages."""
    row = db.execute(
        "SELECT count(*) FROM held_from_site AS h WHERE (h.normaliser < ?1 OR h.normaliser > ?1) "  # an index has both
        "AND EXISTS (SELECT 1 FROM pages AS p WHERE p.reference = h.reference AND p.state = 'read')",
        (normaliser,),
    ).fetchone()
    return int(row[0])
