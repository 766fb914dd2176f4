"""Rows that a test writes by hand, made to fit their digests as if lgsco had written them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from storage.digests import sha256_of, vouch


def vouch_for_all(path: Path) -> None:
    """Gives each decision the SHA-256 of its text and the digest of its row as they stand."""
    with closing(sqlite3.connect(path)) as db, db:
        for reference, text in db.execute("SELECT reference, text FROM decisions").fetchall():
            db.execute("UPDATE decisions SET text_sha256 = ? WHERE reference = ?", (sha256_of(text), reference))
            vouch(db, [reference])
