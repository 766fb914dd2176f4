"""Checks and rebuilds the counters that triggers keep: the listed decisions of each day, and those not stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ingest.wording import count_of
from storage.row_checks import Damage, guarded

_COLUMNS = {"unstored": "reference, stands_on", "listed_days": "day, listed, reports"}
_SELECTS = {
    "unstored": "SELECT e.reference, e.stands_on FROM entries AS e WHERE e.unlisted_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference)",
    "listed_days": "SELECT stands_on, count(*), count(*) FILTER (WHERE kind IS 'report') FROM entries "
    "WHERE unlisted_at IS NULL GROUP BY stands_on",
}
"""The rows that each table must have."""


def check_counters(db: sqlite3.Connection) -> Iterator[Damage]:
    """Finds the tables of counters that differ from what they count."""
    yield from guarded("counters", "the counters", _find_wrong(db))


def _find_wrong(db: sqlite3.Connection) -> Iterator[Damage]:
    for table, select in _SELECTS.items():
        stored = f"SELECT {_COLUMNS[table]} FROM {table}"
        row = db.execute(
            f"SELECT (SELECT count(*) FROM ({stored} EXCEPT {select})) "
            f"+ (SELECT count(*) FROM ({select} EXCEPT {stored}))"
        ).fetchone()
        if row[0]:
            rows = count_of(row[0], "row")
            yield Damage("counters", table, f"differs from the listing and the stored decisions in {rows}")


def rebuild_counters(db: sqlite3.Connection) -> None:
    """Makes the counters again. Call it inside a transaction."""
    for table, select in _SELECTS.items():
        db.execute(f"DELETE FROM {table}")
        db.execute(f"INSERT INTO {table} ({_COLUMNS[table]}) {select}")
