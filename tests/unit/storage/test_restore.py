"""Tests that restore replaces the database completely or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import SCHEMA_VERSION
from storage.errors import Busy, SchemaMismatch, StoreFailed
from storage.lock import locked
from storage.restore import restore
from support.backups import kill_while_writing, words, write
from support.paths import ROOT

AT = "2026-11-29T17:20:53Z"


def test_restore_replaces_the_file_and_keeps_the_old_one(database: Path, backup: Path) -> None:
    done = restore(database, backup, AT)
    assert words(database) == ["one", "two"]
    assert done.kept == database.with_name("kept.db.before-restore-20261129T172053Z")
    assert words(done.kept) == ["one", "two", "three", "four", "five"]
    assert not done.is_older
    write(database, "three again")
    assert words(database) == ["one", "two", "three again"]


def test_the_log_of_a_killed_run_stays_with_the_file_that_it_belongs_to(database: Path, backup: Path) -> None:
    kill_while_writing(database)
    done = restore(database, backup, AT)
    assert words(database) == ["one", "two"]
    assert done.kept is not None
    assert len(words(done.kept)) == 25
    assert not list(database.parent.glob("kept.db-[ws]*")), "no side file is left"


def test_a_restore_removes_the_files_of_a_killed_one(database: Path, backup: Path) -> None:
    left = database.with_name(f".{database.name}.{2**22 + 1}.part")  # no process has this number
    left.touch()
    restore(database, backup, AT)
    assert not left.exists()


def test_two_restores_at_one_instant_keep_both_files(database: Path, backup: Path) -> None:
    first = restore(database, backup, AT)
    second = restore(database, backup, AT)
    assert first.kept != second.kept
    assert second.kept is not None
    assert second.kept.exists()


def test_restore_creates_the_file_if_there_is_none(database: Path, backup: Path) -> None:
    done = restore(database.with_name("new.db"), backup, AT)
    assert done.kept is None
    assert words(database.with_name("new.db")) == ["one", "two"]


def test_the_new_file_has_the_permissions_of_the_old(database: Path, backup: Path) -> None:
    database.chmod(0o640)
    backup.chmod(0o600)
    restore(database, backup, AT)
    assert database.stat().st_mode & 0o777 == 0o640


def test_restore_replaces_the_target_of_a_link_and_not_the_link(database: Path, backup: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(database)
    restore(link, backup, AT)
    assert link.is_symlink()
    assert words(database) == ["one", "two"]


def test_restore_keeps_a_damaged_old_file_unchanged(database: Path, backup: Path) -> None:
    damaged = b"no database at all" * 500
    database.write_bytes(damaged)
    done = restore(database, backup, AT)
    assert words(database) == ["one", "two"]
    assert done.kept is not None
    assert done.kept.read_bytes() == damaged


def _cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 8192)


def _other_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_cut_short, StoreFailed, "is damaged"),
        (_overwrite, StoreFailed, "is damaged"),
        (lambda path: path.write_bytes(b""), StoreFailed, "is not a database of lgsco"),
        (lambda path: path.write_bytes(b"words " * 1000), StoreFailed, "is damaged"),
        (Path.unlink, StoreFailed, "no such file"),
        (_other_tables, StoreFailed, "has tables that are not lgsco's"),
        (_newer, SchemaMismatch, "newer than"),
    ],
)
def test_an_unusable_backup_changes_nothing(
    database: Path, backup: Path, spoil: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    before, names = database.read_bytes(), {path.name for path in database.parent.iterdir()}
    spoil(backup)
    with pytest.raises(error, match=message) as raised:
        restore(database, backup, AT)
    assert "backup.db" in str(raised.value)
    assert database.read_bytes() == before
    made = {path.name for path in database.parent.iterdir()} - names
    assert made <= {"kept.db-daemon-lock"}


def test_a_database_cannot_be_restored_from_itself(database: Path) -> None:
    with pytest.raises(StoreFailed, match="is the database itself"):
        restore(database, database, AT)


@pytest.mark.parametrize("purpose", ["", "-daemon"])
def test_nothing_is_restored_while_another_writes(database: Path, backup: Path, purpose: str) -> None:
    with locked(database, purpose), pytest.raises(Busy):
        restore(database, backup, AT)
    assert len(words(database)) == 5


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_nothing_is_restored_while_another_program_writes(database: Path, backup: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute(statement)
        with pytest.raises(Busy, match="in use by another program"):
            restore(database, backup, AT)


def test_nothing_is_restored_while_an_open_query_needs_the_log(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM dictionaries").fetchone()
        write(database, "six")
        with pytest.raises(Busy, match="in use by another program"):
            restore(database, backup, AT)
        assert reader.execute("SELECT count(*) FROM dictionaries").fetchone() == before
    assert len(words(database)) == 6


@pytest.mark.parametrize("statement", ["SELECT 1", "BEGIN"])
def test_a_program_that_has_the_old_file_open_stays_with_it(database: Path, backup: Path, statement: str) -> None:
    query = "SELECT count(*) FROM dictionaries"
    with closing(sqlite3.connect(database, isolation_level=None)) as program:
        program.execute(statement)
        assert program.execute(query).fetchone() == (5,)
        restore(database, backup, AT)
        assert words(database) == ["one", "two"]
        assert program.execute(query).fetchone() == (5,)
        if program.in_transaction:
            program.execute("COMMIT")
        program.execute("UPDATE dictionaries SET trained_at = 'written'")
    assert words(database) == ["one", "two"]


PACED = """
import os, pathlib, sys
import storage.restore as module
from storage.restore import restore
count = 0
def trace(event, arguments):
    global count
    if event.startswith(("os.", "open", "shutil.", "sqlite3.")):
        count += 1
        if count == int(sys.argv[3]):
            os.kill(os.getpid(), 9)
sys.addaudithook(trace)
restore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), "2026-11-29T17:20:53Z")
"""


@pytest.mark.thorough
@pytest.mark.parametrize("leaves_log", [False, True])
def test_a_restore_killed_at_any_step_leaves_the_old_file_or_the_backup(
    database: Path, backup: Path, leaves_log: bool, tmp_path: Path
) -> None:
    if leaves_log:
        kill_while_writing(database)
    old = 25 if leaves_log else 5
    seen = set()
    for step in range(1, 200):
        copy = tmp_path / f"killed{step}"
        shutil.copytree(database.parent, copy)
        command = [sys.executable, "-c", PACED, str(copy / "kept.db"), str(backup), str(step)]
        killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == -signal.SIGKILL
        found = len(words(copy / "kept.db"))
        assert found in (old, 2), step
        seen.add(found)
        restore(copy / "kept.db", backup, AT)
        assert len(words(copy / "kept.db")) == 2, "it can be run again"
        shutil.rmtree(copy)
        if not killed:
            break
    assert step > 10
    assert seen == {old, 2}
