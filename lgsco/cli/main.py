"""The command `lgsco`: the group of all commands, and the exit code of each error.

A command parses its arguments, makes one call and prints. It imports what only it needs inside its function, so that
`--help` and `show` start at once.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ingest.config import VERSION
from lgsco.cli import browse, demo, exit_codes, fetch, maintain, template, verify
from lgsco.cli.printing import print_line, print_traceback, replace_what_cannot_be_encoded
from storage.errors import LgscoError

_OUTPUT_FAILED = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG})
"""Errors of a write to stdout or stderr: an OSError with one of these names no file."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="lgsco")
def cli() -> None:
    """Keeps every published decision of the Local Government and Social Care Ombudsman in one SQLite file.

    Try it offline: lgsco demo
    """


for _command in (
    *(fetch.init, fetch.backfill, fetch.sync, fetch.daemon, fetch.import_, fetch.renormalise),
    *(browse.show, browse.search, browse.export, browse.serve),
    *(maintain.status, maintain.coverage, maintain.politeness),
    *(maintain.fill, maintain.snapshot, maintain.restore),
    template.template,
    verify.verify,
    demo.demo,
):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command. Prints an error as one sentence on stderr and exits with its code.

    `arguments`: those after the program's name; default: the process's own.
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
    """Prints why the command failed, after the traceback with `debug`, and exits."""
    if debug:
        print_traceback()
    print_line(f"lgsco: {sentence}", err=True)
    sys.exit(exit_code)


def _describe_unexpected(error: Exception, *, debug: bool) -> str:
    if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_FAILED:
        return f"the output cannot be written: {error.strerror}; send it elsewhere"
    if isinstance(error, PermissionError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}; check whose it and its folder are"
    hint = "" if debug else "; --debug shows where"
    return f"unexpected: {type(error).__name__}: {error}{hint}"


def _open_closed_outputs() -> None:
    """Opens the null device for stdout or stderr where the caller closed it, so that printing does not fail and no file
    gets its descriptor."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # open until the exit


def _exit_on_signal(number: int, _frame: object) -> None:
    """Exits at SIGTERM through every `finally`, so that no draft of a file is left behind."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
