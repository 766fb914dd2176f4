"""Adds a digest to each row, after checking the row as far as the file itself allows.

A text is compared with `text_sha256` and with its layout; a raw page is decompressed and its size compared. A row that
differs gets no digest, so that `lgsco verify` reports it. A decision with a raw page is listed in `unchecked`: the
command that runs the migration has the parser, and compares it with the page before it gets its digest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import zstandard
from sqlite_utils import Database

from storage.digests import digest, is_instant, sha256_of
from storage.migrations.script import execute_script

VERSION = 12

SCRIPT = """
ALTER TABLE layouts ADD COLUMN sha256 TEXT;
ALTER TABLE revisions ADD COLUMN sha256 TEXT;
ALTER TABLE pages ADD COLUMN sha256 TEXT;
ALTER TABLE dictionaries ADD COLUMN sha256 TEXT;
CREATE TABLE unchecked (reference TEXT NOT NULL PRIMARY KEY REFERENCES decisions (reference)) STRICT, WITHOUT ROWID;
"""

_BATCH = 200
_DECISION = (
    *("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary", "url"),
    *("status", "first_seen", "updated_at", "text_sha256", "normaliser", "source"),
)
_REVISION = (
    *("reference", "revision", "recorded_at", "source", "change", "text_sha256", "normaliser", "page"),
    *("document", "run", "fields"),
)
_PAGE = (
    *("reference", "chapter", "url", "fetched_at", "charset", "bytes", "dictionary", "etag", "last_modified"),
    "body",
)


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    _digest_decisions(db)
    _digest_revisions(db)
    _digest_pages(db)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _in_batches(db: Database, sql: str) -> Iterator[Sequence[Any]]:
    """Yields the rows of a query with the row id as first column, in its order, with no query left open."""
    last = -(2**63)
    while rows := db.execute(f"{sql} WHERE t.rowid > ? ORDER BY t.rowid LIMIT {_BATCH}", (last,)).fetchall():
        if rows[-1][0] <= last:
            raise sqlite3.DatabaseError("the file is damaged: its row ids are out of order")
        yield from rows
        last = rows[-1][0]


def _digest_decisions(db: Database) -> None:
    with_page = {key for (key,) in db.execute("SELECT DISTINCT reference FROM pages WHERE state = 'read'")}
    columns = ", ".join(f"t.{name}" for name in _DECISION)
    for _, *row in _in_batches(
        db,
        f"SELECT t.rowid, {columns}, y.kinds, y.numbers, t.last_seen, t.text FROM decisions AS t "
        "JOIN layouts AS y ON y.reference = t.reference",
    ):
        *covered, last_seen, text = row
        values = dict(zip(_DECISION, covered, strict=False))
        if sha256_of(text) != values["text_sha256"] or not _fits_layout(text, *covered[-2:]):
            continue
        if not _has_form(values, last_seen):
            continue
        reference = values["reference"]
        if values["source"] == "site" and reference in with_page:
            db.execute("INSERT INTO unchecked VALUES (?)", (reference,))
        else:
            db.execute("UPDATE layouts SET sha256 = ? WHERE reference = ?", (digest(covered), reference))


def _has_form(values: dict[str, Any], last_seen: str | None) -> bool:
    instants = (values["first_seen"], values["updated_at"], *([] if last_seen is None else [last_seen]))
    return all(map(is_instant, instants))


def _fits_layout(text: str, kinds: str, numbers: str) -> bool:
    lines = text.split("\n")
    try:
        listed = json.loads(numbers)
    except ValueError:
        return False
    return (
        isinstance(listed, list)
        and len(lines) == len(kinds) == len(listed)
        and not set(kinds) - set("thpi")
        and all(line.startswith("- ") for line, kind in zip(lines, kinds, strict=True) if kind == "i")
    )


def _digest_revisions(db: Database) -> None:
    columns = ", ".join(_REVISION)
    for reference, revision in db.execute("SELECT reference, revision FROM revisions ORDER BY 1, 2").fetchall():
        key = (reference, revision)
        row = db.execute(f"SELECT {columns}, text FROM revisions WHERE (reference, revision) = (?, ?)", key).fetchone()
        *covered, text = row
        if text is None or sha256_of(text) == covered[_REVISION.index("text_sha256")]:
            whole = digest([*covered, int(text is None)])
            db.execute("UPDATE revisions SET sha256 = ? WHERE (reference, revision) = (?, ?)", (whole, *key))


def _digest_pages(db: Database) -> None:
    decompressors = {None: zstandard.ZstdDecompressor()}
    for number, *row in db.execute("SELECT id, id, trained_at, pages, data FROM dictionaries").fetchall():
        trained = zstandard.ZstdCompressionDict(row[-1])
        decompressors[number] = zstandard.ZstdDecompressor(dict_data=trained)
        db.execute("UPDATE dictionaries SET sha256 = ? WHERE id = ?", (digest(row), number))
    columns = ", ".join(f"t.{name}" for name in _PAGE)
    for number, *row in _in_batches(db, f"SELECT t.id, {columns} FROM pages AS t"):
        values = dict(zip(_PAGE, row, strict=True))
        decompressor = decompressors.get(values["dictionary"])
        try:
            whole = decompressor is not None and len(decompressor.decompress(values["body"])) == values["bytes"]
        except zstandard.ZstdError:
            whole = False
        if whole and is_instant(values["fetched_at"]):
            db.execute("UPDATE pages SET sha256 = ? WHERE id = ?", (digest(row), number))
