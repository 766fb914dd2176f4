"""Words that depend on a number: `1 decision`, `2,000 decisions`, `1 hour 30 minutes`."""

from __future__ import annotations


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """Returns the number with its noun. `plural`: if it is not the noun with an `s` at its end."""
    return f"{number:,} {agree(number, noun, plural or f'{noun}s')}"


def agree(number: int, singular: str, plural: str) -> str:
    """Returns the words that agree with the number, such as `is` or `are`."""
    return singular if number == 1 else plural


def describe_duration(seconds: float) -> str:
    """Returns a duration to the minute, such as `1 day 2 hours`; parts that are zero are left out."""
    hours, minutes = divmod(round(seconds / 60), 60)
    days, hours = divmod(hours, 24)
    parts = [count_of(number, noun) for number, noun in ((days, "day"), (hours, "hour"), (minutes, "minute")) if number]
    return " ".join(parts) or "0 minutes"
