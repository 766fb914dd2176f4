"""Reads the rows that a claim about some decision dates is made from, all as of one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from storage import intents, ledger, listing_findings
from storage.identity import find_made_by
from storage.model import Intent, Proof, Window


class Counts(NamedTuple):
    """How many decisions of some dates are listed now, as far as the listing was walked."""

    listed: int
    stored: int
    """Of those, the decisions that are stored from the site."""
    excluded: int
    """Of those, the decisions that are not stored because their page was often gone, or does not parse."""
    unreadable: int = 0
    """Of the excluded, the decisions with a page that was fetched again unchanged and does not parse."""
    held_back: int = 0
    """Of those that are not stored, the decisions that are fetched and held back until a template change is decided."""


class ClaimRows(NamedTuple):
    """The rows that claims are made from."""

    proofs: list[Proof]
    """The ledger's rows, oldest first."""
    intents: list[Intent]
    """The ranges of dates that somebody asked for."""
    windows: list[Window]
    """The dates that the claim is about, oldest first; they neither overlap nor touch."""
    counts: dict[Window, Counts]
    """The counts of each of those windows, of each range that was asked for, and of all dates."""
    site_total: tuple[int, str] | None
    """The total that the site stated last for all dates, and when."""
    form: str | None = None
    """The form of the listing that is used now; None before that was found out."""
    is_demo: bool = False
    """Whether a demo made the archive, from a look-alike that runs no longer than the demo."""


class Share(NamedTuple):
    """How much of the site is stored."""

    stored: int
    """Decisions of any date that are listed and stored from the site."""
    site_total: int | None
    """The total that the site last stated for all dates; None if it never did."""
    site_total_at: str | None


ChooseDates = Callable[[list[Intent]], Sequence[Window]]
"""Chooses the dates of a claim from the ranges that were asked for: oldest first, neither overlapping nor touching."""


def find_claim_rows(db: sqlite3.Connection, choose_dates: ChooseDates) -> ClaimRows:
    """Reads the rows for a claim. Call it inside the read transaction of the other rows of the report."""
    asked = intents.find_intents(db)
    dates = list(choose_dates(asked))
    everything = Window(date.min, date.max)
    return ClaimRows(
        proofs=ledger.find_windows(db),
        intents=asked,
        windows=dates,
        counts={window: count_listed(db, window) for window in {*dates, *(one.window for one in asked), everything}},
        site_total=intents.find_site_total(db),
        form=listing_findings.find_form_in_use(db),
        is_demo=find_made_by(db) == "demo",
    )


def find_share(db: sqlite3.Connection) -> Share:
    """Counts the stored decisions of all dates, without the tables that a public server does not show."""
    everything = Window(date.min, date.max)
    (missing,) = db.execute("SELECT count(*) FROM missing").fetchone()
    total, at = intents.find_site_total(db) or (None, None)
    return Share(ledger.count_listed(db, everything) - missing, total, at)


def count_listed(db: sqlite3.Connection, window: Window) -> Counts:
    """Counts the decisions that the listing shows in a window."""
    listed = ledger.count_listed(db, window)
    missing, *others = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE m.state = 'excluded'), "
        "count(u.reference) FILTER (WHERE m.state = 'excluded'), count(*) FILTER (WHERE m.state = 'held back') "
        "FROM missing AS m LEFT JOIN unreadable AS u USING (reference) WHERE m.decision_date BETWEEN ? AND ?",
        (window.first.isoformat(), window.last.isoformat()),
    ).fetchone()
    return Counts(listed, listed - missing, *others)


def count_held_between(db: sqlite3.Connection, window: Window) -> int:
    """Counts the decisions of a window that are stored from the site."""
    row = db.execute(
        "SELECT count(*) FROM held_from_site WHERE decision_date BETWEEN ? AND ?",
        (window.first.isoformat(), window.last.isoformat()),
    ).fetchone()
    return int(row[0])
