"""Reads decisions with their lines, revisions and links, each row checked against its digest, year by year.

Suppressed decisions, and links to them, are left out.

Used by exports that write several tables. `storage.export.SoundRows` reads the decisions alone, by reference.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from storage.database import read_transaction
from storage.digests import FACTS, REVISIONS, find_flaw
from storage.errors import Damaged
from storage.export import COLUMNS, EVERYTHING, Choice
from storage.layout import LineColumns, split_columns
from storage.quick_checks import ROW_MATCHES, add_hash_function, sql_digest
from storage.suppressions import REFERENCES

REVISION_COLUMNS = (
    *("reference", "revision", "recorded_at", "source", "change", "text_sha256", "normaliser", "fields", "text"),
)
"""The columns of `revisions` that an export has. The others name rows and files of this machine."""
RELATED_COLUMNS = ("reference", "other", "reason", "similarity")

_SHORT = COLUMNS[:-1]
_SHA256 = COLUMNS.index("text_sha256")
(_RELATED,) = [covered for covered in FACTS if covered.table == "related"]

_IN_ORDER = "ORDER BY substr(decision_date, 1, 4), authority, decision_date, reference"
_DECISION = (
    f"SELECT {', '.join(f'd.{name}' for name in _SHORT)}, CAST(d.text AS BLOB), y.kinds, y.numbers, {ROW_MATCHES} "
    "FROM decisions AS d LEFT JOIN layouts AS y USING (reference) WHERE d.rowid = ?"
)
_REVISIONS = (
    f"SELECT {', '.join(f'r.{name}' for name in REVISION_COLUMNS)}, "
    f"{sql_digest(REVISIONS.sql_terms('r'))} IS r.sha256 "
    "AND (r.text IS NULL OR lgsco_sha256(CAST(r.text AS BLOB)) IS r.text_sha256) "
    "FROM revisions AS r WHERE r.reference = ? ORDER BY r.revision"
)
_LINKS = (
    f"SELECT {', '.join(f'r.{name}' for name in RELATED_COLUMNS)}, {sql_digest(_RELATED.sql_terms('r'))} IS r.sha256 "
    f"FROM related AS r WHERE r.reference = ? AND r.other NOT IN {REFERENCES} ORDER BY r.other, r.reason"
)

_CACHE_KIB = 500
"""The page cache while the decisions are read: each page is needed once."""

Row = Sequence[Any]
"""Values as SQLite stores them: text as its bytes in UTF-8, which is what files have, too."""


@dataclass(frozen=True, slots=True)
class SoundDecision:
    """A decision, and the rows of other tables that belong to it."""

    values: Row
    """Its `COLUMNS`."""
    lines: LineColumns
    revisions: list[Row]
    """Its `REVISION_COLUMNS`. `text` is None for the current revision, as in the table."""
    related: list[Row]
    """Its `RELATED_COLUMNS`."""


@contextlib.contextmanager
def reading_bytes(db: sqlite3.Connection) -> Iterator[None]:
    """Runs one read transaction. Meanwhile the connection returns texts as bytes, and has a small cache."""
    before, db.text_factory = db.text_factory, bytes
    (cache,) = db.execute("PRAGMA cache_size").fetchone()
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    try:
        with read_transaction(db):
            yield
    finally:
        db.execute(f"PRAGMA cache_size = {cache}")
        db.text_factory = before


@dataclass(slots=True)
class SoundDecisions:
    """The chosen decisions that match their digest, by year, authority, date and reference.

    Those without a date come first.

    Reads one decision at a time, inside `reading_bytes`. After the iteration, `left_out` names the damaged rows.
    """

    db: sqlite3.Connection
    choice: Choice = EVERYTHING
    left_out: list[str] = field(default_factory=list)
    """Names of damaged rows, each with its damage."""

    def __iter__(self) -> Iterator[SoundDecision]:
        add_hash_function(self.db)
        # Only keys are sorted: a sort of whole rows would write every text to a temporary file.
        chosen, limits = self.choice.condition("d")
        keys = f"SELECT rowid FROM decisions AS d NOT INDEXED WHERE {chosen} {_IN_ORDER}"
        for key in self.db.execute(keys, limits):
            *values, text, kinds, numbers, is_sound = self.db.execute(_DECISION, key).fetchone()
            reference = values[0]
            if not is_sound or text is None or sha256(text).hexdigest().encode() != values[_SHA256]:
                flaw = find_flaw(self.db, _show(reference)) or "a value does not match its digest"
                self._leave_out(reference, "", flaw)
                continue
            try:
                lines = split_columns(text, kinds, numbers)
            except Damaged as error:
                self._leave_out(reference, "", str(error))
                continue
            revisions = self._keep_sound(_REVISIONS, reference, ", revision ")
            related = self._keep_sound(_LINKS, reference, ", its link with ")
            yield SoundDecision((*values, text), lines, revisions, related)

    def _keep_sound(self, query: str, reference: bytes, name: str) -> list[Row]:
        sound: list[Row] = []
        for *row, is_sound in self.db.execute(query, (reference.decode(),)):
            if is_sound:
                sound.append(row)
            else:
                self._leave_out(reference, name + _show(row[1]), "a value does not match its digest")
        return sound

    def _leave_out(self, reference: bytes, part: str, flaw: str) -> None:
        self.left_out.append(f"{_show(reference)}{part}: {flaw}")


def _show(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
