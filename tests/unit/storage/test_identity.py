"""Tests the identity of an archive, the command that made it, and what counts as a loss."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from storage.database import reading
from storage.identity import Identity, MadeBy, describe_loss, find_identity, find_made_by
from storage.snapshot import snapshot
from storage.writer import create_database, writing
from support.older_files import create_tables

KNOWN = Identity("5e9f", decisions=10, last_run=4)


@pytest.mark.parametrize(
    ("found", "loss"),
    [
        (KNOWN, None),
        (KNOWN._replace(decisions=11, last_run=9), None),
        (KNOWN._replace(uuid="7777", decisions=11), "another archive (7777, not 5e9f)"),
        (KNOWN._replace(decisions=9, last_run=5), "it has 9, and had 10"),
        (KNOWN._replace(last_run=3), "it ends with run 3, and had run 4"),
    ],
)
def test_an_archive_counts_as_lost_if_it_is_another_or_has_fewer_rows(found: Identity, loss: str | None) -> None:
    described = describe_loss(KNOWN, found)
    assert described is None if loss is None else loss in (described or "")


def identity(path: Path) -> tuple[Identity, MadeBy | None]:
    with reading(path) as db:
        return find_identity(db), find_made_by(db)


def test_each_new_archive_has_a_uuid_and_the_command_that_made_it(tmp_path: Path) -> None:
    create_database(tmp_path / "one.db")
    with writing(tmp_path / "two.db", made_by="import"):
        pass
    (one, by_init), (two, by_import) = identity(tmp_path / "one.db"), identity(tmp_path / "two.db")
    assert UUID(one.uuid).version == UUID(two.uuid).version == 4
    assert one.uuid != two.uuid
    assert (by_init, by_import) == ("init", "import")
    with writing(tmp_path / "one.db", made_by="backfill"):
        pass
    assert identity(tmp_path / "one.db") == (one, "init"), "only a new one is made"


def test_an_older_archive_gets_a_uuid_and_no_command_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m015_identity_and_fill")
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (7, 'sync', '{}', '', 'died', 1)"
        )
    with writing(path, made_by="init"):
        pass
    found, made_by = identity(path)
    assert UUID(found.uuid).version == 4
    assert (found.decisions, found.last_run, made_by) == (0, 7, None)


@pytest.mark.parametrize(("public", "made_by"), [(False, "init"), (True, "snapshot")])
def test_a_snapshot_is_the_same_archive(tmp_path: Path, public: bool, made_by: str) -> None:
    create_database(tmp_path / "one.db")
    with writing(tmp_path / "one.db") as db:
        db.execute("UPDATE fill_state SET turned_off_at = '2026-11-01T12:00:00Z'")
    with reading(tmp_path / "one.db") as db:
        snapshot(db, tmp_path / "copy.db", public=public)
    assert identity(tmp_path / "copy.db") == (identity(tmp_path / "one.db")[0], made_by)
    with reading(tmp_path / "copy.db") as db:
        assert db.execute("SELECT turned_off_at IS NULL FROM fill_state").fetchall() == [(public,)]
