"""Finds out quickly whether all rows of a range match their digest, for copies: SQLite joins the values of each row.

`storage.row_checks` names what is damaged; it reads the rows of a range again if this check fails. A row that matches
its digest is as the program wrote it, so neither raw pages are decompressed nor layouts compared with their text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from storage.database import error_name
from storage.digests import DECISION, INSTANT_GLOB, LAYOUT, PAGES

_BATCH = 2_000
"""Row ids that are looked at together."""
_MOST_RANGES = 10_000
"""The most ranges; a damaged row id can be higher than any number of rows."""


def sql_digest(terms: Iterable[str]) -> str:
    """Returns SQL for the digest of a row, as `storage.digests` describes it.

    `terms`: SQL for its values. The connection needs the function that `add_hash_function` adds.
    """
    joined = " || x'FE' || ".join([f"coalesce({term}, x'FF')" for term in terms])
    return f"lgsco_sha256(CAST({joined} AS BLOB))"


ROW_MATCHES = (
    f"({sql_digest([*(f'd.{name}' for name in DECISION), *(f'y.{name}' for name in LAYOUT)])} IS y.sha256 "
    f"AND (d.last_seen IS NULL OR (d.last_seen >= d.first_seen AND d.last_seen GLOB '{INSTANT_GLOB}')))"
)
"""SQL that is true if a row of `decisions AS d` and its `layouts AS y` match their digest, whatever its text."""

_SOUND = {
    "decisions": "NOT EXISTS (SELECT 1 FROM decisions AS d LEFT JOIN layouts AS y USING (reference) "
    f"WHERE d.rowid > ?1 AND d.rowid <= ?2 "
    f"AND NOT ({ROW_MATCHES} AND lgsco_sha256(CAST(d.text AS BLOB)) IS d.text_sha256))",
    "pages": "NOT EXISTS (SELECT 1 FROM pages AS p WHERE p.rowid > ?1 AND p.rowid <= ?2 "
    f"AND {sql_digest(PAGES.sql_terms('p'))} IS NOT p.sha256)",
}
"""SQL that is true if each row of a table matches its digest, for row ids after ?1 and up to ?2."""
_NAMES = {"decisions": "decisions", "pages": "raw pages"}
"""The names of the rows of each table in progress reports."""


def find_damaged_ranges(
    db: sqlite3.Connection, table: str, progress: Callable[[str, int], None]
) -> Iterator[tuple[int, int]]:
    """Finds the ranges of row ids, the first excluded and the last included, with a row that does not match its digest.

    `table`: `decisions` or `pages`. `progress`: called with the number of rows of each range without damage. A range
    that cannot be read is damaged, too.
    """
    add_hash_function(db)
    query = f"SELECT {_SOUND[table]}, (SELECT count(*) FROM {table} WHERE rowid > ?1 AND rowid <= ?2)"
    highest = find_highest_rowid(db, table)
    step = max(_BATCH, highest // _MOST_RANGES + 1)
    for start in range(0, max(1, highest), step):
        # In a damaged table the last row may not have the highest row id, and the first may have a negative one.
        first = start or -(2**63)
        last = start + step if start + step < highest else 2**63 - 1
        try:
            is_sound, count = db.execute(query, (first, last)).fetchone()
        except sqlite3.DatabaseError as error:
            if is_passing(error):
                raise
            is_sound = False
        if is_sound:
            progress(_NAMES[table], count)
        else:
            yield first, last


def add_hash_function(db: sqlite3.Connection) -> None:
    """Adds the function to a connection that the SQL of this module uses."""
    db.create_function("lgsco_sha256", 1, _hash, deterministic=True)


def find_highest_rowid(db: sqlite3.Connection, table: str) -> int:
    """Returns the highest row id of a table; 0 if it has no row."""
    return int(db.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0])


def is_passing(error: sqlite3.Error) -> bool:
    """Whether an error says nothing about the file: a lock, an interruption, a failure of the disk."""
    return error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT", "SQLITE_IOERR"))


def _hash(value: bytes | None) -> str | None:
    return None if value is None else sha256(value).hexdigest()
