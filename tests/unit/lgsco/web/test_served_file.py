"""The database file as the server opens it: never written to, within limits, and always the current one."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from lgsco.web.metadata import NAME
from lgsco.web.served_file import FileUnreadable, ServedFile
from support.archives import make_archive

COUNT = "SELECT count(*) FROM decisions"


def ask(datasette: Datasette, sql: str = COUNT) -> Any:
    return asyncio.run(datasette.databases[NAME].execute(sql)).rows[0][0]


def test_query_cannot_make_a_value_of_unlimited_size(small_archive: Path) -> None:
    served = ServedFile(None, str(small_archive))
    with closing(served.connect()) as db:
        assert db.execute("SELECT length(zeroblob(1000000))").fetchone() == (1_000_000,)
        with pytest.raises(sqlite3.Error, match="too big"):
            db.execute("SELECT length(hex(zeroblob(400000000)))").fetchone()


def test_the_file_cannot_be_written(small_archive: Path) -> None:
    served = ServedFile(None, str(small_archive))
    with closing(served.connect()) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM decisions")
    with pytest.raises(sqlite3.OperationalError, match="read only"):
        served.connect(write=True)


def test_a_query_sees_the_file_that_took_the_place_of_the_old_one(datasette: Datasette, path: Path) -> None:
    assert ask(datasette) == 12
    make_archive(path.with_name("new.db"), 3)
    path.with_name("new.db").replace(path)
    assert ask(datasette) == 3


def test_a_replacement_of_another_schema_is_named_and_a_good_one_is_served_later(
    datasette: Datasette, path: Path
) -> None:
    assert ask(datasette) == 12
    shutil.copy(path, path.with_name("older.db"))
    with closing(sqlite3.connect(path.with_name("older.db"))) as db, db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)")
    shutil.copy(path, path.with_name("good.db"))
    path.with_name("older.db").replace(path)
    with pytest.raises(FileUnreadable, match="put a file of that schema there"):
        ask(datasette)
    path.with_name("good.db").replace(path)
    assert ask(datasette) == 12


def test_an_error_of_the_sql_differs_from_an_error_of_the_file(datasette: Datasette, path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table: songs"):
        ask(datasette, "SELECT * FROM songs")
    path.write_bytes(b"not a database" * 999)
    with pytest.raises((FileUnreadable, sqlite3.DatabaseError)):
        ask(datasette)


def test_the_path_of_the_file_is_not_shown(datasette: Datasette) -> None:
    assert asyncio.run(datasette.databases[NAME].attached_databases()) == []


def test_a_connection_of_a_download_is_closed_after_it(datasette: Datasette) -> None:
    served = datasette.databases[NAME]
    db = served.open_own()
    assert tuple(db.execute(COUNT).fetchone()) == (12,)
    served.close_own(db)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute(COUNT)
