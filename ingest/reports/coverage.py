"""Makes the coverage report: the ledger as a table and a calendar, a claim about some dates, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, NamedTuple

from ingest.crawling.asked_for import intersect
from ingest.crawling.windows import EVERYTHING, gaps, touches
from ingest.reports.calendar import Calendar, Numbers, State, as_lines, draw
from ingest.reports.claims import Claim, make_claim
from ingest.reports.date_ranges import json_dates, json_to_today
from ingest.reports.gone import describe_gone
from ingest.reports.lines import name_first
from storage.model import Proof, Window
from storage.status import Coverage, Gone

NAMED_DECISIONS = 20
"""The most missing or excluded decisions that the lines name; the JSON names all."""

_COUNTS = ("total", "listed", "held", "missing", "failed", "excluded")
"""Columns of the view `coverage` that the table of windows shows."""


# ---------------------------------------------------------------- gaps of the ledger


def find_gaps(proofs: Iterable[Proof]) -> list[Window]:
    """Returns the dates that no window covers between the ledger's first and last window, oldest first."""
    windows = [proof.window for proof in proofs]
    if not windows:
        return []
    whole = Window(min(window.first for window in windows), max(window.last for window in windows))
    return gaps(whole, windows)


# ---------------------------------------------------------------- the report


class CoverageReport(NamedTuple):
    """The contents of the coverage report."""

    claim: Claim
    windows: list[dict[str, Any]]
    """The view `coverage`, newest window first. Each ends on the day of the report at the latest, unless it begins
    later; `ledger_last` is its last date in the ledger."""
    gaps: list[Window]
    calendar: Calendar
    missing: list[dict[str, Any]]
    excluded: list[dict[str, Any]]
    gone: Gone

    @property
    def proven(self) -> bool:
        """Whether what the site lists of these dates is proven to be stored, or its page to be gone."""
        return self.claim.is_full

    def as_json(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {
            "proven": self.proven,
            "claim": self.claim.as_json(),
            "windows": self.windows,
            "gaps": self._json_gaps(),
            "months": [
                {"month": cell.month, "state": cell.state, **asdict(cell.numbers)} for cell in self.calendar.months
            ],
            "missing": self.missing,
            "excluded": self.excluded,
            "gone": self.gone._asdict(),
        }

    def lines(self) -> list[str]:
        """Returns the report for people, without colour: table, calendar and conclusion."""
        return [*self.table_lines(), *self.calendar_lines(lambda cell, _: cell), *self.conclusion_lines()]

    def table_lines(self) -> list[str]:
        """Returns the windows and the gaps between them, newest first."""
        if not self.windows:
            return []
        rows = sorted([*self.windows, *self._json_gaps()], key=lambda row: str(row["first"]), reverse=True)
        title = f"{'from':10}  {'to':10}  {'state':8}  {''.join(f'{name:>8}  ' for name in _COUNTS)}counted"
        return [title, *map(_format_window, rows)]

    def calendar_lines(self, paint: Callable[[str, State], str]) -> list[str]:
        """Returns the calendar. `paint`: as for `calendar.as_lines`."""
        return ["", *as_lines(self.calendar, paint), ""] if self.calendar.months else []

    def conclusion_lines(self) -> list[str]:
        """Returns the missing and excluded decisions, and the claim about the dates of the report."""
        return [
            *_format_decisions("missing, by reference", self.missing),
            *_format_decisions(
                "excluded, by reference: listed, and their pages are gone or do not parse", self.excluded
            ),
            describe_gone(self.gone),
            *self.claim.sentences(),
            self.claim.describe_share(),
        ]

    def _json_gaps(self) -> list[dict[str, Any]]:
        return [json_dates(gap) for gap in self.gaps]


def report_coverage(
    rows: Coverage, as_on: date, *, dates: Window = EVERYTHING, daemon_runs: bool = False
) -> CoverageReport:
    """Makes the coverage report.

    `as_on`: the date in London; the calendar ends with its month. `dates`: windows and months that have none of them
    are left out. `daemon_runs`: whether a daemon runs, which continues interrupted backfills.

    Nothing is known about days after `as_on`: the ledger's rows and gaps end there. A row that begins later is left
    out, unless it lists decisions or is neither proven nor unseen: then the site was asked about these days, and the
    clock of this machine may be slow.
    """
    numbers = {month: Numbers(**counts) for month, counts in rows.months.items()}
    return CoverageReport(
        claim=make_claim(rows.claim, daemon_runs=daemon_runs, today=as_on),
        windows=[
            _end_at(as_on, row)
            for row in rows.windows
            if row["first"] <= str(dates.last) and str(dates.first) <= row["last"] and _is_shown(row, as_on)
        ],
        gaps=[gap for gap in intersect(find_gaps(rows.proofs), [Window(date.min, as_on)]) if touches(gap, dates)],
        calendar=draw(rows.proofs, numbers, as_on).within(dates),
        missing=rows.missing,
        excluded=rows.excluded,
        gone=rows.gone,
    )


# ---------------------------------------------------------------- rows of the tables


def _is_shown(row: dict[str, Any], today: date) -> bool:
    """Whether a row of the view `coverage` says anything about days that have begun, or about what the site listed."""
    return row["first"] <= str(today) or bool(row["listed"]) or row["state"] not in ("proven", "unseen")


def _end_at(today: date, row: dict[str, Any]) -> dict[str, Any]:
    """Returns a row of the view `coverage` that ends today at the latest, with its end in the ledger."""
    window = Window(date.fromisoformat(row["first"]), date.fromisoformat(row["last"]))
    return {**row, **json_to_today(window, today), "ledger_last": row["last"]}


def _format_window(row: dict[str, Any]) -> str:
    """Formats a row for a window of the view `coverage`, or for a gap, which has dates only. An open end is a word."""
    first = "beginning" if row["first"] == date.min.isoformat() else row["first"]
    last = "onwards" if row["last"] == date.max.isoformat() else row["last"]
    if row.get("ledger_last", row["last"]) != row["last"]:
        last = "today"
    if "state" not in row:
        return f"{first:10}  {last:10}  unseen"
    counts = ["?" if row.get(name) is None else f"{row[name]:,}" for name in _COUNTS]
    cells = f"{first:10}  {last:10}  {row['state']:8}  {''.join(f'{count:>8}  ' for count in counts)}"
    return f"{cells}{row.get('counted_at') or 'never'}"


def _format_decisions(title: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Formats a table of decisions that are listed and not stored, and an empty line; nothing without decisions."""
    if not rows:
        return []
    decisions = [_format_decision(row) for row in rows]
    named = name_first(decisions, NAMED_DECISIONS, "  … and {:,} more; --json names them")
    heading = f"  {'reference':11}  {'date':10}  {'state':9}  tries  {'next try':20}  reason"
    return [f"{title}: {len(rows):,}", heading, *named, ""]


_WHY_MISSING = {"kept": "fetched, not parsed yet", "held back": "fetched, held back: `lgsco template` shows why"}


def _format_decision(row: dict[str, Any]) -> str:
    # A card without a date at either end of an open window takes the window's end as its date.
    undated = row["decision_date"] in (date.min.isoformat(), date.max.isoformat())
    day = "–" if undated else row["decision_date"]
    reason = row["error"] or _WHY_MISSING.get(row["state"], "not fetched yet")
    tries = f"{row['attempts']:5}  {row['next_at'] or '–':20}"
    return f"  {row['reference']:11}  {day:10}  {row['state']:9}  {tries}  {reason}"
