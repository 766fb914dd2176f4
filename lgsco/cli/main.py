"""Defines the command `lgsco`, with its commands in four groups, and returns the exit code of each error.

A command parses its arguments, makes one call and prints the result. It imports heavy modules inside its function, so
that `--help` and `show` start at once.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from ingest.config import VERSION
from lgsco.cli import browse, demo, exit_codes, fetch, maintain, suppress, template, verify
from lgsco.cli.printing import print_line, print_traceback, replace_what_cannot_be_encoded
from storage.errors import LgscoError

_OUTPUT_FAILED = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG})
"""Error numbers of a failed write to stdout or stderr, if the OSError names no file."""


class Commands(click.Group):
    """A group of commands whose help lists them under headings."""

    def __init__(self, *arguments: Any, headings: Mapping[str, Sequence[click.Command]], **attributes: Any) -> None:
        """`headings`: the commands under each heading, in the order of the help."""
        super().__init__(*arguments, **attributes)
        self.headings = headings
        for commands in headings.values():
            for one in commands:
                self.add_command(one)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        width = max(len(name) for name in self.commands)
        limit = formatter.width - width - _HELP_MARGIN
        for heading, commands in self.headings.items():
            with formatter.section(heading):
                formatter.write_dl([((one.name or "").ljust(width), one.get_short_help_str(limit)) for one in commands])


_HELP_MARGIN = 6
"""Columns that click puts around the names of commands."""

HEADINGS: dict[str, tuple[click.Command, ...]] = {
    "Fetch": (fetch.init, fetch.backfill, fetch.sync, fetch.daemon, maintain.fill, fetch.import_),
    "Browse": (browse.search, browse.show, browse.serve, browse.export),
    "Maintain": (
        *(maintain.status, maintain.coverage, maintain.politeness, maintain.snapshot, maintain.restore),
        *(verify.verify, fetch.renormalise, template.template, suppress.suppress),
    ),
    "Try": (demo.demo,),
}
"""Every command under one of four headings."""


@click.group(
    cls=Commands,
    headings=HEADINGS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"Exit codes: {exit_codes.describe_briefly()}.",
)
@click.version_option(VERSION, prog_name="lgsco")
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
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    _open_closed_outputs()
    replace_what_cannot_be_encoded()
    signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="lgsco", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(exit_codes.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(exit_codes.USAGE)
    except LgscoError as error:
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


def _exit_on_signal(number: int, _frame: object) -> None:
    """Exits at SIGTERM by an exception, so that `finally` blocks remove unfinished files."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
