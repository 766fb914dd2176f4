"""Chooses known decisions to fetch again only to check the site's answers, and records the results."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from storage.model import Window

Kind = Literal["canary"]


class Known(NamedTuple):
    """A decision the site is known to show."""

    reference: str
    url: str
    text: str


def record_check(
    db: sqlite3.Connection, run: int, kind: Kind, subject: str, *, at: str, passed: bool, why: str, finding: str
) -> None:
    """Records one check, why it was made and what it found."""
    db.execute(
        "INSERT INTO checks (at, run, kind, subject, passed, why, finding) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, run, kind, subject, passed, why, finding),
    )


def last_check(db: sqlite3.Connection, kind: Kind) -> str | None:
    """Returns when a check of this kind last passed; None if none did."""
    row = db.execute("SELECT max(at) FROM checks WHERE kind = ? AND passed", (kind,)).fetchone()
    return str(row[0]) if row[0] else None


def count_known(db: sqlite3.Connection, window: Window) -> int:
    """Counts the decisions of a window that are still listed, are stored from the site and are not reports."""
    return int(
        db.execute(f"SELECT count(*) {_KNOWN}", (window.first.isoformat(), window.last.isoformat())).fetchone()[0]
    )


def find_known(db: sqlite3.Connection, window: Window, place: int) -> Known:
    """Returns one of the decisions that `count_known` counts, by its position from 0, in order of reference."""
    row = db.execute(
        "SELECT reference, url, text FROM decisions WHERE reference = "
        f"(SELECT h.reference {_KNOWN} ORDER BY h.reference LIMIT 1 OFFSET ?)",
        (window.first.isoformat(), window.last.isoformat(), place),
    ).fetchone()
    return Known(*row)


_KNOWN = (
    "FROM entries AS e JOIN held_from_site AS h USING (reference) "
    "WHERE h.kind IS NOT 'report' AND e.unlisted_at IS NULL AND h.url IS NOT NULL AND e.stands_on BETWEEN ? AND ?"
)
