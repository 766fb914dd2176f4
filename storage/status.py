"""Reads the state of the archive, for `lgsco status` and `lgsco coverage`."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from storage import checks, held_texts, parser_versions, queue, suppressions
from storage.claims import ChooseDates, ClaimRows, find_claim_rows
from storage.database import read_transaction
from storage.model import Proof


class Holdings(NamedTuple):
    """The number of decisions and rows in the archive."""

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
    """Of those, the rows of the view `failures`: requested at least once, and not fetched or parsed so far."""
    excluded: int
    """Listed decisions that are excluded: their windows are proven without them."""
    unproven: int
    """Rows of the ledger that are not proven, whether a backfill, sync or the fill asked for their dates."""
    unreadable: int = 0
    """Decisions with a page that was fetched again unchanged and does not parse."""
    older_parser: int = 0
    """Decisions that another version of the parser parsed last; `lgsco renormalise` parses their pages again."""
    held_back: int = 0
    """Decisions that are fetched and not stored, because a template change waits for a decision."""
    suppressed: int = 0
    """Stored decisions that `lgsco suppress` hides. They are counted in `decisions`."""


def count_holdings(db: sqlite3.Connection, normaliser: str | None = None) -> Holdings:
    """Counts what is stored and what is missing.

    `normaliser`: the current version of the parser; None: decisions of older versions are not counted.
    """
    (held,) = db.execute("SELECT count(*) FROM decisions").fetchone()
    (imported,) = db.execute("SELECT count(*) FROM decisions WHERE source = 'import'").fetchone()
    oldest, newest = db.execute(  # each min() and max() of its own is one step in an index
        "SELECT (SELECT min(decision_date) FROM decisions), (SELECT max(decision_date) FROM decisions)"
    ).fetchone()
    (revisions,) = db.execute("SELECT count(*) FROM revisions").fetchone()
    (pages,) = db.execute("SELECT count(*) FROM pages").fetchone()
    waiting = queue.count(db)
    (failed,) = db.execute("SELECT count(*) FROM failures").fetchone()
    (excluded,) = db.execute("SELECT count(*) FROM missing WHERE state = 'excluded'").fetchone()
    (unproven,) = db.execute("SELECT count(*) FROM windows WHERE state <> 'proven'").fetchone()
    (unreadable,) = db.execute("SELECT count(*) FROM unreadable").fetchone()
    older = parser_versions.count_read_by_others(db, normaliser) if normaliser is not None else 0
    return Holdings(
        *(held, held - imported, imported, revisions, pages, oldest, newest, waiting, failed, excluded, unproven),
        *(unreadable, older, held_texts.count_held_back(db), suppressions.count_stored(db)),
    )


class Gone(NamedTuple):
    """The number of decisions that are no longer listed, by reason."""

    unexplained: int
    """Stored, and it is not known yet why they are not listed."""
    expired: int
    withdrawn: int
    gone: int
    """Left the site for an unknown reason."""
    never_held: int
    """Decisions that left the listing before they could be fetched."""


def count_gone(db: sqlite3.Connection) -> Gone:
    """Counts the decisions that are no longer listed. A decision that returned does not count."""
    unexplained, expired, withdrawn, gone = db.execute(
        "SELECT count(*) FILTER (WHERE ending IS NULL), count(*) FILTER (WHERE ending = 'expired'), "
        "count(*) FILTER (WHERE ending = 'withdrawn'), count(*) FILTER (WHERE ending = 'gone') "
        "FROM absences WHERE returned_at IS NULL"
    ).fetchone()
    return Gone(unexplained, expired, withdrawn, gone, len(find_never_held(db)))


def find_never_held(db: sqlite3.Connection) -> list[str]:
    """Finds the decisions that left the listing before they could be fetched, the last to leave first."""
    rows = db.execute(
        "SELECT reference FROM entries AS e WHERE unlisted_at IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference) "
        "ORDER BY unlisted_at DESC, reference"
    )
    return [reference for (reference,) in rows]


class Unexplained(NamedTuple):
    """A decision that is stored and no longer listed, with the last answer for its page."""

    reference: str
    noticed_at: str
    answer: str
    next_at: str


def find_unexplained(db: sqlite3.Connection) -> list[Unexplained]:
    """Finds the unexplained decisions with an answer for their page, newest first."""
    rows = db.execute(
        "SELECT reference, noticed_at, answer, next_at FROM absences WHERE ended_at IS NULL AND returned_at IS NULL "
        "AND answer IS NOT NULL ORDER BY noticed_at DESC, reference"
    )
    return [Unexplained(*row) for row in rows]


class Canary(NamedTuple):
    """The results for the known decisions that are fetched only to check the site. Instants are UTC."""

    passed_at: str | None
    """When the site last showed one unchanged."""
    failed_at: str | None
    """When the last check failed; None if it passed."""
    finding: str | None
    """The result of the last check."""


def find_canary(db: sqlite3.Connection) -> Canary:
    """The last checks of known decisions."""
    row = db.execute("SELECT at, passed, finding FROM checks WHERE kind = 'canary' ORDER BY id DESC LIMIT 1").fetchone()
    at, passed, finding = row or (None, None, None)
    return Canary(checks.last_check(db, "canary"), None if passed else at, finding)


class Coverage(NamedTuple):
    """The ledger and the decisions it lists, all as of one moment."""

    proofs: list[Proof]
    """The ledger's rows, oldest first."""
    windows: list[dict[str, Any]]
    """The view `coverage`, newest window first."""
    months: dict[str, dict[str, int]]
    """For each month with listed decisions (`2025-10`), oldest first: how many are listed, held (stored), missing,
    failed (the rows of the view `failures`, also of stored decisions) and excluded."""
    missing: list[dict[str, Any]]
    """Decisions listed in the chosen dates and not stored, newest first."""
    excluded: list[dict[str, Any]]
    """Decisions listed there that cannot be fetched or parsed, newest first."""
    gone: Gone
    claim: ClaimRows
    """The rows for the claim about the chosen dates."""


def find_coverage(db: sqlite3.Connection, choose_dates: ChooseDates) -> Coverage:
    """Reads the ledger, and for the chosen dates the rows for the claim and the missing decisions."""
    with read_transaction(db):
        claim = find_claim_rows(db, choose_dates)
        lacking = [
            row
            for row in _fetch_dicts(db, f"SELECT {_MISSING} FROM missing ORDER BY decision_date DESC, reference DESC")
            if any(str(dates.first) <= row["decision_date"] <= str(dates.last) for dates in claim.windows)
        ]
        return Coverage(
            claim.proofs,
            read_ledger(db),
            {row.pop("month"): row for row in _fetch_dicts(db, _MONTHS)},
            [row for row in lacking if row["state"] != "excluded"],
            [row for row in lacking if row["state"] == "excluded"],
            count_gone(db),
            claim,
        )


_MISSING = "reference, decision_date, authority, url, state, attempts, error, next_at, first_listed"
_LEDGER = (
    "first, last, state, total, listed, held, missing, failed, excluded, counted_at, walked_at, proven_at, "
    "unproven_since, asked, run"
)

_MONTHS = """
WITH counts (month, listed, missing, failed, excluded) AS (
  SELECT substr(day, 1, 7), listed, 0, 0, 0 FROM listed_days
   UNION ALL
  SELECT substr(decision_date, 1, 7), 0, state <> 'excluded', 0, state = 'excluded' FROM missing
   UNION ALL
  SELECT substr(decision_date, 1, 7), 0, 0, 1, 0 FROM failures
)
SELECT month, sum(listed) AS listed, sum(listed) - sum(missing) - sum(excluded) AS held, sum(missing) AS missing,
       sum(failed) AS failed, sum(excluded) AS excluded
  FROM counts GROUP BY month ORDER BY month"""


def read_ledger(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Reads the ledger, newest window first: the site's total, and how many decisions are listed and stored."""
    return _fetch_dicts(db, f"SELECT {_LEDGER} FROM coverage ORDER BY first DESC")


def _fetch_dicts(db: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


class Daemon(NamedTuple):
    """The daemon's state as it last recorded it. Instants are UTC."""

    process: int
    started_at: str
    seen_at: str
    next_at: str | None
    stopped_at: str | None


def find_daemon(db: sqlite3.Connection) -> Daemon | None:
    """Finds the last daemon on this database; None if there never was one."""
    row = db.execute("SELECT process, started_at, seen_at, next_at, stopped_at FROM daemon").fetchone()
    return Daemon(*row) if row else None


def record_daemon(db: sqlite3.Connection, daemon: Daemon) -> None:
    """Records the daemon's state."""
    db.execute(
        "INSERT OR REPLACE INTO daemon (id, process, started_at, seen_at, next_at, stopped_at) "
        "VALUES (1, ?, ?, ?, ?, ?)",
        (daemon.process, daemon.started_at, daemon.seen_at, daemon.next_at, daemon.stopped_at),
    )
