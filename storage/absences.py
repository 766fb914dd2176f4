"""Decisions that a proven listing no longer showed, and what became of each: a row for every time it happened."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Absence:
    """A held decision that is not listed, and nobody knows yet why."""

    reference: str
    noticed_at: str
    stood_on: date
    """The day its last card stood on."""
    gone: int
    """How often its page was gone since then."""
    gone_first_at: str | None
    url: str
    kind: str | None


def notice(db: sqlite3.Connection, reference: str, stood_on: str, at: str, run: int) -> None:
    """Records that a held decision is no longer listed; its page is to be asked for at once."""
    db.execute(
        "INSERT OR IGNORE INTO absences (reference, noticed_at, stood_on, run, next_at) "
        "SELECT reference, ?2, ?3, ?4, ?2 FROM held_from_site WHERE reference = ?1",
        (reference, at, stood_on, run),
    )


def returned(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Records that a decision is listed again, whatever its absence was taken for."""
    db.execute("UPDATE absences SET returned_at = ? WHERE reference = ? AND returned_at IS NULL", (at, reference))
    db.execute(
        "UPDATE decisions SET status = 'published' WHERE reference = ? AND status IN ('expired', 'withdrawn')",
        (reference,),
    )


def find_due(db: sqlite3.Connection, now: str, furthest: str) -> list[Absence]:
    """The unexplained absences whose page is to be asked for by now.

    `furthest`: what is put off beyond it was put off by a clock that has been set right since then, so it is due.
    """
    rows = db.execute(
        "SELECT a.reference, a.noticed_at, a.stood_on, a.gone, a.gone_first_at, d.url, d.kind FROM absences AS a "
        "JOIN decisions AS d USING (reference) WHERE a.ended_at IS NULL AND a.returned_at IS NULL "
        "AND (a.next_at <= ? OR a.next_at > ?) AND d.url IS NOT NULL ORDER BY a.stood_on, a.reference",
        (now, furthest),
    )
    return [Absence(r, n, date.fromisoformat(s), *rest) for r, n, s, *rest in rows]


def is_open(db: sqlite3.Connection, absence: Absence) -> bool:
    """Whether it is still unexplained."""
    row = db.execute(
        "SELECT 1 FROM absences WHERE reference = ? AND noticed_at = ? AND ended_at IS NULL AND returned_at IS NULL",
        (absence.reference, absence.noticed_at),
    ).fetchone()
    return row is not None


def answered(
    db: sqlite3.Connection, absence: Absence, answer: str, *, at: str, next_at: str, gone: bool | None
) -> None:
    """Records what its page answered. `gone`: that there is no such page, that there is one, or neither (None)."""
    count = {True: "gone + 1", False: "0", None: "gone"}[gone]
    first = {True: "coalesce(gone_first_at, :at)", False: "NULL", None: "gone_first_at"}[gone]
    last = {True: ":at", False: "NULL", None: "gone_last_at"}[gone]
    db.execute(
        f"UPDATE absences SET gone = {count}, gone_first_at = {first}, gone_last_at = {last}, answer = :answer, "
        "next_at = :next_at WHERE reference = :reference AND noticed_at = :noticed_at",
        {
            "at": at,
            "answer": answer,
            "next_at": next_at,
            "reference": absence.reference,
            "noticed_at": absence.noticed_at,
        },
    )


def conclude(db: sqlite3.Connection, absence: Absence, ending: str, at: str) -> None:
    """Records that a decision left the site, `expired` by age or `withdrawn`. Nothing of it is deleted."""
    db.execute(
        "UPDATE absences SET ended_at = ?, ending = ? WHERE reference = ? AND noticed_at = ?",
        (at, ending, absence.reference, absence.noticed_at),
    )
    db.execute("UPDATE decisions SET status = ? WHERE reference = ?", (ending, absence.reference))
