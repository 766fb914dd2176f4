"""Compares two databases row by row, except for instants, ids and run numbers."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.pages import Codec

TABLES = {
    "decisions": "SELECT reference, authority, category, subcategory, outcome, decision_date, kind, summary, text, "
    "url, status, text_sha256, normaliser, source FROM decisions",
    "layouts": "SELECT reference, kinds, numbers FROM layouts",
    "paragraphs": "SELECT reference, position, section, number, kind, text FROM paragraphs",
    "revisions": "SELECT r.reference, r.revision, r.source, r.change, r.text_sha256, r.normaliser, r.document, "
    "r.fields, r.text, p.reference, p.url, p.chapter, p.state FROM revisions AS r "
    "LEFT JOIN pages AS p ON p.id = r.page",
    "entries": "SELECT reference, url, authority, outcome, subcategory, decision_date, kind, stands_on, "
    "unlisted_at IS NULL FROM entries",
    "queue": "SELECT * FROM queue",
    "moves": "SELECT reference, field, before, after FROM moves",
    "absences": "SELECT reference, stood_on, min(gone, 2), ending, answer, ended_at IS NULL, returned_at IS NULL "
    "FROM absences",
    "index": "SELECT i.term, i.col, d.reference, count(*) FROM temp.terms AS i JOIN decisions AS d ON d.rowid = i.doc "
    "GROUP BY i.term, i.col, d.reference",
}
"""All stored data except instants, ids and run numbers. Pages are added decompressed, because their bytes are packed.
"""

_LEDGER = "SELECT first, last, total, listed, state, asked FROM windows ORDER BY first"

StoredRows = dict[str, Counter[str]]


def read_rows(database: Path, *, cut: bool = True) -> StoredRows:
    """Returns every row that matters, by table.

    Without `cut` the boundaries of ledger ranges are ignored, and so is how often an unchanged page was stored: both
    depend on chance in a sync.
    """
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, decisions_fts, instance)")
        found = {name: Counter(map(repr, db.execute(sql))) for name, sql in TABLES.items()}
        found["windows"] = Counter(map(repr, db.execute(_LEDGER)))
        codec = Codec(db)
        pages = db.execute("SELECT reference, chapter, url, charset, state, bytes, dictionary, body FROM pages")
        found["pages"] = Counter(
            repr((*row, sha256(codec.decompress(body, dictionary)).hexdigest())) for *row, dictionary, body in pages
        )
        if not cut:
            found["windows"] = Counter(map(repr, _joined(db.execute(_LEDGER).fetchall())))
            found["pages"] = Counter(set(found["pages"]))
    return found


def _joined(windows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Joins adjacent ledger ranges of the same state, and adds their decisions."""
    found: list[tuple[Any, ...]] = []
    for window in windows:
        first, last, total, listed, *rest = window
        before = found[-1] if found else None
        if before and before[4:] == tuple(rest) and _follows(first, before[1]) and None not in (total, before[2]):
            found[-1] = (before[0], last, before[2] + total, before[3] + listed, *rest)
        else:
            found.append(window)
    return found


def _follows(day: str, before: str) -> bool:
    return date.fromisoformat(day) - date.fromisoformat(before) == timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows that differ from those of an undisturbed database."""

    lost: tuple[str, ...] = ()
    """In the undisturbed database only."""
    duplicated: tuple[str, ...] = ()
    """More often here than in the undisturbed database."""
    differing: tuple[str, ...] = ()
    """Here only."""

    def __add__(self, other: Difference) -> Difference:
        return Difference(self.lost + other.lost, self.duplicated + other.duplicated, self.differing + other.differing)


def compare(undisturbed: StoredRows, found: StoredRows) -> Difference:
    """Returns the differences."""
    difference = Difference()
    for name, rows in undisturbed.items():
        here = found[name]
        more = here - rows
        difference += Difference(
            tuple(f"{name}: {row}" for row in (rows - here)),
            tuple(f"{name}: {row}" for row in more.elements() if row in rows),
            tuple(f"{name}: {row}" for row in more.elements() if row not in rows),
        )
    return difference


def find_faults(database: Path) -> list[str]:
    """Returns the faults of a file: in its pages, its full-text index, its foreign keys."""
    with closing(sqlite3.connect(database)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        faults = [row for (row,) in db.execute("PRAGMA integrity_check") if row != "ok"]
        faults += map(repr, db.execute("PRAGMA foreign_key_check"))
        if "decisions_fts" in tables:
            try:
                db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
            except sqlite3.DatabaseError as error:
                faults.append(f"full-text index: {error}")
    return faults
