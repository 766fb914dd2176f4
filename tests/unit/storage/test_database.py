"""Tests that the list of migrations decides the version of a file whose `user_version` was lost or changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import SCHEMA_VERSION, reading
from storage.errors import SchemaMismatch
from storage.restore import restore
from storage.writer import writing
from support.older_files import create_tables


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with writing(tmp_path / "kept.db"):
        pass
    return tmp_path / "kept.db"


def dump_and_restore(database: Path) -> Path:
    """Does what `sqlite3 kept.db .dump | sqlite3 restored.db` does."""
    restored = database.with_name("restored.db")
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(restored)) as new:
        new.execute("PRAGMA writable_schema = ON")
        new.executescript("\n".join(old.iterdump()).replace("PRAGMA writable_schema=OFF;", ""))
    with closing(sqlite3.connect(restored)) as new:
        assert new.execute("PRAGMA user_version").fetchone() == (0,)
    return restored


def set_version(database: Path, version: int) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {version}")


def test_a_restored_dump_can_be_read_and_written(database: Path) -> None:
    restored = dump_and_restore(database)
    with reading(restored) as db:
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (0,)
    with writing(restored, create=False):
        pass
    with closing(sqlite3.connect(restored)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,), "the writer sets user_version again"


def test_a_restored_dump_is_accepted_as_a_backup(database: Path) -> None:
    restored = dump_and_restore(database)
    assert not restore(database, restored, "2026-11-29T17:20:53Z").is_older


@pytest.mark.parametrize("stated", [0, 1, SCHEMA_VERSION - 1])
def test_the_list_of_migrations_outranks_a_lower_user_version(database: Path, stated: int) -> None:
    set_version(database, stated)
    with reading(database):
        pass
    with writing(database, create=False) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_an_older_file_is_refused_with_the_commands_that_migrate_it(tmp_path: Path) -> None:
    path = tmp_path / "my archive.db"
    with closing(sqlite3.connect(path)) as db:
        create_tables(db, before="m022_parsed_pages")
    named = f"--db '{path}'"
    with pytest.raises(SchemaMismatch) as refused, reading(path):
        pass
    assert str(refused.value) == (
        f"{path} has schema 21 and this lgsco reads {SCHEMA_VERSION}; `lgsco sync {named}` migrates "
        f"it; `lgsco renormalise --dry-run {named}` also does, without requests. If it is a public snapshot, make a "
        "new one instead"
    )


def test_an_empty_file_is_not_said_to_be_older(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with (
        pytest.raises(SchemaMismatch, match=r"empty\.db has no archive in it; create one with `lgsco init`"),
        reading(path),
    ):
        pass


def test_a_newer_file_is_refused_by_user_version_or_by_its_migrations(database: Path) -> None:
    set_version(database, SCHEMA_VERSION + 1)
    with pytest.raises(SchemaMismatch, match="newer"), reading(database):
        pass
    set_version(database, SCHEMA_VERSION)
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lgsco', ?, '')",
            (f"m{SCHEMA_VERSION + 2:03}_later",),
        )
    with pytest.raises(SchemaMismatch, match=f"schema {SCHEMA_VERSION + 2}, newer"), reading(database):
        pass


def test_migrations_of_another_program_are_ignored(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('other', 'm999_songs', '')"
        )
    with reading(database):
        pass
