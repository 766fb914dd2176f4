"""Outputs that cannot be written or are closed, and terminals that close."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from lgsco.replica.script import on
from support.command_line import Hold, Shop, ask, ended, ended_promptly, reached, sound


def test_an_output_that_cannot_be_written_is_reported_in_a_sentence(filled: Shop) -> None:
    for command in (["show", "25 004 920"], ["status"], ["coverage"], ["search", "council"]):
        with Path("/dev/full").open("wb") as full:
            ran = ended(filled.start(*command, stdout=full.fileno()))
        assert ran.code == 1
        assert "the output cannot be written: No space left on device" in ran.sentence


def test_a_closed_output_is_not_an_error(filled: Shop) -> None:
    for command in ("show 25004920", "coverage", "status", "search council", "sync"):
        for closed in (">&-", "2>&-", ">&- 2>&-"):
            shell = f"exec {sys.executable} -m lgsco {command} {closed}"
            process = filled.python("-c", f"import os; os.execv('/bin/sh', ['sh', '-c', {shell!r}])")
            assert ended(process).code == 0, (command, closed)
    assert sound(filled.database)


def test_closing_the_terminal_saves_the_state(shop: Shop) -> None:
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, after=5)
    process = shop.start("backfill")
    reached(hold, process)
    process.send_signal(signal.SIGHUP)
    assert ended_promptly(process).code == 129
    hold.go.set()
    assert ask(shop.database, "SELECT state FROM runs") == ["stopped"]
    shop.server.faults = None
    shop.run("backfill")
    assert shop.held() == shop.truth()


def test_a_run_that_ignores_sighup_continues_when_the_terminal_closes(shop: Shop) -> None:
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, times=1)
    nohup = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    process = shop.python("-c", nohup, sys.executable, "-m", "lgsco", "backfill")
    reached(hold, process)
    process.send_signal(signal.SIGHUP)
    hold.go.set()
    assert ended(process).code == 0
