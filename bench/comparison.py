"""Compares the figures of two commits, as `python -m bench --json FILE` wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, format_table, format_value

_TOLERANCE = 0.05
"""A value counts as changed if it differs by more than this share and by more than both spreads overlap."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure in both files; None where a file does not have it."""

    part: str
    name: str
    old: Figure | None
    new: Figure | None

    def describe_change(self) -> str:
        """Describes how the figure changed: better, worse, or within the noise of the two measurements."""
        if self.old is None or self.new is None:
            return "only in the new file" if self.old is None else "only in the old file"
        old, new = self.old, self.new
        is_within = min(old.values) <= max(new.values) and min(new.values) <= max(old.values)
        if is_within or not old.value or abs(new.value / old.value - 1) <= _TOLERANCE:
            return ""
        if new.target is None:
            return "changed"
        return "better" if (new.value > old.value) == (new.bound == "at least") else "worse"

    def cells(self) -> tuple[str, ...]:
        """Returns the cells of its row: part, name, both values, their ratio, the target, whether it is reached."""
        both = self.old is not None and self.new is not None and self.old.value
        ratio = f"{self.new.value / self.old.value:.2f}" if both and self.old and self.new else ""
        values = ["" if one is None else f"{format_value(one.value)} {one.unit}" for one in (self.old, self.new)]
        shown = self.new or self.old
        assert shown is not None
        return (self.part, self.name, *values, ratio, *shown.cells()[3:], self.describe_change())


def compare(*files: Path) -> int:
    """Prints the figures of two files side by side. Returns 1 if a figure with a target became worse, 2 for bad use."""
    if len(files) != 2:
        print("use: python -m bench compare OLD.json NEW.json")
        return 2
    old, new = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    rows = find_rows(old["figures"], new["figures"])
    print(f"{old['commit']} ({old['at']}) and {new['commit']} ({new['at']})")
    print(
        format_table(("part", "figure", "old", "new", "ratio", "target", "reached", ""), [one.cells() for one in rows])
    )
    return int(any(row.describe_change() == "worse" for row in rows))


def find_rows(old: dict[str, Any], new: dict[str, Any]) -> list[Row]:
    """Pairs the figures of two files by part and name, in the order of the new file."""
    before = {(part, one["name"]): Figure.from_json(one) for part, its in old.items() for one in its}
    after = {(part, one["name"]): Figure.from_json(one) for part, its in new.items() for one in its}
    return [Row(*key, before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before])]
