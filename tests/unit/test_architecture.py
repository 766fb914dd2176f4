"""The architecture: imports between layers, rules for some packages, and numbers that the contract names."""

from __future__ import annotations

import ast
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

import ingest.config
import ingest.errors
import ingest.run
import lgsco.replica.demo
import lgsco.web.server
import scheduler
import storage.writer
from storage.database import SCHEMA_VERSION
from storage.errors import LgscoError
from storage.writer import writing
from support.paths import ROOT, SEEDS
from support.sources import find_sources, parse, walk_statements

PACKAGES = ("storage", "ingest", "lgsco", "bench")
LAYERS = (
    "ingest.parsing",
    "ingest.lgo",
    "storage",
    "ingest.fetching",
    "ingest.recording",
    "ingest.crawling",
    "ingest.reports",
    "ingest.tasks",
    "ingest.run",
    "ingest.progress",
    "scheduler",
    "lgsco",
    "bench",
)
"""A module imports only from its own layer and from layers before it."""
FREE = frozenset(
    [
        *("storage.model", "storage.references", "storage.errors"),
        *("ingest.errors", "ingest.clock", "ingest.config", "ingest.wording"),
    ]
)
"""Modules that any layer may import; they import only each other."""
APART = {"ingest.lgo": {"ingest.parsing"}, "storage": frozenset[str]()}
"""Layers that may import fewer layers than all those before them."""
PURE = frozenset(
    [
        *("ingest.parsing", "ingest.lgo", "ingest.recording.compare", "ingest.crawling.reconcile"),
        *("ingest.crawling.fill_order", "ingest.tasks.slice_times", "ingest.reports.fill"),
        *("ingest.recording.failures", "ingest.recording.chapters"),
        *("ingest.recording.template_guard", "ingest.recording.text_edits"),
        "ingest.recording.text_likeness",
        "ingest.crawling.disappearance",
        *("ingest.crawling.windows", "ingest.fetching.quiet_hours", "ingest.reports.calendar"),
        *("ingest.fetching.decompress", "ingest.fetching.retry_after", "ingest.fetching.robots"),
        "ingest.fetching.pacing",
        "ingest.reports.estimate",
        *("ingest.reports.coverage", "ingest.reports.lines", "ingest.reports.status"),
        "ingest.reports.template_changes",
        *("storage.query", "ingest.wording"),
    ]
)
"""Modules, and packages of modules, that only compute."""
NOT_PURE = frozenset(
    [
        *(
            "httpx",
            "httpcore",
            "sqlite3",
            "time",
            "random",
            "os",
            "socket",
            "logging",
            "pathlib",
            "subprocess",
            "threading",
            "io",
        ),
        *("ingest.fetching.client", "ingest.fetching.transport"),
        *("ingest.clock", "ingest.run", "ingest.recording.pipeline"),
        *("ingest.recording.record", "ingest.crawling.listing_walk", "storage.database", "storage.writer"),
    ]
)
OURS = frozenset({*PACKAGES, "scheduler"})
INDEXES = ("decisions_fts", "decisions_words")
"""The virtual tables of the full-text search; SQLite has no strict ones."""


class Import(NamedTuple):
    """One import of one module by another."""

    module: str
    imported: str
    inside: bool
    """Whether it is inside a function or a condition."""

    @property
    def top(self) -> str:
        return self.imported.partition(".")[0]


SOURCES = find_sources("scheduler.py", *PACKAGES)


def _imports() -> Iterator[Import]:
    for module, path in SOURCES.items():
        tree = parse(path)
        outside = {id(node) for node in tree.body}
        for node in walk_statements(tree.body):
            inside = id(node) not in outside
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(module, alias.name, inside)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports relatively"
                name = node.module or ""
                below = [f"{name}.{alias.name}" for alias in node.names if f"{name}.{alias.name}" in SOURCES]
                for imported in below or [name]:
                    yield Import(module, imported, inside)


@cache
def all_imports() -> list[Import]:
    """Returns the imports of all modules; read by the first test that asks, so that a collection parses nothing."""
    return list(_imports())


def imported_by(prefix: str) -> list[Import]:
    """Returns the imports of a module, or of all modules of a package."""
    return [one for one in all_imports() if one.module == prefix or one.module.startswith(f"{prefix}.")]


# ---------------------------------------------------------------- imports


def _layer(module: str) -> str | None:
    return next((layer for layer in LAYERS if module == layer or module.startswith(f"{layer}.")), None)


def _pure() -> list[str]:
    return sorted(name for name in SOURCES for one in PURE if name == one or name.startswith(f"{one}."))


def test_every_module_belongs_to_a_layer() -> None:
    assert {name for name in SOURCES if _layer(name) is None} - FREE == {"ingest"}
    assert len(all_imports()) > 200
    assert len(_pure()) > 15


def test_free_modules_import_only_each_other() -> None:
    for module in FREE:
        assert {one.imported for one in imported_by(module) if one.top in OURS} <= FREE, module
    assert {one.top for one in imported_by("storage.model")} <= set(sys.stdlib_module_names)


def test_a_module_imports_only_from_its_own_layer_and_from_those_before_it() -> None:
    wrong = []
    for one in all_imports():
        layer, imported = _layer(one.module), _layer(one.imported)
        if one.module in FREE or one.imported in FREE or layer is None or imported in (layer, None):
            continue
        before = APART.get(layer, frozenset(LAYERS[: LAYERS.index(layer)]))
        if imported not in before:
            wrong.append(f"{one.module} imports {one.imported}")
    assert wrong == []


def test_fetching_decisions_import_only_errors_data_types_and_wording() -> None:
    for module in ("decompress", "retry_after", "robots"):
        imported = {one.imported for one in imported_by(f"ingest.fetching.{module}") if one.top in OURS}
        assert imported <= {"ingest.errors", "ingest.wording", "storage.model"}


def test_the_site_look_alike_and_the_web_pages_are_imported_by_the_command_line_and_the_bench_only() -> None:
    for leaf in ("lgsco.replica", "lgsco.web"):
        users = {
            one.module for one in all_imports() if one.imported.startswith(leaf) and not one.module.startswith(leaf)
        }
        assert {user for user in users if not user.startswith(("lgsco.cli", "bench"))} == set(), leaf


EVERY_COMMAND_IMPORTS = frozenset(
    {"ingest.config", "storage.errors", "storage.lock", "storage.related", "storage.room"}
)
"""Modules that may import parts of the standard library at use, so that `--help` and `show` start at once."""


MIGRATES = frozenset({("storage.writer", "storage.schema"), ("storage.verify", "storage.schema")})
"""sqlite-utils imports pandas where that is installed, so it is imported where migrations are applied."""


def test_no_import_hides_inside_a_function_or_a_condition() -> None:
    # Datasette loads its plugins while its own views are still being imported.
    circular = ("lgsco.web.plugin", "lgsco.web.views")
    hidden = [one for one in all_imports() if one.inside and not one.module.startswith("lgsco.cli")]
    hidden = [one for one in hidden if (one.module, one.imported) not in {circular, *MIGRATES}]
    assert [one for one in hidden if one.top in OURS or one.module not in EVERY_COMMAND_IMPORTS] == []


def test_imports_have_no_cycles() -> None:
    below: dict[str, set[str]] = {name: set() for name in SOURCES}
    for one in all_imports():
        if one.imported in SOURCES and one.imported != one.module:
            below[one.module].add(one.imported)
    done: set[str] = set()
    while remaining := set(below) - done:
        free = {name for name in remaining if below[name] <= done}
        assert free, f"a circle among {sorted(remaining)}"
        done |= free


@pytest.mark.parametrize("module", _pure())
def test_a_pure_module_uses_nothing_but_its_arguments(module: str) -> None:
    touched = {one.imported for one in imported_by(module)}
    assert not touched & NOT_PURE
    assert not {name.partition(".")[0] for name in touched} & NOT_PURE
    calls = {
        node.func.id
        for node in ast.walk(parse(SOURCES[module]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "print", "input", "exec", "eval", "__import__"}
    attributes = {node.attr for node in ast.walk(parse(SOURCES[module])) if isinstance(node, ast.Attribute)}
    assert not attributes & {"now", "utcnow", "today", "environ"}


def test_only_one_module_makes_requests() -> None:
    """The transport makes them, and `connection` the connection for them."""
    importers = {one.module for one in all_imports() if one.top in ("httpx", "httpcore")}
    assert {one for one in importers if not one.startswith("bench")} == {
        "ingest.fetching.connection",
        "ingest.fetching.transport",
    }
    connecting = {one.module for one in all_imports() if one.imported == "ingest.fetching.connection"}
    assert {one for one in connecting if not one.startswith("bench")} == {"ingest.fetching.transport"}


def test_packages_of_an_extra_are_imported_by_one_module_for_one_command() -> None:
    assert {one.module for one in all_imports() if one.top == "pyarrow"} == {"storage.parquet"}
    importers = [
        one for one in all_imports() if one.imported == "storage.parquet" and not one.module.startswith("bench")
    ]
    assert [(one.module, one.inside) for one in importers] == [("lgsco.cli.browse", True)]


def test_only_storage_and_web_have_sql() -> None:
    statement = re.compile(r"\s*(?:SELECT|INSERT INTO|INSERT OR|UPDATE|DELETE FROM|CREATE|PRAGMA) ")
    for name, path in SOURCES.items():
        if name.startswith(("storage", "lgsco.web", "bench")):
            continue
        tree = parse(path)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and statement.match(node.value)
        ]
        assert found == [], name


def test_init_files_have_only_a_docstring() -> None:
    for package in [name for name, path in SOURCES.items() if path.name == "__init__.py"]:
        (only,) = parse(SOURCES[package]).body
        assert isinstance(only, ast.Expr)
        assert isinstance(only.value, ast.Constant)
        assert isinstance(only.value.value, str)


def test_no_module_has_a_vague_name() -> None:
    assert not {name.rpartition(".")[2] for name in SOURCES} & {"utils", "helpers", "common", "base", "manager"}


# ---------------------------------------------------------------- files of the repository


def test_the_seeds_are_the_five_documents_byte_for_byte() -> None:
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in SEEDS.iterdir()} == {
        "000_d996cb4fed483c77.txt": "e0d3885a177b61e5064a4efc18656150f2b13d01b43c65cbf9a1693608f1b3ab",
        "001_e0fd80e6ea1f22fe.txt": "376ac7d3bbd83191fb87557c39ae650482781147e1140648541fe34f1a0c6ab9",
        "002_5bc863b3bb6f37b6.txt": "2df6dfe7f8d92b00595d13b482343294c35df18c8967056e756f0b0a4622af04",
        "003_409f28d8bbf57340.txt": "210be56651c1806b4772801d151c214ee684a01c36fc6587ea685f488643fc0a",
        "004_8d37d580c71d95ec.txt": "14e2de0453ed81df7d653c48a2c9f6c40783521156ab1e8a67ee2f4fb87e6a7f",
    }


def _tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_package_registry_or_a_folder_of_somebodys_machine() -> None:
    dot = r"\."  # the patterns do not match themselves
    registry = re.compile(
        rf"\b(?:pypi{dot}org|pythonhosted{dot}org|npmjs{dot}(?:org|com)|yarnpkg{dot}com|crates{dot}io|"
        rf"rubygems{dot}org|anaconda{dot}(?:org|com)|proxy{dot}golang{dot}org|debian{dot}org|ubuntu{dot}com)"
    )
    folder = re.compile(r"(?<![\w.:])/(?:home|Users|root|work|mnt|private)/\w|\b[A-Z]:\\\\?Users\b")
    named = []
    for path in _tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if registry.search(line) or folder.search(line):
                named.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert named == []


def test_top_level_of_the_repository_is_fixed() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in _tracked()}
    fixed = {"pyproject.toml", "config.toml", "README.md", "scheduler.py", "tests", "seeds", *PACKAGES}
    assert fixed <= tops
    assert not {name for name in tops if name.endswith((".py", ".toml"))} - fixed
    assert not {name for name in tops if name.endswith((".db", ".lock"))}


def test_wheel_has_every_module_of_the_program() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    assert {"scheduler.py", "ingest", "storage", "lgsco", "seeds"} <= packed
    assert settings["project"]["scripts"] == {"lgsco": "lgsco.cli.start:main"}
    asked = [*settings["project"]["dependencies"], *settings["project"]["optional-dependencies"]["parquet"]]
    named = {re.split(r"[<>=\[ ]", line)[0].replace("-", "_") for line in asked}
    used = {
        one.top
        for one in all_imports()
        if one.top not in OURS | set(sys.stdlib_module_names) and not one.module.startswith(("bench", "lgsco.web"))
    }
    assert used <= named, "what is imported is asked for; web stands on what Datasette brings"


# ---------------------------------------------------------------- numbers in the contract


def test_there_are_as_many_migrations_as_the_schema_has_versions(tmp_path: Path) -> None:
    names = (re.fullmatch(r"storage\.(?:from_0_1|migrations)\.m(\d{3})_\w+", name) for name in SOURCES)
    numbers = sorted(int(found[1]) for found in names if found)
    assert numbers == list(range(1, SCHEMA_VERSION + 1))
    database = tmp_path / "new.db"
    with writing(database) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    with closing(sqlite3.connect(database)) as db:
        tables = db.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
        loose = {name for name, strict in tables if not strict}
        assert {name for name in loose if not name.startswith(("sqlite_", "_sqlite_", *INDEXES))} == set()
        columns = [row[1] for row in db.execute("PRAGMA table_info(decisions)")]
        assert columns == [
            *("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind"),
            *("url", "status", "first_seen", "last_seen", "updated_at", "text_sha256", "normaliser", "source"),
            *("summary", "text"),
        ]
        columns = [row[1] for row in db.execute("PRAGMA table_info(paragraphs)")]
        assert columns == ["reference", "position", "section", "number", "kind", "text"]
        columns = [row[1] for row in db.execute("PRAGMA table_info(decisions_fts)")]
        assert columns[:3] == ["authority", "summary", "text"]


def _errors(root: type[LgscoError]) -> Iterator[type[LgscoError]]:
    yield root
    for below in root.__subclasses__():
        yield from _errors(below)


def test_error_classes_and_exit_codes_match_the_documented_tree() -> None:
    for module in (ingest.config, ingest.run, lgsco.replica.demo, scheduler, storage.writer, lgsco.web.server):
        assert module.__doc__  # imported, so that every error class is defined
    drawing = re.compile(r"    (?P<lines>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: +exit)? *(?P<code>\d+)?(?:/143)?(?: .*)?")
    drawn: dict[str, tuple[str | None, int | None]] = {}
    above: list[str] = []
    for line in (ingest.errors.__doc__ or "").splitlines():
        found = drawing.fullmatch(line)
        if found:
            depth = len(found["lines"]) // 4
            del above[depth:]
            drawn[found["name"]] = (above[-1] if above else None, int(found["code"]) if found["code"] else None)
            above.append(found["name"])
    defined = {error.__name__: error for error in _errors(LgscoError)}
    assert set(drawn) == set(defined)
    for name, (parent, code) in drawn.items():
        error = defined[name]
        assert parent is None or error.__bases__ == (defined[parent],), name
        if name == "Stopped":
            assert [ingest.errors.Stopped(code).exit_code for code in (130, 143)] == [130, 143]
        else:
            inherited = drawn[parent][1] if parent else None
            assert error.exit_code == (code if code is not None else inherited if inherited is not None else 1), name
    contract = {
        1: {"LgscoError", "StoreError", "StoreFailed"},
        2: {"UsageError", "ConfigError", "SchemaMismatch"},
        11: {"LayoutChanged"},
        12: {"Blocked"},
        13: {"Busy"},
        14: {"ArchiveLost"},
    }
    for code, names in contract.items():
        assert names == {name for name in names if defined[name].exit_code == code}
    assert {error.exit_code for error in defined.values()} == {1, 2, 10, 11, 12, 13, 14}
