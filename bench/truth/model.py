"""Records the ranges asked for, as an observer of the commands, and judge claims about the site.

Only certain facts are recorded. If a command was killed before its first request, the archive may have recorded its
range or not, and nothing is concluded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from bench.truth.program import Ran
from bench.truth.site import Site, Version

AskedState = Literal["done", "interrupted", "paused"]
Since = Callable[[date], int]
"""Since when a claim may be true of a decision date: seconds since 1970."""


class Dates(NamedTuple):
    """Decision dates, both inclusive."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def covers(self, other: Dates) -> bool:
        return self.first <= other.first and other.last <= self.last

    def is_covered_by(self, others: Iterable[Dates]) -> bool:
        """Whether other ranges, which may overlap, together cover it."""
        day = self.first
        for one in sorted(others):
            if one.first > day:
                return False
            if one.last >= self.last:
                return True
            day = max(day, one.last + timedelta(days=1))
        return False

    def touches(self, other: Dates) -> bool:
        return self.first <= other.last and other.first <= self.last


ALL = Dates(date.min, date.max)


@dataclass
class Asked:
    """The ranges asked for, and how each ended. Copied with a backup of the file."""

    ranges: list[tuple[Dates, AskedState]] = field(default_factory=list)
    limited: bool = False
    """Whether a backfill with --limit ran."""
    withdrew: bool = False
    """Whether the last backfill was withdrawn."""
    daemon_died_at: int | None = None
    """When a daemon was killed, if since then no manual sync ended with 0 and no daemon was stopped."""
    interrupted_at: dict[Dates, int] = field(default_factory=dict)
    """When the interrupted backfills ended: seconds since 1970."""
    ever: list[Dates] = field(default_factory=list)
    """All ranges that were or may have been asked for; no other may be claimed."""
    fills: bool = False
    """Whether `init` made the file, so that the daemon fills it by itself."""

    def copy(self) -> Asked:
        ranges, interrupted_at = list(self.ranges), dict(self.interrupted_at)
        return Asked(
            *(ranges, self.limited, self.withdrew, self.daemon_died_at, interrupted_at, list(self.ever), self.fills)
        )

    def find(self, *states: AskedState) -> list[Dates]:
        return [dates for dates, state in self.ranges if state in states]

    def find_interrupted_before(self, at: int) -> list[Dates]:
        """Returns the ranges of backfills that were interrupted before an instant, and still are."""
        return [dates for dates in self.find("interrupted") if self.interrupted_at[dates] < at]

    def note(self, ran: Ran, recent_dates: Dates) -> None:
        """Records the range that a command asked for. `recent_dates`: those that sync covers by itself."""
        command = ran.arguments[0]
        if ran.code in (2, 13):  # it did nothing
            return
        if command == "init":
            self.fills = True
        if command == "backfill":
            dates = find_dates(ran.arguments) or ALL
            if "--withdraw" not in ran.arguments and "--limit" not in ran.arguments:
                self.ever.append(dates)
            if "--withdraw" in ran.arguments:
                self.withdrawn(dates)
            elif "--limit" in ran.arguments:
                self.limited = True
            elif not ran.requests and ran.code != 0:
                self.unsure(dates)
            else:
                self.backfilled(dates, _find_state(ran.code))
                self.interrupted_at[dates] = ran.ended
        elif command == "sync" and ran.code == 0:
            self.synced(recent_dates)
            self.daemon_died_at = None
        elif command == "daemon" and (ran.requests or ran.code is not None):
            # One that was killed before its first request may have died before its first heartbeat.
            self.daemon_died_at = ran.ended if ran.code is None else None

    def backfilled(self, dates: Dates, state: AskedState) -> None:
        """Records that a backfill of those dates ended in a state. It takes over unfinished ranges inside them."""
        self.ranges = [(one, was) for one, was in self.ranges if was == "done" or not dates.covers(one)]
        self._add(dates, state)
        self.withdrew = False

    def unsure(self, dates: Dates) -> None:
        """Records a backfill that was killed before its first request, and so may have taken over other ranges."""
        self.ranges = [(one, was) for one, was in self.ranges if was == "done" or not dates.touches(one)]

    def withdrawn(self, dates: Dates) -> None:
        """Records that unfinished ranges in those dates were withdrawn."""
        self.unsure(dates)
        self.withdrew = True

    def synced(self, dates: Dates) -> None:
        """Records a sync of those dates that ended with 0, which finishes interrupted ranges."""
        for interrupted in self.find("interrupted"):
            self.ranges.remove((interrupted, "interrupted"))
            self._add(interrupted, "done")
        self._add(dates, "done")

    def _add(self, dates: Dates, state: AskedState) -> None:
        """Adds a range, joined with those of the same state that it touches."""
        for one in [one for one in self.find(state) if state == "done" and dates.touches(one)]:
            self.ranges.remove((one, state))
            dates = Dates(min(one.first, dates.first), max(one.last, dates.last))
        self.ranges.append((dates, state))

    @property
    def state(self) -> str:
        """The state in one word, for the table of states and commands."""
        if self.find("interrupted"):
            return "interrupted and paused" if self.find("paused") else "interrupted"
        if self.find("paused"):
            return "paused"
        if self.withdrew:
            return "withdrawn"
        done = self.find("done")
        if not done:
            return "limited" if self.limited else "empty"
        if any(one.first == date.min for one in done):
            return "all"
        return "recent" if len(done) == 1 and done[0].last == date.max else "part"


def _find_state(code: int | None) -> AskedState:
    """Returns the state of the dates of a backfill by its exit code."""
    if code == 0:
        return "done"
    return "paused" if code in (130, 143) else "interrupted"


def find_dates(arguments: Sequence[str]) -> Dates | None:
    """Returns the dates of --from and --to; None if neither is given."""
    values = dict(pairwise(arguments))
    first, last = values.get("--from"), values.get("--to")
    if first is None and last is None:
        return None
    return Dates(date.fromisoformat(first) if first else date.min, date.fromisoformat(last) if last else date.max)


STATES = ("empty", "limited", "recent", "part", "all", "interrupted", "paused", "interrupted and paused", "withdrawn")


# ---------------------------------------------------------------- the truth


@dataclass(frozen=True, slots=True)
class Judge:
    """The truth at the end of a command: the site's listing at each instant, and the decisions stored now."""

    site: Site
    stored: frozenset[str]
    """References that the archive has from the site."""
    until: int
    """Seconds since 1970."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """Stored decisions that the archive says have left the site, with their status: withdrawn, expired or gone."""
    _between: dict[int, list[Version]] = field(default_factory=dict)

    def find_lacking(self, dates: Iterable[Dates], since: Since, *, excused: bool) -> list[str]:
        """Returns the references that make it false that all listed decisions of some dates are stored, oldest first.

        For each date there must be an instant, from `since(date)` until now, at which everything listed for it is
        stored. `excused`: listed decisions count as stored if their page answered 404, because the claim names them.
        """
        had = self.stored | self.site.ever_missing if excused else self.stored
        found: list[str] = []
        for day in self._days(dates):
            best: list[str] = []
            for version in reversed(self._versions(since(day))):
                lacking = [one for one in version.listed.get(day, ()) if one not in had]
                if not lacking:
                    break
                if not best or len(lacking) < len(best):
                    best = lacking
            else:
                found += best
        return found

    def count_listed(self, dates: Iterable[Dates], since: Since) -> tuple[int, int]:
        """Returns the fewest and the most decisions that the site may have listed for some dates."""
        fewest = most = 0
        for day in self._days(dates):
            counts = [
                (len(version.listed.get(day, ())), len(version.contested.get(day, ())))
                for version in self._versions(since(day))
            ]
            fewest += min(sure for sure, _ in counts)
            most += max(sure + contested for sure, contested in counts)
        return fewest, most

    def count_outside(self, dates: Sequence[Dates], since: int) -> tuple[int, int]:
        """Returns the fewest and the most decisions that the site may list outside some dates.

        That is the site's total, stated or by its cards, minus those listed for the dates. Each date was listed at an
        instant of its own.
        """
        fewest, most = self.count_listed(dates, lambda _day: since)
        whole = [total for version in self._versions(since) for total in version.totals]
        return max(0, min(whole) - most), max(whole) - fewest

    def count_stated(self, at: int) -> tuple[int, int]:
        """Returns the lowest and the highest total that the site may have stated to a request in the minute from `at`.

        It answers a second after the request.
        """
        totals = [total for version in self.site.between(at, at + 60) for total in version.totals]
        return min(totals), max(totals)

    def find_wrongly_gone(self) -> list[str]:
        """Returns decisions that the archive calls withdrawn or expired, but that left for another reason or not."""
        ended = {reference: status for reference, status in self.gone.items() if status in ("withdrawn", "expired")}
        return [
            f"{reference} is called {status}, and is {why}"
            for reference, status in sorted(ended.items())
            if (why := self.site.left.get(reference, "published")) != status and reference not in self.site.returned
        ]

    def _versions(self, since: int) -> list[Version]:
        if since not in self._between:
            self._between[since] = list(self.site.between(since, self.until))
        return self._between[since]

    def _days(self, dates: Iterable[Dates]) -> list[date]:
        days = self.site.days
        found = [days[bisect_left(days, one.first) : bisect_right(days, one.last)] for one in dates]
        return found[0] if len(found) == 1 else sorted({day for some in found for day in some})


def recent(today: date, days: int) -> Dates:
    """Returns the dates that sync covers by itself."""
    return Dates(today - timedelta(days=days), date.max)
