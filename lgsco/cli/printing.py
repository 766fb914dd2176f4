"""Prints lines, JSON and documents, without characters that control a terminal.

Output may contain text from the site, a document or a foreign database. `ingest.reports.lines.printable` removes
control characters from a line; `storage.export.as_json` escapes them in JSON.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click

from ingest.reports.lines import printable
from ingest.reports.named_commands import complete_commands
from ingest.wording import count_of

if TYPE_CHECKING:
    from ingest.reports.calendar import State
    from ingest.reports.claims import Claim

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters. The text format excludes them, but a foreign database may contain them."""

_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that reorder the text beside them. The publisher may have written them, so only a terminal omits them.
U+200E and U+200F affect no other character, so they stay."""


class Report(Protocol):
    """The methods that a report of `ingest.reports` has."""

    def as_json(self) -> dict[str, Any]: ...

    def lines(self) -> list[str]: ...


# ---------------------------------------------------------------- output of commands


def print_line(line: str, *, err: bool = False) -> None:
    """Prints one line, without control characters, to stdout, or to stderr with `err`.

    Adds the options of this process to the commands that it names: see `ingest.reports.named_commands`.
    """
    click.echo(printable(complete_commands(line)), err=err)


def print_foreign(line: str) -> None:
    """Prints one line of the publisher's words to stdout, without control characters and with nothing added."""
    click.echo(printable(line))


def print_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Prints each line as `print_line` does."""
    for line in lines:
        print_line(line, err=err)


def print_claim(claim: Claim, *, err: bool = False) -> None:
    """Prints a claim about the archive. Only claims state how many of the listed decisions are stored."""
    print_lines(claim.sentences(), err=err)


def print_json(value: object) -> None:
    """Prints indented JSON, in which characters that are not printable are escaped."""
    from storage.export import as_json

    click.echo(as_json(value, indent=2))


def print_report(report: Report, *, as_json: bool) -> None:
    """Prints a report as JSON or as lines."""
    if as_json:
        print_json(report.as_json())
    else:
        print_lines(report.lines())


def print_document(text: str) -> None:
    """Prints a decision's text. A terminal gets it without direction marks, a pipe unchanged."""
    text = _CONTROLS.sub("", text)
    click.echo(_DIRECTION_MARKS.sub("", text) if sys.stdout.isatty() else text)


def print_calendar(lines_of: Callable[[Callable[[str, State], str]], list[str]]) -> None:
    """Prints a calendar, in colour if stdout is a terminal that shows colours and NO_COLOR is not set.

    `lines_of` takes a function that colours a cell, and returns the calendar's lines. They contain only dates and
    counts, so they are printed unchanged.
    """
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for line in lines_of(_paint if coloured else lambda cell, _: cell):
        click.echo(line)


def _paint(cell: str, state: State) -> str:
    from ingest.reports.calendar import LOOKS

    block = LOOKS[state].block
    return click.style(cell, dim=True) if block is None else click.style(cell, fg=16, bg=block)


def print_usage_error(error: click.ClickException, arguments: Sequence[str]) -> None:
    """Prints an error about the command line as click does, without control characters in the words that it repeats.

    A message of several lines, such as the help, stays so unless one of the `arguments` has a line break.
    """
    shown = io.StringIO()
    error.show(shown)  # without colours, because this is not a terminal
    message = click.unstyle(error.format_message())
    lines = [message] if any("\n" in one for one in arguments) else message.split("\n")
    click.echo(shown.getvalue().replace(message, "\n".join(map(printable, lines))), nl=False, err=True)


def print_traceback() -> None:
    """Prints the traceback of the exception being handled to stderr."""
    import traceback

    print_lines(traceback.format_exc().splitlines(), err=True)


# ---------------------------------------------------------------- progress


_EVERY_COUNT = 10_000
"""How many are counted between two lines of progress if stderr is not a terminal."""


class CountProgress:
    """Counts what was done, such as rows checked, and shows it on stderr.

    A terminal shows one line that is updated; otherwise a line is printed now and then.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._is_terminal = sys.stderr.isatty()

    def __call__(self, what: str, count: int) -> None:
        before = self.counts[what] // _EVERY_COUNT
        self.counts[what] += count
        if self._is_terminal:
            click.echo(f"\r\033[K{self.describe(what)}", nl=False, err=True)
        elif self.counts[what] // _EVERY_COUNT > before:
            print_line(self.describe(what), err=True)

    def describe(self, what: str) -> str:
        """Returns the number with what was counted, such as `1 decision`."""
        return count_of(self.counts[what], what.removesuffix("s"), what)

    def end(self) -> None:
        if self._is_terminal:
            click.echo("\r\033[K", nl=False, err=True)


# ---------------------------------------------------------------- characters outside the output's encoding


def replace_what_cannot_be_encoded() -> None:
    """Makes stdout and stderr print `?` for a character that their encoding lacks, with one warning on stderr."""
    codecs.register_error("lgsco-replace", _Replacement())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="lgsco-replace")


class _Replacement:
    """An error handler for `codecs` that prints `?` and warns once."""

    def __init__(self) -> None:
        self._has_warned = False

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        if not self._has_warned:
            self._has_warned = True
            print_line(
                f"lgsco: the output's encoding, {error.encoding}, lacks some characters; each is printed as ?. "
                "Set PYTHONIOENCODING=utf-8 to print them",
                err=True,
            )
        return "?" * (error.end - error.start), error.end
