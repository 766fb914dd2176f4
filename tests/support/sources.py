"""The Python files of the project, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from support.paths import ROOT


def find_sources(*places: str) -> dict[str, Path]:
    """Every module in some files and folders of the project, by its dotted name."""
    paths = [path for place in places for path in [ROOT / place, *sorted((ROOT / place).rglob("*.py"))]]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
        if path.suffix == ".py"
    }


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def walk_statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Iterates over statements and those inside them, without their expressions: a tenth of what `ast.walk` finds."""
    for statement in body:
        yield statement
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from walk_statements(getattr(statement, name, []))
