"""An empty archive for the tests of one module, made once and copied for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.runs import begin_run
from storage.writer import writing
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
