"""Stores the findings about the site's listing.

That is: which form shows most, which dates its filter includes, and whether it needs a session.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

Kind = Literal["form", "use", "dates", "session"]


class ListingFinding(NamedTuple):
    """One finding about the listing of a site.

    | kind | subject | verdict |
    |---|---|---|
    | form | the name of a form | `wider`, `not wider`, `no more` or `no answer`, compared with the bare form |
    | use | empty | the name of the form that is used from then on |
    | dates | `summer` or `winter` | `exact`, `shifted` or `no decision`; `doubted` where a walk spoke against it |
    | session | empty | `needed` |
    """

    kind: Kind
    subject: str
    verdict: str
    evidence: str
    """The request, and the answer of the site."""
    first_shift: int | None = None
    """dates: days by which the first day of a range is later than asked."""
    last_shift: int | None = None
    """dates: days by which the last day of a range is later than asked."""


def record_finding(db: sqlite3.Connection, site: str, finding: ListingFinding, at: str, run: int | None) -> None:
    """Records a finding, with the run that made it, if there is one. Call it inside a transaction.

    Earlier findings stay.
    """
    db.execute(
        "INSERT INTO listing_findings (site, kind, subject, at, run, verdict, evidence, first_shift, last_shift) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(site, finding.kind, finding.subject, at, run, finding.verdict, finding.evidence),
            *(finding.first_shift, finding.last_shift),
        ),
    )


def find_newest(db: sqlite3.Connection, site: str) -> dict[tuple[Kind, str], tuple[ListingFinding, str]]:
    """Finds the newest finding of each kind and subject about a site, with its instant."""
    rows = db.execute(
        "SELECT kind, subject, verdict, evidence, first_shift, last_shift, at FROM listing_findings "
        "WHERE id IN (SELECT max(id) FROM listing_findings WHERE site = ? GROUP BY kind, subject)",
        (site,),
    )
    return {(kind, subject): (ListingFinding(kind, subject, *rest), at) for kind, subject, *rest, at in rows}


def find_form_in_use(db: sqlite3.Connection) -> str | None:
    """Returns the name of the form that the listing is requested with; None before that was found out."""
    row = db.execute("SELECT verdict FROM listing_findings WHERE kind = 'use' ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])
