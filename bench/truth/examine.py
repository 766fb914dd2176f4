"""Compares all that a command printed, and its exit code, with the site's truth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from bench.truth.grammar import WORDS, Claim, Grammar, Outside, Reading, Total, read_instant
from bench.truth.model import ALL, Asked, Dates, Judge, Since, find_dates
from bench.truth.program import Ran

Kind = Literal["false", "undated", "unexplained", "miscounted", "false exit", "false reason"]
"""What is wrong: a false claim; one that is true only of an earlier instant than it names; a word of completeness that
no sentence explains; a wrong number of decisions; an exit code 0 that is false; a false reason why a decision left."""

KINDS: tuple[Kind, ...] = ("false", "undated", "unexplained", "miscounted", "false exit", "false reason")
DAEMON_SECONDS = 600
"""`status` exits 1 once a daemon's heartbeat stopped so long ago."""

ONLINE = frozenset({"backfill", "sync", "daemon"})
_KEYS = frozenset({"proven", "unproven", "proven_at", "stored_in_all"})
_RUN_LINE = re.compile(r"^  (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<task>\w+): (?P<told>.*)$")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not have been printed."""

    kind: Kind
    words: str
    why: str


@dataclass(slots=True)
class Found:
    """What came of comparing one command."""

    findings: list[Finding] = field(default_factory=list)
    sentences: int = 0
    rows: int = 0
    """Of JSON."""
    exits: int = 0
    full: int = 0
    """Sentences that say, rightly, that nothing is missing."""

    def add(self, other: Found) -> None:
        self.findings += other.findings
        self.sentences += other.sentences
        self.rows += other.rows
        self.exits += other.exits
        self.full += other.full


@dataclass
class Ledger:
    """From when on the program says that its ledger is true, by date: read from `coverage --json`."""

    rows: list[tuple[Dates, int]] = field(default_factory=list)

    @staticmethod
    def read(report: dict[str, Any]) -> Ledger:
        rows = []
        for row in report.get("windows", ()):
            as_of = read_instant(row.get("walked_at") or row.get("counted_at"))
            if row.get("state") == "proven" and as_of is not None:
                rows.append((_dates(row), as_of))
        return Ledger(rows)

    def since(self, day: date, otherwise: int) -> int:
        for dates, as_of in self.rows:
            if dates.first <= day <= dates.last:
                return min(as_of, otherwise)
        return otherwise


@dataclass
class Passage:
    """The claims before a sentence, on its line and on those right before it."""

    claims: list[Claim] = field(default_factory=list)
    cut_off: bool = False
    """Whether there are more than are printed."""

    def go_on(self, reading: Reading) -> None:
        """Takes the claims of the next line; a line that says nothing ends the passage before."""
        if not (reading.claims or reading.outside or reading.cut_off):
            self.claims, self.cut_off = [], False
        self.claims += [claim for claim in reading.claims if claim.scope == "dates"]
        self.cut_off = self.cut_off or reading.cut_off

    def find_dates(self, where: str) -> list[Dates]:
        """The dates of the claims. `where`: what lies outside of them."""
        last = date.max if where == "before that" else None
        return [Dates(claim.first, last or claim.last) for claim in self.claims]


@dataclass
class Examiner:
    """Examines one command. `began`: when the last command that asked the site began."""

    grammar: Grammar
    judge: Judge
    asked: Asked
    ledger: Ledger
    began: int
    recent: Dates
    """What sync answers for by itself."""
    seen: set[str]
    """Messages of runs that were printed, and judged, before."""
    walk_days: int
    """Days within which the cadence has unproven dates walked."""

    def examine(self, ran: Ran) -> Found:
        """All that a command printed and how it ended."""
        found = Found()
        command = ran.arguments[0]
        if "--json" in ran.arguments:
            if ran.code is not None and ran.out.strip():
                found.add(self._json(command, json.loads(ran.out)))
            found.add(self._lines(ran.err.splitlines(), online=False))
        else:
            found.add(self._lines([*ran.out.splitlines(), *ran.err.splitlines()], online=command in ONLINE))
        found.add(self._exit(ran))
        return found

    # ------------------------------------------------------------ sentences

    def _lines(self, lines: Iterable[str], *, online: bool) -> Found:
        found = Found()
        passage = Passage()
        for line in lines:
            run = _RUN_LINE.match(line)
            if run is not None:  # a run of earlier: what it said was judged when it said so
                told = run["told"].partition(": ")[2]
                if not told or told in self.seen:
                    continue
            found.add(self._line(line, passage, online=online))
        return found

    def _line(self, line: str, passage: Passage, *, online: bool) -> Found:
        found = Found()
        reading = self.grammar.read(line)
        if reading.unexplained:
            found.findings.append(Finding("unexplained", line, f"the word {reading.unexplained!r}"))
        passage.go_on(reading)
        for claim in reading.claims:
            self._compare(found, claim, self.find_wrong(claim, online=online))
        for outside in reading.outside:
            self._compare(found, outside, self._wrong_outside(outside, passage))
        for total in reading.totals:
            self._compare(found, total, self._wrong_total(total))
        return found

    def _compare(self, found: Found, said: Claim | Outside | Total, wrong: Finding | None) -> None:
        found.sentences += 1
        if wrong is not None:
            found.findings.append(wrong)
        elif isinstance(said, Claim) and said.is_full:
            found.full += 1

    def find_wrong(self, claim: Claim, *, online: bool) -> Finding | None:
        """What is wrong with a claim, None where it is true."""
        dates = self._scope(claim)
        given = self.began

        def named(day: date) -> int:
            if claim.as_of is not None:
                return claim.as_of
            return given if online else self.ledger.since(day, given)

        def known(day: date) -> int:
            return min(named(day), self.ledger.since(day, given))

        wrong = self._wrong(claim, dates, named)
        if wrong is not None and wrong.kind == "false" and self._wrong(claim, dates, known) is None:
            return Finding("undated", wrong.words, wrong.why)
        return wrong

    def _scope(self, claim: Claim) -> list[Dates]:
        match claim.scope:
            case "dates":
                return [Dates(claim.first, claim.last)]
            case "whole":
                return [ALL]
            case "asked":
                return self.asked.find("done", "interrupted", "paused")

    def _wrong(self, claim: Claim, dates: Sequence[Dates], since: Since) -> Finding | None:
        if claim.is_full:
            lacking = self.judge.find_lacking(dates, since, excused=bool(claim.excluded))
            if lacking:
                return Finding("false", claim.words, f"{len(lacking)} listed and not stored: {', '.join(lacking[:3])}")
        if claim.listed is not None and claim.is_full:
            fewest, most = self.judge.count_listed(dates, since)
            if not fewest <= claim.listed <= most:
                why = f"the site listed {fewest} to {most} for {', '.join(map(str, dates))}"
                return Finding("miscounted", claim.words, why)
        if claim.stored is not None and claim.stored > len(self.judge.stored):
            return Finding("miscounted", claim.words, f"{len(self.judge.stored)} are stored in all")
        if claim.stored is not None and claim.listed is not None and claim.stored > claim.listed:
            return Finding("miscounted", claim.words, "that is more than there are")
        return None

    def _wrong_outside(self, outside: Outside, passage: Passage) -> Finding | None:
        dates = passage.find_dates(outside.where)
        if not dates:
            return Finding("unexplained", outside.words, "outside of which dates?")
        # It is the difference of two numbers, each of an instant from which on the claims before are true.
        since = [claim.as_of for claim in passage.claims if claim.as_of is not None]
        fewest, most = self.judge.count_outside(dates, min(self.began, self.judge.until, *since))
        if passage.cut_off:  # outside of more dates than are named
            fewest = 0
        told = ", ".join(map(str, dates))
        if not fewest <= outside.number <= most:
            return Finding("miscounted", outside.words, f"the site listed {fewest} to {most} outside of {told}")
        if outside.never_asked and not passage.cut_off:
            asked = self.asked.find("done", "interrupted", "paused")
            if any(not one.is_covered_by(dates) for one in asked):
                return Finding("false", outside.words, f"dates outside of {told} were asked for")
        return None

    def _wrong_total(self, total: Total) -> Finding | None:
        fewest, most = self.judge.count_stated(total.at)
        if fewest <= total.number <= most:
            return None
        return Finding("miscounted", total.words, f"the site stated {fewest} to {most} then")

    # ------------------------------------------------------------ exit codes

    def _exit(self, ran: Ran) -> Found:
        found = Found()
        if ran.arguments[0] == "status" and ran.code == 0:
            found.exits += 1
            died = self.asked.daemon_died_at
            if died is not None and ran.began - died > DAEMON_SECONDS:
                why = f"the daemon was killed {ran.began - died:,} seconds ago, and nothing succeeded since"
                found.findings.append(Finding("false exit", "status: exit 0", why))
            overdue = self.asked.find_interrupted_before(ran.began - 86_400 * (self.walk_days + 1))
            earliest = min((self.asked.interrupted_at[dates] for dates in overdue), default=0)
            if self.judge.find_lacking(overdue, lambda _day: earliest, excused=True):
                why = f"{', '.join(map(str, overdue))}: interrupted for longer than the cadence allows"
                found.findings.append(Finding("false exit", "status: exit 0", why))
        scope = self._scope_of_exit(ran)
        if ran.code != 0 or scope is None:
            return found
        found.exits += 1
        online = ran.arguments[0] in ONLINE

        def since(day: date) -> int:
            return self.ledger.since(day, ran.began if online else self.began)

        lacking = self.judge.find_lacking(scope, since, excused=True)
        if lacking:
            why = f"{len(lacking)} listed and not stored of {', '.join(map(str, scope))}: {', '.join(lacking[:3])}"
            found.findings.append(Finding("false exit", f"{' '.join(ran.arguments)}: exit 0", why))
        return found

    def _scope_of_exit(self, ran: Ran) -> list[Dates] | None:
        """The dates that exit 0 is about; None where it says nothing of what is stored."""
        command = ran.arguments[0]
        if command == "sync":
            return [self.recent, *self.asked.find("done", "interrupted")]
        if command == "coverage":
            if "--all" in ran.arguments:
                return [ALL]
            given = find_dates(ran.arguments)
            return [given] if given is not None else self.asked.find("done", "interrupted", "paused")
        if command == "backfill" and "--limit" not in ran.arguments and "--withdraw" not in ran.arguments:
            return [find_dates(ran.arguments) or ALL]
        return None

    # ------------------------------------------------------------ JSON

    def _json(self, command: str, report: dict[str, Any]) -> Found:
        found = Found()
        for key in _keys(report):
            if key not in _KEYS and WORDS.search(key.replace("_", " ")):
                found.findings.append(Finding("unexplained", key, "a key of JSON"))
        if command == "coverage":
            if report.get("proven") is True:
                self._claim_of_row(found, Claim("proven", "asked", '"proven": true'))
            for row in report.get("windows", ()):
                if row.get("state") == "proven":
                    words = f"{row['first']} to {row['last']} proven {row.get('total')}"
                    self._claim_of_row(found, _claim_of(row, words, row.get("total")))
            for row in report.get("months", ()):
                if row.get("state") == "proven" and row.get("listed") == row.get("held"):
                    first = date.fromisoformat(f"{row['month']}-01")
                    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
                    month = {**row, "first": str(first), "last": str(last)}
                    self._claim_of_row(found, _claim_of(month, f"month {row['month']}: proven", row["listed"]))
        if command == "status" and report.get("unproven") == []:
            self._claim_of_row(found, Claim("none unproven", "asked", '"unproven": []'))
        if command == "status":
            found.rows += 1
            for why in self.judge.find_wrongly_gone():
                found.findings.append(Finding("false reason", f'"gone": {report.get("gone")}', why))
        self._claim_of_json(found, report.get("claim") or {})
        for text in _strings(report):
            if text not in self.seen:
                found.add(self._line(text, Passage(), online=False))
        return found

    def _claim_of_json(self, found: Found, claim: dict[str, Any]) -> None:
        ranges = claim.get("ranges", ())
        for row in ranges:
            words = f"{row['first']} to {row['last']}: full: {row['full']}, {row['stored']} of {row['listed']}"
            self._claim_of_row(found, _claim_of(row, words, row["listed"], partial=not row["full"]))
        if claim.get("full") and not all(row["full"] for row in ranges):
            found.findings.append(Finding("false", '"full": true', "a range of it is not full"))
        if claim.get("outside") is not None:
            passage = Passage([_claim_of(row, "", None) for row in ranges])
            outside = Outside(f'"outside": {claim["outside"]}', claim["outside"], "outside", never_asked=False)
            self._row(found, self._wrong_outside(outside, passage))
        if claim.get("site_total") is not None:
            at = read_instant(claim["site_total_at"]) or 0
            words = f'"site_total": {claim["site_total"]} at {claim["site_total_at"]}'
            self._row(found, self._wrong_total(Total(words, claim["site_total"], at - at % 60)))

    def _claim_of_row(self, found: Found, claim: Claim) -> None:
        self._row(found, self.find_wrong(claim, online=False))

    def _row(self, found: Found, wrong: Finding | None) -> None:
        found.rows += 1
        if wrong is not None:
            found.findings.append(wrong)


def messages(report: dict[str, Any]) -> Iterator[str]:
    """The messages of the runs in `status --json`."""
    for run in report.get("runs", ()):
        if run.get("message"):
            yield str(run["message"])


def _dates(row: dict[str, Any]) -> Dates:
    return Dates(date.fromisoformat(row["first"]), date.fromisoformat(row["last"]))


def _claim_of(row: dict[str, Any], words: str, total: int | None, *, partial: bool = False) -> Claim:
    dates = _dates(row)
    return Claim(
        *("row", "dates", words, dates.first, dates.last),
        *(row.get("stored", row.get("held")), total, row.get("excluded")),
        read_instant(row.get("as_of") or row.get("walked_at") or row.get("counted_at")),
        partial,
    )


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _strings(value: Any) -> Iterator[str]:
    """The strings that hold a sentence: more than one word."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str) and " " in value:
        yield value
