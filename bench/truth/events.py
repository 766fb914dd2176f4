"""Random events on the simulated site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bench.truth.program import Time
from bench.truth.site import FORMS, Decision, Site

OLDEST_DAYS = 2_600
"""So that some decisions are older than the retention age of 1,826 days."""

ASKED_WITH = ("t", "dc", "/")
"""The parameters of a listing besides the dates, and a slash after its path."""

_DAY = timedelta(days=1)


def _later(day: date) -> date:
    return day if day in (date.min, date.max) else day + _DAY


def _earlier(day: date) -> date:
    return day if day in (date.min, date.max) else day - _DAY


def _is_summer(day: date) -> bool:
    return bool(datetime.combine(day, time(), ZoneInfo("Europe/London")).dst())


DATE_FILTERS: tuple[Callable[[date, date], tuple[date, date]], ...] = (
    lambda first, last: (first, _earlier(last)),
    lambda first, last: (_later(first), last),
    lambda first, last: (
        _later(first) if _is_summer(first) else first,
        _later(last) if _is_summer(_later(last)) else last,
    ),
)
"""Date filters that are a day off: one excludes an end, one compares midnight in London in UTC."""

WEIGHTS = {
    "days pass": 12,
    "publication": 8,
    "late publication": 6,
    "withdrawal": 6,
    "return": 4,
    "amendment": 4,
    "other date": 4,
    "swap": 4,
    "expiry": 2,
    "backup": 3,
    "restored backup": 2,
    "hidden": 2,
    "shown": 2,
    "card missing": 2,
    "not counted": 2,
    "depth": 1,
    "cap": 1,
    "form narrowed": 2,
    "form widened": 2,
    "shell": 3,
    "refused": 2,
    "away": 2,
    "errors": 1,
    "waits": 3,
    "page missing": 3,
    "other total": 3,
    "calm": 12,
}
"""The events between two commands, with their weights. The first of them and the backups affect the clock and the file.
"""

MEANWHILE = frozenset(
    {
        *("publication", "late publication", "withdrawal", "return", "amendment", "other date", "swap", "expiry"),
        *("shell", "refused", "away", "waits", "calm"),
    }
)
"""The events that can also happen while a command runs."""


class Events:
    """Makes events happen on a site."""

    def __init__(self, site: Site, time: Time, chance: Random) -> None:
        self._site = site
        self._time = time
        self._chance = chance
        self._removed: list[Decision] = []
        self._number = chance.randrange(100_000)
        self._do: dict[str, Callable[[], object]] = {
            "publication": lambda: self._publish(self._today - timedelta(days=chance.randrange(1, 90))),
            "late publication": lambda: self._publish(self.some_day()),
            "withdrawal": self._withdraw,
            "return": self._restore,
            "amendment": self._amend,
            "other date": self._redate,
            "swap": self._swap,
            "expiry": self._expire,
            "hidden": lambda: self._hide(site.hidden),
            "shown": self._show_hidden,
            "card missing": lambda: self._hide(site.cardless),
            "not counted": self._stop_counting,
            "depth": lambda: self._limit(depth=chance.choice((10, 20))),
            "cap": lambda: self._limit(cap=chance.choice((10, 20))),
            "form narrowed": self._narrow,
            "form widened": self._widen,
            "shell": self._answer_with_shells,
            "refused": lambda: setattr(site.faults, "refused", chance.choice(("listing", "decisions", "both"))),
            "away": lambda: setattr(site.faults, "away", True),
            "errors": lambda: setattr(site.faults, "errors", True),
            "waits": lambda: setattr(site.faults, "wait", chance.choice((10, 60, 1_200))),
            "page missing": lambda: self._hide(site.missing_pages),
            "other total": lambda: setattr(site, "form", chance.randrange(len(FORMS))),
            "calm": site.show_all,
        }

    def begin(self) -> None:
        """Publishes the first decisions."""
        for _ in range(self._chance.choice((15, 70, 160, 280))):
            self._publish(self.some_day())
        self._site.filter_dates = self._chance.choice((None, None, None, *DATE_FILTERS))
        if self._chance.random() < 0.25:  # many that reach the retention age together
            for _ in range(40):
                self._publish(self._today - timedelta(days=1_800 + self._chance.randrange(60)))

    def happen(self, name: str) -> None:
        """Makes one event of `WEIGHTS` happen."""
        self._do[name]()

    def some_day(self) -> date:
        """Chooses a decision date, more likely a recent one."""
        back = self._chance.choice((100, 700, OLDEST_DAYS))
        return self._today - timedelta(days=self._chance.randrange(1, back))

    @property
    def _today(self) -> date:
        return self._time.now().date()

    def _publish(self, day: date) -> None:
        self._number += self._chance.randrange(1, 900)
        kind = "report" if self._chance.random() < 0.1 else "statement"
        self._site.publish(Decision(self._number % 1_000_000, day, kind))

    def _one(self) -> str | None:
        names = sorted(self._site.decisions)
        return self._chance.choice(names) if names else None

    def _withdraw(self) -> None:
        name = self._one()
        if name is not None and len(self._removed) * 3 < len(self._site.decisions):
            self._removed.append(self._site.remove(name))

    def _restore(self) -> None:
        if self._removed:
            self._site.publish(self._removed.pop(self._chance.randrange(len(self._removed))))

    def _swap(self) -> None:
        """Publishes one decision and removes another, so that the total stays the same."""
        self._publish(self.some_day())
        self._withdraw()

    def _amend(self) -> None:
        if name := self._one():
            self._site.amend(name)

    def _redate(self) -> None:
        if name := self._one():
            self._site.amend(name, self.some_day())

    def _expire(self) -> None:
        edge = self._today - timedelta(days=1_826 + self._chance.randrange(200))
        for name, decision in sorted(self._site.decisions.items()):
            if decision.day < edge and decision.kind == "statement":
                self._site.remove(name, "expired")

    def _hide(self, names: set[str]) -> None:
        name = self._one()
        taken = self._site.hidden | self._site.cardless | self._site.uncounted
        if name is not None and name not in taken:
            names.add(name)
            self._site.note()

    def _show_hidden(self) -> None:
        if self._site.hidden:
            self._site.hidden.discard(min(self._site.hidden))
            self._site.note()

    def _stop_counting(self) -> None:
        """Counts a decision no more, unless searches end early too: see `_limit`."""
        if self._site.depth is None and self._site.cap is None:
            self._hide(self._site.uncounted)

    def _limit(self, *, depth: int | None = None, cap: int | None = None) -> None:
        """Ends each search after some cards.

        Every decision is counted then: a search that shows ten of eleven decisions and counts ten hides one from
        everybody.
        """
        self._site.uncounted.clear()
        self._site.depth, self._site.cap = depth, cap
        self._site.note()

    def _narrow(self) -> None:
        """Makes one form of the listing hide all decisions, or those of some dates."""
        edge = self._chance.choice((date.max, self.some_day()))
        asked_with = self._chance.choice(ASKED_WITH)
        self._site.narrowed[asked_with] = lambda day: day <= edge
        self._site.note()

    def _widen(self) -> None:
        """Makes one form of the listing show a few decisions that no other form shows."""
        asked_with = self._chance.choice(ASKED_WITH)
        for name in self._chance.sample(sorted(self._site.decisions), min(5, len(self._site.decisions))):
            self._site.only_asked_with[name] = asked_with
        self._site.note()

    def _answer_with_shells(self) -> None:
        """Answers some ranges with a search shell, always the same ranges."""
        salt, share = self._chance.randrange(1_000), self._chance.choice((2, 3, 5))
        self._site.faults.shell = lambda first, last: (first.toordinal() * 7 + last.toordinal() + salt) % share == 0
