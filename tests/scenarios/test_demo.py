"""The demo: its counts add up, and a stopped demo continues when it is run again."""

from __future__ import annotations

import re
import signal
import sqlite3
from pathlib import Path

import pytest

from support.command_line import Desk, ask, ended, sound, until

COUNT = 60


def stop_halfway(desk: Desk, number: signal.Signals, code: int, *options: str) -> int:
    """Starts a demo and sends it a signal; returns the number of decisions in its database then."""
    process = desk.start("demo", "--count", str(COUNT), *options)
    database = desk.folder / "demo.db"
    until(process, lambda: database.exists() and held(database) > 3)
    process.send_signal(number)
    ran = ended(process)
    assert ran.code == code
    if code > 0:
        assert "run the same command again to continue" in ran.err
    count = held(database)
    assert 3 < count < COUNT
    return count


def held(database: Path) -> int:
    try:
        (count,) = ask(database, "SELECT count(*) FROM decisions")
    except sqlite3.Error:  # the database is being created
        return 0
    return int(count)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_stopped_demo_continues_when_it_is_run_again(desk: Desk, number: signal.Signals, code: int) -> None:
    before = stop_halfway(desk, number, code)
    database = desk.folder / "demo.db"
    ran = desk.run("demo", "--count", str(COUNT))
    assert f"{before} of them; the others are fetched now" in ran.out
    assert f"demo.db holds {COUNT + 5} decisions" in ran.out
    (new,) = re.findall(r"done: (\d+) new", ran.out)
    (total,) = ask(database, "SELECT count(*) FROM decisions")
    assert total == COUNT + 5
    assert before <= total - int(new) + 1, "a page that was stored and not yet parsed counts for neither"
    assert len(ask(database, "SELECT task FROM runs WHERE task = 'demo'")) == 2
    again = "SELECT count(*) - count(DISTINCT target) FROM requests WHERE target LIKE '/decisions/%' AND status = 200"
    assert ask(database, again)[0] <= 1, "no page is fetched again, except one that a kill interrupted"
    assert sound(database)


def test_a_stopped_demo_with_another_count_is_replaced(desk: Desk) -> None:
    stop_halfway(desk, signal.SIGINT, 130)
    ran = desk.run("demo", "--count", "2")
    assert "did not finish" not in ran.out
    assert ask(desk.folder / "demo.db", "SELECT count(*) FROM decisions") == [7]
    assert ask(desk.folder / "demo.db", "SELECT state FROM runs") == ["complete"]


def test_a_demo_does_not_continue_a_database_that_is_not_a_demo(desk: Desk) -> None:
    desk.run("init", "--db", "demo.db")
    before = (desk.folder / "demo.db").read_bytes()
    assert "and other commands wrote to it" in desk.run("demo", "--count", "0", code=1).sentence
    assert (desk.folder / "demo.db").read_bytes() == before
