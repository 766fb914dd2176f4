"""The documentation agrees with the program (tables, commands, exit codes, settings, packages), and its links work.

`tests/scenarios/test_docs_queries.py` runs the examples of docs/querying.md, and
`tests/scenarios/test_help_examples.py` those of docs/commands.md.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from docs import package_diagram
from docs.generate import PARTS, find_unit, refresh
from ingest.config import CONFIG_SECTIONS, Config
from lgsco.cli.exit_codes import MEANINGS
from lgsco.cli.main import cli
from lgsco.cli.options import SHARED
from lgsco.web.metadata import describe, describe_tables
from storage.errors import LgscoError
from storage.writer import create_database
from support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
MARKDOWN = [*sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("*.md"))]
INDEX_TABLES = re.compile(
    r"decisions_fts(_config|_data|_docsize|_idx)?|decisions_(lines|words)|_sqlite_migrations|sqlite_\w+"
)
"""The full-text index and SQLite's own tables: the page names them in its introduction."""
INTRODUCED = {"decisions_fts", "decisions_lines", "decisions_words", "_sqlite_migrations"}
SIGNALS = {129, 130, 143}


def sections(page: str, level: int) -> dict[str, str]:
    """The text under each heading of a level, by heading; parts of other levels belong to the one before."""
    found = re.split(rf"^{'#' * level} (.+)$", PAGES[page], flags=re.MULTILINE)
    higher = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE)
    texts = zip(found[1::2], found[2::2], strict=True)
    return {name.strip("`"): higher.split(text)[0] for name, text in texts}


def first_cells(text: str) -> list[str]:
    """The first cell of each row of the tables in a text, without their headers."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_generated_parts_are_current() -> None:
    stale = [name for name, text in PAGES.items() if refresh(text) != text]
    assert stale == [], "run `python -m docs.generate`"
    used = Counter(name for text in PAGES.values() for name in re.findall(r"<!-- generated: ([\w-]+) -->", text))
    assert used == dict.fromkeys(PARTS, 1)


# ---------------------------------------------------------------- tables


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The columns of every table and view of a new database."""
    database = tmp_path_factory.mktemp("docs") / "new.db"
    create_database(database)
    with closing(sqlite3.connect(database)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")]
        return {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for name in names}


def test_the_schema_page_lists_every_table_and_column(columns: dict[str, list[str]]) -> None:
    described = {name: first_cells(text) for name, text in sections("schema.md", 3).items()}
    assert described == {name: of for name, of in columns.items() if not INDEX_TABLES.fullmatch(name)}
    introduction = PAGES["schema.md"].partition("<!-- generated")[0]
    assert {name for name in INTRODUCED if f"`{name}`" in introduction} == INTRODUCED & columns.keys() == INTRODUCED


def test_every_table_and_column_has_one_plain_line() -> None:
    for name, table in describe_tables().items():
        lines = {"table": table["description"], **table["columns"]}
        for column, words in lines.items():
            assert words.endswith("."), f"{name}.{column}"
            assert "\n" not in words
            assert len(words.split()) >= 2, f"{name}.{column}"


def test_datasette_hides_the_internal_tables_only(columns: dict[str, list[str]]) -> None:
    (database,) = describe()["databases"].values()
    hidden = {name for name, table in database["tables"].items() if table.get("hidden")}
    listed = re.findall(r"^### (\w+)$", PAGES["schema.md"].partition("## Internal tables")[2], re.MULTILINE)
    assert listed
    assert hidden == {*INTRODUCED, *listed}
    assert hidden <= columns.keys()


# ---------------------------------------------------------------- commands and exit codes


def test_the_commands_page_has_every_command_with_its_options() -> None:
    described = sections("commands.md", 3)
    commands = cli.load_commands()
    assert set(described) == set(commands)
    for name, command in commands.items():
        options = [one for one in command.params if isinstance(one, click.Option)]
        for option in options:
            for spelling in option.opts if option.name not in SHARED else ():
                assert f"`{spelling}" in described[name], f"{name} {spelling}"
                assert option.help, f"{name} {spelling}"
        assert ("`--site URL`" in described[name]) == any(one.name == "site" for one in options)
        assert f"lgsco {name}" in described[name].partition("Example:")[2]
    introduction = PAGES["commands.md"].partition("## Exit codes")[0]
    assert [name for name in SHARED if f"`--{name}" not in introduction] == []


def _exit_codes(root: type[LgscoError]) -> set[int]:
    return {root.exit_code, *(code for below in root.__subclasses__() for code in _exit_codes(below))}


def test_every_exit_code_has_a_meaning() -> None:
    codes = [code for one in MEANINGS for code in one.codes]
    assert sorted(codes) == codes
    assert set(codes) == {0, *_exit_codes(LgscoError), *SIGNALS}
    for one in MEANINGS:
        assert one.details.endswith(".")
        assert one.action.endswith(".")


# ---------------------------------------------------------------- settings


def test_the_settings_page_has_every_setting() -> None:
    defaults = Config()
    parts: dict[str, Any] = {section: getattr(defaults, section) for section in CONFIG_SECTIONS}
    described = {name.strip("[]"): first_cells(text) for name, text in sections("settings.md", 2).items()}
    assert described == {section: list(part._fields) for section, part in parts.items()}
    for section, part in parts.items():
        for name in part._fields:
            value = getattr(part, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            assert bool(find_unit(section, name)) >= is_number, f"{section}.{name} has a unit"


# ---------------------------------------------------------------- architecture


def test_the_architecture_page_describes_every_package_of_the_diagram() -> None:
    assert first_cells(PAGES["architecture.md"]) == list(package_diagram.PACKAGES)


def test_the_diagram_shows_the_imports() -> None:
    assert package_diagram.FILE.read_text(encoding="utf-8") == package_diagram.draw(), "run `python -m docs.generate`"
    arrows = package_diagram.find_arrows()
    assert ("lgsco.cli", "scheduler") in arrows
    assert ("scheduler", "ingest.run") in arrows
    order = package_diagram.PACKAGES.index
    assert all(order(above) < order(below) for above, below in arrows), "every arrow points down"


# ---------------------------------------------------------------- links and the web site


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "code", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as mkdocs and GitHub make them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_to_files_and_headings(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        leads_to_file = linked.exists() and linked.is_relative_to(ROOT)
        if not leads_to_file or (anchor and linked.suffix == ".md" and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []
