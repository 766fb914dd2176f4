"""A power cut harms no file: what docs/operating.md promises of the database file."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.stored_rows import Difference, compare, find_faults, read_rows
from lgsco.replica.messages import Request
from storage.database import connect, reading
from storage.writer import writing
from support.command_line import Shop, ended, open_shop, short_site


def test_writer_uses_wal_with_synchronous_normal_and_foreign_keys(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    _off, normal, full = range(3)
    with writing(database) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (normal,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("INSERT INTO layouts (reference, kinds, numbers) VALUES ('nobody', '', '')")
    with reading(database) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA query_only").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM decisions")
    with closing(connect(database, "rw")) as db:  # the daemon's heartbeat
        assert db.execute("PRAGMA synchronous").fetchone()[0] in (normal, full)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Path]]:
    """The files of a backfill killed in the middle: a database, and a log with most of the rows."""
    with open_shop(tmp_path_factory.mktemp("power"), short_site(40)) as shop:
        shop.environment["LGSCO_STORAGE_BATCH"] = "7"
        shop.run("backfill", "--limit", "5")
        process: Any = None

        def kill(request: Request) -> None:
            if len(shop.pages()) == 30:
                process.kill()
                process.wait()

        shop.server.faults = kill
        process = shop.start("backfill")
        assert ended(process).code == -signal.SIGKILL
        assert shop.database.with_name("kept.db-wal").stat().st_size > 100_000
        shop.server.faults = None
        yield shop, shop.database


HARMS: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "the end is lost": lambda log, chance: log[: chance.randrange(len(log))],
    "the end is zeros": lambda log, chance: log[: (at := chance.randrange(len(log)))] + bytearray(len(log) - at),
    "sectors in the middle are lost": lambda log, chance: bytearray(_without_sectors(log, chance)),
    "all is lost": lambda log, _: bytearray(),
}


def _without_sectors(log: bytearray, chance: random.Random) -> bytearray:
    for _ in range(3):
        at = chance.randrange(len(log)) // 512 * 512
        log[at : at + 512] = bytes(len(log[at : at + 512]))
    return log


@pytest.mark.parametrize("name", HARMS)
def test_a_power_cut_damages_nothing_and_lost_pages_are_fetched_again(
    cut_short: tuple[Shop, Path], tmp_path: Path, name: str
) -> None:
    """The log is written without waiting for the disk (`synchronous=NORMAL`), so any part of it may be on the disk."""
    shop, left = cut_short
    chance = random.Random(f"{name} 1")
    log = left.with_name("kept.db-wal").read_bytes()
    copy = tmp_path / "kept.db"
    for _ in range(8):
        shutil.copyfile(left, copy)
        copy.with_name("kept.db-wal").write_bytes(HARMS[name](bytearray(log), chance))
        assert find_faults(copy) == []
        with closing(sqlite3.connect(copy)) as db:
            (alone,) = db.execute(
                "SELECT count(*) FROM pages AS p LEFT JOIN queue AS q USING (reference) "
                "WHERE p.state = 'kept' AND q.reference IS NULL"
            ).fetchone()
            held = dict(db.execute("SELECT reference, text FROM decisions"))
        assert alone == 0, "a page and its queue row are lost together"
        assert 5 <= len(held) < 40
        assert held.items() <= shop.truth().items()
    shop.run("backfill", "--db", copy)
    shop.run("backfill", "--db", tmp_path / "undisturbed.db")
    assert compare(read_rows(tmp_path / "undisturbed.db"), read_rows(copy)) == Difference()
