"""Rows of a download come some at a time, as of its beginning, and from a connection of its own."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lgsco.web.metadata import NAME
from lgsco.web.row_stream import stream_rows
from lgsco.web.served_file import ServedFile
from lgsco.web.server import make_datasette

REFERENCES = "SELECT reference FROM decisions ORDER BY reference"


@pytest.fixture
def served(small_archive: Path, tmp_path: Path) -> Iterator[ServedFile]:
    path = Path(shutil.copy(small_archive, tmp_path / "lgsco.db"))
    datasette = make_datasette(path)
    yield datasette.databases[NAME]
    datasette.databases[NAME].close()
    datasette.executor.shutdown()


def read(served: ServedFile, sql: str, parameters: Any = ()) -> tuple[set[tuple[str, ...]], list[Any]]:
    async def scene() -> tuple[set[tuple[str, ...]], list[Any]]:
        columns, rows = set(), []
        async for names, some in stream_rows(served, sql, parameters):
            columns.add(tuple(names))
            rows += some
        return columns, rows

    return asyncio.run(scene())


def test_all_rows_come_with_their_columns_and_the_connection_is_closed(served: ServedFile) -> None:
    columns, rows = read(served, REFERENCES)
    assert columns == {("reference",)}
    assert [row[0] for row in rows] == [f"25 000 {number:03}" for number in range(12)]
    assert served._opened == {}


def test_parameters_are_bound(served: ServedFile) -> None:
    assert len(read(served, "SELECT 1 FROM decisions WHERE reference > ?", ("25 000 009",))[1]) == 2


def test_an_error_of_the_sql_closes_the_connection(served: ServedFile) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        read(served, "SELECT * FROM songs")
    assert served._opened == {}


def test_a_download_sees_the_file_as_it_was_at_its_beginning(served: ServedFile) -> None:
    many = "WITH n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 9000) SELECT i, reference FROM n, decisions"

    async def scene() -> int:
        count = 0
        async for _, some in stream_rows(served, many, ()):
            if not count:
                with closing(sqlite3.connect(served.path)) as db, db:
                    db.execute("DELETE FROM layouts")
                    db.execute("DELETE FROM decisions WHERE rowid > 3")
            count += len(some)
        return count

    assert asyncio.run(scene()) == 9000 * 12
