"""The lines of the log, and how much a terminal shows of it."""

from __future__ import annotations

import io
import logging
import re
import sys

import pytest

from lgsco.cli.log_output import LogFormatter, log_to_stderr


def record(level: int, message: str, *, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("lgsco", level, "", 0, message, (), sys.exc_info() if error else None)


def test_a_line_has_the_time_in_utc_and_the_level_unless_it_is_ordinary() -> None:
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "
    assert re.fullmatch(rf"{stamp}started", LogFormatter().format(record(logging.INFO, "started")))
    assert re.fullmatch(rf"{stamp}warning: slow", LogFormatter().format(record(logging.WARNING, "slow")))


def test_a_message_is_one_line_and_a_traceback_follows_it() -> None:
    try:
        raise ValueError("one\ntwo\x1b[31m")
    except ValueError:
        lines = LogFormatter().format(record(logging.ERROR, "it\nfailed\x1b[31m", error=True)).splitlines()
    assert "\x1b" not in "".join(lines)
    assert "failed" in lines[0]
    assert lines[1].startswith("Traceback")


@pytest.mark.parametrize(
    ("terminal", "debug", "level"),
    [(False, False, logging.INFO), (True, False, logging.ERROR), (True, True, logging.DEBUG)],
    ids=["a file or journal", "a terminal, which shows the bar", "--debug"],
)
def test_a_terminal_shows_errors_only(monkeypatch: pytest.MonkeyPatch, terminal: bool, debug: bool, level: int) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    log_to_stderr(debug=debug)
    assert logging.getLogger("lgsco").level == level
