"""A database that other programs read or lock: how long commands wait, and what they report."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from ingest.run import Backfill
from lgsco.replica.messages import Request
from storage.errors import Busy
from storage.writer import writing
from support.command_line import Shop, ended
from support.locks import IN_ITS_OWN_WAY, long_read, long_write
from support.paths import SEEDS
from support.recovery import Watched, completes, continues_imports
from support.world import World


def test_a_long_reader_sees_one_snapshot_and_blocks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.2)
    assert world.run(Backfill(limit=10)).state == "limited"
    with long_read(world.database) as db:
        assert world.run(Backfill()).state == "complete"
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (10,)
        assert world.database.with_name(f"{world.database.name}-wal").stat().st_size > 0, "the file is still being read"
        assert world.ask("SELECT count(*) FROM decisions") == [len(world.site)]
        db.execute("ROLLBACK")
    completes(world, 0)
    assert not world.database.with_name(f"{world.database.name}-wal").exists()


def test_a_run_does_not_wait_for_readers_to_end(world: World, watched: type[Watched]) -> None:
    world.knows_listing = False
    world.run(Backfill())
    assert [most <= 1_000 for sql, most in watched.waits if "checkpoint" in sql] == [True]


def test_a_run_waits_for_a_writer_that_releases_its_lock_in_time(short_shop: Shop) -> None:
    short_shop.run("import", SEEDS)
    asked = 0
    with closing(sqlite3.connect(short_shop.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            nonlocal asked
            asked += 1
            if asked == 5:
                db.execute("BEGIN IMMEDIATE")
                Timer(0.7, db.execute, ["ROLLBACK"]).start()

        short_shop.server.faults = lock
        short_shop.run("backfill")
    assert asked > 12
    assert short_shop.held().items() >= short_shop.truth().items()


@pytest.mark.parametrize("at", [2, 7, 20, 35])
def test_a_writer_that_keeps_its_lock_ends_the_run_and_the_next_run_continues(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The other writer locks the file from request number `at` on, for longer than a statement waits."""
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.1)
    with writing(world.database):
        pass
    asked = 0
    with closing(sqlite3.connect(world.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            nonlocal asked
            asked += 1
            if asked == at:
                db.execute("BEGIN IMMEDIATE")

        world.server.faults = lock
        with pytest.raises(Busy, match="stayed locked by another program") as error:
            world.run(Backfill(), storage__batch=7)
        assert error.value.exit_code == 13
        db.execute("ROLLBACK")
    held = world.ask("SELECT count(*) FROM decisions")[0]
    assert (held > 0) == (at >= 20)
    completes(world, 1)
    assert world.ask("SELECT state FROM runs ORDER BY id") == ["died", "complete"]


def test_a_lock_is_waited_for_once_and_for_the_stated_time(
    world: World, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.3)
    monkeypatch.setattr("storage.database.STEP_SECONDS", 0.1)
    monkeypatch.setattr("storage.writer.STEP_SECONDS", 0.1)
    with writing(world.database):
        pass
    with closing(sqlite3.connect(world.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(request: Request) -> None:
            if request.path.startswith("/decisions/") and not db.in_transaction:
                db.execute("BEGIN IMMEDIATE")
                watched.waits.clear()

        world.server.faults = lock
        with pytest.raises(Busy, match=r"for 0\.3 s;"):
            world.run(Backfill())
    assert sum(most for _, most in watched.waits) == 300


def test_the_error_names_the_file_and_what_to_do(short_shop: Shop) -> None:
    short_shop.run("import", SEEDS)
    impatient = "import storage.database\nstorage.database.BUSY_SECONDS = 1.0\n"
    with long_write(short_shop.database):
        ran = ended(short_shop.python("-c", impatient + IN_ITS_OWN_WAY, "backfill"))
        assert ran.code == 13
        assert "kept.db stayed locked by another program for 1 s; close it and try again" in ran.sentence
        assert short_shop.run("show", "25 004 920").out, "readers are not blocked"
    continues_imports(short_shop)


def test_a_link_to_the_file_has_the_lock_of_the_file(world: World, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    with writing(world.database):
        link.symlink_to(world.database)
        with pytest.raises(Busy), writing(link):
            pass
