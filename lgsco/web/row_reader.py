"""Reads the rows of one statement within limits on time and memory, until the client leaves."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lgsco.web.gate import Visit

VALUE_BYTES = 2_000_000
"""Most bytes in one value, and in one row that SQLite stores or sorts. A text has at most 500,000 characters."""

ANSWER_BYTES = 6_000_000
"""Most bytes of memory for one row, and for the rows of one answer. Downloads are streamed and may be of any size."""

PART_BYTES = 500_000
"""Bytes of memory for the rows of one part of a download."""

CELL_BYTES = 150
"""Counted for each cell besides its value: the time to show a cell matters more than its memory."""

SQLITE_BYTES = 48_000_000
"""Most memory that all of SQLite may use. It limits what a row can take before its size is known."""

COLUMNS = 100
"""Most columns of a query. The widest table has 22."""

PATTERN_CHARACTERS = 1_000
"""Longest pattern of LIKE and GLOB. Their time grows with its length, and nothing interrupts them."""

_STEPS = 10_000
"""SQLite's steps between two looks at the clock and the client: about 1 ms. Each look takes Python's lock."""

_NICE = 10
"""The priority of queries of visitors' choice; 0 is the usual one, 19 the lowest."""


class AnswerTooLarge(sqlite3.OperationalError):
    """An answer, a row or a value needs more memory than allowed. Answered with 400."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the reading of an answer ends."""

    until: float
    """When the statement is interrupted, on the monotonic clock."""
    rows: int | None
    """Most rows. An answer with more, or one that becomes too large, is cut. None: it must be whole, or it fails."""
    visit: Visit | None = None
    """The request. The statement is interrupted when its client has left."""


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of an answer."""

    rows: list[Any]
    description: Any
    is_cut: bool
    size: int
    """Bytes of memory, roughly."""


def limit_connection(db: sqlite3.Connection, *, all_of_sqlite: bool) -> None:
    """Sets SQLite's own limits. `all_of_sqlite`: also the memory of all connections of this process together."""
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
    db.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, COLUMNS)
    db.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_CHARACTERS)
    db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    if all_of_sqlite:
        db.execute(f"PRAGMA hard_heap_limit = {SQLITE_BYTES}")


def read_rows(db: sqlite3.Connection, sql: str, parameters: Any, limits: Limits) -> Read:
    """Runs a statement and reads its rows. Raises sqlite3.OperationalError, AnswerTooLarge."""
    rows: list[Any] = []
    size = 0
    with interrupting(db, limits.until, limits.visit), refusing_too_much():
        cursor = db.execute(sql, parameters if parameters is not None else {})
        for row in cursor:
            size += measure(row)
            if limits.rows is None and size > ANSWER_BYTES:
                raise AnswerTooLarge(f"an answer of more than {ANSWER_BYTES:,} bytes; ask for fewer or shorter values")
            if limits.rows is not None and rows and (len(rows) >= limits.rows or size > ANSWER_BYTES):
                cursor.close()
                return Read(rows, cursor.description, True, size)
            rows.append(row)
        return Read(rows, cursor.description, False, size)


def read_some(cursor: sqlite3.Cursor) -> list[Any]:
    """Reads the next rows of a download: about `PART_BYTES`, at least one. An empty list after the last."""
    rows: list[Any] = []
    size = 0
    while size < PART_BYTES and (row := cursor.fetchone()) is not None:
        rows.append(row)
        size += measure(row)
    return rows


def measure(row: Any) -> int:
    """Returns about how many bytes of memory a row takes, with the work to show its cells. Raises AnswerTooLarge."""
    size = sum(map(sys.getsizeof, row)) + CELL_BYTES * len(row)
    if size > ANSWER_BYTES:
        raise AnswerTooLarge(f"a row of more than {ANSWER_BYTES:,} bytes; ask for fewer columns or shorter values")
    return size


@contextmanager
def interrupting(db: sqlite3.Connection, until: float, visit: Visit | None) -> Iterator[None]:
    """Interrupts the statements of a connection after a time on the monotonic clock, or when the client has left."""

    def must_end() -> bool:
        return (visit is not None and visit.gone) or time.monotonic() >= until

    db.set_progress_handler(must_end, _STEPS)
    try:
        yield
    finally:
        db.set_progress_handler(None, _STEPS)


@contextmanager
def refusing_too_much() -> Iterator[None]:
    """Turns the errors of SQLite's limits into sentences. Raises AnswerTooLarge."""
    try:
        yield
    except MemoryError:
        raise AnswerTooLarge("a row or a sort needs too much memory; ask for fewer or shorter values") from None
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_TOOBIG:
            raise AnswerTooLarge(
                f"a value or a row of more than {VALUE_BYTES:,} bytes ({error}); ask for shorter values"
            ) from None
        raise


def lower_priority() -> None:
    """Lets the other threads go first on the processor, where the system knows priorities of threads (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
