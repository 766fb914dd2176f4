"""Finds the text of a decision or of a revision, and where an imported one came from."""

from __future__ import annotations

import sqlite3


def find_text(db: sqlite3.Connection, reference: str, revision: int | None = None) -> str | None:
    """Returns the text of a decision's current reading or of one revision; None if it is not stored."""
    if revision is None:
        row = db.execute("SELECT text FROM decisions WHERE reference = ?", (reference,)).fetchone()
    else:
        row = db.execute(
            "SELECT coalesce(r.text, d.text) FROM revisions AS r JOIN decisions AS d USING (reference) "
            "WHERE r.reference = ? AND r.revision = ?",
            (reference, revision),
        ).fetchone()
    return row[0] if row else None


def find_document(db: sqlite3.Connection, reference: str) -> str | None:
    """Returns the path of the document that a decision was last imported from; None if there is none."""
    row = db.execute(
        "SELECT document FROM revisions WHERE reference = ? AND document IS NOT NULL ORDER BY revision DESC LIMIT 1",
        (reference,),
    ).fetchone()
    return str(row[0]) if row else None
