"""Each copy made while others write is consistent."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time as wall
from contextlib import closing
from pathlib import Path

import pytest

from bench.stored_rows import find_faults
from storage.database import reading
from storage.snapshot import snapshot
from support.command_line import Desk, Shop, ask, ended, held_at, open_shop, reached, rows, short_site, sound, until
from support.paths import SEEDS


def test_each_copy_made_during_a_backfill_is_consistent(tmp_path: Path) -> None:
    with open_shop(tmp_path, short_site(150)) as shop:
        shop.environment |= {"LGSCO_STORAGE_BATCH": "9", "LGSCO_LISTING_WALK_MOST": "20"}
        process = shop.start("backfill")
        until(process, lambda: rows(shop, "SELECT 1 FROM decisions"))
        sizes: list[int] = []
        while process.poll() is None:
            copy = tmp_path / f"{len(sizes)}.db"
            with reading(shop.database) as db:
                snapshot(db, copy, public=False)
            sizes.append(_of_one_moment(shop, copy))
        assert ended(process).code == 0
        assert sizes == sorted(sizes)
        assert sizes[0] < 150
        assert len(sizes) >= 2
        assert shop.held() == shop.truth()


def _of_one_moment(shop: Shop, copy: Path) -> int:
    assert find_faults(copy) == []
    held = dict(ask(copy, "SELECT reference, text FROM decisions"))
    assert held.items() <= shop.truth().items()
    assert ask(copy, "SELECT count(*) FROM revisions") == [len(held)]
    assert ask(copy, "SELECT count(*) FROM layouts") == [len(held)]
    lacking = set(ask(copy, "SELECT reference FROM entries")) - set(held)
    assert lacking == set(ask(copy, "SELECT reference FROM queue")), "each listed decision is stored or queued"
    return len(held)


def test_two_snapshots_with_one_name_do_not_damage_each_other(filled: Shop, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    both = [filled.start("snapshot", "--public", copy) for _ in range(2)]
    codes = {ended(process).code for process in both}
    assert 0 in codes
    assert codes <= {0, 1}, "the second may find that it exists"
    assert sound(copy)
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


@pytest.mark.parametrize("call", [1, 2])
def test_a_later_snapshot_removes_the_files_of_a_killed_one(filled: Shop, tmp_path: Path, call: int) -> None:
    """`call`: whether it is killed after the first copy, or after a public copy was compacted."""
    waits = (
        "import runpy, time, storage.snapshot as s\n"
        "real, calls = s._vacuum_into, []\n"
        "def copy(db, file, progress):\n"
        "    real(db, file, progress)\n"
        "    calls.append(file)\n"
        f"    if len(calls) == {call}:\n"
        "        print('copied', flush=True)\n"
        "        time.sleep(60)\n"
        "s._vacuum_into = copy\n"
        "runpy.run_module('lgsco', run_name='__main__')\n"
    )

    def kill_one() -> set[Path]:
        process = filled.python("-c", waits, "snapshot", "--public", tmp_path / "monday.db")
        assert process.stdout is not None
        assert process.stdout.readline() == "copied\n"
        process.kill()
        assert ended(process).code == -signal.SIGKILL
        return {path for path in tmp_path.iterdir() if ".part" in path.name}

    assert len(kill_one()) == call
    filled.run("snapshot", tmp_path / "monday.db")
    assert [path.name for path in tmp_path.iterdir()] == ["monday.db"]
    (tmp_path / "monday.db").unlink()
    left = kill_one()
    filled.run("snapshot", tmp_path / "tuesday.db")
    assert left < set(tmp_path.iterdir()), "a process of another machine may still write them"
    for path in left:
        os.utime(path, (wall.time() - 90_000,) * 2)
    filled.run("snapshot", tmp_path / "wednesday.db")
    assert {path.name for path in tmp_path.iterdir()} == {"tuesday.db", "wednesday.db"}


def test_a_snapshot_is_one_complete_file(filled: Shop) -> None:
    for name, options in (("all.db", []), ("public.db", ["--public"])):
        copy = filled.folder / name
        filled.run("snapshot", *options, copy)
        assert [path.name for path in filled.folder.iterdir() if path.name.startswith((name, f".{name}"))] == [name]
        with closing(sqlite3.connect(copy)) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() != ("wal",)
            assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
            found = db.execute("SELECT count(*) FROM decisions_fts WHERE decisions_fts MATCH 'council'").fetchone()[0]
            assert found > 0
        assert sound(copy)
        assert ask(copy, "SELECT reference, text FROM decisions") == ask(
            filled.database, "SELECT reference, text FROM decisions"
        )
        assert filled.run("show", "25 004 920", "--db", copy).out

    tables = set(ask(filled.folder / "public.db", "SELECT name FROM sqlite_schema WHERE type = 'table'"))
    for table in {"pages", "queue", "requests", "request_days", "promises", "robots"} & tables:
        assert ask(filled.folder / "public.db", f"SELECT count(*) FROM {table}") == [0]
    assert ask(filled.folder / "all.db", "SELECT count(*) FROM pages")[0] >= len(filled.site)
    assert (filled.folder / "public.db").stat().st_size < (filled.folder / "all.db").stat().st_size


def test_a_snapshot_never_overwrites_a_file(filled: Shop) -> None:
    target = filled.folder / "precious.txt"
    target.write_text("mine")
    assert "precious.txt exists" in filled.run("snapshot", target, code=1).sentence
    assert target.read_text() == "mine"
    assert "no folder" in filled.run("snapshot", filled.folder / "nowhere" / "copy.db", code=1).sentence


def test_a_public_snapshot_has_no_path_of_this_machine(desk: Desk) -> None:
    documents = desk.folder / "private-folder"
    shutil.copytree(SEEDS, documents)
    desk.run("import", documents)
    desk.run("snapshot", "--public", "public.db")
    assert b"private-folder" not in (desk.folder / "public.db").read_bytes()


def test_a_snapshot_is_made_while_another_writes(shop: Shop) -> None:
    hold = held_at(shop.server, 12)
    first = shop.start("backfill")
    reached(hold, first)
    try:
        shop.run("snapshot", "meanwhile.db")
    finally:
        hold.go.set()
        code = ended(first).code
    assert sound(shop.folder / "meanwhile.db")
    assert code == 0
    held = dict(ask(shop.folder / "meanwhile.db", "SELECT reference, text FROM decisions"))
    assert held.items() < shop.held().items()
