"""Tests the counts and log lines about odd things, new blocks and files that are left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.recording.tally import Tally, show_path


def test_something_odd_is_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    for _ in range(2):
        tally.note_odd("25 000 001", "date: 31 June")
    assert [str(one) for one in tally.odd] == ["25 000 001 (date: 31 June)"]
    assert len(caplog.messages) == 1


def test_in_a_new_archive_only_the_first_new_block_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for knew, logged in ((False, 1), (True, 2)):
        caplog.clear()
        tally = Tally(knew_blocks=knew)
        with caplog.at_level("INFO", "lgsco"):
            tally.note_new_block("25 000 001", "Rate this page")
            tally.note_new_block("25 000 002", "Print this page")
        assert len(caplog.messages) == logged
        assert tally.counts()["new_blocks"] == 2


def test_a_file_that_may_hold_decisions_counts_as_unexamined() -> None:
    tally = Tally()
    tally.leave_out([(Path("a.pdf"), "a PDF", False), (Path("b"), "not readable", True)])
    assert tally.left_out == ["a.pdf (a PDF)", "b (not readable)"]
    assert tally.unexamined == 1


def test_a_failed_decision_is_counted_and_named() -> None:
    tally = Tally()
    tally.miss("25 000 001", ValueError("no opener"))
    assert (tally.failed, tally.unread) == (1, ["25 000 001: no opener"])
    assert tally.counts()["failed"] == 1


def test_a_path_is_shown_as_one_line() -> None:
    assert show_path(Path(os.fsdecode(b"a\xff\nb\x1b[31m.txt"))) == "a\ufffd\ufffdb\ufffd[31m.txt"
