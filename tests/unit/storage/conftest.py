"""An empty archive for the tests of one module of `storage`, made once and copied for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.runs import begin_run
from storage.writer import writing
from support.backups import MAKE, write
from support.rows import AT


@pytest.fixture(scope="session")
def empty_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one run, number 1. Copy it; do not write it."""
    path = tmp_path_factory.mktemp("empty") / "lgsco.db"
    with writing(path) as db:
        begin_run(db, "sync", {}, AT)
    return path


@pytest.fixture
def archive(empty_archive: Path, tmp_path: Path) -> Path:
    """A file of this test with one run, number 1."""
    return Path(shutil.copy(empty_archive, tmp_path / "lgsco.db"))


@pytest.fixture
def db(archive: Path) -> Iterator[sqlite3.Connection]:
    """The connection of the one writer to `archive`."""
    with writing(archive) as connection:
        yield connection


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An archive in a folder of its own, with the words "one" and "two" (`support.backups`)."""
    folder = tmp_path / "held"
    folder.mkdir()
    write(folder / "kept.db", "one", "two")
    return folder / "kept.db"


@pytest.fixture(params=sorted(MAKE))
def backup(request: pytest.FixtureRequest, database: Path, tmp_path: Path) -> Path:
    """Makes a backup while `database` has two words; it has five afterwards."""
    MAKE[request.param](database, tmp_path / "backup.db")
    write(database, "three")
    write(database, "four", "five")
    return tmp_path / "backup.db"
