"""Where tests are: each module has its file, and test modules do not import each other.

Shared code is in `support` or in a fixture of a conftest.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.few_cases import EVERY_NTH, THOROUGH, choose_profile
from support.paths import ROOT
from support.sources import find_sources, parse, walk_statements

TESTS = find_sources("tests")

SOURCES = find_sources("ingest", "storage", "lgsco")

TESTED_ELSEWHERE = {
    "ingest.crawling.absence_check": "scenarios/sync/test_departures.py",
    "ingest.tasks.sync": "scenarios/sync/test_few_requests.py",
    "lgsco.cli.browse": "scenarios/test_command_line.py",
    "lgsco.web.queries": "scenarios/test_serve.py",
}
"""Modules without a file of their own, each with the file that tests it: what they decide follows from several runs on
a changing site, or from pages and commands as a user sees them. Add none without such a reason."""

PARTS = frozenset(
    {
        *(f"unit/ingest/lgo/test_{name}.py" for name in ("article_alone", "cases", "mutated_pages", "odd_pages")),
        *("unit/ingest/tasks/test_round_trip.py", "unit/lgsco/web/test_datasette.py"),
    }
)
"""Test files in the folder of a package that test several of its modules together."""


_STOPWATCHES = frozenset(
    f"{clock}{unit}" for clock in ("perf_counter", "process_time", "thread_time", "monotonic") for unit in ("", "_ns")
)
"""Clocks for measuring, which `bench` does."""
_SETS_DEADLINES = ROOT / "tests" / "unit" / "lgsco" / "web" / "test_row_reader.py"
"""The module tested there takes a deadline of the monotonic clock."""

_IMPORT = re.compile(r"^[ \t]*(?:from|import)\b[^\n(]*(?:\([^)]*\))?", re.MULTILINE)
_MAYBE_OF_TESTS = re.compile(r"\b(?:tests|unit|scenarios|conftest|test_\w*)\b|^\s*from\s+\.")


def _may_import_tests(path: Path) -> bool:
    """Whether an import of the file may reach tests: quicker than parsing every file, and true a little too often."""
    found = _IMPORT.finditer(path.read_text(encoding="utf-8"))
    return any(_MAYBE_OF_TESTS.search(one[0]) for one in found)


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
    found = {
        name: [imported for imported in _imports(path) if _is_of_tests(imported)]
        for name, path in TESTS.items()
        if _may_import_tests(path)
    }
    assert {name: imported for name, imported in found.items() if imported} == {}


@pytest.mark.parametrize(
    "line",
    [
        *("import test_two", "from conftest import World", "from . import test_two", "from ..unit import test_two"),
        *("    from tests.unit import test_two", "import os, test_two", "from unit import (\n    a,\n    b,\n)"),
        "from a import (\n    b,\n    test_two,\n)",
    ],
)
def test_a_file_that_may_import_tests_is_parsed(tmp_path: Path, line: str) -> None:
    path = tmp_path / "test_one.py"
    path.write_text(f"import os\n\n{line}\n")
    assert _may_import_tests(path)


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
    names = {name for path in TESTS.values() for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    assert sorted({*EVERY_NTH, *THOROUGH} - names) == []


def test_property_tests_draw_few_examples_only_where_thorough_tests_are_left_out() -> None:
    for expression in ("not thorough", "not thorough and fuzz"):
        assert choose_profile(expression) == "lgsco"
    for expression in ("", "fuzz", "thorough", "thorough or not thorough"):
        assert choose_profile(expression) == "thorough"


# ---------------------------------------------------------------- each module has its file


def _decides(function: ast.AST) -> bool:
    """Whether a function has a body, so that it is not only declared, as in a protocol."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    declared = ast.Pass | ast.Expr
    return not all(
        isinstance(one, declared) and not isinstance(getattr(one, "value", None), ast.Call) for one in function.body
    )


def _needs_file(module: str, tree: ast.Module) -> bool:
    """Whether a module must have a test file.

    It needs none if it has no function or method: it lists data, types or exceptions. A migration needs none if it
    runs one script, without a branch or a loop: tests/scenarios/test_golden_schemas.py migrates a file of each schema
    through it, and compares the result with a new file.
    """
    functions = [node for node in walk_statements(tree.body) if _decides(node)]
    if re.fullmatch(r"m\d{3}_\w+", module.rpartition(".")[2]) and len(functions) == 1:
        branches = ast.If | ast.IfExp | ast.For | ast.While | ast.comprehension | ast.Try
        return any(isinstance(node, branches) for node in ast.walk(functions[0]))
    return bool(functions)


def _find_file(module: str) -> str:
    """Returns the path of a module's test file below tests/. For `__main__` the file is test_main.py."""
    package, _, name = module.rpartition(".")
    return f"unit/{package.replace('.', '/')}/test_{name.strip('_')}.py"


def _find_modules() -> dict[str, str]:
    """Returns the modules that need a test file, each with the path of the file."""
    return {
        name: _find_file(name)
        for name, path in SOURCES.items()
        if path.name != "__init__.py" and _needs_file(name, parse(path))
    }


def test_each_module_has_its_test_file() -> None:
    modules = _find_modules()
    assert len(modules) > 180
    missing = {name for name, file in modules.items() if not (ROOT / "tests" / file).exists()}
    untested = missing - TESTED_ELSEWHERE.keys()
    assert not untested, f"make a test file for each: {', '.join(modules[name] for name in sorted(untested))}"


def test_each_exception_names_a_module_and_the_file_that_tests_it() -> None:
    modules = _find_modules()
    unknown = sorted(TESTED_ELSEWHERE.keys() - modules.keys())
    assert not unknown, f"take out of the list what is no module, or needs no file: {', '.join(unknown)}"
    made = sorted(name for name in TESTED_ELSEWHERE if (ROOT / "tests" / modules[name]).exists())
    assert not made, f"take out of the list what has its file now: {', '.join(made)}"
    lost = sorted(file for file in TESTED_ELSEWHERE.values() if not (ROOT / "tests" / file).exists())
    assert not lost, f"these files do not exist: {', '.join(lost)}"


def test_each_test_file_of_a_package_is_named_after_a_module() -> None:
    """`test_<module>.py`, or `test_<module>_<part>.py` where one file would be long."""
    stems = [_find_file(name).removesuffix(".py") for name, path in SOURCES.items() if path.name != "__init__.py"]
    found = {
        path.relative_to(ROOT / "tests").as_posix()
        for package in ("ingest", "storage", "lgsco")
        for path in (ROOT / "tests" / "unit" / package).rglob("test_*.py")
    }
    named = {file for file in found for stem in stems if file.startswith((f"{stem}.py", f"{stem}_"))}
    assert sorted(found - named - PARTS) == [], "each is named test_<module>.py in the folder of its package"


@pytest.mark.parametrize(
    ("module", "source", "needs"),
    [
        ("storage.data", "X = 1\nclass A(Exception):\n    code = 2\n", False),
        ("storage.protocol", "class P:\n    def fetch(self) -> None:\n        'Fetches.'\n", False),
        ("storage.decides", "def choose(x):\n    return x > 1\n", True),
        ("storage.migrations.m099_x", "def migrate(db):\n    db.execute('x')\n", False),
        ("storage.migrations.m099_x", "def migrate(db):\n    for x in db:\n        print(x)\n", True),
        ("storage.migrations.script", "def run(db):\n    db.execute('x')\n", True),
    ],
)
def test_a_module_that_decides_something_needs_a_file(module: str, source: str, needs: bool) -> None:
    assert _needs_file(module, ast.parse(source)) == needs


def test_no_test_measures_time() -> None:
    """A busy machine would fail such a test. `pytest.mark.timeout` stops one that hangs."""
    with_names = (path for path in TESTS.values() if any(name in path.read_text() for name in _STOPWATCHES))
    measuring = {path for path in with_names for node in ast.walk(parse(path)) if _is_stopwatch(node)}
    assert measuring == {_SETS_DEADLINES}


def _is_stopwatch(node: ast.AST) -> bool:
    """Whether a node calls or imports a clock for measuring."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _STOPWATCHES
    return isinstance(node, ast.alias) and node.name in _STOPWATCHES
