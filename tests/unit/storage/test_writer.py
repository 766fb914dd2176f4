"""Tests who may open a file for writing, and what happens to a new, a damaged or an older one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import SCHEMA_VERSION
from storage.errors import Busy, DatabaseExists, NoDatabase, StoreFailed
from storage.identity import find_made_by
from storage.lock import locked
from storage.writer import create_database, writing


def test_a_new_file_has_the_schema_of_today_and_says_who_made_it(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db", made_by="import") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert find_made_by(db) == "import"


@pytest.mark.parametrize("content", [None, b""])
def test_a_command_that_creates_no_file_says_how_to_make_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "lgsco.db"
    if content is not None:
        path.write_bytes(content)
    refused = pytest.raises(NoDatabase, match=r"`lgsco init`, `lgsco backfill` and `lgsco import` make one")
    with refused, writing(path, create=False):
        pass
    assert not path.exists() or not path.stat().st_size


def test_a_command_that_needs_a_file_leaves_no_lock_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase), writing(tmp_path / "lgsco.db", create=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_and_the_first_continues(archive: Path) -> None:
    with writing(archive) as db:
        with pytest.raises(Busy), writing(archive):
            pass
        db.execute("DELETE FROM runs")


def test_the_lock_is_released_after_an_error(archive: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(archive):
        raise ZeroDivisionError
    with locked(archive):
        pass


def test_an_error_of_sqlite_becomes_one_sentence_that_names_the_file(archive: Path) -> None:
    with pytest.raises(StoreFailed, match=r"lgsco\.db: no such table: songs"), writing(archive) as db:
        db.execute("SELECT * FROM songs")


def test_a_clean_end_merges_the_log_into_the_file(archive: Path) -> None:
    with writing(archive) as db:
        db.execute("UPDATE runs SET message = 'merged'")
        assert archive.with_name("lgsco.db-wal").stat().st_size > 0
    assert not archive.with_name("lgsco.db-wal").exists()
    with closing(sqlite3.connect(archive)) as db:
        assert db.execute("SELECT message FROM runs").fetchone() == ("merged",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write any file")
def test_a_read_only_file_is_refused_before_a_log_is_left_beside_it(archive: Path) -> None:
    archive.chmod(0o444)
    with pytest.raises(StoreFailed, match="cannot be written; check its permissions"), writing(archive):
        pass


@pytest.mark.parametrize("left", [b"", None], ids=["an empty file", "no file"])
def test_init_creates_a_database_also_in_an_empty_file(tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "lgsco.db"
    if left is not None:
        path.write_bytes(left)
    create_database(path)
    with writing(path, create=False) as db:
        assert find_made_by(db) == "init"


def test_init_changes_no_database_that_exists(archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(DatabaseExists, match="already a database and was not changed"):
        create_database(archive)
    assert archive.read_bytes() == before


def test_the_file_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "songs.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name)")
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match="tables that are not lgsco's"), writing(path):
        pass
    assert path.read_bytes() == before
