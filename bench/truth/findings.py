"""The findings about printed claims, and the program's own ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from bench.truth.grammar import read_instant
from bench.truth.model import Dates

Kind = Literal["false", "undated", "unexplained", "miscounted", "false exit", "false reason"]
"""The kinds of findings.

A false claim; a claim that was true only earlier than it says; a word of completeness that no sentence explains; a
wrong number of decisions; a false exit code 0; a false reason why a decision left the site.
"""

KINDS: tuple[Kind, ...] = ("false", "undated", "unexplained", "miscounted", "false exit", "false reason")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not have been printed."""

    kind: Kind
    words: str
    why: str


@dataclass(slots=True)
class Found:
    """The results of examining one command."""

    findings: list[Finding] = field(default_factory=list)
    sentences: int = 0
    rows: int = 0
    """Rows of JSON that were examined."""
    exits: int = 0
    full: int = 0
    """Sentences that say, truthfully, that nothing is missing."""

    def add(self, other: Found) -> None:
        self.findings += other.findings
        self.sentences += other.sentences
        self.rows += other.rows
        self.exits += other.exits
        self.full += other.full


@dataclass
class Ledger:
    """By date, since when the program's ledger claims to be true, from `coverage --json`."""

    rows: list[tuple[Dates, int]] = field(default_factory=list)

    @staticmethod
    def read(report: dict[str, Any]) -> Ledger:
        rows = []
        for row in report.get("windows", ()):
            as_of = read_instant(row.get("walked_at") or row.get("counted_at"))
            if row.get("state") == "proven" and as_of is not None:
                rows.append((read_dates(row), as_of))
        return Ledger(rows)

    def since(self, day: date, otherwise: int) -> int:
        for dates, as_of in self.rows:
            if dates.first <= day <= dates.last:
                return min(as_of, otherwise)
        return otherwise


def read_dates(row: dict[str, Any]) -> Dates:
    """Returns the dates of a row of JSON. A row of the ledger is shown up to today; its numbers are of all of it."""
    return Dates(date.fromisoformat(row["first"]), date.fromisoformat(row.get("ledger_last") or row["last"]))
