"""Tests that a kept value is returned until the file changes, and not after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import kept_values
from storage.kept_values import KeptValues, find_version


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE t (x)")
    return path


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def test_a_value_is_kept_for_its_connection_only(db: sqlite3.Connection, path: Path) -> None:
    values: KeptValues[str] = KeptValues()
    assert values.find(db) is None
    values.keep(db, "read", find_version(db))
    assert values.find(db) == "read"
    with closing(sqlite3.connect(path)) as other:
        assert values.find(other) is None


def test_a_change_by_another_connection_ends_it(db: sqlite3.Connection, path: Path) -> None:
    values: KeptValues[str] = KeptValues()
    values.keep(db, "read", find_version(db))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("INSERT INTO t VALUES (1)")
    assert values.find(db) is None


def test_a_change_by_its_own_connection_ends_it(db: sqlite3.Connection) -> None:
    values: KeptValues[str] = KeptValues()
    values.keep(db, "read", find_version(db))
    db.execute("INSERT INTO t VALUES (1)")
    assert values.find(db) is None


def test_a_change_while_the_value_was_read_ends_it(db: sqlite3.Connection) -> None:
    values: KeptValues[str] = KeptValues()
    before = find_version(db)
    db.execute("INSERT INTO t VALUES (1)")
    values.keep(db, "maybe old", before)
    assert values.find(db) is None


def test_no_more_values_are_kept_than_for_a_few_connections(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_values, "_CONNECTIONS_MOST", 2)
    values: KeptValues[int] = KeptValues()
    opened = [sqlite3.connect(path) for _ in range(3)]
    for number, db in enumerate(opened):
        values.keep(db, number, find_version(db))
    assert [values.find(db) for db in opened] == [None, None, 2]
    for db in opened:
        db.close()
