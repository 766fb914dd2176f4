"""Commands that messages name can be copied: they use the file, settings and site of the command that named them."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from ingest.reports.named_commands import (
    COMMANDS_WITH_SITE,
    complete_commands,
    remember_archive,
    remember_default,
    remember_file,
    remember_options,
)
from lgsco.cli.main import cli

FILE, SITE = {"--db": "a.db"}, {"--site": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("options", "line", "completed"),
    [
        ({}, "run `lgsco sync`", "run `lgsco sync`"),
        ({"--db": None, "--config": None}, "run `lgsco sync`", "run `lgsco sync`"),
        (FILE, "run `lgsco sync`", "run `lgsco sync --db a.db`"),
        (FILE, "`lgsco fill off` ends it", "`lgsco fill off --db a.db` ends it"),
        (FILE, "`lgsco status` or `lgsco coverage`", "`lgsco status --db a.db` or `lgsco coverage --db a.db`"),
        (FILE, "`lgsco restore BACKUP`", "`lgsco restore BACKUP --db a.db`"),
        (FILE, "`lgsco sync --db b.db`", "`lgsco sync --db b.db`"),
        (FILE, "`PRAGMA optimize` and lgsco sync", "`PRAGMA optimize` and lgsco sync"),
        ({"--db": "my file.db"}, "`lgsco sync`", "`lgsco sync --db 'my file.db'`"),
        (FILE | {"--config": "c.toml"}, "`lgsco show X`", "`lgsco show X --db a.db --config c.toml`"),
        (FILE | SITE, "`lgsco sync`", "`lgsco sync --db a.db --site http://127.0.0.1:1`"),
        (SITE, "`lgsco status`, `lgsco daemon`", "`lgsco status`, `lgsco daemon --site http://127.0.0.1:1`"),
    ],
)
def test_a_named_command_gets_the_options_that_it_takes(options: dict[str, str], line: str, completed: str) -> None:
    remember_options(options)
    assert complete_commands(line) == completed


def test_the_options_of_an_earlier_command_are_forgotten() -> None:
    remember_options(SITE)
    remember_options(FILE)
    assert complete_commands("`lgsco sync`") == "`lgsco sync --db a.db`"


@pytest.mark.parametrize(("given", "used"), [(None, "demo.db"), ("mine.db", "mine.db")])
def test_the_own_default_of_a_command_is_named_unless_another_value_was_given(given: str | None, used: str) -> None:
    remember_options({"--db": given})
    remember_default("--db", "demo.db")
    assert complete_commands("`lgsco template` lists more") == f"`lgsco template --db {used}` lists more"


def test_a_command_about_another_file_names_commands_for_that_file() -> None:
    remember_options({"--db": "good.db", "--config": "c.toml"})
    remember_file("bad.db")
    assert complete_commands("`lgsco restore BACKUP`") == "`lgsco restore BACKUP --db bad.db --config c.toml`"


@pytest.mark.parametrize(
    ("options", "line", "completed", "files"),
    [
        ({}, "`lgsco sync`", "`lgsco sync --site http://127.0.0.1:9`", ["lgsco.db"]),
        (FILE, "`lgsco sync`", "`lgsco sync --db a.db --site http://127.0.0.1:9`", ["a.db"]),
        (FILE, "`lgsco sync --db 'b c.db'`", "`lgsco sync --db 'b c.db' --site http://127.0.0.1:9`", ["b c.db"]),
        (FILE | SITE, "`lgsco sync`", "`lgsco sync --db a.db --site http://127.0.0.1:1`", []),
        (FILE, "`lgsco sync --site x`", "`lgsco sync --site x --db a.db`", []),
        (FILE, "`lgsco status`", "`lgsco status --db a.db`", []),
        (FILE, "`lgsco show it's`", "`lgsco show it's --db a.db`", []),
        ({}, "no command", "no command", []),
    ],
)
def test_a_command_that_makes_requests_gets_the_site_of_its_archive(
    options: dict[str, str], line: str, completed: str, files: list[str]
) -> None:
    asked: list[str] = []

    def find_site(file: str) -> str:
        asked.append(file)
        return "http://127.0.0.1:9"

    remember_options(options)
    remember_archive("lgsco.db", find_site)
    assert complete_commands(line) == completed
    assert asked == files


def test_a_command_about_an_archive_that_needs_no_site_gets_none() -> None:
    remember_options(FILE)
    remember_archive("lgsco.db", lambda _: None)
    assert complete_commands("`lgsco sync`") == "`lgsco sync --db a.db`"
    remember_options({})
    assert complete_commands("`lgsco sync`") == "`lgsco sync`"


def test_the_commands_that_take_a_site_are_those_with_the_option() -> None:
    commands = {name: [one.name for one in command.params] for name, command in cli.load_commands().items()}
    assert {name for name, names in commands.items() if "site" in names} == COMMANDS_WITH_SITE


def test_every_command_takes_the_options_that_any_named_command_gets() -> None:
    def walk(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield from walk(inner)

    for command in (inner for outer in cli.load_commands().values() for inner in walk(outer)):
        names = {one.name for one in command.params}
        assert names >= {"db", "config"}, f"`lgsco {command.name}` does not take --db or --config"
