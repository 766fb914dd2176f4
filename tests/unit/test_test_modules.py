"""Test modules do not import each other. Shared code is in `support` or in a fixture of a conftest.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.few_cases import EVERY_NTH, THOROUGH
from support.paths import ROOT
from support.sources import find_sources, parse

TESTS = find_sources("tests")


def _imports(path: Path) -> Iterator[str]:
    """Returns the modules that a file imports, and the dotted names that it imports from them."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def _is_of_tests(imported: str) -> bool:
    """Whether an import reaches a test module, a conftest.py, or a file by its place relative to the importing one."""
    parts = imported.split(".")
    return parts[0] in ("", "tests", "unit", "scenarios") or any(
        part == "conftest" or part.startswith("test_") for part in parts
    )


def test_no_test_module_imports_another() -> None:
    assert len(TESTS) > 60
    found = {name: [imported for imported in _imports(path) if _is_of_tests(imported)] for name, path in TESTS.items()}
    assert {name: imported for name, imported in found.items() if imported} == {}


def test_imports_of_test_modules_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "test_one.py"
    path.write_text(
        "import test_two\nfrom conftest import World\nfrom . import test_two\nfrom tests.unit import test_two\n"
        "def test_one():\n    from test_two import helper\n"
        "import pytest\nfrom support.world import World\nfrom ingest.run import Sync\n"
    )
    imported = list(_imports(path))
    assert len(imported) == 8
    assert [_is_of_tests(name) for name in imported] == [True] * 4 + [False] * 3 + [True]


def test_tests_are_in_unit_or_scenarios() -> None:
    found = {path.relative_to(ROOT / "tests").parts[0] for path in TESTS.values() if path.name.startswith("test_")}
    assert found == {"unit", "scenarios"}
    shared = [path for path in TESTS.values() if path.parent == ROOT / "tests" / "support"]
    assert len(shared) > 5
    assert not [path.name for path in shared if path.name.startswith("test_") or path.name.endswith("_test.py")]


def test_every_test_with_few_cases_or_none_exists() -> None:
    names = {
        node.name for path in TESTS.values() for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef)
    }
    assert sorted({*EVERY_NTH, *THOROUGH} - names) == []
