"""Figures with their targets, and a way to measure two alternatives in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import process_time
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value for each round, with its target. A figure without a target is shown for information."""

    name: str
    values: tuple[float, ...]
    unit: str = "×"
    target: float | None = None
    bound: Literal["at least", "at most"] = "at least"

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def reached(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.bound == "at least" else self.value <= self.target

    def cells(self) -> tuple[str, str, str, str, str]:
        """Returns the cells of its row: name, median, spread, target, and whether the target was reached."""
        spread = f"{format_value(min(self.values))} to {format_value(max(self.values))}" if len(self.values) > 1 else ""
        target = "" if self.target is None else f"{self.bound} {self.target:g}"
        reached = "" if self.target is None else "yes" if self.reached else "NO"
        return self.name, f"{format_value(self.value)} {self.unit}", spread, target, reached

    def as_json(self) -> dict[str, Any]:
        """Returns the figure for a file."""
        return {**asdict(self), "value": self.value, "reached": self.reached}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Figure:
        """Makes a figure from what `as_json` returned."""
        values = tuple(stored["values"])
        return cls(stored["name"], values, stored["unit"], stored["target"], stored["bound"])


def format_value(value: float) -> str:
    """Formats a value with three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(title: str, figures: Iterable[Figure]) -> bool:
    """Prints the table, and returns whether every target in it was reached."""
    figures = list(figures)
    heads = ("figure", "median", "spread", "target", "reached")
    print(f"\n{title}\n{format_table(heads, [figure.cells() for figure in figures])}", flush=True)
    return all(figure.reached for figure in figures)


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Formats rows of cells in columns, under their heads."""
    table = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(f"  {line}".rstrip() for line in lines)


def in_turns(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Measures the CPU seconds of each side in each round, in the order A B A B, after collecting garbage."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect()
            began = process_time()
            side()
            spent[name].append(process_time() - began)
    return spent


def ratios(upper: Iterable[float], lower: Iterable[float]) -> tuple[float, ...]:
    """Returns one ratio for each round."""
    return tuple(a / b for a, b in zip(upper, lower, strict=True))


def each(spent: Iterable[float], count: int) -> tuple[float, ...]:
    """Returns microseconds for each piece, once for each round."""
    return tuple(seconds / count * 1e6 for seconds in spent)
