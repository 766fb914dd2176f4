"""Opening the one file for its one writer.

The writer holds the lock of `storage.lock` for as long as it works. WAL with `synchronous=NORMAL`: a kill loses
nothing that was committed; a power cut may lose the last moments, a page and the queue row that names it together, and
never harms the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

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
from storage.digests import keep_digests
from storage.errors import DatabaseExists, NoDatabase, StoreFailed
from storage.identity import MadeBy, record_made_by
from storage.lock import locked
from storage.schema import migrations
from storage.wal import check_log

_CACHE_KIB = 32_768
_CHECKPOINT_PAGES = 4_000
"""Pages of the write-ahead log, 16 MB, at which it is folded into the file: less often is less work in all."""


@contextlib.contextmanager
def writing(
    path: Path, *, create: bool = True, doing: str = "", made_by: MadeBy | None = None
) -> Iterator[sqlite3.Connection]:
    """The database for the one writer, migrated from an older schema when need be. `create`: made where there is none.
    `doing`: as for `locked`. `made_by`: the command that makes it, recorded in a new one.

    On a clean end the write-ahead log is folded into the file. Raises NoDatabase where it is not made, Busy,
    SchemaMismatch, StoreFailed.
    """
    if not create and not path.exists():
        raise NoDatabase(path)  # before its lock is made
    with locked(path, doing=doing) as lock, said_plainly(path), contextlib.closing(_connect(path, create)) as db:
        patiently(lambda: _prepare(db, path, create=create, made_by=made_by))
        lock.record_file(path)
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
    with writing(path, made_by="init"):
        pass


def _connect(path: Path, create: bool) -> sqlite3.Connection:
    # SQLite would open a file that may not be written all the same, and leave a log beside it that may not be either.
    if path.exists() and not os.access(path, os.W_OK):
        raise StoreFailed(f"{path} cannot be written; check its permissions, or name another file with --db")
    check_log(path)
    try:
        return connect(path, "rwc" if create else "rw", STEP_SECONDS)
    except sqlite3.OperationalError:
        if not create and not path.exists():  # it vanished since it was looked at
            raise NoDatabase(path) from None
        raise


def _migrate(db: sqlite3.Connection) -> None:
    """Applies all pending migrations in one transaction: a file is never left between two schemas, and a new one waits
    for the disk a few times instead of a few times a migration."""
    db.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(db))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _prepare(db: sqlite3.Connection, path: Path, *, create: bool, made_by: MadeBy | None) -> None:
    version = schema_version(db, path)
    if not version and not create:  # an empty file, or one whose making was interrupted
        raise NoDatabase(path)
    if version < SCHEMA_VERSION:
        db.execute("PRAGMA foreign_keys = OFF")  # SQLite then lets a table be rebuilt that others refer to
        try:
            _migrate(db)
        finally:
            db.execute("PRAGMA foreign_keys = ON")
        if not version and made_by is not None:
            record_made_by(db, made_by)
    elif db.execute("PRAGMA user_version").fetchone() != (version,):  # a restored `.dump` has none
        db.execute(f"PRAGMA user_version = {version}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    keep_digests(db)
