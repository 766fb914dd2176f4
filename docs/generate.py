"""Writes the parts of the documentation that follow from the program: `python -m docs.generate`.

A page has a generated part between two comments, `<!-- generated: NAME -->` and `<!-- end -->`. A test compares each
part with the program. Edit the descriptions where the program has them: `lgsco/web/metadata.py` (tables),
`lgsco/cli/` (commands, exit codes) and `config.toml` (settings).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import click

from ingest.config import Config
from lgsco.cli.exit_codes import MEANINGS
from lgsco.cli.main import HEADINGS
from lgsco.web.metadata import SECTIONS, describe_tables

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

UNITS = {
    "site": {},
    "fetch": {
        "pace": "seconds",
        "tries": "attempts",
        "retry_wait": "seconds",
        "retry_wait_most": "seconds",
        "connect_timeout": "seconds",
        "read_timeout": "seconds",
        "deadline": "seconds",
        "max_bytes": "bytes",
        "daily_requests": "requests",
        "quiet_hours": "hours",
    },
    "storage": {"batch": "decisions", "journal_days": "days", "workers": "processes", "renormalise_percent": "percent"},
    "listing": {
        "walk_most": "decisions",
        "trust_hours": "hours",
        "retention_days": "days",
        "edge_days": "days",
        "fall_percent": "percent",
        "gone_days": "days",
    },
    "cadence": {"reread_most": "pages"},
    "schedule": {"sync_days": "days", "stale_hours": "hours", "fill_hours": "hours", "fill_requests": "requests"},
    "alerts": {},
}
"""The unit of each setting that has one, by section. In `[cadence]` the unit is days unless it is given here."""

_BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def refresh(text: str) -> str:
    """Returns the text of a page with its generated parts made again. Raises KeyError for an unknown name."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[4]}", text)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join([_row(*header), "|" + " --- |" * len(header), *(_row(*row) for row in rows)])


# ---------------------------------------------------------------- tables


def describe_schema() -> str:
    """Returns every table and view with its columns, under the headings of `SECTIONS`."""
    described = describe_tables()
    parts = []
    for heading, names in SECTIONS.items():
        parts.append(f"## {heading}")
        for name in names:
            columns = [(f"`{column}`", words) for column, words in described[name]["columns"].items()]
            parts += [f"### {name}", described[name]["description"], _table(("column", "content"), columns)]
    return "\n\n".join(parts) + "\n"


# ---------------------------------------------------------------- commands


def describe_commands() -> str:
    """Returns every command with its help, arguments, options and example, under the headings of `lgsco --help`."""
    parts = []
    for heading, commands in HEADINGS.items():
        parts.append(f"## {heading}")
        for command in commands:
            parts += _describe_command(command)
    return "\n\n".join(parts) + "\n"


SHARED = ("config", "db", "debug", "site")
"""The options that many commands have; `docs/commands.md` explains them once."""


def _describe_command(command: click.Command) -> Iterator[str]:
    text, _, example = (command.help or "").partition("Example: ")
    yield f"### {command.name}"
    context = click.Context(command, info_name=f"lgsco {command.name}")
    usage = " ".join(command.collect_usage_pieces(context))
    for paragraph in text.strip().split("\n\n"):
        yield " ".join(paragraph.split())
    yield f"```text\n{context.command_path} {usage}\n```"
    options = [one for one in command.params if isinstance(one, click.Option) and one.name not in SHARED]
    if options:
        yield _table(("option", "meaning"), [_describe_option(option, context) for option in options])
    if any(one.name == "site" for one in command.params):
        yield "This command makes requests, so it also takes `--site URL`."
    yield f"Example:\n\n```sh\n{example.strip()}\n```"


def _describe_option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None
    names, words = record
    return f"`{names}`", " ".join(words.split())


def describe_exit_codes() -> str:
    """Returns the exit codes with their meanings."""
    rows = [(", ".join(map(str, one.codes)), one.short, one.details, one.action) for one in MEANINGS]
    return _table(("code", "meaning", "details", "what to do"), rows) + "\n"


# ---------------------------------------------------------------- settings


def read_meanings() -> dict[tuple[str, str], str]:
    """Returns the comment of each setting in `config.toml`, by section and key."""
    section, found = "", {}
    for line in (ROOT / "config.toml").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        elif setting := re.fullmatch(r"(\w+) = (?:\"[^\"]*\"|\[[^\]]*\]|[^\s#]+) +# (.+)", line):
            found[section, setting[1]] = setting[2]
    return found


def find_unit(section: str, key: str) -> str:
    """Returns the unit of a setting, or "" if it has none."""
    return UNITS[section].get(key, "days" if section == "cadence" else "")


def describe_settings() -> str:
    """Returns every setting with its default, unit and meaning, by section of `config.toml`."""
    meanings, defaults, parts = read_meanings(), Config(), []
    for section in UNITS:
        rows = []
        for one in fields(getattr(defaults, section)):
            value = getattr(getattr(defaults, section), one.name)
            unit = find_unit(section, one.name) or "–"
            rows.append((f"`{one.name}`", f"`{_as_toml(value)}`", unit, meanings[section, one.name]))
        parts += [f"## `[{section}]`", _table(("setting", "default", "unit", "meaning"), rows)]
    return "\n\n".join(parts) + "\n"


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


# ---------------------------------------------------------------- packages

_PACKAGES = (
    *("ingest.parsing", "ingest.lgo", "storage", "ingest.fetching", "ingest.recording", "ingest.crawling"),
    *("ingest.reports", "ingest.tasks", "ingest.run", "scheduler", "lgsco.replica", "lgsco.web", "lgsco.cli"),
)
_SHARED_MODULES = frozenset(
    {"storage.model", "storage.errors", "ingest.errors", "ingest.clock", "ingest.config", "ingest.progress"}
)
"""Modules that any package may import; `ingest.progress` shows a task's progress. The diagram leaves them out."""


def _package_of(module: str) -> str | None:
    if any(module == one or module.startswith(f"{one}.") for one in _SHARED_MODULES):
        return None
    return next((one for one in _PACKAGES if module == one or module.startswith(f"{one}.")), None)


def find_package_imports() -> dict[str, set[str]]:
    """Returns which packages each package imports, from the import statements of every module."""
    paths = [
        ROOT / "scheduler.py",
        *(path for top in ("ingest", "storage", "lgsco") for path in (ROOT / top).rglob("*.py")),
    ]
    found: dict[str, set[str]] = {package: set() for package in _PACKAGES}
    for path in paths:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package = _package_of(module)
        if package is None:
            continue
        for name in _find_imports(path):
            imported = _package_of(name)
            if imported is not None and imported != package:
                found[package].add(imported)
    return found


def _find_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def draw_packages() -> str:
    """Returns a Mermaid diagram of the packages. An import that also follows from others has no arrow."""
    imports = find_package_imports()
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'    {_node(package)}["{package}"]' for package in reversed(_PACKAGES)]
    for package in reversed(_PACKAGES):
        for imported in sorted(
            imports[package] - _reached_through(package, imports), key=_PACKAGES.index, reverse=True
        ):
            lines.append(f"    {_node(package)} --> {_node(imported)}")
    return "\n".join([*lines, "```"]) + "\n"


def _node(package: str) -> str:
    return package.replace(".", "_")


def _reached_through(package: str, imports: dict[str, set[str]]) -> set[str]:
    """The packages that others imported by the package import, directly or not."""
    reached: set[str] = set()
    waiting = [below for imported in imports[package] for below in imports[imported]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += imports[one]
    return reached


PARTS: dict[str, Callable[[], str]] = {
    "tables": describe_schema,
    "commands": describe_commands,
    "exit-codes": describe_exit_codes,
    "settings": describe_settings,
    "packages": draw_packages,
}


def main() -> None:
    """Writes every page whose generated parts have changed, and prints its name."""
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := refresh(before)) != before:
            path.write_text(after, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
