"""Printing and logging by commands: harmless lines, JSON, documents and calendars."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ingest.reports.calendar import LOOKS, State
from ingest.reports.named_commands import remember_options
from lgsco.cli.log_output import LogFormatter
from lgsco.cli.printing import (
    print_calendar,
    print_document,
    print_foreign,
    print_json,
    print_line,
    print_lines,
    print_report,
    print_traceback,
)

DRIVING = "a\x1b]0;owned\x07b\u202ec\x9b31m\nd"
HARMLESS = "a ]0;owned b c 31m d"
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Reports whether stdout is a terminal."""

    def be(terminal: bool) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")

    return be


def test_print_line_prints_one_harmless_line_to_the_given_stream(capsys: Printed) -> None:
    print_line(DRIVING)
    print_line(DRIVING, err=True)
    assert capsys.readouterr() == (f"{HARMLESS}\n", f"{HARMLESS}\n")


def test_the_publishers_words_are_printed_with_nothing_added(capsys: Printed) -> None:
    remember_options({"--db": "mine.db"})
    print_foreign("they ran `lgsco sync`\x1b[31m")
    print_line("run `lgsco sync`")
    assert capsys.readouterr().out == "they ran `lgsco sync` [31m\nrun `lgsco sync --db mine.db`\n"


def test_print_lines_prints_each_and_an_empty_one_as_an_empty_line(capsys: Printed) -> None:
    print_lines(["a", "", DRIVING])
    print_lines(["b"], err=True)
    assert capsys.readouterr() == (f"a\n\n{HARMLESS}\n", "b\n")


def test_print_json_is_indented_and_escapes_what_is_not_printable(capsys: Printed) -> None:
    told = {"words": DRIVING, "name": "café’s"}
    print_json(told)
    printed = capsys.readouterr().out
    assert json.loads(printed) == told
    assert printed.replace("\n", "").isprintable()
    assert '\n  "name": "café’s"' in printed


class Pair:
    """A report."""

    def as_json(self) -> dict[str, Any]:
        return {"count": 2}

    def lines(self) -> list[str]:
        return ["two", DRIVING]


def test_print_report_is_for_programs_or_for_people(capsys: Printed) -> None:
    print_report(Pair(), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"count": 2}
    print_report(Pair(), as_json=False)
    assert capsys.readouterr().out == f"two\n{HARMLESS}\n"


def test_document_in_a_pipe_is_exact_except_for_excluded_characters(
    capsys: Printed, terminal: Callable[[bool], None]
) -> None:
    terminal(False)
    print_document("one\u202etwo\u2069\n- three\u200e\x1b[2J\t\x00\x85é")
    assert capsys.readouterr().out == "one\u202etwo\u2069\n- three\u200e[2Jé\n"


def test_a_document_loses_its_direction_marks_on_a_terminal(capsys: Printed, terminal: Callable[[bool], None]) -> None:
    terminal(True)
    print_document("one\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069two\u200f\nthree")
    assert capsys.readouterr().out == "onetwo\u200f\nthree\n"


def lines_of(paint: Callable[[str, State], str]) -> list[str]:
    return ["", *(paint(f" {look.letter} ", state) for state, look in LOOKS.items())]


def test_a_calendar_is_coloured_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: Callable[[bool], None]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.echo", shown.append)
    terminal(True)
    print_calendar(lines_of)
    for line, look in zip(shown[1:], LOOKS.values(), strict=True):
        colour = "\x1b[2m" if look.block is None else f"\x1b[38;5;16m\x1b[48;5;{look.block}m"
        assert line == f"{colour} {look.letter} \x1b[0m"


@pytest.mark.parametrize(
    ("is_terminal", "environment"),
    [(False, {}), (True, {"NO_COLOR": "1"}), (True, {"TERM": "dumb"})],
    ids=["a pipe", "NO_COLOR", "a dumb terminal"],
)
def test_calendar_is_plain_without_a_colour_terminal_or_with_no_color(
    is_terminal: bool,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: Callable[[bool], None],
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.echo", shown.append)
    terminal(is_terminal)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    print_calendar(lines_of)
    assert shown == ["", *(f" {look.letter} " for look in LOOKS.values())]


def test_empty_no_color_is_ignored(monkeypatch: pytest.MonkeyPatch, terminal: Callable[[bool], None]) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.echo", shown.append)
    terminal(True)
    monkeypatch.setenv("NO_COLOR", "")
    print_calendar(lines_of)
    assert "\x1b[" in shown[1]


def test_a_traceback_is_harmless_lines_on_stderr(capsys: Printed) -> None:
    try:
        raise ValueError(DRIVING)
    except ValueError:
        print_traceback()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Traceback")
    assert [line for line in err.split("\n") if not line.isprintable()] == []


@pytest.mark.parametrize(("level", "prefix"), [(logging.INFO, ""), (logging.WARNING, "warning: ")])
def test_a_log_record_is_one_harmless_line_with_an_instant_and_its_level(level: int, prefix: str) -> None:
    record = logging.makeLogRecord({"levelno": level, "levelname": logging.getLevelName(level), "msg": DRIVING})
    instant, _, rest = LogFormatter().format(record).partition(" ")
    assert instant.endswith("Z")
    assert rest == f"{prefix}{HARMLESS}"


def test_a_logged_traceback_follows_its_line() -> None:
    try:
        raise ValueError(DRIVING)
    except ValueError:
        record = logging.makeLogRecord({"levelno": logging.ERROR, "msg": "it failed", "exc_info": sys.exc_info()})
    first, *trace = LogFormatter().format(record).split("\n")
    assert first.endswith("it failed")
    assert trace[0].startswith("Traceback")
    assert [line for line in trace if not line.isprintable()] == []
