"""Chooses known decisions to fetch again only to check the site's answers, and records the results."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from itertools import accumulate
from random import Random
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


def choose_known(db: sqlite3.Connection, window: Window, most: int, random: Random) -> list[str]:
    """Chooses up to `most` decisions of a window at random, each with the same chance, and returns their references.

    They are still listed, stored from the site and not reports. The references are chosen without reading any text,
    and in a large archive without reading all references.
    """
    days = db.execute(
        "SELECT day, listed FROM listed_days WHERE day BETWEEN ? AND ? ORDER BY day", _bounds(window)
    ).fetchall()
    ends = list(accumulate(listed for _, listed in days))
    total = ends[-1] if ends else 0
    chosen: list[str] = []
    for number in random.sample(range(total), min(_DRAWS, total)):
        at = bisect_right(ends, number)
        day, listed = days[at]
        reference = _find_listed(db, day, number - (ends[at] - listed))
        if reference is not None:
            chosen.append(reference)
            if len(chosen) == most:
                return chosen
    if total <= _DRAWS:
        return chosen
    every = [reference for (reference,) in db.execute(f"SELECT e.reference {_KNOWN} ORDER BY 1", _bounds(window))]
    return random.sample(every, min(most, len(every)))


def _find_listed(db: sqlite3.Connection, day: str, place: int) -> str | None:
    """Returns the decision at a place among those listed on a day; None if it is not a known one."""
    row = db.execute(
        f"SELECT e.reference {_KNOWN} AND e.reference = (SELECT o.reference FROM entries AS o "
        "WHERE o.unlisted_at IS NULL AND o.stands_on = ?1 ORDER BY o.reference LIMIT 1 OFFSET ?3)",
        (day, day, place),
    ).fetchone()
    return None if row is None else str(row[0])


def find_known(db: sqlite3.Connection, reference: str) -> Known:
    """Returns a stored decision that the site is known to show."""
    row = db.execute("SELECT reference, url, text FROM decisions WHERE reference = ?", (reference,)).fetchone()
    return Known(*row)


_KNOWN = (
    "FROM entries AS e CROSS JOIN held_from_site AS h USING (reference) "
    "WHERE h.kind IS NOT 'report' AND e.unlisted_at IS NULL AND h.url IS NOT NULL AND e.stands_on BETWEEN ?1 AND ?2"
)
_DRAWS = 60
"""Listed decisions that are drawn before all are looked at. Most are stored and not reports, so three known ones are
nearly always among these."""


def _bounds(window: Window) -> tuple[str, str]:
    return window.first.isoformat(), window.last.isoformat()
