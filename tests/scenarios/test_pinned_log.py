"""A reader with an open query keeps the write-ahead log from shrinking: it is reported, and the log shrinks after."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.run import Backfill, Import
from scheduler import _Daemon
from storage.checkpoint import choose_log_bytes, find_log_bytes, find_readers
from storage.database import atomic
from storage.writer import writing
from support.command_line import Here
from support.daemon import make_alert, read_alerts
from support.paths import SEEDS
from support.world import World, holds_the_truth

FIRST = Backfill(date(2026, 1, 1), date(2026, 12, 31))
WARN_BYTES = 1_000_000


@contextmanager
def open_query(database: Path) -> Iterator[sqlite3.Connection]:
    """A reader that stays in the middle of a query, such as a notebook that shows the first rows."""
    with closing(sqlite3.connect(database)) as db:
        cursor = db.execute("SELECT reference FROM decisions")
        assert cursor.fetchone() is not None
        try:
            yield db
        finally:
            cursor.close()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "wal_warn_mb" in record.getMessage()]


def test_a_reader_that_stays_is_reported_once_and_the_backfill_completes(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.run(FIRST)
    with caplog.at_level(logging.WARNING), open_query(world.database):
        assert world.run(Backfill(), storage__wal_warn_mb=1, storage__batch=5).exit_code == 0
        assert find_log_bytes(world.database) > 2 * WARN_BYTES
        (message,) = told(caplog)
    assert message.startswith(f"{world.database}-wal has 2 MB, more than [storage] wal_warn_mb = 1: a program with an ")
    assert f"open in process {os.getpid()}. Close that program" in message
    assert holds_the_truth(world)
    world.run(FIRST, storage__wal_warn_mb=1)
    assert find_log_bytes(world.database) == 0


def test_the_log_is_cut_as_soon_as_the_reader_leaves(world: World) -> None:
    world.run(FIRST)
    sizes: list[int] = []
    messages: list[str] = []
    with writing(world.database, wal_warn_bytes=WARN_BYTES, warn=messages.append) as db:
        db.execute("CREATE TABLE filler (content BLOB)")
        db.execute("PRAGMA busy_timeout = 0")  # this thread would wait for a reader of its own
        for _ in range(2):
            with open_query(world.database):
                sizes += _write(world.database, db, 400)
            assert max(sizes) > 3 * WARN_BYTES
            assert _write(world.database, db, 2)[-1] <= choose_log_bytes(WARN_BYTES)
            sizes = _write(world.database, db, 400)
            assert max(sizes) < 3 * choose_log_bytes(WARN_BYTES), "without a reader it never gets large"
            sizes.clear()
    assert len(messages) == 2, "once for each time that a reader stayed"


def _write(database: Path, db: sqlite3.Connection, commits: int) -> list[int]:
    """Returns the size of the log after each commit of about ten kilobytes."""
    sizes = []
    for _ in range(commits):
        with atomic(db):
            db.execute("INSERT INTO filler VALUES (zeroblob(9000))")
        sizes.append(find_log_bytes(database))
    return sizes


def test_readers_that_come_and_go_do_not_keep_the_log_large(world: World) -> None:
    """One of two readers is always in the middle of a query, but none stays for long."""
    world.run(FIRST)
    ended = Event()

    def read(until: ExitStack) -> ExitStack:
        with until:
            next_one = ExitStack()
            next_one.enter_context(open_query(world.database))
            ended.wait(0.02)
            return next_one

    def read_on() -> None:
        one = ExitStack()
        while not ended.is_set():
            one = read(one)
        one.close()

    reader = Thread(target=read_on)
    with writing(world.database, wal_warn_bytes=WARN_BYTES, warn=pytest.fail) as db:
        db.execute("CREATE TABLE filler (content BLOB)")
        reader.start()
        try:
            sizes = _write(world.database, db, 300)
        finally:
            ended.set()
            reader.join()
    assert max(sizes) < WARN_BYTES


def test_status_names_the_reader_and_exits_1_until_it_leaves(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(Import((SEEDS,)))
    monkeypatch.setenv("LGSCO_STORAGE_WAL_WARN_MB", "1")
    monkeypatch.setenv("LGSCO_SCHEDULE_STALE_HOURS", "1000000")
    with open_query(world.database):
        world.run(Backfill(), storage__wal_warn_mb=1)
        ran = here("status", "--db", world.database, code=1)
        assert f"write-ahead log: {world.database}-wal has " in ran.out
        assert f"open in process {os.getpid()}" in ran.out
        assert " free" in ran.out
        disk = json.loads(here("status", "--json", "--db", world.database, code=1).out)["disk"]
        assert disk["log_is_pinned"]
        assert disk["log_readers"] == [os.getpid()]
        assert disk["log_bytes"] == find_log_bytes(world.database) > WARN_BYTES
        monkeypatch.setenv("LGSCO_STORAGE_WAL_WARN_MB", "256")
        assert "Close that program" not in here("status", "--db", world.database).out
    monkeypatch.setenv("LGSCO_STORAGE_WAL_WARN_MB", "1")
    assert "Close that program" not in here("status", "--db", world.database).out


def test_the_daemon_alerts_of_a_pinned_log_once_a_day(world: World, tmp_path: Path) -> None:
    world.run(FIRST)
    file = tmp_path / "told"
    config = world.config(alerts__command=make_alert(file), storage__wal_warn_mb=1)
    keeper = _Daemon(config, world.database, world.time.clock(), world.stop)
    keeper.watch_archive()
    with open_query(world.database):
        world.run(Backfill(), storage__wal_warn_mb=1)
        assert read_alerts(file) == []
        for _ in range(3):
            world.time.at = world.time.at.replace(minute=world.time.at.minute + 2)
            keeper.watch_archive()
        (line,) = read_alerts(file)
        assert f"{world.database}-wal has " in line
        assert "Close that program" in line


def test_the_processes_with_an_open_query_are_found(world: World) -> None:
    world.run(FIRST)
    assert find_readers(world.database) == ()
    with closing(sqlite3.connect(world.database)) as idle:
        idle.execute("SELECT 1 FROM decisions").fetchall()
        assert find_readers(world.database) == (), "its query is at its end"
        with open_query(world.database):
            assert find_readers(world.database) == (os.getpid(),)
