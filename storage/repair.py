"""Rebuilds damaged rows: a decision from a reading of it, the full-text index from its table."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from storage.decisions import FIELDS, Reading, record_layout
from storage.digests import sha256_of, update_digests

_FROM_REVISIONS = """
first_seen = coalesce((SELECT recorded_at FROM revisions WHERE reference = :reference AND revision = 1), :at),
updated_at = coalesce((SELECT recorded_at FROM revisions WHERE reference = :reference AND text IS NULL
  ORDER BY revision DESC LIMIT 1), :at)"""
_FROM_ABSENCES = """
status = CASE WHEN :source = 'import' THEN NULL WHEN :fetched THEN 'published' ELSE coalesce(
  (SELECT ending FROM absences WHERE reference = :reference AND returned_at IS NULL ORDER BY noticed_at DESC LIMIT 1),
  'published') END"""
_LAST_SEEN = """
last_seen = max(CASE WHEN :source = 'import' THEN NULL WHEN :fetched OR last_seen IS NULL OR last_seen
  NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z' THEN :at ELSE last_seen END,
  coalesce((SELECT recorded_at FROM revisions WHERE reference = :reference AND revision = 1), ''))"""


def rebuild(db: sqlite3.Connection, reading: Reading, import_fields: Mapping[str, str | None]) -> None:
    """Rebuilds a damaged decision. Call it inside a transaction, and `rebuild_index` after it.

    Its text and columns come from a reading, then from imports; its dates and status from its revisions and absences.
    Only a well-formed `last_seen` is left unchanged.
    """
    reference = reading.decision.reference
    record_layout(db, reading)
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
    update_digests(db, [reference])


def withdraw_digest(db: sqlite3.Connection, reference: str) -> None:
    """Removes the digest of the past revision that a damaged row was just moved to."""
    db.execute(
        "UPDATE revisions SET sha256 = NULL WHERE reference = ?1 AND revision = "
        "(SELECT max(revision) FROM revisions WHERE reference = ?1 AND text IS NOT NULL AND change <> 'beside')",
        (reference,),
    )


def rebuild_index(db: sqlite3.Connection) -> None:
    """Rebuilds the full-text index from its table: removing a damaged text from the index would leave it damaged."""
    db.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild')")


UNSTORED = (
    "SELECT e.reference, e.stands_on FROM entries AS e "
    "WHERE NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference)"
)
"""The rows that `unstored` should have. Triggers keep them; this reads all entries."""


def rebuild_unstored(db: sqlite3.Connection) -> None:
    """Makes `unstored` again from the listing and the decisions."""
    db.execute("DELETE FROM unstored")
    db.execute(f"INSERT INTO unstored (reference, stands_on) {UNSTORED}")


def reindex(db: sqlite3.Connection) -> None:
    """Rebuilds all indexes from their tables."""
    db.execute("REINDEX")


def find_document(db: sqlite3.Connection, reference: str) -> str | None:
    """Returns the imported file of a decision's current text; None if the text came from the site."""
    row = db.execute(
        "SELECT document FROM revisions WHERE reference = ? AND source = 'import' AND text IS NULL "
        "ORDER BY revision DESC LIMIT 1",
        (reference,),
    ).fetchone()
    return (row[0] or "its document") if row else None


def find_url(db: sqlite3.Connection, reference: str) -> str | None:
    """Returns the path of a decision's page, according to the listing, its last page or its own row."""
    row = db.execute(
        "SELECT coalesce((SELECT url FROM entries WHERE reference = ?1), "
        "(SELECT url FROM pages WHERE reference = ?1 AND chapter = 1 ORDER BY id DESC LIMIT 1), "
        "(SELECT url FROM decisions WHERE reference = ?1))",
        (reference,),
    ).fetchone()
    return None if row[0] is None else str(row[0])


def find_damaged_texts(db: sqlite3.Connection, reference: str) -> list[tuple[int, int, str]]:
    """Finds the past revisions of a decision with a text that does not match its SHA-256: number, raw page, SHA-256."""
    rows = db.execute(
        "SELECT revision, page, text_sha256, text FROM revisions "
        "WHERE reference = ? AND page IS NOT NULL AND text IS NOT NULL",
        (reference,),
    ).fetchall()
    return [(revision, page, sha256) for revision, page, sha256, text in rows if sha256_of(text) != sha256]


def restore_text(db: sqlite3.Connection, reference: str, revision: int, text: str) -> None:
    """Restores the text of a past revision."""
    db.execute("UPDATE revisions SET text = ? WHERE (reference, revision) = (?, ?)", (text, reference, revision))


def forget_window(db: sqlite3.Connection, window: str, at: str) -> None:
    """Removes the proof of a window of the ledger, so that it is walked again.

    `window`: its name as in `storage.verify`. A window that is not a valid range of dates, or overlaps another, is
    deleted.
    """
    first, _, last = window.partition(" to ")
    db.execute(
        "UPDATE windows SET state = 'unknown', total = NULL, walked_at = NULL, proven_at = NULL, unproven_since = ? "
        "WHERE first = ? AND last = ? AND state = 'proven'",
        (at, first, last),
    )
    db.execute(
        "DELETE FROM windows AS w WHERE first = ?1 AND last = ?2 AND (first > last OR date(first) IS NOT first "
        "OR date(last) IS NOT last OR EXISTS (SELECT 1 FROM windows AS o WHERE o.first < ?1 AND o.last >= ?1))",
        (first, last),
    )


def repair_runs(db: sqlite3.Connection) -> None:
    """Empties the arguments and counts of runs where they are not JSON."""
    db.execute("UPDATE runs SET arguments = '{}' WHERE NOT json_valid(arguments)")
    db.execute("UPDATE runs SET tally = NULL WHERE tally IS NOT NULL AND NOT json_valid(tally)")
