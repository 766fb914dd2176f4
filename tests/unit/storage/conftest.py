"""An archive with a few words and its backups, for the tests of restore and of the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.backups import MAKE, write


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
