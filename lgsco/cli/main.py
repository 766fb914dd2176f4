"""Defines the command `lgsco`, with its commands in four groups, and returns the exit code of each error.

A command parses its arguments, makes one call and prints the result. Its module is imported when it is used, and it
imports heavy modules inside its function, so that `--help` and `show` start at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from lgsco.cli import exit_codes
from lgsco.cli.printing import print_line, print_traceback, print_usage_error, replace_what_cannot_be_encoded
from lgsco.cli.signals import end_on_signals, find_received
from storage.errors import LgscoError

_OUTPUT_FAILED = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG})
"""Error numbers of a failed write to stdout or stderr, if the OSError names no file."""


class Listed(NamedTuple):
    """A command in the list of commands. Its module is imported when the command is used."""

    module: str
    """The module of `lgsco.cli` that defines it."""
    attribute: str
    help: str
    """The first sentence of its help; a test compares the two."""


class Commands(click.Group):
    """A group of commands whose help lists them under headings, without importing them."""

    def __init__(self, *arguments: Any, headings: Mapping[str, Mapping[str, Listed]], **attributes: Any) -> None:
        """`headings`: the commands under each heading, by name, in the order of the help."""
        super().__init__(*arguments, **attributes)
        self.headings = headings
        self.listed = {name: one for commands in headings.values() for name, one in commands.items()}

    def list_commands(self, ctx: click.Context | None) -> list[str]:  # noqa: ARG002  # click's
        return list(self.listed)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        if cmd_name in self.listed:
            one = self.listed[cmd_name]
            self.add_command(getattr(import_module(f"lgsco.cli.{one.module}"), one.attribute))
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or suggests the one that was probably meant."""
        if args[0] not in self.listed and (similar := _find_similar_name(args[0], self.listed)) is not None:
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {similar!r}?", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the options before the command. Nearly all belong to a command, so the error says where they go."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:  # it is like one of these options
                raise
            name = error.option_name
            hint = f"Options of a command go after its name: {ctx.command_path} COMMAND {name} …"
            raise click.NoSuchOption(name, f"No such option {name!r}. {hint}", ctx=ctx) from None

    def load_commands(self) -> dict[str, click.Command]:
        """Imports every command, and returns them by name."""
        for name in self.listed:
            self.get_command(None, name)
        return dict(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        width = max(map(len, self.listed))
        for heading, commands in self.headings.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), one.help) for name, one in commands.items()])


def _find_similar_name(name: str, names: Iterable[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


HEADINGS: dict[str, dict[str, Listed]] = {
    "Fetch": {
        "init": Listed("fetch", "init", "Create an empty database."),
        "backfill": Listed("fetch", "backfill", "Fetch every decision in a range of decision dates."),
        "sync": Listed("fetch", "sync", "Find new, changed and removed decisions, once."),
        "daemon": Listed("fetch", "daemon", "Run sync by the timetable in config.toml until stopped."),
        "fill": Listed("maintain", "fill", "Resume the daemon's fill, or turn it off."),
        "import": Listed("fetch", "import_", "Store decisions from text files and saved web pages."),
    },
    "Browse": {
        "search": Listed("browse", "search", "Search the decisions, and show the paragraphs with the words."),
        "show": Listed("browse", "show", "Print one decision in the text format."),
        "serve": Listed("browse", "serve", "Show the database in a browser, with Datasette."),
        "export": Listed("browse", "export", "Write the decisions to files for other programs."),
    },
    "Maintain": {
        "status": Listed("maintain", "status", "Show the last runs, and what is stored, missing and failed."),
        "coverage": Listed("maintain", "coverage", "Show which decision dates are proven, and what is missing."),
        "politeness": Listed("maintain", "politeness", "Report how the site was treated, from the request journal."),
        "snapshot": Listed("maintain", "snapshot", "Copy the database into FILE while it is in use."),
        "restore": Listed("maintain", "restore", "Replace the database with a backup."),
        "litestream": Listed("litestream", "litestream", "Configure Litestream, which keeps a second copy."),
        "verify": Listed("verify", "verify", "Check a database for damage."),
        "renormalise": Listed("fetch", "renormalise", "Parse the stored pages again with this version's parser."),
        "suppress": Listed("suppress", "suppress", "Hide one decision, or list the hidden ones."),
        "template": Listed("template", "template", "List changes of the site's template, and decide about them."),
    },
    "Try": {"demo": Listed("demo", "demo", "Try lgsco without a network.")},
}
"""Every command under one of four headings."""


def _print_version(ctx: click.Context, _option: click.Parameter, is_given: bool) -> None:
    from ingest.config import VERSION

    if is_given and not ctx.resilient_parsing:
        click.echo(f"lgsco, version {VERSION}")
        ctx.exit()


@click.group(
    cls=Commands,
    headings=HEADINGS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"Exit codes: {exit_codes.describe_briefly()}.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Keeps every published decision of the Local Government and Social Care Ombudsman in one SQLite file.

    To try it without a network: lgsco demo

    Before the first request, set contact in config.toml to an e-mail or web address of yours. `lgsco COMMAND --help`
    explains a command and shows an example.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command. Prints an error as one sentence on stderr and exits with its code.

    `arguments`: those after the program's name. Default: those of the process.
    """
    atexit.register(gc.freeze)  # the process ends: a last collection of all modules would take a tenth of `status`
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    _open_closed_outputs()
    replace_what_cannot_be_encoded()
    end_on_signals()
    try:
        cli.main(args=list(given), prog_name="lgsco", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(exit_codes.INTERRUPTED)
    except click.ClickException as error:
        print_usage_error(error, given)
        sys.exit(exit_codes.USAGE)
    except LgscoError as error:
        if (number := find_received()) is not None:
            sys.exit(128 + number)
        _fail(str(error), error.exit_code, debug=debug)
    except KeyboardInterrupt:
        sys.exit(exit_codes.INTERRUPTED)
    except Exception as error:
        _fail(_describe_unexpected(error, debug=debug), exit_codes.UNEXPECTED, debug=debug)


def _fail(sentence: str, exit_code: int, *, debug: bool) -> NoReturn:
    """Prints why the command failed, with `debug` after a traceback, and exits."""
    if debug:
        print_traceback()
    print_line(f"lgsco: {sentence}", err=True)
    sys.exit(exit_code)


def _describe_unexpected(error: Exception, *, debug: bool) -> str:
    if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_FAILED:
        return f"the output cannot be written: {error.strerror}; write it to another place"
    if isinstance(error, PermissionError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}; check the permissions of the file and its folder"
    hint = "" if debug else "; --debug shows where it happened"
    return f"unexpected: {type(error).__name__}: {error}{hint}"


def _open_closed_outputs() -> None:
    """Opens the null device for a closed stdout or stderr.

    Printing then does not fail, and no file that is opened later gets the descriptor.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # open until the exit


if __name__ == "__main__":
    main()
