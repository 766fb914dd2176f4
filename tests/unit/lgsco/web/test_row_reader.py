"""Limits on the time and memory of one statement."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from lgsco.web.gate import Gate, Visit
from lgsco.web.row_reader import (
    ANSWER_BYTES,
    COLUMNS,
    VALUE_BYTES,
    AnswerTooLarge,
    Limits,
    limit_connection,
    read_rows,
    read_some,
)

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT {} FROM n"


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        limit_connection(db, all_of_sqlite=False)
        yield db


def limits(rows: int | None = 1000, seconds: float = 60, visit: Visit | None = None) -> Limits:
    return Limits(time.monotonic() + seconds, rows, visit)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT zeroblob({VALUE_BYTES + 1})",
        f"SELECT length(hex(zeroblob({VALUE_BYTES})))",
        "SELECT length(group_concat(zeroblob(1000000))) FROM (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)",
        "SELECT replace(hex(zeroblob(900000)), '0', 'xxxx')",
        "SELECT json_group_array(hex(zeroblob(900000))) FROM (SELECT 1 UNION ALL SELECT 2)",
    ],
)
def test_no_value_is_larger_than_allowed(db: sqlite3.Connection, sql: str) -> None:
    with pytest.raises(AnswerTooLarge, match="ask for shorter values"):
        read_rows(db, sql, None, limits())


def test_no_row_has_more_columns_than_allowed(db: sqlite3.Connection) -> None:
    assert len(read_rows(db, f"SELECT {', '.join('1' * COLUMNS)}", None, limits()).rows[0]) == COLUMNS
    with pytest.raises(sqlite3.OperationalError, match="too many columns"):
        read_rows(db, f"SELECT {', '.join('1' * (COLUMNS + 1))}", None, limits())


def test_an_answer_is_cut_where_it_becomes_too_large(db: sqlite3.Connection) -> None:
    read = read_rows(db, ROWS.format(1000, "zeroblob(1000000)"), None, limits())
    assert read.is_cut
    assert ANSWER_BYTES - 1_000_500 < len(read.rows) * 1_000_000 <= ANSWER_BYTES
    one = read_rows(db, "SELECT zeroblob(1900000), zeroblob(1900000), zeroblob(1900000)", None, limits())
    assert not one.is_cut
    assert len(one.rows) == 1, "one row is always shown"
    with pytest.raises(AnswerTooLarge, match="a row of more than"):
        read_rows(db, f"SELECT {', '.join(['zeroblob(1900000)'] * 4)}", None, limits())


def test_an_answer_that_must_be_whole_fails_where_it_becomes_too_large(db: sqlite3.Connection) -> None:
    with pytest.raises(AnswerTooLarge, match="ask for fewer or shorter values"):
        read_rows(db, ROWS.format(10, "zeroblob(1000000)"), None, limits(rows=None))


@pytest.mark.parametrize(("count", "cut"), [(999, False), (1000, False), (1001, True)])
def test_an_answer_is_cut_after_the_allowed_rows(db: sqlite3.Connection, count: int, cut: bool) -> None:
    read = read_rows(db, ROWS.format(count, "i"), None, limits())
    assert [row[0] for row in read.rows] == list(range(1, min(count, 1000) + 1))
    assert read.is_cut is cut


def test_a_statement_ends_at_its_time_and_when_the_client_has_left(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        read_rows(db, ENDLESS, None, limits(seconds=0.01))
    gone = Visit(Gate(), "open", gone=True)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        read_rows(db, ENDLESS, None, limits(visit=gone))
    assert read_rows(db, "SELECT 1", None, limits()).rows == [(1,)], "the next statement is not interrupted"


def test_a_long_pattern_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="pattern too complex"):
        read_rows(db, f"SELECT 'x' LIKE '{'%a' * 501}'", None, limits())


def test_parts_of_a_download_have_every_row_once(db: sqlite3.Connection) -> None:
    cursor = db.execute(ROWS.format(5_000, "i, zeroblob(500)"))
    parts = []
    while part := read_some(cursor):
        parts.append([row[0] for row in part])
    assert len(parts) > 3
    assert [number for part in parts for number in part] == list(range(1, 5_001))
