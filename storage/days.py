"""Parses the days that people write: a whole date, or a month or year in its place. No I/O."""

from __future__ import annotations

import calendar
import re
from datetime import date

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def parse_day(written: str, *, is_last: bool) -> date:
    """Parses `2024-03-31`, `2024-03` or `2024`. A month or year means its first day, or its last with `is_last`.

    Raises ValueError.
    """
    found = _DAY.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"{written!r} is not a date")
    year, month, day = found.groups()
    first = date(int(year), int(month or (12 if is_last else 1)), int(day or 1))
    if is_last and day is None:
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return first
