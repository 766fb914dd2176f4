"""What the database says of its own state: for `lgsco status` and `lgsco coverage`."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storage import checks, decisions, held_texts, queue
from storage.claims import ChooseDates, ClaimRows, find_claim_rows
from storage.model import Proof


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held, in numbers."""

    decisions: int
    from_site: int
    from_imports: int
    revisions: int
    pages: int
    oldest: str | None
    """Decision date."""
    newest: str | None
    """Decision date."""
    waiting: int
    """Queued decisions that wait to be fetched or parsed, as `queue.count` counts them."""
    failed: int
    """Of those, the rows of the view `failures`: asked for at least once, and not fetched or read so far."""
    excluded: int
    """Listed decisions whose page was gone so often that their windows are proven without them."""
    unproven: int
    """Rows of the ledger that are not proven, whoever asked for them."""
    unreadable: int = 0
    """Decisions whose page came again with the bytes that do not parse."""
    older_parser: int = 0
    """Decisions that another version of the parser read last; `lgsco renormalise` reads their pages again."""
    held_back: int = 0
    """Decisions that are fetched and not stored, since a template change waits for a decision."""


def holdings(db: sqlite3.Connection, normaliser: str | None = None) -> Holdings:
    """Counts of what is held and what is missing. `normaliser`: the version of the parser, if its work is counted."""
    held, oldest, newest = db.execute(
        "SELECT count(*), min(decision_date), max(decision_date) FROM decisions"
    ).fetchone()
    (site,) = db.execute("SELECT count(*) FROM held_from_site").fetchone()
    (revisions,) = db.execute("SELECT count(*) FROM revisions").fetchone()
    (pages,) = db.execute("SELECT count(*) FROM pages").fetchone()
    waiting = queue.count(db)
    (failed,) = db.execute("SELECT count(*) FROM failures").fetchone()
    (excluded,) = db.execute("SELECT count(*) FROM missing WHERE state = 'excluded'").fetchone()
    (unproven,) = db.execute("SELECT count(*) FROM windows WHERE state <> 'proven'").fetchone()
    (unreadable,) = db.execute("SELECT count(*) FROM unreadable").fetchone()
    older = decisions.count_read_by_others(db, normaliser) if normaliser is not None else 0
    return Holdings(
        *(held, site, held - site, revisions, pages, oldest, newest, waiting, failed, excluded, unproven),
        *(unreadable, older, held_texts.count_held_back(db)),
    )


@dataclass(frozen=True, slots=True)
class Gone:
    """How many decisions were listed once and are no longer, by what is known of them."""

    unexplained: int
    """Held, and nobody knows yet why they are not listed."""
    expired: int
    withdrawn: int
    gone: int
    """Left the site for an unknown reason."""
    never_held: int
    """Those that left the listing before they could be fetched."""


def count_gone(db: sqlite3.Connection) -> Gone:
    """Counts what is no longer listed; what returned is listed again and counts nowhere."""
    unexplained, expired, withdrawn, gone = db.execute(
        "SELECT count(*) FILTER (WHERE ending IS NULL), count(*) FILTER (WHERE ending = 'expired'), "
        "count(*) FILTER (WHERE ending = 'withdrawn'), count(*) FILTER (WHERE ending = 'gone') "
        "FROM absences WHERE returned_at IS NULL"
    ).fetchone()
    return Gone(unexplained, expired, withdrawn, gone, len(find_never_held(db)))


def find_never_held(db: sqlite3.Connection) -> list[str]:
    """The references of those that left the listing before they could be fetched, the last to leave first."""
    rows = db.execute(
        "SELECT reference FROM entries AS e WHERE unlisted_at IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference) "
        "ORDER BY unlisted_at DESC, reference"
    )
    return [reference for (reference,) in rows]


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A decision that is held and no longer listed, and what its page answered when it was asked for."""

    reference: str
    noticed_at: str
    answer: str
    next_at: str


def find_unexplained(db: sqlite3.Connection) -> list[Unexplained]:
    """Those whose page was asked for, newest first."""
    rows = db.execute(
        "SELECT reference, noticed_at, answer, next_at FROM absences WHERE ended_at IS NULL AND returned_at IS NULL "
        "AND answer IS NOT NULL ORDER BY noticed_at DESC, reference"
    )
    return [Unexplained(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Canary:
    """How the known decisions read that are asked for only to judge the site. Instants are UTC."""

    passed_at: str | None
    """When one was last read as ever."""
    failed_at: str | None
    """When the last check failed; None where it passed."""
    finding: str | None
    """What the last check found."""


def find_canary(db: sqlite3.Connection) -> Canary:
    """The last checks of known decisions."""
    row = db.execute("SELECT at, passed, finding FROM checks WHERE kind = 'canary' ORDER BY id DESC LIMIT 1").fetchone()
    at, passed, finding = row or (None, None, None)
    return Canary(checks.last_check(db, "canary"), None if passed else at, finding)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The ledger and what it says of each decision, all of one moment."""

    proofs: list[Proof]
    """The ledger's rows, oldest first."""
    windows: list[dict[str, Any]]
    """The view `coverage`, newest window first."""
    months: dict[str, dict[str, int]]
    """For each month that has listed decisions (`2025-10`), oldest first: how many are listed, held, missing, failed
    (the rows of the view `failures`, also of held decisions) and excluded."""
    missing: list[dict[str, Any]]
    """What is listed in the chosen dates and not held, newest decision first."""
    excluded: list[dict[str, Any]]
    """What is listed there and can not be had, newest decision first."""
    gone: Gone
    claim: ClaimRows
    """What the claim about the chosen dates is made from."""


def find_coverage(db: sqlite3.Connection, choose_dates: ChooseDates) -> Coverage:
    """The ledger, and of the chosen dates what the claim rests on and what is missing by reference."""
    with one_moment(db):
        claim = find_claim_rows(db, choose_dates)
        lacking = [
            row
            for row in _rows(db, "SELECT * FROM missing ORDER BY decision_date DESC, reference DESC")
            if any(str(dates.first) <= row["decision_date"] <= str(dates.last) for dates in claim.windows)
        ]
        return Coverage(
            claim.proofs,
            windows(db),
            {row.pop("month"): row for row in _rows(db, _MONTHS)},
            [row for row in lacking if row["state"] != "excluded"],
            [row for row in lacking if row["state"] == "excluded"],
            count_gone(db),
            claim,
        )


_MONTHS = """
SELECT substr(e.stands_on, 1, 7) AS month, count(*) AS listed, count(*) - count(m.reference) AS held,
       count(*) FILTER (WHERE m.state <> 'excluded') AS missing,
       count(f.reference) AS failed,
       count(*) FILTER (WHERE m.state = 'excluded') AS excluded
  FROM entries AS e
  LEFT JOIN missing AS m USING (reference)
  LEFT JOIN failures AS f USING (reference)
 WHERE e.unlisted_at IS NULL
 GROUP BY month ORDER BY month"""


def windows(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The ledger, newest window first: what the site says it has, what it lists, what of that is held."""
    return _rows(db, "SELECT * FROM coverage ORDER BY first DESC")


def _rows(db: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@contextlib.contextmanager
def one_moment(db: sqlite3.Connection) -> Iterator[None]:
    """Whatever is read inside is of one moment, also beside a writer."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon as it last wrote of itself. Instants are UTC."""

    process: int
    started_at: str
    seen_at: str
    next_at: str | None
    stopped_at: str | None


def find_daemon(db: sqlite3.Connection) -> Daemon | None:
    """The last daemon on this database, if there ever was one."""
    row = db.execute("SELECT process, started_at, seen_at, next_at, stopped_at FROM daemon").fetchone()
    return Daemon(*row) if row else None


def record_daemon(db: sqlite3.Connection, daemon: Daemon) -> None:
    """Writes what the daemon says of itself."""
    db.execute(
        "INSERT OR REPLACE INTO daemon (id, process, started_at, seen_at, next_at, stopped_at) "
        "VALUES (1, ?, ?, ?, ?, ?)",
        (daemon.process, daemon.started_at, daemon.seen_at, daemon.next_at, daemon.stopped_at),
    )
