"""A signal ends any wait at once."""

from __future__ import annotations

import functools
import re
import signal
import sqlite3
import time as wall
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from lgsco.replica.faults import Fault, Reset, unavailable
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from storage.writer import create_database
from support.command_line import Hold, Shop, ask, ended_promptly, rows, until
from support.locks import IN_ITS_OWN_WAY, PATIENT, long_write
from support.paths import SEEDS
from support.recovery import continues_imports, goes_on


@dataclass
class Wait:
    """A way in which a run waits."""

    environment: dict[str, str] = field(default_factory=dict)
    faults: Callable[[], Callable[[Request], Fault | None]] | None = None
    waits: Callable[[Shop], object] = lambda shop: shop.pages()
    """Whether the run waits, or is about to."""


WAITS = {
    "a long Retry-After": Wait(
        faults=lambda: on("/decisions/", unavailable(100)),
        waits=lambda shop: rows(shop, "SELECT 1 FROM pace WHERE hold = 100"),
    ),
    "quiet hours": Wait(
        {"LGSCO_FETCH_QUIET_HOURS": "00:00-12:00;12:00-24:00"}, waits=lambda shop: rows(shop, "SELECT 1 FROM runs")
    ),
    "the pace": Wait({"LGSCO_FETCH_PACE": "30"}, waits=lambda shop: shop.server.log),
    "an answer that stalls": Wait(faults=lambda: on("/decisions/.*/", Hold(), after=1)),
    "the next try": Wait({"LGSCO_FETCH_RETRY_WAIT": "60"}, faults=lambda: on("/decisions/.*/", Reset(), after=1)),
}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("name", WAITS)
def test_a_signal_ends_any_wait(short_shop: Shop, name: str, number: signal.Signals, code: int) -> None:
    wait = WAITS[name]
    usual = dict(short_shop.environment)
    short_shop.environment.update(wait.environment)
    short_shop.server.faults = wait.faults() if wait.faults else None
    process = short_shop.start("backfill")
    until(process, lambda: wait.waits(short_shop))
    wall.sleep(0.2)
    process.send_signal(number)
    ran = ended_promptly(process)
    assert ran.code == code, ran.err
    continues = "`lgsco backfill` continues it, `lgsco backfill --withdraw` drops what is left"
    assert re.fullmatch(rf"lgsco: stopped: \d+( of \d+)? fetched; {continues}", ran.sentence)
    assert not list(short_shop.folder.glob("kept.db-wal")), "the log is merged into the file"
    assert ask(short_shop.database, "SELECT state, exit_code FROM runs") == [("stopped", code)]
    assert ask(short_shop.database, "SELECT count(*) FROM queue WHERE state = 'failed'") == [0], "nothing failed"

    short_shop.environment.clear()
    short_shop.environment.update(usual)
    with closing(sqlite3.connect(short_shop.database)) as db:  # the time that it would wait passes
        db.execute("UPDATE pace SET next_at = 0, hold_until = 0")
        db.commit()
    goes_on(short_shop, 2 if name == "the next try" else 1)  # a request on a closed connection is sent again


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("begun", [False, True])
def test_a_signal_ends_the_wait_for_a_locked_file(
    short_shop: Shop, begun: bool, number: signal.Signals, code: int
) -> None:
    """A signal before the run is recorded, or in the middle of it, however long the wait for the lock would be."""
    short_shop.run("import", SEEDS)
    with closing(sqlite3.connect(short_shop.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            if len(short_shop.pages()) == 5 and not db.in_transaction:
                db.execute("BEGIN IMMEDIATE")

        short_shop.server.faults = lock
        if not begun:
            db.execute("BEGIN IMMEDIATE")
        process = short_shop.python("-c", PATIENT + IN_ITS_OWN_WAY, "backfill")
        assert process.stdout is not None
        assert process.stdout.readline() == "connects\n"
        until(process, lambda: db.in_transaction)
        wall.sleep(0.3)  # until it waits; with an earlier signal it ends too
        process.send_signal(number)
        ran = ended_promptly(process)
        short_shop.server.faults = None
        db.execute("ROLLBACK")
    assert ran.code == code, ran.err
    assert ran.sentence == "lgsco: stopped: the work done so far is saved; run the same command again to continue"
    continues_imports(short_shop)
    assert ask(short_shop.database, "SELECT state FROM runs WHERE task = 'backfill'") == ["died"] * begun + ["complete"]
    pages = short_shop.pages()
    assert len(pages) <= len(set(pages)) + 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_for_an_exclusive_lock(short_shop: Shop, number: signal.Signals, code: int) -> None:
    """Locks the file so that it cannot even be opened."""
    short_shop.run("import", SEEDS)
    with closing(sqlite3.connect(short_shop.database, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("UPDATE runs SET state = state")
        process = short_shop.python("-c", PATIENT + IN_ITS_OWN_WAY, "backfill")
        assert process.stdout is not None
        assert process.stdout.readline() == "connects\n"
        wall.sleep(0.3)
        process.send_signal(number)
        ran = ended_promptly(process)
    assert ran.code == code, ran.err
    continues_imports(short_shop)


def test_a_signal_ends_the_daemon_while_another_program_locks_the_file(short_shop: Shop) -> None:
    create_database(short_shop.database)
    short_shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    process = short_shop.start("daemon")
    until(process, lambda: rows(short_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    with long_write(short_shop.database):
        process.send_signal(signal.SIGTERM)
        ran = ended_promptly(process)
    assert ran.code == 0
    assert "Traceback" not in ran.err


def test_a_signal_ends_the_daemon_while_it_waits_for_the_next_sync(short_shop: Shop) -> None:
    create_database(short_shop.database)
    short_shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    for number in (signal.SIGTERM, signal.SIGINT):
        process = short_shop.start("daemon")
        until(process, lambda: rows(short_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
        until(process, functools.partial(rows, short_shop, f"SELECT 1 FROM daemon WHERE process = {process.pid}"))
        process.send_signal(number)
        ran = ended_promptly(process)
        assert ran.code == 0
        assert "Traceback" not in ran.err
        assert rows(short_shop, "SELECT stopped_at IS NOT NULL FROM daemon") == [1]
    assert rows(short_shop, "SELECT DISTINCT state FROM runs") == ["complete"]
