"""Records decisions that a proven listing no longer showed, and what became of each: one row for each time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from storage.model import DecisionKind
from storage.stored import to_day

Ending = Literal["withdrawn", "expired", "gone"]
"""Why a decision left the site; gone: the reason is not known."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A stored decision that is no longer listed, for a reason that is not known yet."""

    reference: str
    noticed_at: str
    stood_on: date
    """The date it was last listed under."""
    gone: int
    """How often its page was found gone since then."""
    gone_first_at: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of the site to a request for a decision's page."""

    sentence: str
    status: int | None = None
    """The HTTP status; None if there was no answer, or none was stored."""
    words: str | None = None
    """The page's own words for why it is gone, if it has any."""


@dataclass(frozen=True, slots=True)
class Departed:
    """A decision that left the site, for a reason still to be decided. Instants are UTC."""

    reference: str
    noticed_at: str
    kind: DecisionKind | None
    decided: date
    """The date it was listed under."""
    last_seen: str
    """When the site last showed it."""
    first_gone: str
    """When its page was first found gone, after a proven listing no longer showed the decision."""


@dataclass(frozen=True, slots=True)
class KnownStatement:
    """A statement that was stored from the site, with the date it is or was listed under."""

    reference: str
    decided: date
    place: Literal["listed", "unlisted", "gone", "withdrawn"]
    """unlisted: the reason is not known yet. gone: it left the site, by age or for an unknown reason."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for a verdict, in addition to the answers for the decision's page."""

    age_seen: int
    """Days from the decision to when the site last showed it."""
    age_gone: int
    """Days from the decision to when it was first found gone."""
    as_old_known: int
    """Other known statements of about the same date, in proven dates."""
    as_old_gone: int
    as_old_listed: int


@dataclass(frozen=True, slots=True)
class DepartureVerdict:
    """Why a decision left the site, and the evidence."""

    ending: Ending
    evidence: Evidence


def record_absence(db: sqlite3.Connection, reference: str, stood_on: str, at: str, run: int) -> None:
    """Records that a stored decision is no longer listed. Its page is due to be requested at once."""
    db.execute(
        "INSERT OR IGNORE INTO absences (reference, noticed_at, stood_on, run, next_at) "
        "SELECT reference, ?2, ?3, ?4, ?2 FROM held_from_site WHERE reference = ?1",
        (reference, at, stood_on, run),
    )


def record_return(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Records that a decision is listed again, whatever reason was recorded for its absence."""
    db.execute(
        "UPDATE absences SET returned_at = max(noticed_at, ?) WHERE reference = ? AND returned_at IS NULL",
        (at, reference),
    )
    db.execute(
        "UPDATE decisions SET status = 'published' WHERE reference = ? AND status IN ('expired', 'withdrawn', 'gone')",
        (reference,),
    )


def find_due(db: sqlite3.Connection, now: str, furthest: str) -> list[Absence]:
    """Finds the unexplained absences with a page that is due to be requested.

    `furthest`: a due time later than this was set while the clock was ahead, so the absence counts as due.
    """
    rows = db.execute(
        "SELECT a.reference, a.noticed_at, a.stood_on, a.gone, a.gone_first_at, d.url FROM absences AS a "
        "JOIN decisions AS d USING (reference) WHERE a.ended_at IS NULL AND a.returned_at IS NULL "
        "AND (a.next_at <= ? OR a.next_at > ?) AND d.url IS NOT NULL ORDER BY a.stood_on, a.reference",
        (now, furthest),
    )
    return [Absence(r, n, to_day(s, "an absence"), *rest) for r, n, s, *rest in rows]


def is_unexplained(db: sqlite3.Connection, absence: Absence) -> bool:
    """Whether an absence is still unexplained."""
    row = db.execute(
        "SELECT 1 FROM absences WHERE reference = ? AND noticed_at = ? AND ended_at IS NULL AND returned_at IS NULL",
        (absence.reference, absence.noticed_at),
    ).fetchone()
    return row is not None


def record_answer(
    db: sqlite3.Connection, absence: Absence, answer: Answered, *, at: str, next_at: str, gone: bool | None
) -> None:
    """Records the answer for the page of an absent decision.

    `gone`: True if the page does not exist, False if it exists, None if the answer shows neither.
    """
    count = {True: "gone + 1", False: "0", None: "gone"}[gone]
    first = {True: "coalesce(gone_first_at, :at)", False: "NULL", None: "gone_first_at"}[gone]
    last = {True: "max(coalesce(gone_first_at, :at), :at)", False: "NULL", None: "gone_last_at"}[gone]
    db.execute(
        f"UPDATE absences SET gone = {count}, gone_first_at = {first}, gone_last_at = {last}, answer = :answer, "
        "answer_status = :status, answer_words = :words, next_at = :next_at "
        "WHERE reference = :reference AND noticed_at = :noticed_at",
        {
            "at": at,
            "answer": answer.sentence,
            "status": answer.status,
            "words": answer.words,
            "next_at": next_at,
            "reference": absence.reference,
            "noticed_at": absence.noticed_at,
        },
    )


def find_departed(db: sqlite3.Connection, just_found: Collection[str]) -> list[Departed]:
    """Finds the decisions that left the site for a reason still to be decided, oldest date first.

    These are the decisions in `just_found` (references of pages found gone for the second time), and those for which an
    earlier verdict found no reason.
    """
    select = (
        "SELECT a.reference, a.noticed_at, d.kind, a.stood_on AS stood_on, coalesce(d.last_seen, a.noticed_at), "
        "a.gone_first_at FROM absences AS a JOIN decisions AS d USING (reference) "
        "WHERE a.returned_at IS NULL AND a.gone_first_at IS NOT NULL"
    )
    rows = db.execute(
        f"{select} AND a.ending = 'gone' AND d.status = 'gone' UNION ALL {select} AND a.ended_at IS NULL "
        "AND a.reference IN (SELECT value FROM json_each(?)) ORDER BY 4, 1",
        (json.dumps(list(just_found)),),
    )
    return [
        Departed(reference, noticed_at, kind, to_day(stood_on, "an absence"), last_seen, first_gone)
        for reference, noticed_at, kind, stood_on, last_seen, first_gone in rows
    ]


def find_statements(db: sqlite3.Connection, first: date, last: date) -> list[KnownStatement]:
    """Finds the statements from the site that are or were listed in a range, on dates that the ledger proves."""
    select = (
        "SELECT e.reference, e.stands_on, CASE WHEN e.unlisted_at IS NULL THEN 'listed' "
        "WHEN d.status = 'withdrawn' THEN 'withdrawn' WHEN d.status IN ('expired', 'gone') THEN 'gone' "
        "ELSE 'unlisted' END FROM entries AS e CROSS JOIN held_from_site AS h USING (reference) "
        "JOIN decisions AS d USING (reference) WHERE e.stands_on BETWEEN ?1 AND ?2 AND h.kind = 'statement' "
        "AND (SELECT w.state = 'proven' AND w.last >= e.stands_on FROM windows AS w WHERE w.first <= e.stands_on "
        "ORDER BY w.first DESC LIMIT 1)"  # windows never overlap
    )
    rows = db.execute(
        f"{select} AND e.unlisted_at IS NULL UNION ALL {select} AND e.unlisted_at IS NOT NULL",
        (first.isoformat(), last.isoformat()),
    )
    return [KnownStatement(reference, to_day(day, "a listing entry"), place) for reference, day, place in rows]


def record_verdict(db: sqlite3.Connection, departed: Departed, verdict: DepartureVerdict, at: str) -> None:
    """Records why a decision left the site, and the evidence, unless both are recorded already.

    Sets the decision's status. Deletes nothing.
    """
    evidence = asdict(verdict.evidence)
    names = ("ending", *evidence)
    changed = db.execute(
        f"UPDATE absences SET {', '.join(f'{name} = :{name}' for name in names)}, judged_at = :at, "
        "ended_at = coalesce(ended_at, max(noticed_at, :at)) WHERE reference = :reference AND noticed_at = :noticed_at "
        f"AND ({', '.join(names)}) IS NOT ({', '.join(f':{name}' for name in names)})",
        {
            **evidence,
            "ending": verdict.ending,
            "at": at,
            "reference": departed.reference,
            "noticed_at": departed.noticed_at,
        },
    ).rowcount
    if changed:
        db.execute("UPDATE decisions SET status = ? WHERE reference = ?", (verdict.ending, departed.reference))
