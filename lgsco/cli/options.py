"""Defines the options that every command takes, the settings made from them, and the types of option values."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.config import Config, check_text, load
from ingest.reports.named_commands import remember_archive, remember_options
from lgsco.cli import exit_codes

if TYPE_CHECKING:
    from storage.model import Window

CommandFunction = Callable[..., int]
"""The body of a command. It takes the settings and the command's own options, and returns the exit code."""

SHARED = ("config", "db", "debug", "site")
"""Names of the options that commands share. Only commands that make requests have `site`."""


_HYPHEN_HINT = (
    "To leave out decisions with a word, write NOT before it: lgsco search 'school NOT council'. To find the word, "
    "leave the hyphen out: lgsco search 'school council'"
)
"""Commands to run in place of a search for a word with a hyphen before it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings from the shared options, the environment and the configuration file."""

    config: Config
    db_option: Path | None
    """The file given with --db, or None."""

    @property
    def database(self) -> Path:
        """The path of the database."""
        return Path(self.config.storage.database)


def load_settings(config: Path | None, db: Path | None, site: str | None) -> Settings:
    """Loads the settings. An option beats the environment, which beats the file. Raises ConfigError."""
    if config is not None:
        check_text("config", str(config), "--config")
    flags = {"--db": ("storage.database", str(db) if db else None), "--site": ("site.base_url", site)}
    return Settings(load(config, os.environ, flags), db)


def command(
    *, site: bool = False, logs: bool = True, kind: type[click.Command] = click.Command, **attributes: Any
) -> Callable[[CommandFunction], click.Command]:
    """Makes a command with the shared options, named after its function.

    `site`: the command makes requests, so it takes --site too. `logs`: nothing that the command calls logs if it is
    False; it then starts sooner. `attributes`: for `click.command`.
    """

    def decorate(function: CommandFunction) -> click.Command:
        @functools.wraps(function)
        def run(config: Path | None, db: Path | None, debug: bool, site: str | None = None, **rest: Any) -> None:
            if logs:
                from lgsco.cli.log_output import log_to_stderr

                log_to_stderr(debug=debug)
            remember_options({"--db": db, "--config": config, "--site": site})
            settings = load_settings(config, db, site)
            remember_archive(settings.database, functools.partial(_find_needed_site, settings.config.site.base_url))
            try:
                sys.exit(function(settings, **rest))
            except BrokenPipeError:  # `lgsco search … | head` closes the pipe early: not a failure
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(exit_codes.DONE)

        path = click.Path(path_type=Path)
        shared = [
            click.option("--debug", is_flag=True, help="Log more, and print a traceback if it fails."),
            click.option("--db", type=path, metavar="FILE", help="Database file. Default: [storage] database."),
            click.option("--config", type=path, metavar="FILE", help="Configuration. Default: config.toml here."),
        ]
        if site:
            shared.insert(0, click.option("--site", metavar="URL", help="The site. Default: [site] base_url."))
        for option in shared:
            option(run)
        made = click.command(function.__name__.rstrip("_"), kind, **attributes)(run)
        made.params.sort(key=lambda one: one.name in SHARED)  # the help lists the command's own options first
        return made

    return decorate


def _find_needed_site(configured: str, file: str) -> str | None:
    """Returns the site of an archive if commands that fetch into it are refused without it: see `ingest.run`."""
    from ingest.config import is_loopback
    from storage.journal import find_site

    site = find_site(Path(file))
    return site if site is not None and is_loopback(site) != is_loopback(configured) else None


def read_range(first: date | None, last: date | None) -> Window:
    """Returns the range of --from and --to. Raises UsageError if it ends before it begins, or begins after today."""
    from ingest.clock import Clock
    from ingest.crawling.windows import find_range

    if first and last and first > last:
        raise click.UsageError(f"--from {first} is after --to {last}")
    return find_range(first, last, Clock().today())


class TextCommand(click.Command):
    """A command that takes a query.

    A word with a hyphen before it is neither an option nor a valid query, so the error shows valid queries.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = args.copy()  # click empties the list
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = self._find_refused(ctx, typed) or error.option_name
            message = error.format_message().replace(error.option_name, name, 1)
            raise click.NoSuchOption(name, f"{message} {_HYPHEN_HINT}", ctx=ctx) from None

    def _find_refused(self, ctx: click.Context, args: list[str]) -> str | None:
        """Returns the argument that click refused, without a value after `=`. Of `-word`, click names only `-w`."""
        for place in range(len(args)):
            try:
                self.make_parser(ctx).parse_args(args[: place + 1])
            except click.NoSuchOption:
                return args[place].partition("=")[0]
            except click.UsageError:  # an option without its value, which is the next argument
                continue
        return None


class Day(click.ParamType[date]):
    """A day, month or year on the command line. A month or year means its first day, or its last with `is_last`."""

    name = "date"

    def __init__(self, *, is_last: bool = False) -> None:
        self._is_last = is_last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        from storage.days import parse_day

        try:
            return parse_day(value, is_last=self._is_last)
        except ValueError:
            self.fail(f"{value!r} is not a date; write a day, a month or a year: 2025-10-06, 2025-10, 2025", param, ctx)
