"""Opens the database file for its one writer.

The writer holds the lock of `storage.lock` as long as it works. The file is in WAL mode with `synchronous=NORMAL`. A
kill loses nothing that was committed. A power cut may lose the last moments, a page together with the queue row that
names it, and never damages the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from storage.checkpoint import WARN_BYTES, LogMerger, choose_log_bytes
from storage.database import (
    SCHEMA_VERSION,
    STEP_SECONDS,
    connect,
    following_commits,
    plain_errors,
    reading_mode,
    retry_while_locked,
    schema_version,
)
from storage.digests import install_digest_triggers
from storage.errors import DatabaseExists, NoDatabase, StoreFailed
from storage.identity import MadeBy, record_made_by
from storage.lock import locked
from storage.wal import check_log

_CACHE_KIB = 6_144
"""SQLite's page cache. A backfill needs few pages again after a batch, so 6 MB cost no more CPU time than 32 MB, and
leave the rest of the 80 MB that a run may take to Python and the parser."""


@contextlib.contextmanager
def writing(
    path: Path,
    *,
    create: bool = True,
    doing: str = "",
    made_by: MadeBy | None = None,
    wal_warn_bytes: int = WARN_BYTES,
    warn: Callable[[str], object] = lambda _message: None,
) -> Iterator[sqlite3.Connection]:
    """Opens the database for the one writer, and migrates it if it has an older schema.

    `create`: create it if there is none. `doing`: as for `locked`. `made_by`: the command that creates it, recorded in
    a new file. `warn`: called with a message if a reader keeps the write-ahead log larger than `wal_warn_bytes`. The
    log is kept small as it grows (`storage.checkpoint`), and on a clean end it is merged into the file. Raises
    NoDatabase if it does not exist and is not to be created, Busy, SchemaMismatch, StoreFailed.
    """
    if not create and not path.exists():
        raise NoDatabase(path)  # checked before the lock file is created
    with locked(path, doing=doing) as lock, plain_errors(path), contextlib.closing(_connect(path, create)) as db:
        retry_while_locked(lambda: _prepare(db, path, create=create, made_by=made_by))
        lock.record_file(path)
        _limit_log(db, choose_log_bytes(wal_warn_bytes))
        merger = LogMerger(db, path, wal_warn_bytes, warn)
        with following_commits(lambda committed: merger.after_commit() if committed is db else None):
            yield db
        # A reader in the middle of a query prevents this; the next clean end merges the log.
        with contextlib.suppress(sqlite3.Error):
            db.execute("PRAGMA busy_timeout = 1000")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def create_database(path: Path) -> None:
    """Creates an empty database. Raises DatabaseExists, and what `writing` raises."""
    if path.exists():  # it may be empty, or left by an interrupted creation
        with plain_errors(path), contextlib.closing(connect(path, reading_mode(path))) as db:
            if schema_version(db, path):
                raise DatabaseExists(path)
    with writing(path, made_by="init"):
        pass


def _connect(path: Path, create: bool) -> sqlite3.Connection:
    # SQLite would open a read-only file all the same, and leave a read-only log beside it.
    if path.exists() and not os.access(path, os.W_OK):
        raise StoreFailed(f"{path} cannot be written; check its permissions, or name another file with --db")
    check_log(path)
    try:
        return connect(path, "rwc" if create else "rw", STEP_SECONDS)
    except sqlite3.OperationalError:
        if not create and not path.exists():  # it was removed after the check
            raise NoDatabase(path) from None
        raise


def _migrate(db: sqlite3.Connection) -> None:
    """Applies all pending migrations in one transaction.

    A file is then never left between two schemas, and a new one waits for the disk 8 times instead of 76.
    """
    from storage.schema import apply_pending

    db.execute("BEGIN IMMEDIATE")  # `atomic` would wait for the lock itself, inside the wait of the caller
    try:
        apply_pending(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _prepare(db: sqlite3.Connection, path: Path, *, create: bool, made_by: MadeBy | None) -> None:
    version = schema_version(db, path)
    if not version and not create:  # it is empty, or left by an interrupted creation
        raise NoDatabase(path)
    if version < SCHEMA_VERSION:
        db.execute("PRAGMA foreign_keys = OFF")  # so that SQLite allows a table to be rebuilt that others refer to
        try:
            _migrate(db)
        finally:
            db.execute("PRAGMA foreign_keys = ON")
        if not version and made_by is not None:
            record_made_by(db, made_by)
    elif db.execute("PRAGMA user_version").fetchone() != (version,):  # a restored `.dump` has no user_version
        db.execute(f"PRAGMA user_version = {version}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    db.execute("PRAGMA temp_store = MEMORY")
    install_digest_triggers(db)


def _limit_log(db: sqlite3.Connection, log_bytes: int) -> None:
    (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
    db.execute(f"PRAGMA wal_autocheckpoint = {max(1, log_bytes // page_bytes)}")
    db.execute(f"PRAGMA journal_size_limit = {log_bytes}")
