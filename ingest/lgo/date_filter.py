"""Which decision dates the listing's date filter includes, and what to ask it for instead. Pure.

The site is said to include both ends of a range. A site may be a day off: an end that is not inclusive, or decisions
stored as instants and compared in UTC, so that in British Summer Time each counts as decided the day before. How far
each end is off is a `Shift`, one for each season, found by `find_shift` with questions about a day on which a decision
is known to be listed.
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
    """How many days later than asked the first and the last day of a range are that a filter includes."""

    first: int = 0
    last: int = 0


EXACT = Shift()


@dataclass(frozen=True, slots=True)
class DateFilter:
    """The date filter of a site."""

    summer: Shift = EXACT
    winter: Shift = EXACT

    def shift_of(self, day: date) -> Shift:
        """The shift of an end of a range that lies on a day."""
        return self.summer if season_of(day) == "summer" else self.winter

    def ask_for(self, window: Window, today: date) -> tuple[date, date]:
        """The dates to ask for so that the site lists a window. No decision is dated later than today."""
        last = max(window.first, min(window.last, today))
        return _shifted(window.first, -self.shift_of(window.first).first), _shifted(last, -self.shift_of(last).last)

    def may_begin(self, day: date) -> bool:
        """Whether a range can begin on a day, and another end on the day before. It cannot where both would be asked
        for with one date: on the day after the clocks go forward, if the seasons differ."""
        if self.summer == self.winter or day == date.min:
            return True
        before = day - _DAY
        return season_of(before) == season_of(day) or self.shift_of(day).first <= self.shift_of(before).first


def season_of(day: date) -> Season:
    """Whether British Summer Time is in force in London as a day begins."""
    return "summer" if datetime.combine(day, time(), _LONDON).dst() else "winter"


def last_day_of_other_season(day: date) -> date:
    """The last day before a day that is of the other season."""
    season = season_of(day)
    while season_of(day) == season:
        day -= _DAY
    return day


def find_shift(day: date, ask: Callable[[date, date], frozenset[date]], *, thorough: bool = False) -> Shift | None:
    """The shift of a filter around a day on which a decision is known to be listed; None where the answers fit none.

    `ask` is given the first and the last date of a question, and returns the decision dates of the cards that the first
    page of the answer shows. A filter that leaves nothing out is known by one question; another by three to seven.
    `thorough`: the three are asked in any case, which shows a filter that includes a day too much.
    """
    answers: dict[tuple[date, date], frozenset[date]] = {}

    def shows(first: date, last: date) -> bool:
        if (first, last) not in answers:
            answers[first, last] = ask(first, last)
        return day in answers[first, last]

    if not thorough and shows(day, day) and answers[day, day] == {day}:
        return EXACT
    # A range that begins `before` days before the day shows it where first <= before <= last + width.
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
    """Whether every answer shows the day just where the shift includes it, and nothing that it does not include."""
    for (first, last), shown in answers.items():
        included = (first + shift.first * _DAY, last + shift.last * _DAY)
        if (day in shown) != (included[0] <= day <= included[1]):
            return False
        if any(not included[0] <= one <= included[1] for one in shown):
            return False
    return True


def _shifted(day: date, days: int) -> date:
    """A day so many days later, as far as a date can be."""
    return date.fromordinal(min(max(1, day.toordinal() + days), date.max.toordinal()))
