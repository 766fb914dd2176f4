"""Compares everything that a command printed, and its exit code, with the truth of the site."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bench.truth.exits import ONLINE, ExitExaminer
from bench.truth.findings import Finding, Found, Ledger, read_dates
from bench.truth.grammar import WORDS, Claim, Grammar, Outside, Reading, Total, read_instant
from bench.truth.model import ALL, Asked, Dates, Judge, Since
from bench.truth.program import Ran

_KEYS = frozenset({"proven", "unproven", "proven_at", "stored_in_all"})
_RUN_LINE = re.compile(r"^  (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<task>\w+): (?P<message>.*)$")


@dataclass
class Passage:
    """The claims before a sentence, on its line and on the lines directly before it."""

    claims: list[Claim] = field(default_factory=list)
    cut_off: bool = False
    """Whether there are more claims than are printed."""

    def go_on(self, reading: Reading) -> None:
        """Adds the claims of the next line. A line without claims ends the passage."""
        if not (reading.claims or reading.outside or reading.cut_off):
            self.claims, self.cut_off = [], False
        self.claims += [claim for claim in reading.claims if claim.scope == "dates"]
        self.cut_off = self.cut_off or reading.cut_off

    def find_dates(self, where: str) -> list[Dates]:
        """Returns the dates of the claims. `where`: the side of them that the sentence is about."""
        last = date.max if where == "before that" else None
        return [Dates(claim.first, last or claim.last) for claim in self.claims]


@dataclass
class Examiner:
    """Examines one command. `began`: when the last command that made requests began."""

    grammar: Grammar
    judge: Judge
    asked: Asked
    ledger: Ledger
    began: int
    recent: Dates
    """The dates that sync covers by itself."""
    seen: set[str]
    """Messages of runs that were printed and examined before."""
    daemon_lives: bool
    walk_days: int
    """Days within which the cadence walks unproven dates."""

    def examine(self, ran: Ran) -> Found:
        """Examines everything that a command printed, and how it ended."""
        found = Found()
        command = ran.arguments[0]
        if "--json" in ran.arguments:
            if ran.code is not None and ran.out.strip():
                found.add(self._json(command, json.loads(ran.out)))
            found.add(self._lines(ran.err.splitlines(), online=False))
        else:
            found.add(self._lines([*ran.out.splitlines(), *ran.err.splitlines()], online=command in ONLINE))
        exits = ExitExaminer(self.judge, self.asked, self.ledger, self.began, self.recent, self.walk_days)
        found.add(exits.examine(ran))
        return found

    # ------------------------------------------------------------ sentences

    def _lines(self, lines: Iterable[str], *, online: bool) -> Found:
        found = Found()
        passage = Passage()
        lines = list(lines)
        for line, following in zip(lines, [*lines[1:], ""], strict=False):
            run = _RUN_LINE.match(line)
            if run is not None:  # an earlier run; its message was examined then
                message = run["message"].partition(": ")[2]
                if not message or message in self.seen:
                    continue
            found.add(self._line(line, passage, following, online=online))
        return found

    def _line(self, line: str, passage: Passage, following: str = "", *, online: bool) -> Found:
        """Examines one line. `following` is the next line, which may name the total behind a number."""
        found = Found()
        reading = self.grammar.read(line)
        if reading.unexplained:
            found.findings.append(Finding("unexplained", line, f"the word {reading.unexplained!r}"))
        if self.grammar.says_daemon_continues(line) and not self.daemon_lives:
            found.findings.append(Finding("false", line, "no daemon runs"))
        passage.go_on(reading)
        for claim in reading.claims:
            self._compare(found, claim, self.find_wrong(claim, online=online))
        stated = reading.totals or self.grammar.read(following).totals
        for outside in reading.outside:
            self._compare(found, outside, self._wrong_outside(outside, passage, stated))
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
        """Returns what is wrong with a claim; None if it is true."""
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

    def _wrong_outside(self, outside: Outside, passage: Passage, stated: Sequence[Total]) -> Finding | None:
        """Checks the number of decisions outside. `stated` is the total behind it, which is checked separately."""
        dates = passage.find_dates(outside.where)
        if not dates:
            return Finding("unexplained", outside.words, "outside of which dates?")
        listed = sum(claim.listed or 0 for claim in passage.claims)
        if ALL.is_covered_by(dates):
            fewest = most = 0
        elif stated:
            fewest = most = max(0, stated[0].number - listed)
        else:  # a difference of two numbers, each true from an instant on
            since = [claim.as_of for claim in passage.claims if claim.as_of is not None]
            fewest, most = self.judge.count_outside(dates, min(self.began, self.judge.until, *since))
        if passage.cut_off:  # outside of more dates than are named
            fewest = 0
        named = ", ".join(map(str, dates))
        if not fewest <= outside.number <= most:
            return Finding("miscounted", outside.words, f"{fewest} to {most} lie outside of {named}")
        if outside.not_asked and not passage.cut_off:
            asked = self.asked.find("done", "interrupted", "paused")
            if any(not one.is_covered_by(dates) for one in asked):
                return Finding("false", outside.words, f"dates outside of {named} were asked for")
        return None

    def _wrong_total(self, total: Total) -> Finding | None:
        fewest, most = self.judge.count_stated(total.at)
        if fewest <= total.number <= most:
            return None
        return Finding("miscounted", total.words, f"the site stated {fewest} to {most} then")

    # ------------------------------------------------------------ JSON

    def _json(self, command: str, report: dict[str, Any]) -> Found:
        found = Found()
        for key in _keys(report):
            if key not in _KEYS and WORDS.search(key.replace("_", " ")):
                found.findings.append(Finding("unexplained", key, "a key of JSON"))
        if command == "coverage":
            if report.get("proven") is True:
                self._claim_of_row(found, Claim("proven", "asked", '"proven": true', excluded=len(report["excluded"])))
            for row in (report.get("claim") or {}).get("ranges", ()):
                if not read_dates(row).is_covered_by(self.asked.ever):
                    found.findings.append(
                        Finding("false", f"{read_dates(row)}: asked for", "nobody asked for all of it")
                    )
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
            self._claim_of_row(
                found, Claim("none unproven", "asked", '"unproven": []', excluded=report["held"]["excluded"])
            )
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
            passage = Passage([_claim_of(row, "", row["listed"]) for row in ranges])
            outside = Outside(f'"outside": {claim["outside"]}', claim["outside"], "outside", not_asked=False)
            self._row(found, self._wrong_outside(outside, passage, [_total_of(claim)]))
        if claim.get("site_total") is not None:
            self._row(found, self._wrong_total(_total_of(claim)))

    def _claim_of_row(self, found: Found, claim: Claim) -> None:
        self._row(found, self.find_wrong(claim, online=False))

    def _row(self, found: Found, wrong: Finding | None) -> None:
        found.rows += 1
        if wrong is not None:
            found.findings.append(wrong)


def messages(report: dict[str, Any]) -> Iterator[str]:
    """Returns the messages of the runs in `status --json`."""
    for run in report.get("runs", ()):
        if run.get("message"):
            yield str(run["message"])


def _total_of(claim: dict[str, Any]) -> Total:
    at = read_instant(claim["site_total_at"]) or 0
    return Total(f'"site_total": {claim["site_total"]} at {claim["site_total_at"]}', claim["site_total"], at - at % 60)


def _claim_of(row: dict[str, Any], words: str, total: int | None, *, partial: bool = False) -> Claim:
    dates = read_dates(row)
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
    """Returns the strings that have a sentence: more than one word."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str) and " " in value:
        yield value
