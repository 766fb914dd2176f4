"""Puts back what is damaged and can be rebuilt: a decision from a reading of it, the full-text index from the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from storage.decisions import FIELDS, Reading, lay_out
from storage.digests import vouch

_FROM_REVISIONS = """
first_seen = coalesce((SELECT recorded_at FROM revisions WHERE reference = :reference AND revision = 1), :at),
updated_at = coalesce((SELECT recorded_at FROM revisions WHERE reference = :reference AND text IS NULL
  ORDER BY revision DESC LIMIT 1), :at)"""
_FROM_ABSENCES = """
status = CASE WHEN :source = 'import' THEN NULL WHEN :fetched THEN 'published' ELSE coalesce(
  (SELECT ending FROM absences WHERE reference = :reference AND returned_at IS NULL ORDER BY noticed_at DESC LIMIT 1),
  'published') END"""
_LAST_SEEN = """
last_seen = CASE WHEN :source = 'import' THEN NULL WHEN :fetched OR last_seen IS NULL OR last_seen
  NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z' THEN :at ELSE last_seen END"""


def rebuild(db: sqlite3.Connection, reading: Reading, import_fields: Mapping[str, str | None]) -> None:
    """Puts a damaged decision back: its words and columns from a reading, then from imports; its dates and status from
    its revisions and absences. Only a well-formed `last_seen` stays. Call it inside a transaction, and `rebuild_index`
    after it."""
    reference = reading.decision.reference
    lay_out(db, reading)
    db.execute(
        f"UPDATE decisions SET {', '.join(f'{name} = :{name}' for name in FIELDS)}, text = :text, "
        "text_sha256 = :text_sha256, normaliser = :normaliser, source = :source, url = :url, "
        f"{_FROM_REVISIONS}, {_FROM_ABSENCES}, {_LAST_SEEN} WHERE reference = :reference",
        {
            **{name: value or import_fields.get(name) for name, value in reading.fields().items()},
            "text": reading.text,
            "text_sha256": reading.text_sha256,
            "normaliser": reading.normaliser,
            "source": reading.source,
            "url": reading.url,
            "at": reading.at,
            "fetched": reading.source == "site" and reading.again is None,
            "reference": reference,
        },
    )
    vouch(db, [reference])


def rebuild_index(db: sqlite3.Connection) -> None:
    """Makes the full-text index anew from the table: taking a damaged text out of it leaves it damaged."""
    db.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild')")
