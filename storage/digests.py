"""Computes and checks digests of rows: a SHA-256 beside each row shows that a value changed on the disk.

A row's digest is made from its columns in a fixed order: their UTF-8 bytes, numbers in decimal, NULL as the byte FF,
with the byte FE between two columns. Neither byte occurs in UTF-8, so two different rows never give the same bytes. A
text is represented by its own SHA-256 (`text_sha256`), which is checked separately.

The column `sha256` stores the digest. The digest of a decision and its layout is in `layouts`; a revision, a raw page
and a dictionary have it in their own row. NULL means that the row was damaged when digests were introduced.

Code that inserts a decision, a revision, a page or a dictionary also inserts its digest. `install_digest_triggers` does
the rest with temporary triggers on the writer's connection. A row of a table of `FACTS` gets its digest when it is
inserted. Any change of a covered column renews the digest in the same statement, but only if the digest matched before
the change. So no writer can make a damaged row look sound by changing another column of it. A statement that sets the
digest itself must have checked the row before.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

DECISION = (
    *("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary", "url"),
    *("status", "first_seen", "updated_at", "text_sha256", "normaliser", "source"),
)
"""The covered columns of `decisions`: all columns of an export except `last_seen`, which every proven listing changes,
and the text itself. `LAYOUT` follows them in the digest."""
LAYOUT = ("kinds", "numbers")
_FIRST_SEEN = DECISION.index("first_seen")


class Covered(NamedTuple):
    """A table with the digest of each row in its column `sha256`."""

    table: str
    key: tuple[str, ...]
    terms: tuple[str, ...]
    """The terms of the digest: columns, or SQL expressions with `{row}` before each column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the terms name; a change of any of them renews the digest."""
        return tuple(re.sub(r"\{row\}\.(\w+).*", r"\1", term) for term in self.terms)

    def sql(self, row: str) -> str:
        """Returns the terms as an SQL list, for a row with this alias."""
        return ", ".join(self.sql_terms(row))

    def sql_bytes(self, row: str) -> str:
        """Returns the terms as an SQL list of BLOBs, because a damaged text may not be UTF-8."""
        return ", ".join(f"CAST({term} AS BLOB)" for term in self.sql_terms(row))

    def sql_terms(self, row: str) -> list[str]:
        """Returns the terms as SQL, for a row with this alias."""
        return [term.format(row=row) if "{" in term else f"{row}.{term}" for term in self.terms]


REVISIONS = Covered(
    "revisions",
    ("reference", "revision"),
    (
        *("reference", "revision", "recorded_at", "source", "change", "text_sha256", "normaliser", "page"),
        *("document", "run", "fields", "{row}.text IS NULL"),
    ),
)
PAGES = Covered(
    "pages",
    ("id",),
    (
        *("reference", "chapter", "url", "fetched_at", "charset", "bytes", "dictionary", "etag", "last_modified"),
        "body",
    ),
)
"""Covers the compressed body: together with its dictionary, which has its own digest, it determines the page."""
DICTIONARIES = Covered("dictionaries", ("id",), ("id", "trained_at", "pages", "data"))

FACTS: tuple[Covered, ...] = (
    Covered("oddities", ("reference", "what", "example"), ("reference", "what", "example", "found_at")),
    Covered("notes", ("reference", "position"), ("reference", "position", "date", "text")),
    Covered("related", ("reference", "other", "reason"), ("reference", "other", "reason", "similarity")),
    Covered("suppressions", ("reference",), ("reference", "suppressed_at", "reason")),
)
"""Tables of facts about decisions, beside their text and columns: `storage.verify` checks each row of them. To add a
table, give it a column `sha256 TEXT` in its migration and list it here; its digests are made at every insert."""

INSTANT = re.compile(rb"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ")
INSTANT_GLOB = "????-[01]?-[0-3]?T[0-2]?:[0-5]?:[0-5]?Z".replace("?", "[0-9]")
"""`INSTANT` as a pattern of SQL's GLOB."""


def digest(values: Iterable[object]) -> str:
    """Computes the digest of a row's values, as hexadecimal."""
    return hashlib.sha256(
        b"\xfe".join(
            [
                value.encode() if type(value) is str else value if type(value) is bytes else _encode(value)
                for value in values
            ]
        )
    ).hexdigest()


def _encode(value: object) -> bytes:
    return value if isinstance(value, bytes) else b"\xff" if value is None else str(value).encode()


def sha256_of(text: object) -> str:
    """Computes the SHA-256 of a text in UTF-8, as in the column `text_sha256`.

    Accepts any value, since a damaged table may have anything in place of a text.
    """
    return hashlib.sha256(_encode(text)).hexdigest()


def find_decision_flaw(
    covered: Sequence[object], stored: object, text: object, text_sha256: object, last_seen: object = None
) -> str | None:
    """Describes what is damaged in a decision; None if nothing is.

    `covered`: its columns `DECISION` and `LAYOUT`; `stored`: its digest. All may be bytes of UTF-8, as SQLite stores
    them.
    """
    flaws = []
    if sha256_of(text) != _as_text(text_sha256):
        flaws.append("its text does not match its SHA-256")
    if stored is None:
        flaws.append("its row has no digest")
    elif digest(covered) != _as_text(stored):
        flaws.append("a column or paragraph number does not match its digest")
    if last_seen is not None:
        if not is_instant(last_seen):
            flaws.append("last_seen is not an instant")
        elif str(_as_text(last_seen)) < str(_as_text(covered[_FIRST_SEEN])):
            flaws.append("last_seen is before first_seen")
    return "; ".join(flaws) or None


def is_instant(value: object) -> bool:
    """Whether a stored value has the form of an instant: UTC, ISO 8601 with Z."""
    return isinstance(value, str | bytes) and INSTANT.fullmatch(_encode(value)) is not None


def _as_text(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def find_flaw(db: sqlite3.Connection, reference: str) -> str | None:
    """Describes what is damaged in a decision, past revisions aside; None if nothing is, or it is not stored."""
    row = db.execute(
        f"SELECT {', '.join(f'd.{name}' for name in DECISION)}, y.kinds, y.numbers, y.sha256, d.text, d.text_sha256, "
        "d.last_seen FROM decisions AS d LEFT JOIN layouts AS y USING (reference) WHERE d.reference = ?",
        (reference,),
    ).fetchone()
    if row is None:
        return None
    end = len(DECISION) + len(LAYOUT)
    return find_decision_flaw(row[:end], *row[end:])


def find_revision_flaw(db: sqlite3.Connection, reference: str, revision: int) -> str | None:
    """Describes what is damaged in a revision; None if nothing is, or there is no such revision.

    For the current revision, the decision itself is checked too.
    """
    row = db.execute(
        f"SELECT {REVISIONS.sql('r')}, r.sha256, r.text, r.text_sha256 FROM revisions AS r "
        "WHERE reference = ? AND revision = ?",
        (reference, revision),
    ).fetchone()
    if row is None:
        return None
    *covered, stored, text, text_sha256 = row
    if text is not None and sha256_of(text) != text_sha256:
        return "its text does not match its SHA-256"
    if stored != digest(covered):
        return "its row does not match its digest"
    return find_flaw(db, reference) if text is None else None


def find_any_flaw(db: sqlite3.Connection, reference: str) -> str | None:
    """Describes what is damaged in a stored decision or in the rows of its revisions; None if nothing is."""
    flaw = find_flaw(db, reference)
    if flaw is not None:
        return flaw
    for *covered, stored in db.execute(
        f"SELECT {REVISIONS.sql('r')}, r.sha256 FROM revisions AS r WHERE reference = ?", (reference,)
    ):
        if digest(covered) != stored:
            return f"revision {covered[1]} does not match its digest"
    return None


# ---------------------------------------------------------------- the writer's connection


def install_digest_triggers(db: sqlite3.Connection) -> None:
    """Makes a connection update the digests of the rows that it writes, as the module's docstring explains."""
    db.create_function("lgsco_digest", -1, lambda *values: digest(values), deterministic=True)
    _keep_decisions(db)
    for covered in (REVISIONS, *FACTS, PAGES, DICTIONARIES):
        _keep_updates(db, covered)
    for covered in FACTS:
        where = " AND ".join(f"{name} = new.{name}" for name in covered.key)
        db.execute(
            f"CREATE TEMP TRIGGER IF NOT EXISTS {covered.table}_digest_insert AFTER INSERT ON main.{covered.table} "
            "WHEN new.sha256 IS NULL BEGIN "
            f"UPDATE {covered.table} SET sha256 = lgsco_digest({covered.sql_bytes('new')}) WHERE {where}; END"
        )


def _keep_updates(db: sqlite3.Connection, covered: Covered) -> None:
    where = " AND ".join(f"{name} = new.{name}" for name in covered.key)
    db.execute(
        f"CREATE TEMP TRIGGER IF NOT EXISTS {covered.table}_digest_update AFTER UPDATE OF {', '.join(covered.columns)} "
        f"ON main.{covered.table} WHEN new.sha256 IS old.sha256 "
        f"AND old.sha256 = lgsco_digest({covered.sql_bytes('old')}) BEGIN "
        f"UPDATE {covered.table} SET sha256 = lgsco_digest({covered.sql_bytes('new')}) WHERE {where}; END"
    )


def _keep_decisions(db: sqlite3.Connection) -> None:
    def of(row: str, layout: str) -> str:
        columns = [f"{row}.{name}" for name in DECISION] + [f"{layout}{name}" for name in LAYOUT]
        return f"lgsco_digest({', '.join(f'CAST({name} AS BLOB)' for name in columns)})"

    db.execute(
        f"CREATE TEMP TRIGGER IF NOT EXISTS decisions_digest_update AFTER UPDATE OF {', '.join(DECISION)} "
        f"ON main.decisions BEGIN UPDATE layouts SET sha256 = {of('new', '')} "
        f"WHERE reference = new.reference AND sha256 = {of('old', '')}; END"
    )
    its = "FROM decisions AS d WHERE d.reference = new.reference"
    db.execute(
        "CREATE TEMP TRIGGER IF NOT EXISTS layouts_digest_update AFTER UPDATE OF kinds, numbers ON main.layouts BEGIN "
        f"UPDATE layouts SET sha256 = (SELECT {of('d', 'new.')} {its}) "
        f"WHERE reference = new.reference AND sha256 = (SELECT {of('d', 'old.')} {its}); END"
    )


def update_digests(db: sqlite3.Connection, references: Sequence[str]) -> None:
    """Makes the digests of decisions match their rows. Call it only for rows just written or fully checked."""
    for reference in references:
        row = db.execute(
            f"SELECT {', '.join(f'd.{name}' for name in DECISION)}, y.kinds, y.numbers FROM decisions AS d "
            "JOIN layouts AS y USING (reference) WHERE d.reference = ?",
            (reference,),
        ).fetchone()
        if row is not None:
            db.execute("UPDATE layouts SET sha256 = ? WHERE reference = ?", (digest(row), reference))


def find_unchecked(db: sqlite3.Connection, limit: int) -> list[str]:
    """Finds decisions without a digest: their row was not compared with their page since the migration."""
    rows = db.execute("SELECT reference FROM unchecked ORDER BY reference LIMIT ?", (limit,))
    return [reference for (reference,) in rows]


def record_checked(db: sqlite3.Connection, reference: str, *, fits: bool) -> None:
    """Records that a decision was compared with its stored page. It gets its digest if the two match."""
    if fits:
        update_digests(db, [reference])
    db.execute("DELETE FROM unchecked WHERE reference = ?", (reference,))
