"""The command that hides a decision, and what other commands say about it then."""

from __future__ import annotations

from pathlib import Path

from support.archives import make_archive
from support.command_line import Here


def test_a_suppressed_decision_is_shown_by_no_command_until_it_is_lifted(here: Here, tmp_path: Path) -> None:
    make_archive(tmp_path / "lgsco.db", 6)
    assert "no decision is suppressed" in here("suppress").out
    here("show", "25-000-000")
    done = here("suppress", "25-000-000", "--reason", "names a child")
    assert "25 000 000 is suppressed" in done.out
    assert "names a child" in here("suppress").out
    for options in ((), ("--raw",), ("--left-out",), ("--revision", "1")):
        shown = here("show", "25000000", *options, code=1)
        assert shown.out == ""
        assert "is suppressed" in shown.err
    assert "6 decisions, 0 from imports only, 1 suppressed" in here("status", code=1).out
    assert "1 suppressed left out" in here("export", "out", "--format", "jsonl").out
    assert "left out: 2 suppressed or withdrawn" in here("snapshot", "public.db", "--public").out
    assert "left out: 1 suppressed" in here("snapshot", "with.db", "--public", "--with-withdrawn").out
    for wrong in (
        *(("suppress", "25-000-000"), ("suppress", "25-000-000", "--reason", " "), ("suppress", "--reason", "x")),
        *(("suppress", "nonsense", "--reason", "x"), ("suppress", "25-000-000", "--lift", "--reason", "x")),
        *(("snapshot", "x.db", "--with-withdrawn"), ("serve", "--with-withdrawn")),
    ):
        here(*wrong, code=2)
    assert "is shown again" in here("suppress", "25-000-000", "--lift").out
    assert "was not suppressed" in here("suppress", "25-000-000", "--lift").out
    here("show", "25-000-000")
