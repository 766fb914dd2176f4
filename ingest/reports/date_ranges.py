"""Describes ranges of decision dates, and names the commands that fetch them."""

from __future__ import annotations

from datetime import date

from storage.model import Window


def describe_dates(window: Window) -> str:
    """Describes a range of dates: an open end is `beginning` or `today`."""
    first = "beginning" if window.first == date.min else str(window.first)
    last = "today" if window.last == date.max else str(window.last)
    return f"{first} to {last}"


def _goes_on(window: Window, today: date) -> bool:
    """Whether a range has begun and ends after `today`."""
    return window.first <= today < window.last


def show_to_today(window: Window, today: date) -> Window:
    """Replaces an end after `today` by the open end, which `describe_dates` shows as "today"."""
    return Window(window.first, date.max) if _goes_on(window, today) else window


def end_today(window: Window, today: date) -> Window:
    """Returns the part of a range up to `today`, unless it begins later. One with an open end stays as it is."""
    return Window(window.first, today) if _goes_on(window, today) and window.last < date.max else window


def json_dates(window: Window) -> dict[str, str]:
    """Returns the first and last date of a range, for programs."""
    return {"first": str(window.first), "last": str(window.last)}


def json_to_today(window: Window, today: date) -> dict[str, str]:
    """Returns the dates of a row of the ledger, for programs. A row that goes on after `today` ends today."""
    return json_dates(Window(window.first, today) if _goes_on(window, today) else window)


def describe_progress(stored: int, total: int | None) -> str:
    """Describes the progress of a backfill.

    `total`: the site's total for its range when it began. It is left out if more decisions are stored: the site may
    list more than it counts, and new decisions may have been added since.
    """
    return f"{stored:,} fetched" if total is None or total < stored else f"{stored:,} of {total:,} fetched"


def describe_pause(window: Window) -> str:
    """Names the commands for a paused backfill."""
    return f"{name_command(window)} continues it, {name_command(window, '--withdraw')} drops what is left"


def name_command(window: Window, *options: str) -> str:
    """Returns the command that backfills a range."""
    first = ["--from", str(window.first)] if window.first != date.min else []
    last = ["--to", str(window.last)] if window.last != date.max else []
    return f"`{' '.join(['lgsco backfill', *options, *first, *last])}`"
