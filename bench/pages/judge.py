"""Compares the words of two texts, and print tables of counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Difference(NamedTuple):
    """Missing words of the right text, and words that are not in it."""

    lost: tuple[str, ...]
    foreign: tuple[str, ...]


def differ(expected: str, found: str) -> Difference:
    """Returns how the words of two texts differ, in any order."""
    right, got = Counter(expected.split()), Counter(found.split())
    return Difference(tuple((right - got).elements()), tuple((got - right).elements()))


def show_counts(title: str, columns: Sequence[str], rows: Mapping[str, Mapping[str, int | str]]) -> None:
    """Prints a table with one line for each row, in the order given."""
    table = [(title, *columns)]
    table += [(name, *(_cell(row.get(column, 0)) for column in columns)) for name, row in rows.items()]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    for line in table:
        first, *rest = (
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join((first, *rest)).rstrip())
    print(flush=True)


def _cell(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Returns the sum of counts."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total
