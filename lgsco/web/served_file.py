"""Opens the database file for Datasette: read only, reopened when it is replaced, with limits on time and memory."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from datasette.database import Database, QueryInterrupted, Results, connections
from datasette.tracer import trace

from lgsco.web.deadline import DEADLINE
from lgsco.web.gate import LARGE_BYTES, VISIT, Lane
from lgsco.web.paging import PAGE
from lgsco.web.row_reader import Limits, limit_connection, lower_priority, read_rows
from storage.database import (
    BUSY_SECONDS,
    IMMUTABLE,
    SCHEMA_VERSION,
    FileState,
    find_file_state,
    reading_mode,
    schema_version,
)
from storage.errors import LgscoError
from storage.wal import check_log

_THREADS: dict[Lane, int] = {"pages": 2, "open": 2}
"""The queries of each lane of `lgsco.web.gate` that run at once."""

_COUNT_MS = 250
"""Milliseconds for counting a table's rows. If the count takes longer, the page is shown without the number."""

_MAX_ATTEMPTS = 5
"""How often a query is run on a file that another program writes to meanwhile and that this user cannot lock."""

_FILE_ERROR_CODES = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_INTERNAL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM),
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""SQLite error codes that mean a fault of the file or the machine, not of the SQL."""


class FileUnreadable(Exception):
    """The file cannot be read. Answered with 500, and logged with one line."""


class ServedFile(Database):  # type: ignore[misc]  # Datasette has no types
    """The file as Datasette reads it: any path, never written to, with a time limit on counts.

    When another file takes its place (`mv new.db public.db`), the next query opens the new one.
    """

    def __init__(
        self,
        datasette: Any,
        path: str,
        *,
        is_mutable: bool = True,
    ) -> None:
        super().__init__(datasette, path, is_mutable=is_mutable)
        self._is_alone = False
        self._threads = {
            lane: ThreadPoolExecutor(count, f"lgsco-{lane}", lower_priority if lane == "open" else None)
            for lane, count in _THREADS.items()
        }
        served = find_file_state(Path(path))
        self._checked = served.inode if served is not None else None
        """Inode of the file that had its schema checked last."""
        self._opened: dict[sqlite3.Connection, tuple[FileState | None, str]] = {}
        """The file and the mode that each connection was opened with."""

    def limit_all(self, is_alone: bool) -> None:
        """Sets whether this Datasette serves archives only, so that the memory of all its SQLite may be limited."""
        self._is_alone = is_alone

    def connect(self, write: bool = False) -> sqlite3.Connection:
        if write:
            raise sqlite3.OperationalError("this server opens the file read only")
        path = Path(self.path)
        try:
            check_log(path)
            mode = reading_mode(path) if self.is_mutable else IMMUTABLE
            state = find_file_state(path)
            uri = f"{path.as_uri()}?mode={mode}"
            db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
            db.execute("PRAGMA query_only = ON")
            inode = state.inode if state is not None else None
            if inode != self._checked:
                self.check_replacement(db, path)
                self._checked = inode
        except LgscoError as error:
            raise FileUnreadable(str(error)) from error
        limit_connection(db, all_of_sqlite=self._is_alone)
        self._opened[db] = (state, mode)
        return db

    def check_replacement(self, db: sqlite3.Connection, path: Path) -> None:
        """Checks that a file which replaced the served one has the schema that this version reads.

        Raises FileUnreadable and SchemaMismatch. The first file was checked before it was served.
        """
        version = schema_version(db, path)
        if version != SCHEMA_VERSION:
            raise FileUnreadable(
                f"{path} has schema {version} and this lgsco reads {SCHEMA_VERSION}; put a file of that schema there"
            )

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            if self.ds.executor is None:  # the setting num_sql_threads is 0
                return await super().execute_fn(functools.partial(self._run, fn))
            visit = VISIT.get()
            threads = self._threads["pages" if visit is None else visit.lane]
            return await asyncio.get_running_loop().run_in_executor(threads, self._run_in_thread, fn)
        except (sqlite3.Error, OverflowError) as error:
            code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
            if code in _FILE_ERROR_CODES:
                raise FileUnreadable(f"{self.path} cannot be read ({error})") from error
            # The SQL, or a value in it, came from the address. Datasette answers 400 only to this exception.
            raise sqlite3.OperationalError(str(error)) from error

    def _run_in_thread(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        db = getattr(connections, self.name, None)
        if db is None:
            db = self._open()
        return self._run(fn, db)

    def _open(self) -> sqlite3.Connection:
        """Opens the thread's connection."""
        db = self.connect()
        self.ds._prepare_connection(db, self.name)
        setattr(connections, self.name, db)
        return db

    def _run(self, fn: Any, db: sqlite3.Connection) -> Any:
        """Runs a query in its thread, on the file that is there now. Raises FileUnreadable."""
        for _ in range(_MAX_ATTEMPTS):
            if self._is_out_of_date(db):
                db = self._reopen(db)
            try:
                result = fn(db)
            except sqlite3.Error:
                if not self._is_out_of_date(db):
                    raise
            else:
                if not self._is_out_of_date(db):
                    return result
        raise FileUnreadable(
            f"{self.path} changed each time it was read, and this user may not lock it; try again later, or "
            "give the user who runs the server write access to the file and its folder"
        )

    def _is_out_of_date(self, db: sqlite3.Connection) -> bool:
        """Whether the connection reads a file that is no longer the current one, or in a mode that no longer fits.

        A file opened as immutable is out of date as soon as it is written to.
        """
        opened, mode = self._opened[db]
        path = Path(self.path)
        now = find_file_state(path)
        if opened is None or now is None or mode == IMMUTABLE:
            return opened != now
        return opened.inode != now.inode or mode != reading_mode(path)

    def _reopen(self, db: sqlite3.Connection) -> sqlite3.Connection:
        """Replaces the thread's connection with a new one."""
        if self.ds.executor is not None:
            delattr(connections, self.name)
        self._opened.pop(db)
        db.close()
        return self._open()

    def close(self) -> None:
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        for db in list(self._opened):
            db.close()

    def interrupt(self) -> None:
        """Ends all running queries; the thread that waits for one gets an OperationalError. Starts no others."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        for db in list(self._opened):
            db.interrupt()

    async def execute(self, sql: str, params: Any = None, truncate: bool = False, **options: Any) -> Any:
        page = PAGE.get()
        if truncate and page is not None:
            return await page.read(self._execute, sql, params, **options)
        return await self._execute(sql, params, truncate, **options)

    async def _execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,  # noqa: ARG002  # the page shows the error
    ) -> Any:
        """Does what `Database.execute` does, within the limits of `lgsco.web.row_reader`, and until the client leaves.

        An answer with `truncate` is cut where it becomes too large, another fails.
        """
        limits = _choose_limits(self.ds, sql, custom_time_limit, page_size, truncate=truncate)
        with trace("sql", database=self.name, sql=sql.strip(), params=params):
            try:
                read = await self.execute_fn(lambda db: read_rows(db, sql, params, limits))
            except sqlite3.OperationalError as error:
                if str(error) == "interrupted":
                    raise QueryInterrupted(error, sql, params) from error
                raise
        visit = limits.visit
        if visit is not None and read.size > LARGE_BYTES and not visit.is_stream:
            await visit.gate.wait_for_large(visit)
        return Results(read.rows, read.is_cut, read.description)

    def open_own(self) -> sqlite3.Connection:
        """Opens a connection for one download. Close it with `close_own`."""
        db = self.connect()
        self.ds._prepare_connection(db, self.name)
        return db

    def close_own(self, db: sqlite3.Connection) -> None:
        """Closes a connection of `open_own`. Raises FileUnreadable if what it read may mix two states of the file."""
        mixed = self._opened[db][1] == IMMUTABLE and self._is_out_of_date(db)
        self._opened.pop(db)
        db.close()
        if mixed:
            raise FileUnreadable(f"{self.path} changed while it was read")

    async def attached_databases(self) -> list[Any]:
        """Returns none. The statement that asks SQLite for them would also name the path of the file."""
        return []


def _choose_limits(
    datasette: Any, sql: str, milliseconds: int | None, page_size: int | None, *, truncate: bool
) -> Limits:
    allowed = min(milliseconds or datasette.sql_time_limit_ms, datasette.sql_time_limit_ms)
    # Datasette counts the rows of every table and view it shows. A user's own queries always have `truncate`.
    if not truncate and sql.startswith("select count(*) from "):
        allowed = min(allowed, _COUNT_MS)
    until = time.monotonic() + allowed / 1000
    if (deadline := DEADLINE.get()) is not None:
        until = min(until, deadline)
    # As Datasette has it: one more row than a page shows, to know whether there is a next page.
    most = datasette.max_returned_rows + ((page_size or datasette.page_size) == datasette.max_returned_rows)
    return Limits(until, most if truncate else None, VISIT.get())
