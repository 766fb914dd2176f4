"""What an operator sees on a bad night: no room at all, signals in the middle of a copy, runs that were killed, outputs
that nobody takes, a database that is damaged. The commands as they are typed."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lgsco.replica.faults import Respond
from lgsco.replica.script import on
from lgsco.web.server import _File
from storage.database import reading
from support.command_line import (
    Hold,
    Shop,
    ask,
    ended,
    ended_promptly,
    mounted,
    open_shop,
    reached,
    read_off,
    small_site,
    sound,
    until,
)
from support.paths import SEEDS


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("filled"), small_site()) as shop:
        shop.run("backfill")
        yield shop


# ---------------------------------------------------------------- no room


def test_what_is_held_is_read_on_a_disk_without_any_room(filled: Shop, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "-o", "size=8m") as small:
        database = small / "kept.db"
        shutil.copyfile(filled.database, database)
        with (small / "fill").open("wb", buffering=0) as fill, suppress(OSError):
            while True:
                fill.write(b"\0" * 4_096)
        assert filled.run("show", "25 004 920", "--db", database).out
        assert f"{len(filled.site)} decisions" in filled.run("status", "--db", database).out
        filled.run("coverage", "--db", database)
        copy = tmp_path / "rescued.db"
        filled.run("snapshot", copy, "--db", database)
        assert sound(copy)
        assert "the disk is full" in filled.run("sync", "--db", database, code=1).sentence
        assert "the disk is full" in filled.run("snapshot", small / "copy.db", "--db", database, code=1).sentence
        (small / "fill").unlink()
        filled.run("sync", "--db", database)
        assert sound(database)
        assert not [path.name for path in small.iterdir() if ".part" in path.name]


def test_an_output_that_takes_nothing_is_said_in_a_sentence(filled: Shop) -> None:
    for command in (["show", "25 004 920"], ["status"], ["coverage"], ["search", "council"]):
        with Path("/dev/full").open("wb") as full:
            ran = ended(filled.start(*command, stdout=full.fileno()))
        assert ran.code == 1
        assert "the output cannot be written: No space left on device" in ran.sentence


def test_an_output_that_is_closed_is_not_wanted(filled: Shop) -> None:
    for command in ("show 25004920", "coverage", "status", "search council", "sync"):
        for closed in (">&-", "2>&-", ">&- 2>&-"):
            shell = f"exec {sys.executable} -m lgsco {command} {closed}"
            process = filled.python("-c", f"import os; os.execv('/bin/sh', ['sh', '-c', {shell!r}])")
            assert ended(process).code == 0, (command, closed)
    assert sound(filled.database)


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize("command", [["snapshot", "copy.db"], ["export", "--format", "csv", "out"]])
def test_a_signal_leaves_no_draft_behind(filled: Shop, command: list[str], tmp_path: Path) -> None:
    """Told to end while its draft stands there."""
    waits = (
        "import runpy, sys, time, storage.export as e\n"
        "real = e.replacing\n"
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def slow(path):\n"
        "    with real(path) as draft:\n"
        "        draft.touch()\n"
        "        print('here', flush=True)\n"
        "        time.sleep(60)\n"
        "        yield draft\n"
        "e.replacing = slow\n"
        "runpy.run_module('lgsco', run_name='__main__')\n"
    )
    target = tmp_path / command[-1]
    process = filled.python("-c", waits, *command[:-1], target)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    drafts = [path.name for path in tmp_path.rglob("*") if ".part" in path.name]
    assert len(drafts) == 1
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 143
    assert not [path.name for path in tmp_path.rglob("*") if path.is_file()]


def test_two_snapshots_to_one_name_do_not_harm_each_other(filled: Shop, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    both = [filled.start("snapshot", "--public", copy) for _ in range(2)]
    codes = {ended(process).code for process in both}
    assert 0 in codes
    assert codes <= {0, 1}, "the second may find that it exists"
    assert sound(copy)
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


def test_a_terminal_that_is_closed_saves_the_state(shop: Shop) -> None:
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


def test_who_ignores_that_the_terminal_closes_goes_on(shop: Shop) -> None:
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_while_its_alert_hangs(shop: Shop, tmp_path: Path, number: signal.Signals) -> None:
    shop.server.faults = lambda _request: Respond(403)
    shop.environment |= {
        "LGSCO_SCHEDULE_SYNC": "0 12 1 1 *",
        "LGSCO_ALERTS_COMMAND": f"sh -c 'touch {tmp_path}/alerted; exec sleep 50'",
    }
    process = shop.start("daemon")
    until(process, (tmp_path / "alerted").exists)
    process.send_signal(number)
    assert ended_promptly(process).code == 0


# ---------------------------------------------------------------- what is told


def test_a_run_that_was_killed_is_told_so_before_the_next_one(shop: Shop) -> None:
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, after=5)
    process = shop.start("backfill")
    reached(hold, process)
    assert "backfill: running" in shop.run("status", code=1).out
    process.kill()
    ended(process)
    assert "backfill: died" in shop.run("status", code=1).out
    assert json.loads(shop.run("status", "--json", code=1).out)["runs"][0]["state"] == "died"
    hold.go.set()


def test_the_daemon_tells_a_terminal_what_it_does(shop: Shop) -> None:
    shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    ours, theirs = pty.openpty()
    process = shop.start("daemon", stdout=theirs, stderr=theirs)
    os.close(theirs)
    until(process, lambda: shop.database.exists() and _ran(shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.send_signal(signal.SIGINT)
    shown = read_off(ours).decode()
    assert process.wait() == 0
    assert "sync begins (run 1)" in shown
    assert "sync ends (run 1): complete" in shown


def test_a_daemon_starts_beside_a_backfill_and_waits_for_it(shop: Shop) -> None:
    shop.run("backfill", "--limit", "2")
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, times=1)
    backfill = shop.start("backfill")
    reached(hold, backfill)
    daemon = shop.start("daemon")
    until(daemon, lambda: _ran(shop, f"SELECT 1 FROM daemon WHERE process = {daemon.pid}"))
    hold.go.set()
    assert ended(backfill).code == 0
    daemon.send_signal(signal.SIGTERM)
    ran = ended_promptly(daemon)
    assert ran.code == 0
    assert "the daemon waits for it" in ran.err


def _ran(shop: Shop, sql: str) -> list[object]:
    try:
        return ask(shop.database, sql)
    except sqlite3.Error:  # not made yet
        return []


# ---------------------------------------------------------------- damage, and what a query may take


def test_a_damaged_file_is_named_and_not_the_copy_of_it(filled: Shop, tmp_path: Path) -> None:
    database = tmp_path / "damaged.db"
    data = bytearray(filled.database.read_bytes())
    for page in range(len(data) // 8_192, len(data) // 4_096):  # not the first ones, which say what is where
        data[page * 4_096 : page * 4_096 + 64] = b"\xff" * 64
    database.write_bytes(data)
    ran = filled.run("snapshot", tmp_path / "copy.db", "--db", database, code=1)
    assert "the database is damaged" in ran.sentence
    assert not (tmp_path / "copy.db").exists()


def test_text_that_is_none_is_damage_and_not_quoted(filled: Shop, tmp_path: Path) -> None:
    database = tmp_path / "damaged.db"
    shutil.copyfile(filled.database, database)
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE decisions SET text = CAST(x'ff' || CAST(text AS BLOB) AS TEXT)")
        db.commit()
    ran = filled.run("export", tmp_path / "out", "--db", database, code=1)
    assert "damaged.db is damaged" in ran.sentence
    assert len(ran.sentence) < 300


def test_a_query_makes_no_value_without_bound(filled: Shop) -> None:
    served = _File(None, str(filled.database))
    with closing(served.connect()) as db:
        assert db.execute("SELECT length(zeroblob(1000000))").fetchone() == (1_000_000,)
        with pytest.raises(sqlite3.Error, match="too big"):
            db.execute("SELECT length(hex(zeroblob(400000000)))").fetchone()


def test_a_reader_hears_a_signal_while_another_has_the_file_for_itself(shop: Shop) -> None:
    shop.run("import", SEEDS)
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("UPDATE runs SET message = message")
        process = shop.start("show", "25 004 920")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGINT)
        assert ended_promptly(process).code == 130
    with reading(shop.database):
        pass
