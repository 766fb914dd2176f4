"""Stores the ledger: windows of decision dates that never overlap, each with the site's total and what one walk listed.

A window can be cut: what is proven of a window is proven of its parts, since the date of each entry is known. Only a
new walk makes a window sound again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from storage.model import KnownListing, Proof, Window, WindowState
from storage.stored import to_day

_COLUMNS = "first, last, total, listed, state, counted_at, walked_at, proven_at, asked, unproven_since"
_BEGIN = "coalesce((SELECT max(first) FROM windows WHERE first <= :first), :first)"
_OVERLAPPING = f"first BETWEEN {_BEGIN} AND :last AND last >= :first"
"""Whether a window overlaps the range of the parameters. Since windows never overlap each other, none before the last
that begins by `:first` has to be looked at."""


def record_window(db: sqlite3.Connection, proof: Proof, run: int) -> None:
    """Records the result for a window, in place of all rows for its days. Call it inside a transaction."""
    overlapping = db.execute(
        f"SELECT {_COLUMNS}, run FROM windows WHERE {_OVERLAPPING} ORDER BY first", _bounds(proof.window)
    ).fetchall()
    since = [proof.unproven_since or proof.counted_at]
    for *columns, its_run in overlapping:
        before = _make_proof(columns)
        since.append(before.unproven_since)
        db.execute("DELETE FROM windows WHERE first = ?", (before.window.first.isoformat(),))
        for part in before.window.without(proof.window):
            _insert(db, _cut_row(db, before, part), its_run)
    if proof.state != "proven":
        proof = replace(proof, unproven_since=min(filter(None, since)))
    _insert(db, proof, run)


def _cut_row(db: sqlite3.Connection, whole: Proof, part: Window) -> Proof:
    """Makes the row for a part of a window from the window's row."""
    standing = count_listed(db, part)
    if whole.is_sound:
        return replace(whole, window=part, total=standing, listed=standing)
    state: WindowState = "unseen" if whole.state == "unseen" else "unknown"
    return replace(whole, window=part, total=None, listed=standing, state=state, walked_at=None, proven_at=None)


def record_unseen(db: sqlite3.Connection, windows: Iterable[Window], at: str, run: int) -> None:
    """Adds windows that were asked for and that no row covers yet. Call it inside a transaction."""
    for window in windows:
        listed = count_listed(db, window)
        _insert(db, Proof(window, None, listed, "unseen", None, None, None, "", unproven_since=at), run)


def drop_unproven(db: sqlite3.Connection, window: Window) -> None:
    """Deletes the unproven rows, or parts of rows, inside a window. Call it inside a transaction."""
    for proof in find_windows(db, window):
        if proof.state == "proven":
            continue
        owner = db.execute("SELECT run FROM windows WHERE first = ?", (proof.window.first.isoformat(),)).fetchone()[0]
        db.execute("DELETE FROM windows WHERE first = ?", (proof.window.first.isoformat(),))
        for part in proof.window.without(window):
            _insert(db, _cut_row(db, proof, part), owner)


def cut_at(db: sqlite3.Connection, windows: Iterable[Window]) -> None:
    """Cuts unproven rows at the edges of some windows. Call it inside a transaction.

    A window can then become proven without waiting for the dates beside it.
    """
    for window in windows:
        for day in {window.first, window.last}:
            row = db.execute(
                f"SELECT {_COLUMNS}, run FROM windows WHERE {_OVERLAPPING}", _bounds(Window(day, day))
            ).fetchone()
            if row is None:
                continue
            *columns, its_run = row
            whole = _make_proof(columns)
            beside = whole.window.without(window)
            if beside and whole.state != "proven":
                db.execute("DELETE FROM windows WHERE first = ?", (whole.window.first.isoformat(),))
                inside = Window(max(whole.window.first, window.first), min(whole.window.last, window.last))
                for part in [inside, *beside]:
                    _insert(db, _cut_row(db, whole, part), its_run)


def _insert(db: sqlite3.Connection, proof: Proof, run: int) -> None:
    db.execute(
        f"INSERT INTO windows ({_COLUMNS}, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            proof.window.first.isoformat(),
            proof.window.last.isoformat(),
            proof.total,
            proof.listed,
            proof.state,
            proof.counted_at,
            proof.walked_at,
            proof.proven_at,
            proof.asked,
            proof.unproven_since,
            run,
        ),
    )


def drop_day_proof(db: sqlite3.Connection, day: date, at: str, run: int) -> None:
    """Removes the proof of a day, because something about the day changed. Call it inside a transaction."""
    window = Window(day, day)
    row = db.execute(f"SELECT {_COLUMNS} FROM windows WHERE {_OVERLAPPING}", _bounds(window)).fetchone()
    if row is not None and (before := _make_proof(row)).is_sound:
        standing = count_listed(db, window)
        record_window(db, Proof(window, None, standing, "unknown", at, None, None, before.asked, at), run)


def drop_proof(db: sqlite3.Connection, window: Window, run: int) -> None:
    """Removes the proof of a window, however much of it was listed. Call it inside a transaction."""
    for proof in find_windows(db, window):
        part = Window(max(proof.window.first, window.first), min(proof.window.last, window.last))
        if proof.is_sound:
            standing = count_listed(db, part)
            unknown = replace(proof, window=part, total=None, listed=standing, state="unknown", walked_at=None)
            record_window(db, replace(unknown, proven_at=None), run)


def record_counted(db: sqlite3.Connection, window: Window, at: str) -> None:
    """Records that the site stated the expected total for a range of whole windows."""
    db.execute(
        "UPDATE windows SET counted_at = ? WHERE first >= ? AND last <= ? AND total = listed",
        (at, window.first.isoformat(), window.last.isoformat()),
    )


def prove(db: sqlite3.Connection, at: str, run: int) -> None:
    """Marks windows as proven if one walk listed all of them and each listed decision is stored or excluded.

    A proven window that lists anything else becomes short. Both follow from the decisions that are missing, so the work
    grows with these and with the short windows, and not with the archive.
    """
    db.execute(
        "UPDATE windows SET state = 'short', proven_at = NULL, unproven_since = ? WHERE state = 'proven' AND first IN "
        f"(SELECT w.first FROM ({_LACKING_DAYS}) AS lacking CROSS JOIN windows AS w "
        "ON w.first = (SELECT max(first) FROM windows WHERE first <= lacking.day) AND w.last >= lacking.day)",
        (at,),
    )
    proven = db.execute(
        "SELECT first, last, walked_at FROM windows AS w WHERE state = 'short' AND total = listed "
        f"AND NOT EXISTS ({_LACKING_DAYS} AND decision_date BETWEEN w.first AND w.last)"
    ).fetchall()
    for first, last, walked_at in proven:
        db.execute(
            "UPDATE windows SET state = 'proven', proven_at = ?, unproven_since = NULL, run = ? WHERE first = ?",
            (at, run, first),
        )
        db.execute(  # the walk showed them; decisions fetched since then were seen later
            "UPDATE decisions SET last_seen = ?1 WHERE last_seen < ?1 AND reference IN "
            "(SELECT reference FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ?2 AND ?3) "
            "AND NOT EXISTS (SELECT 1 FROM unstored AS u WHERE u.reference = decisions.reference)",
            (walked_at, first, last),
        )


_LACKING_DAYS = "SELECT DISTINCT decision_date AS day FROM missing WHERE state <> 'excluded'"
"""The days on which a decision is listed that is neither stored nor excluded."""


def find_windows(db: sqlite3.Connection, within: Window | None = None) -> list[Proof]:
    """Finds the ledger's rows, oldest first: all, or those that overlap a window."""
    if within is None:
        rows = db.execute(f"SELECT {_COLUMNS} FROM windows ORDER BY first")
    else:
        rows = db.execute(f"SELECT {_COLUMNS} FROM windows WHERE {_OVERLAPPING} ORDER BY first", _bounds(within))
    return [_make_proof(row) for row in rows]


def _make_proof(row: Sequence[object]) -> Proof:
    first, last, *rest = row
    return Proof(Window(to_day(first, "the ledger"), to_day(last, "the ledger")), *rest)  # type: ignore[arg-type]


def find_known_listing(db: sqlite3.Connection, window: Window, trusted: tuple[str, str] | None = None) -> KnownListing:
    """Computes the total that the site would state for a window if nothing had changed since it was last walked.

    `trusted`: walks that began between these two instants need not be repeated; None: every walk must be repeated.
    """
    days = db.execute(
        "SELECT day, listed FROM listed_days WHERE day BETWEEN :first AND :last ORDER BY day", _bounds(window)
    ).fetchall()
    days_of = tuple((to_day(day, "a listing entry"), count) for day, count in days)
    seen = trusted is not None and _is_covered(window, find_trusted(db, window, *trusted))
    return KnownListing(sum(count for _, count in days) + _count_owing(db, window), days_of, seen)


def find_expected(db: sqlite3.Connection, window: Window) -> int:
    """Computes the total of `find_known_listing`."""
    return count_listed(db, window) + _count_owing(db, window)


def _count_owing(db: sqlite3.Connection, window: Window) -> int:
    """Counts by how much the site's totals differ from its listing: the same difference is expected next time."""
    row = db.execute(
        "SELECT coalesce(sum(total - (SELECT coalesce(sum(d.listed), 0) FROM listed_days AS d "
        "WHERE d.day BETWEEN w.first AND w.last)), 0) FROM windows AS w "
        "WHERE first BETWEEN :first AND :last AND last <= :last AND total <> listed",
        _bounds(window),
    ).fetchone()
    return int(row[0])


def find_trusted(db: sqlite3.Connection, window: Window, since: str, now: str) -> list[Proof]:
    """Finds the rows of a window that were walked between two instants and need not be walked again.

    These are the proven rows, and the rows that lie inside the window: only those become proven once their decisions
    are stored.
    """
    return [
        proof
        for proof in find_windows(db, window)
        if proof.was_walked_between(since, now)
        and (proof.state == "proven" or (window.first <= proof.window.first and proof.window.last <= window.last))
    ]


def _is_covered(window: Window, proofs: Iterable[Proof]) -> bool:
    """Whether windows, which do not overlap, cover all days of a window."""
    days = (window.last - window.first).days + 1
    return days == sum((min(p.window.last, window.last) - max(p.window.first, window.first)).days + 1 for p in proofs)


def count_listed(db: sqlite3.Connection, window: Window) -> int:
    """Counts the entries of a window that are listed."""
    row = db.execute(
        "SELECT coalesce(sum(listed), 0) FROM listed_days WHERE day BETWEEN :first AND :last", _bounds(window)
    ).fetchone()
    return int(row[0])


def _bounds(window: Window) -> dict[str, str]:
    return {"first": window.first.isoformat(), "last": window.last.isoformat()}
