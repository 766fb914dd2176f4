"""Splits, merges and subtracts windows: ranges of decision dates, inclusive at both ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ingest.errors import UsageError
from storage.model import Window

EVERYTHING = Window(date(1, 1, 1), date(9999, 12, 31))
"""All dates; the site treats the first as "from the beginning"."""

_EARLY = date(2010, 1, 1)
"""A window that begins before this day is split here first: the site has hardly any older decisions."""


def find_range(first: date | None, last: date | None, today: date) -> Window:
    """Returns the window from `first` to `last`, which may be after today. None: no bound on that side.

    Raises UsageError if it ends before it begins, or begins after today.
    """
    window = Window(first or EVERYTHING.first, last or EVERYTHING.last)
    if window.first > window.last:
        raise UsageError(f"the range ends before it begins: {window}; name an earlier --from or a later --to")
    if window.first > today:
        raise UsageError(f"the range begins after today: {window.first}; name an earlier --from")
    return window


def days(window: Window) -> int:
    """Returns the number of days of a window."""
    return (window.last - window.first).days + 1


def may_contain(window: Window, day: date | None) -> bool:
    """Whether a card with this date, or with none, may belong to a window."""
    return day is None or window.first <= day <= window.last


def split(window: Window) -> tuple[Window, Window]:
    """Splits a window of at least two days into halves, the older first."""
    if window.first < _EARLY <= window.last:
        return split_at(window, _EARLY)
    return split_at(window, window.first + timedelta(days=(days(window) + 1) // 2))


def split_at(window: Window, begin: date) -> tuple[Window, Window]:
    """Splits a window into two, the older first, without gap or overlap; the newer begins on the given day.

    Raises ValueError if one of them would be empty.
    """
    if not window.first < begin <= window.last:
        raise ValueError(f"{window} cannot be split at {begin}")
    return Window(window.first, begin - timedelta(days=1)), Window(begin, window.last)


def gaps(window: Window, covered: Iterable[Window]) -> list[Window]:
    """Returns the parts of a window that no window of `covered` covers, oldest first."""
    left = [window]
    for other in covered:
        left = [part for piece in left for part in _without(piece, other)]
    return left


def _without(window: Window, other: Window) -> list[Window]:
    return window.without(other) if touches(window, other) else [window]


def touches(window: Window, other: Window) -> bool:
    """Whether two windows have a day in common."""
    return other.first <= window.last and window.first <= other.last


def merge_windows(windows: Iterable[Window]) -> list[Window]:
    """Returns the windows, oldest first, and merges those that touch or overlap."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda one: one.first):
        if found and window.first <= _day_after(found[-1].last):
            found[-1] = Window(found[-1].first, max(found[-1].last, window.last))
        else:
            found.append(window)
    return found


def _day_after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)
