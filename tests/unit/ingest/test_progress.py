"""Tests the progress of a run: a bar on a terminal, otherwise lines in the log."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from typing import TextIO

import pytest

from ingest.progress import Progress, _count_done, _format_duration
from ingest.recording.tally import Tally


def test_a_long_run_logs_its_progress(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("ingest.progress._LINE_SECONDS", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with caplog.at_level("INFO", logger="lgsco"), Progress("decision") as progress:
        progress.report(Tally(expected=5_000, held=100, fetched=1))
        progress.report(Tally(expected=5_000, held=100, fetched=2))
    assert "102 of 5,000 decisions" in caplog.messages[-1]
    assert "a second" in caplog.messages[-1]
    assert "left" in caplog.messages[-1]


def test_one_is_counted_in_the_singular(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("ingest.progress._LINE_SECONDS", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with caplog.at_level("INFO", logger="lgsco"), Progress("document") as progress:
        progress.report(Tally(expected=1, first=1, requests=1))
    assert caplog.messages[-1].startswith("1 of 1 document, ")
    assert caplog.messages[-1].endswith("; 1 request")


def test_a_plan_is_logged_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    tally = Tally(expected=5_000)
    with caplog.at_level("INFO", logger="lgsco"), Progress("decision") as progress:
        progress.report(tally)
        assert caplog.messages == []
        tally.plan = "estimate: a day"
        for _ in range(3):
            progress.report(tally)
    assert caplog.messages == ["estimate: a day"]


def test_a_terminal_shows_at_once_the_reason_and_end_of_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def shown(progress: Progress, waiting: str) -> str:
        progress.report(Tally(expected=25, held=3, fetched=4, requests=9, waiting=waiting))
        return _read(ours, terminal)

    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with Progress("decision") as progress:
            assert "quiet hours until 18:00:00Z:  28%" in shown(progress, "quiet hours until 18:00:00Z")
            assert "quiet hours" not in shown(progress, "")
    os.close(ours)


def test_a_bar_without_a_total_counts_one_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with Progress("decision") as progress:
            progress.report(Tally(fetched=1, waiting="a"))
            assert ": 1 decision [" in _read(ours, terminal)
            progress.report(Tally(fetched=2, waiting="b"))
            assert ": 2 decisions [" in _read(ours, terminal)
    os.close(ours)


def _read(ours: int, terminal: TextIO) -> str:
    """Reads what the terminal has shown so far."""
    print("~", file=terminal, flush=True)
    read = ""
    while "~" not in read:
        read += os.read(ours, 65_536).decode()
    return read


@pytest.mark.parametrize(
    ("tally", "done"),
    [
        (Tally(held=3, fetched=4, first=2), 7),
        (Tally(held=3, first=2, unchanged=4), 9),
        (Tally(checked=5, unchanged=2), 5),
    ],
    ids=["a backfill", "an import", "a renormalise"],
)
def test_what_was_stored_before_counts_as_done(tally: Tally, done: int) -> None:
    assert _count_done(tally) == done


@pytest.mark.parametrize(("seconds", "words"), [(59, "0 min"), (3_599, "59 min"), (3_661, "1 h 1 min")])
def test_the_time_left_is_in_minutes_and_hours(seconds: float, words: str) -> None:
    assert _format_duration(seconds) == words
