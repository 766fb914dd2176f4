"""Tests that the error names what was full: the disk, a quota, or the folder for temporary files."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import room
from storage.database import explain_error
from support.command_line import Shop, mounted, sound

FULL = ["SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"]
FAILED = ["SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"]


def failed(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name
    return error


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, int]:
    """The error of a write to each folder, as an `errno`."""
    answers: dict[Path, int] = {}
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "temporary"))
    find = room.find_write_error
    monkeypatch.setattr(room, "find_write_error", lambda folder: answers.get(folder) or find(folder))
    return answers


@pytest.mark.parametrize("name", [*FULL, *FAILED])
def test_a_used_up_quota_is_named(tmp_path: Path, folders: dict[Path, int], name: str) -> None:
    folders[tmp_path] = errno.EDQUOT
    message = str(explain_error(tmp_path / "kept.db", failed(name)))
    assert "kept.db: the disk quota of this user is used up; free disk space" in message


@pytest.mark.parametrize("name", [*FULL, *FAILED])
def test_a_full_disk_is_named(tmp_path: Path, folders: dict[Path, int], name: str) -> None:
    folders[tmp_path] = errno.ENOSPC
    folders[tmp_path / "temporary"] = errno.ENOSPC
    assert "kept.db: the disk is full; free disk space" in str(explain_error(tmp_path / "kept.db", failed(name)))


@pytest.mark.parametrize("name", [*FULL, *FAILED])
def test_a_full_folder_for_temporary_files_is_named(tmp_path: Path, folders: dict[Path, int], name: str) -> None:
    folders[tmp_path / "temporary"] = errno.ENOSPC
    message = str(explain_error(tmp_path / "kept.db", failed(name)))
    assert f"no space for SQLite's temporary files in {tmp_path / 'temporary'} (set SQLITE_TMPDIR" in message


@pytest.mark.parametrize("name", FAILED)
def test_a_failed_write_with_free_space_is_not_reported_as_a_full_disk(
    tmp_path: Path, folders: dict[Path, int], name: str
) -> None:
    assert "reading or writing failed" in str(explain_error(tmp_path / "kept.db", failed(name)))


def test_the_folder_for_temporary_files_is_the_first_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert room.find_temporary_folder() == tmp_path


def test_a_write_error_is_found_by_writing(tmp_path: Path) -> None:
    assert room.find_write_error(tmp_path) == 0
    assert room.find_write_error(tmp_path / "nowhere") == errno.ENOENT
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    with mounted(tmp_path / "small", "-o", "size=64k") as small:
        assert room.find_write_error(small) == errno.ENOSPC


def test_a_public_snapshot_needs_no_space_for_temporary_files(shop: Shop, tmp_path: Path) -> None:
    shop.run("backfill")
    with closing(sqlite3.connect(shop.database)) as db, db:
        (run,) = db.execute("SELECT max(id) FROM runs").fetchone()
        rows = [("25 004 920", f"2026-11-{day:02}T00:00:00Z", "title", "x" * 1_000_000, "", run) for day in range(12)]
        db.executemany("INSERT INTO moves (reference, at, field, before, after, run) VALUES (?, ?, ?, ?, ?, ?)", rows)
    with mounted(tmp_path / "small", "-o", "size=64k") as small:
        shop.environment["SQLITE_TMPDIR"] = str(small)
        ran = shop.run("snapshot", "--public", tmp_path / "public.db")
    assert "SQLite 3.37 or newer reads it" in ran.out
    assert sound(tmp_path / "public.db")
    assert (tmp_path / "public.db").stat().st_size > 12_000_000
    assert [path.name for path in tmp_path.iterdir() if "public.db" in path.name] == ["public.db"]
