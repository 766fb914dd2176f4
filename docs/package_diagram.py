"""Draws which package imports which as an SVG file, from the import statements of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs" / "packages.svg"

PACKAGES = (
    *("lgsco.cli", "lgsco.web", "lgsco.replica", "scheduler", "ingest.run", "ingest.tasks", "ingest.reports"),
    *("ingest.crawling", "ingest.recording", "ingest.fetching", "storage", "ingest.lgo", "ingest.parsing"),
)
"""The packages of the diagram, from the top."""

SHARED_MODULES = frozenset(
    {
        *("storage.model", "storage.references", "storage.errors"),
        *("ingest.errors", "ingest.clock", "ingest.config", "ingest.progress", "ingest.wording"),
    }
)
"""Modules that many packages import. The diagram leaves them out."""

_WIDTH, _ROW, _BOX_WIDTH, _BOX_HEIGHT = 640, 62, 150, 34
"""Sizes in pixels."""


@cache
def find_imports() -> dict[str, set[str]]:
    """Returns the packages that each package imports."""
    folders = [ROOT / "ingest", ROOT / "storage", ROOT / "lgsco"]
    found: dict[str, set[str]] = {package: set() for package in PACKAGES}
    for path in [ROOT / "scheduler.py", *(path for folder in folders for path in folder.rglob("*.py"))]:
        package = _package_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if package is not None:
            found[package] |= {imported for name in _names(path) if (imported := _package_of(name))} - {package}
    return found


def _package_of(module: str) -> str | None:
    if any(module == one or module.startswith(f"{one}.") for one in SHARED_MODULES):
        return None
    return next((one for one in PACKAGES if module == one or module.startswith(f"{one}.")), None)


def _names(path: Path) -> Iterator[str]:
    """The dotted names that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_arrows() -> list[tuple[str, str]]:
    """Returns the imports that do not follow from others: the arrows of the diagram."""
    imports = find_imports()
    return [
        (package, below)
        for package in PACKAGES
        for below in PACKAGES
        if below in imports[package] and below not in _reached_through_others(package, imports)
    ]


def _reached_through_others(package: str, imports: dict[str, set[str]]) -> set[str]:
    """The packages that the imports of a package import, directly or not."""
    reached: set[str] = set()
    waiting = [below for imported in imports[package] for below in imports[imported]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += imports[one]
    return reached


def draw() -> str:
    """Returns the diagram as SVG: a package is below each package that imports it."""
    arrows = find_arrows()
    rows: dict[str, int] = {}
    for package in PACKAGES:  # each comes after the packages that import it
        rows[package] = max((rows[above] + 1 for above, below in arrows if below == package), default=0)
    places = {}
    for row in set(rows.values()):
        names = [package for package in PACKAGES if rows[package] == row]
        for number, package in enumerate(names):
            places[package] = (_WIDTH * (2 * number + 1) // (2 * len(names)), 30 + _ROW * row)
    height = 60 + _ROW * max(rows.values())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" font-family="sans-serif" font-size="14">',
            "<title>Packages of lgsco: an arrow means imports</title>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
            f'<rect width="{_WIDTH}" height="{height}" rx="6" fill="#fff"/>',
            *(_draw_arrow(places[above], places[below]) for above, below in arrows),
            *(_draw_box(package, *places[package]) for package in PACKAGES),
            "</svg>\n",
        ]
    )


def _draw_arrow(begin: tuple[int, int], end: tuple[int, int]) -> str:
    """An arrow from the bottom of a box to the top of one below, or to its side if there are boxes between them."""
    (x1, y1), (x2, y2) = begin, end
    y1 += _BOX_HEIGHT // 2
    if y2 - begin[1] > _ROW and x1 != x2:
        x2 += _BOX_WIDTH // 2 if x1 > x2 else -_BOX_WIDTH // 2
    else:
        y2 -= _BOX_HEIGHT // 2
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#555" marker-end="url(#head)"/>'


def _draw_box(package: str, x: int, y: int) -> str:
    left, top = x - _BOX_WIDTH // 2, y - _BOX_HEIGHT // 2
    return (
        f'<rect x="{left}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="4" fill="#eef2fb" '
        f'stroke="#3f51b5"/><text x="{x}" y="{y + 5}" text-anchor="middle" fill="#222">{package}</text>'
    )
