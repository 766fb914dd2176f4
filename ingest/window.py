"""Date windows, inclusive at both ends. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from storage.model import Window

EVERYTHING = Window(date(1, 1, 1), date(9999, 12, 31))
"""All dates there are; the site reads the first as "from the beginning"."""

_EARLY = date(2010, 1, 1)
"""A window that begins before this is split here first: the site keeps next to nothing older."""


def days(window: Window) -> int:
    """How many days a window has."""
    return (window.last - window.first).days + 1


def split(window: Window) -> tuple[Window, Window]:
    """Two windows, the older first, that meet without gap or overlap and together are the one. Needs two days."""
    if window.first >= window.last:
        raise ValueError(f"{window} cannot be split")
    if window.first < _EARLY <= window.last:
        begin = _EARLY
    else:
        begin = window.first + timedelta(days=(days(window) + 1) // 2)
    return Window(window.first, begin - timedelta(days=1)), Window(begin, window.last)


def outside(whole: Window, part: Window) -> list[Window]:
    """The windows of the whole before and after the part."""
    around = []
    if whole.first < part.first:
        around.append(Window(whole.first, part.first - timedelta(days=1)))
    if part.last < whole.last:
        around.append(Window(part.last + timedelta(days=1), whole.last))
    return around
