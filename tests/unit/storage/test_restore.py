"""Tests that restore replaces the database completely or not at all, and that a log of another file is detected."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time as wall
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import SCHEMA_VERSION, reading
from storage.errors import Busy, SchemaMismatch, StoreFailed
from storage.lock import locked
from storage.restore import restore
from storage.snapshot import snapshot
from storage.wal import check_log
from storage.writer import writing
from support.paths import ROOT

AT = "2026-11-29T17:20:53Z"

KILLED = """
import os, pathlib, signal, sys
from storage.writer import writing
with writing(pathlib.Path(sys.argv[1])) as db:
    db.execute(f"PRAGMA wal_autocheckpoint = {sys.argv[3]}")
    for number in range(int(sys.argv[2])):
        db.execute("INSERT INTO dictionaries (trained_at, pages, data) VALUES (?, 1, ?)",
                   (f"killed {number}", os.urandom(3000)))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def write(database: Path, *words: str) -> None:
    with writing(database) as db:
        for word in words:
            db.execute("INSERT INTO dictionaries (trained_at, pages, data) VALUES (?, 1, randomblob(3000))", (word,))


def kill_while_writing(database: Path, rows: int = 20, checkpoint: int = 1_000) -> None:
    """Leaves a log beside the file, as a killed run does."""
    command = [sys.executable, "-c", KILLED, str(database), str(rows), str(checkpoint)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert database.with_name(f"{database.name}-wal").stat().st_size > 32


def words(database: Path) -> list[str]:
    with reading(database) as db:
        return [word for (word,) in db.execute("SELECT trained_at FROM dictionaries ORDER BY id")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "held"
    folder.mkdir()
    write(folder / "kept.db", "one", "two")
    return folder / "kept.db"


def take_snapshot(database: Path, to: Path) -> None:
    with reading(database) as db:
        snapshot(db, to, public=False)


def copy_file(database: Path, to: Path) -> None:
    shutil.copy(database, to)


MAKE = {"snapshot": take_snapshot, "copy": copy_file}


@pytest.fixture(params=sorted(MAKE))
def backup(request: pytest.FixtureRequest, database: Path, tmp_path: Path) -> Path:
    """Makes a backup while the database has two rows; it has three afterwards."""
    MAKE[request.param](database, tmp_path / "backup.db")
    write(database, "three")
    write(database, "four", "five")
    return tmp_path / "backup.db"


# ---------------------------------------------------------------- restore


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


# ---------------------------------------------------------------- a log of another file


def _copied(backup: Path, database: Path) -> None:
    shutil.copyfile(backup, database)


def _copied_with_times(backup: Path, database: Path) -> None:
    shutil.copy2(backup, database)


def _moved(backup: Path, database: Path) -> None:
    shutil.copy2(backup, backup.with_name("to-move.db"))
    backup.with_name("to-move.db").replace(database)


PUT = [_copied, _copied_with_times, _moved]


@pytest.mark.parametrize("checkpoint", [1_000, 5], ids=["no checkpoint", "checkpoints"])
@pytest.mark.parametrize("put", PUT)
def test_the_log_of_a_killed_run_beside_a_backup_is_detected_and_nothing_is_changed(
    database: Path, backup: Path, put: Callable[[Path, Path], None], checkpoint: int
) -> None:
    kill_while_writing(database, rows=21, checkpoint=checkpoint)
    wall.sleep(0.02)  # file times have a resolution of some milliseconds
    put(backup, database)
    log = database.with_name("kept.db-wal")
    before = (database.read_bytes(), log.read_bytes())
    for use in (words, write):
        with pytest.raises(StoreFailed, match=r"kept\.db-wal does not belong to .*`lgsco restore BACKUP`"):
            use(database)
    assert (database.read_bytes(), log.read_bytes()) == before
    done = restore(database, backup, AT)
    assert words(database) == ["one", "two"]
    assert done.kept is not None
    assert done.kept.read_bytes() == before[0]
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == before[1]


def test_a_log_with_another_page_size_is_detected(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "wide.db", isolation_level=None)) as db:
        db.execute("PRAGMA page_size = 8192")
        db.execute("CREATE TABLE decisions (reference)")
    kill_while_writing(database)
    shutil.copyfile(tmp_path / "wide.db", database)
    with pytest.raises(StoreFailed, match="its pages have 4096 bytes, the file's 8192"):
        check_log(database)


@pytest.mark.parametrize("checkpoint", [1, 3, 7, 1_000])
def test_the_log_of_a_killed_run_is_applied_to_its_own_file(database: Path, checkpoint: int) -> None:
    for kills in range(1, 4):
        kill_while_writing(database, rows=7, checkpoint=checkpoint)
        check_log(database)
        assert len(words(database)) == 2 + 7 * kills


@pytest.mark.parametrize("copy_times", [False, True])
def test_a_folder_copied_after_a_kill_can_be_read(database: Path, tmp_path: Path, copy_times: bool) -> None:
    kill_while_writing(database)
    copy = shutil.copy2 if copy_times else shutil.copyfile
    (tmp_path / "new").mkdir()
    for name in ("kept.db-wal", "kept.db-lock", "kept.db"):  # the file last, so that it looks newer than its log
        copy(database.with_name(name), tmp_path / "new" / name)
        wall.sleep(0.02)
    assert len(words(tmp_path / "new" / "kept.db")) == 22


def test_a_file_touched_after_a_kill_can_be_read(database: Path) -> None:
    kill_while_writing(database)
    wall.sleep(0.02)
    database.chmod(0o640)
    assert len(words(database)) == 22


def test_a_torn_log_is_read_as_far_as_sqlite_reads_it(database: Path) -> None:
    kill_while_writing(database)
    log = database.with_name("kept.db-wal")
    torn = bytearray(log.read_bytes())
    torn[len(torn) // 2] ^= 0xFF
    log.write_bytes(torn)
    assert 2 <= len(words(database)) < 22


def test_readers_beside_a_writer_never_get_a_false_alarm_about_the_log(database: Path) -> None:
    with writing(database) as db:
        db.execute("PRAGMA wal_autocheckpoint = 5")
        for number in range(120):
            db.execute("INSERT INTO dictionaries (trained_at, pages, data) VALUES ('x', 1, randomblob(3000))")
            if number % 3 == 0:
                check_log(database)
                assert len(words(database)) == 3 + number
