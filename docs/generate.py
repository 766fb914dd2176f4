"""Writes the parts of the documentation that follow from the program: `python -m docs.generate`.

A page has a generated part between two comments, `<!-- generated: NAME -->` and `<!-- end -->`. A test compares each
part with the program. Edit the descriptions where the program has them: `lgsco/web/metadata.py` (tables),
`lgsco/cli/` (commands, exit codes) and `config.toml` (settings). The diagram of packages is a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from docs import package_diagram
from ingest.config import CONFIG_SECTIONS, Config
from lgsco.cli.exit_codes import MEANINGS
from lgsco.cli.main import HEADINGS, cli
from lgsco.cli.options import SHARED
from lgsco.web.metadata import SECTIONS, describe_tables

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


_UNIT = re.compile(r"^(attempts|bytes|days|decisions|hours|megabytes|pages|percent|processes|requests|seconds): ")
"""The unit with which the comment of a setting begins."""

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
    commands = cli.load_commands()
    for heading, names in HEADINGS.items():
        parts.append(f"## {heading}")
        for name in names:
            parts += _describe_command(commands[name])
    return "\n\n".join(parts) + "\n"


_SETTINGS = "|".join(one for section in CONFIG_SECTIONS for one in getattr(Config(), section)._fields)
_NAMES = re.compile(rf"(?<!\w)(--[a-z][\w-]*|\[\w+\](?: (?:{_SETTINGS})\b)?)")
"""Options, sections of the configuration, and settings such as `[schedule] fill`."""


def _describe_command(command: click.Command) -> Iterator[str]:
    text, _, example = (command.help or "").partition("Example: ")
    yield f"### {command.name}"
    context = click.Context(command, info_name=f"lgsco {command.name}")
    usage = " ".join(command.collect_usage_pieces(context))
    for paragraph in text.strip().split("\n\n"):
        yield _NAMES.sub(r"`\1`", " ".join(paragraph.split()))
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
    unit = _UNIT.match(read_meanings()[section, key])
    return unit[1] if unit else ""


def describe_settings() -> str:
    """Returns every setting with its default, unit and meaning, by section of `config.toml`."""
    meanings, defaults, parts = read_meanings(), Config(), []
    for section in CONFIG_SECTIONS:
        rows = []
        for one in getattr(defaults, section)._fields:
            value = getattr(getattr(defaults, section), one)
            unit = find_unit(section, one) or "–"
            meaning = _UNIT.sub("", meanings[section, one], count=1)
            rows.append((f"`{one}`", f"`{_as_toml(value)}`", unit, meaning))
        parts += [f"## `[{section}]`", _table(("setting", "default", "unit", "meaning"), rows)]
    return "\n\n".join(parts) + "\n"


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


PARTS: dict[str, Callable[[], str]] = {
    "tables": describe_schema,
    "commands": describe_commands,
    "exit-codes": describe_exit_codes,
    "settings": describe_settings,
}


def main() -> None:
    """Writes every file whose generated parts have changed, and prints its name."""
    files = {path: refresh(path.read_text(encoding="utf-8")) for path in sorted(DOCS.rglob("*.md"))}
    files[package_diagram.FILE] = package_diagram.draw()
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
