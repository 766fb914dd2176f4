"""Parses dates as the publisher prints them.

British order; full or short month names; spaces, hyphens, slashes or full stops between; a weekday before. No I/O.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {name[:3]: number for number, name in enumerate(_NAMES, 1)}
"""Month numbers by the first three letters of the name, in lower case."""

FIRST_YEAR = 1974
"""The year of the Local Government Act that created the Ombudsman; no decision is older."""

_MONTH = r"(?P<{0}>[A-Za-z]{{3,9}})\b\.?"
_DATE = re.compile(
    r"(?<![\w.])(?:"
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s\-/.]*+(?:of\s)?"
    + _MONTH.format("month")
    + r",?[\s\-/.]*+(?P<year>\d{4}|\d\d)"
    r"|" + _MONTH.format("month_first") + r"\s(?P<second_day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<second_year>\d{4})"
    r"|(?P<iso_year>\d{4})-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)"
    r"|(?P<n_day>\d{1,2})\s?[-/.]\s?(?P<n_month>\d{1,2})\s?[-/.]\s?(?P<n_year>\d{4}|\d\d)"
    r")(?!\d)",
    re.ASCII,
)


class PrintedDate(NamedTuple):
    """A date found in a printed line."""

    day: date | None
    """None if the date is not in the calendar, before 1974, or in the future."""
    is_alone: bool
    """Whether the line has no other words."""


def parse_date(printed: str, today: date | None = None) -> PrintedDate:
    """Parses the date in a printed line. A date after `today`, the day of the fetch or import, is a misprint."""
    found = _DATE.search(printed)
    if found is None:
        return PrintedDate(None, False)
    day = _day_of(found)
    if day is not None and (day.year < FIRST_YEAR or (today is not None and day > today)):
        day = None
    return PrintedDate(day, found[0] == printed.strip())


def has_date(text: str) -> bool:
    """Whether a text has a full date of the calendar."""
    return any(_day_of(found) is not None for found in _DATE.finditer(text))


def _day_of(found: re.Match[str]) -> date | None:
    if found["iso_year"]:
        year, month, day = found["iso_year"], int(found["iso_month"]), found["iso_day"]
    elif found["n_year"]:
        year, month, day = found["n_year"], int(found["n_month"]), found["n_day"]
    else:
        year, day = found["year"] or found["second_year"], found["day"] or found["second_day"]
        month = _month(found["month"] or found["month_first"])
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, int(day))
    except ValueError:
        return None


def _month(name: str) -> int:
    """Returns the number of a month; 0 if the word is not the name of one."""
    word = name.lower()
    number = MONTHS.get(word[:3])
    return number if number is not None and _NAMES[number - 1].startswith(word) else 0
