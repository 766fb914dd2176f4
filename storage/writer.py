"""Opening the one file for its one writer.

The writer holds a lock beside the file (`lgsco.db-lock`) for as long as it works; the operating system frees it
however the process ends. WAL with `synchronous=NORMAL`: a kill loses nothing that was committed; a power cut may lose
the last moments, a page and the queue row that names it together, and never harms the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from sqlite_utils import Database

from storage.database import (
    SCHEMA_VERSION,
    STEP_SECONDS,
    connect,
    patiently,
    reading_mode,
    said_plainly,
    schema_version,
)
from storage.errors import Busy, DatabaseExists, NoDatabase, StoreFailed
from storage.locks import name_lock
from storage.schema import migrations

_CACHE_KIB = 32_768
_CHECKPOINT_PAGES = 4_000
"""Pages of the write-ahead log, 16 MB, at which it is folded into the file: less often is less work in all."""


@contextlib.contextmanager
def writing(path: Path, *, create: bool = True) -> Iterator[sqlite3.Connection]:
    """The database for the one writer, migrated from an older schema when need be. `create`: made where there is none.

    On a clean end the write-ahead log is folded into the file. Raises NoDatabase where it is not made, Busy,
    SchemaMismatch, StoreFailed.
    """
    if not create and not path.exists():
        raise NoDatabase(path)  # before its lock is made
    with locked(path), said_plainly(path), contextlib.closing(_connect_to_write(path)) as db:
        patiently(lambda: _prepare(db, path, create=create))
        yield db
        # A reader in the middle of a query keeps the log; the next clean end folds it in.
        with contextlib.suppress(sqlite3.Error):
            db.execute("PRAGMA busy_timeout = 1000")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def create_database(path: Path) -> None:
    """Makes an empty database. Raises DatabaseExists, and what `writing` raises."""
    if path.exists():  # it may be an empty file, or one whose making was interrupted
        with said_plainly(path), contextlib.closing(connect(path, reading_mode(path))) as db:
            if schema_version(db, path):
                raise DatabaseExists(path)
    with writing(path):
        pass


def _connect_to_write(path: Path) -> sqlite3.Connection:
    # SQLite would open a file that may not be written all the same, and leave a log beside it that may not be either.
    if path.exists() and not os.access(path, os.W_OK):
        raise StoreFailed(f"{path} cannot be written; check its permissions, or name another file with --db")
    return connect(path, "rwc", STEP_SECONDS)


def _prepare(db: sqlite3.Connection, path: Path, *, create: bool) -> None:
    version = schema_version(db, path)
    if not version and not create:  # an empty file, or one whose making was interrupted
        raise NoDatabase(path)
    if version < SCHEMA_VERSION:
        db.execute("PRAGMA foreign_keys = OFF")  # SQLite then lets a table be rebuilt that others refer to
        try:
            migrations.apply(Database(db))
        finally:
            db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


@contextlib.contextmanager
def locked(path: Path, purpose: str = "") -> Iterator[None]:
    """Holds the lock of a database's one writer, or of another `purpose` that only one process may have.

    Raises Busy, StoreFailed.
    """
    if not path.parent.is_dir():
        raise StoreFailed(f"{path}: there is no folder {path.parent}; make it, or name another file with --db")
    beside = name_lock(path, purpose)
    lock = FileLock(beside)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        doing = "is being written by another lgsco process" if not purpose else f"has another {purpose.strip('-')}"
        raise Busy(f"{path} {doing}; wait for it to end, or stop it") from None
    except OSError as error:
        raise StoreFailed(
            f"{path} cannot be written: {error.strerror}, of its lock {Path(beside).name}; check whose that and its "
            "folder are, or name another file with --db"
        ) from None
    try:
        yield
    finally:
        lock.release()
