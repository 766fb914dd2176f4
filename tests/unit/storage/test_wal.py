"""Tests that a write-ahead log of another file is detected, and that a log of the same file never is."""

from __future__ import annotations

import shutil
import sqlite3
import time as wall
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import StoreFailed
from storage.restore import restore
from storage.wal import check_log, is_in_wal_mode, read_log
from storage.writer import writing
from support.backups import kill_while_writing, words, write

AT = "2026-11-29T17:20:53Z"


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


def test_the_committed_part_of_a_log_is_read(database: Path) -> None:
    kill_while_writing(database, rows=3)
    with closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as db:
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
    with database.with_name("kept.db-wal").open("rb") as wal:
        log = read_log(wal.fileno(), sums=True)
    assert log is not None
    assert log.page_size == page_size
    assert log.frames
    assert log.pages >= max(page for page, _ in log.frames)


def test_other_bytes_than_a_log_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"no log at all " * 9)
    with (tmp_path / "log").open("rb") as file:
        assert read_log(file.fileno()) is None


def test_the_mode_of_a_file_is_read_from_its_header(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "plain.db")) as db:
        db.execute("CREATE TABLE a (x)")
    assert is_in_wal_mode(database)
    assert not is_in_wal_mode(tmp_path / "plain.db")
