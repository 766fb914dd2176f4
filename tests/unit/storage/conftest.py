"""An archive with a few words and its backups, for the tests of restore and of the log."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.backups import MAKE, write


@pytest.fixture(scope="session")
def two_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the words "one" and "two" (`support.backups`). Copy it; do not write it."""
    path = tmp_path_factory.mktemp("words") / "kept.db"
    write(path, "one", "two")
    return path


@pytest.fixture
def database(two_words: Path, tmp_path: Path) -> Path:
    """A copy of `two_words` in a folder of its own."""
    folder = tmp_path / "held"
    folder.mkdir()
    return Path(shutil.copy(two_words, folder / "kept.db"))


@pytest.fixture(params=sorted(MAKE))
def backup(request: pytest.FixtureRequest, database: Path, tmp_path: Path) -> Path:
    """Makes a backup while `database` has two words; it has five afterwards."""
    MAKE[request.param](database, tmp_path / "backup.db")
    write(database, "three")
    write(database, "four", "five")
    return tmp_path / "backup.db"
