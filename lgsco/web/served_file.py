"""Opens the database file for Datasette: read only, reopened when it is replaced, with time limits on counts."""

from __future__ import annotations

import functools
import sqlite3
import time
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, connections

from lgsco.web.paging import PAGE
from lgsco.web.views import DEADLINE
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

_MAX_VALUE_BYTES = 50_000_000
"""Most bytes in a value that a query may make. The longest page has about 200,000."""

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
    """The file cannot be read. Answered with 500, and logged."""


class ServedFile(Database):  # type: ignore[misc]  # Datasette has no types
    """The file as Datasette reads it: any path, never written to, with a time limit on counts.

    When another file takes its place (`mv new.db public.db`), the next query opens the new one.
    """

    def __init__(self, datasette: Datasette, path: str) -> None:
        super().__init__(datasette, path)
        served = find_file_state(Path(path))
        self._checked = served.inode if served is not None else None
        """Inode of the file that had its schema checked last."""
        self._opened: dict[sqlite3.Connection, tuple[FileState | None, str]] = {}
        """The file and the mode that each connection was opened with."""

    def connect(self, write: bool = False) -> sqlite3.Connection:
        if write:
            raise sqlite3.OperationalError("this server opens the file read only")
        path = Path(self.path)
        try:
            check_log(path)
            mode = reading_mode(path)
            state = find_file_state(path)
            uri = f"{path.as_uri()}?mode={mode}"
            db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
            db.execute("PRAGMA query_only = ON")
            inode = state.inode if state is not None else None
            if inode != self._checked:
                self._check_schema(db, path)
                self._checked = inode
        except LgscoError as error:
            raise FileUnreadable(str(error)) from error
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        self._opened[db] = (state, mode)
        return db

    def _check_schema(self, db: sqlite3.Connection, path: Path) -> None:
        """Checks that a file which replaced the served one has the schema that this version reads.

        Raises FileUnreadable and SchemaMismatch. The first file was checked before it was served.
        """
        version = schema_version(db, path)
        if version != SCHEMA_VERSION:
            raise FileUnreadable(
                f"{path} has schema {version} and this lgsco reads {SCHEMA_VERSION}; put a file of that schema there"
            )

    async def execute_fn(self, fn: Any) -> Any:
        try:
            return await super().execute_fn(functools.partial(self._run, fn))
        except (sqlite3.Error, OverflowError) as error:
            code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
            if code in _FILE_ERROR_CODES:
                raise FileUnreadable(f"{self.path} cannot be read ({error})") from error
            # The SQL, or a value in it, came from the address. Datasette answers 400 only to this exception.
            raise sqlite3.OperationalError(str(error)) from error

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
        delattr(connections, self.name)
        self._opened.pop(db)
        db.close()
        new = self.connect()
        self.ds._prepare_connection(new, self.name)
        setattr(connections, self.name, new)
        return new

    def close(self) -> None:
        for db in list(self._opened):
            db.close()

    def interrupt(self) -> None:
        """Ends all running queries; the thread that waits for one gets an OperationalError."""
        for db in list(self._opened):
            db.interrupt()

    async def execute(self, sql: str, params: Any = None, truncate: bool = False, **options: Any) -> Any:
        page = PAGE.get()
        if truncate and page is not None:
            return await page.read(self._execute, sql, params, **options)
        return await self._execute(sql, params, truncate, **options)

    async def _execute(self, sql: str, params: Any = None, truncate: bool = False, **options: Any) -> Any:
        if (deadline := DEADLINE.get()) is not None:
            left = int((deadline - time.monotonic()) * 1000)
            if left <= 0:
                raise QueryInterrupted(None, sql, params)
            options["custom_time_limit"] = min(options.get("custom_time_limit") or left, left)
        # Datasette counts the rows of every table and view it shows. A user's own queries always have `truncate`.
        if not truncate and sql.startswith("select count(*) from "):
            options["custom_time_limit"] = min(options.get("custom_time_limit") or _COUNT_MS, _COUNT_MS)
        return await super().execute(sql, params, truncate, **options)
