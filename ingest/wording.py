"""Words that depend on a number: `1 decision`, `2,000 decisions`."""

from __future__ import annotations


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """Returns the number with its noun. `plural`: if it is not the noun with an `s` at its end."""
    return f"{number:,} {agree(number, noun, plural or f'{noun}s')}"


def agree(number: int, singular: str, plural: str) -> str:
    """Returns the words that agree with the number, such as `is` or `are`."""
    return singular if number == 1 else plural
