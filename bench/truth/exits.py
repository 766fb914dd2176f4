"""Compares exit codes with the truth of the site: 0 says that nothing is missing in the command's scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bench.truth.findings import Finding, Found, Ledger
from bench.truth.model import ALL, Asked, Dates, Judge, find_dates
from bench.truth.program import Ran

ONLINE = frozenset({"backfill", "sync", "daemon"})
"""Commands that make requests."""

DAEMON_SECONDS = 600
"""`status` exits 1 when a daemon's heartbeat stopped that many seconds ago."""


@dataclass(frozen=True, slots=True)
class ExitExaminer:
    """Examines one command's exit code.

    `began`: when the last command that made requests began. `recent`: the dates that sync covers by itself.
    `walk_days`: days within which the cadence walks unproven dates.
    """

    judge: Judge
    asked: Asked
    ledger: Ledger
    began: int
    recent: Dates
    walk_days: int

    def examine(self, ran: Ran) -> Found:
        """Examines how a command ended."""
        if ran.code != 0:
            return Found()
        if ran.arguments[0] == "status":
            return Found(list(self._find_why_stale(ran)), exits=1)
        scope = self._scope_of_exit(ran)
        if scope is None:
            return Found()
        online = ran.arguments[0] in ONLINE

        def since(day: date) -> int:
            return self.ledger.since(day, ran.began if online else self.began)

        lacking = self.judge.find_lacking(scope, since, excused=True)
        if not lacking:
            return Found(exits=1)
        why = f"{len(lacking)} listed and not stored of {', '.join(map(str, scope))}: {', '.join(lacking[:3])}"
        return Found([Finding("false exit", f"{' '.join(ran.arguments)}: exit 0", why)], exits=1)

    def _find_why_stale(self, ran: Ran) -> Iterator[Finding]:
        """Returns why status should have ended with 1; empty if it should not."""
        died = self.asked.daemon_died_at
        if died is not None and ran.began - died > DAEMON_SECONDS:
            why = f"the daemon was killed {ran.began - died:,} seconds ago, and nothing succeeded since"
            yield Finding("false exit", "status: exit 0", why)
        overdue = self.asked.find_interrupted_before(ran.began - 86_400 * (self.walk_days + 1))
        earliest = min((self.asked.interrupted_at[dates] for dates in overdue), default=0)
        if self.judge.find_lacking(overdue, lambda _day: earliest, excused=True):
            why = f"{', '.join(map(str, overdue))}: interrupted for longer than the cadence allows"
            yield Finding("false exit", "status: exit 0", why)

    def _scope_of_exit(self, ran: Ran) -> list[Dates] | None:
        """Returns the dates that exit 0 is about; None if it says nothing about stored decisions."""
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
