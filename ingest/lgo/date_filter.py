"""Models which decision dates the listing's date filter includes, and which dates to ask for instead.

The site is said to include both ends of a range. A site may be a day off. It may exclude an end. Or it may store
decisions as instants and compare them in UTC; in British Summer Time each decision then counts as decided the day
before. A `Shift` says how many days each end is off, one for each season. `find_shift` finds it with requests about a
day on which a decision is known to be listed. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from storage.model import Window

Season = Literal["summer", "winter"]

_DAY = timedelta(days=1)
_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many days the first and last day that a filter includes differ from those asked for; positive is later."""

    first: int = 0
    last: int = 0


EXACT = Shift()


@dataclass(frozen=True, slots=True)
class DateFilter:
    """The date filter of a site."""

    summer: Shift = EXACT
    winter: Shift = EXACT

    def shift_of(self, day: date) -> Shift:
        """Returns the shift for an end of a range on this day."""
        return self.summer if season_of(day) == "summer" else self.winter

    def ask_for(self, window: Window, today: date) -> tuple[date, date]:
        """Returns the dates to ask for so that the site lists a window. No decision has a date after today."""
        last = max(window.first, min(window.last, today))
        return _shifted(window.first, -self.shift_of(window.first).first), _shifted(last, -self.shift_of(last).last)

    def may_begin(self, day: date) -> bool:
        """Whether one range can begin on a day, and another end on the day before.

        Not if both ends would be asked for with the same date. That happens on the day after the clocks go forward, if
        the seasons have different shifts.
        """
        if self.summer == self.winter or day == date.min:
            return True
        before = day - _DAY
        return season_of(before) == season_of(day) or self.shift_of(day).first <= self.shift_of(before).first


def season_of(day: date) -> Season:
    """Returns whether British Summer Time is in force in London at the start of a day."""
    return "summer" if datetime.combine(day, time(), _LONDON).dst() else "winter"


def last_day_of_other_season(day: date) -> date:
    """Returns the last day before a day that belongs to the other season."""
    season = season_of(day)
    while season_of(day) == season:
        day -= _DAY
    return day


def find_shift(day: date, ask: Callable[[date, date], frozenset[date]], *, thorough: bool = False) -> Shift | None:
    """Finds the shift of a filter around a day with a listed decision; None when the answers match no shift.

    `ask` takes the first and last date of a request, and returns the decision dates of the cards on the first page of
    the answer. An exact filter takes one request, another three to seven. `thorough` always makes the three requests,
    which also detects a filter that includes a day too many.
    """
    answers: dict[tuple[date, date], frozenset[date]] = {}

    def shows(first: date, last: date) -> bool:
        if (first, last) not in answers:
            answers[first, last] = ask(first, last)
        return day in answers[first, last]

    if not thorough and shows(day, day) and answers[day, day] == {day}:
        return EXACT
    # A range that begins `before` days before the day shows it if first <= before <= last + width.
    for width in (0, 1, 2):
        shown = [
            before
            for before in range(-1 if not width else 0, 2)
            if shows(day - before * _DAY, day + (width - before) * _DAY)
        ]
        if shown:
            found = Shift(shown[0], shown[-1] - width)
            return found if _fits(found, day, answers) else None
    return None


def _fits(shift: Shift, day: date, answers: dict[tuple[date, date], frozenset[date]]) -> bool:
    """Whether each answer shows the day exactly when the shift includes it, and no date that the shift excludes."""
    for (first, last), shown in answers.items():
        included = (first + shift.first * _DAY, last + shift.last * _DAY)
        if (day in shown) != (included[0] <= day <= included[1]):
            return False
        if any(not included[0] <= one <= included[1] for one in shown):
            return False
    return True


def _shifted(day: date, days: int) -> date:
    """Returns the day that many days later, clamped to the range of `date`."""
    return date.fromordinal(min(max(1, day.toordinal() + days), date.max.toordinal()))
