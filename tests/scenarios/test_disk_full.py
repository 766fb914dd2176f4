"""A full disk: stored decisions can be read, nothing is lost, and with room the next run completes."""

from __future__ import annotations

import contextlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from bench.stored_rows import find_faults
from ingest.run import Backfill
from storage.errors import StoreError, StoreFailed
from support.command_line import Shop, ask, ended, mounted, sound
from support.locks import IN_ITS_OWN_WAY
from support.recovery import Watched, completes, goes_on
from support.world import World


def test_a_disk_that_is_full_again_and_again_loses_nothing(world: World, watched: type[Watched]) -> None:
    """With more room each time: first too little for the tables, at last too little for the last pages."""
    before: dict[str, str] = {}
    times = recorded = 0
    for pages in range(10, 2_000, 70):
        watched.most = pages
        try:
            world.run(Backfill(), storage__batch=7)
        except StoreFailed as error:
            times += 1
            said = (str(error), error.exit_code)
            assert "the disk is full; free disk space and run the same command again" in said[0]
            with contextlib.suppress(StoreError):  # too little room even for a table
                messages = world.ask("SELECT message FROM runs WHERE state = 'failed'")
                assert [message for message in messages if "the disk is full; free disk space" not in message] == []
                recorded += len(messages)
            assert said[1] == 1
        else:
            break
        watched.most = None
        assert find_faults(world.database) == []
        if pages > 80:
            now = dict(world.ask("SELECT reference, text FROM decisions"))
            assert before.items() <= now.items()
            before = now
    watched.most = None
    assert times >= 4
    assert recorded
    completes(world, times)


@pytest.mark.parametrize("room", [0, 10, 100, 350])
def test_a_file_that_must_not_grow_is_reported_and_with_room_the_next_run_completes(
    short_shop: Shop, room: int
) -> None:
    """`room`: KiB that each file may have; the kernel enforces it for every user. The tables alone need 180."""
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({room * 1024}, {room * 1024}))\n"
    ran = ended(short_shop.python("-c", limit + IN_ITS_OWN_WAY, "backfill"))
    assert ran.code == 1
    assert "kept.db" in ran.sentence
    assert "run the" in ran.sentence
    before = dict(ask(short_shop.database, "SELECT reference, text FROM decisions")) if room > 300 else {}
    assert before.items() <= short_shop.truth().items()
    goes_on(short_shop, 1)


def test_stored_decisions_can_be_read_on_a_full_disk(filled: Shop, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("room", [0, 12, 150, 1300])
def test_a_full_disk_loses_nothing_and_with_room_the_next_run_completes(shop: Shop, room: int) -> None:
    """`room`: KiB free when the backfill begins, from too few for the first table to too few for the last pages."""
    with mounted(shop.folder / "disk", "-o", "size=12m") as disk:
        database = disk / "kept.db"
        filler = disk / "filler"
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        filler.write_bytes(b"\1" * (free - room * 1024))
        ran = shop.run("backfill", "--db", database, code=1)
        assert "kept.db" in ran.sentence
        assert "disk is full" in ran.sentence
        before = ask(database, "SELECT reference, text FROM decisions") if room > 500 else []

        filler.unlink()
        shop.run("backfill", "--db", database)
        assert sound(database)
        held = dict(ask(database, "SELECT reference, text FROM decisions"))
        assert held == shop.truth()
        assert dict(before).items() <= held.items()
        pages = shop.pages()
        assert len(pages) <= len(set(pages)) + 1, "fetched pages are not fetched again, except the current one"
