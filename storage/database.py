"""Opening the one file for any number of readers, and what readers and the writer share.

`storage.writer` opens it for the one writer. Starting a reader must stay cheap, so nothing here needs more
than the standard library.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from storage.errors import Busy, SchemaMismatch, StoreError, StoreFailed
from storage.room import describe_lack_of_room
from storage.wal import check_log, is_in_wal_mode

SCHEMA_VERSION = 15
"""The schema this program reads and writes: the number of the last migration in `storage.migrations`."""

BUSY_SECONDS = 15.0
"""How long a statement waits for another connection's lock on the file."""

STEP_SECONDS = 0.25
"""The steps in which the writer waits for it: while SQLite waits, Python hears no signal."""

_MIGRATIONS = "_sqlite_migrations"
"""Where sqlite-utils lists the migrations that were applied."""

IMMUTABLE = "ro&immutable=1"
"""SQLite's URI mode that takes no locks: the answers are wrong where somebody writes meanwhile."""

_NO_ROOM_TO_SHARE = "SQLITE_IOERR_SHMSIZE"
"""SQLite's word for a disk too full for the side file that readers and the writer share."""

_WRITE_FAILED = (_NO_ROOM_TO_SHARE, "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")
"""SQLite's words for a write that failed; a quota that is used up is called so."""

_heed: ContextVar[Callable[[], None]] = ContextVar("heed", default=lambda: None)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The database for a reader, beside whoever writes. Raises SchemaMismatch, StoreFailed."""
    if not path.is_file():
        raise StoreFailed(f"{path}: no such database; `lgsco backfill` or `lgsco import` makes it, --db names another")
    with said_plainly(path), unchanged(path), contextlib.closing(connect_to_read(path)) as db:
        version = schema_version(db, path)
        if version < SCHEMA_VERSION:
            raise SchemaMismatch(
                f"{path} has schema {version} and this lgsco reads {SCHEMA_VERSION}; `lgsco sync` or `lgsco import` "
                "migrates it"
            )
        yield db


@contextlib.contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raises StoreFailed in the end, and in place of SQLite's errors, where a file that can only be read as if nobody
    wrote it was written meanwhile: what was read may then mix two states."""
    before = find_file_state(path) if reading_mode(path) == IMMUTABLE else None
    try:
        yield
    except sqlite3.Error:
        _raise_if_changed(path, before)
        raise
    _raise_if_changed(path, before)


def _raise_if_changed(path: Path, before: FileState | None) -> None:
    if before is not None and find_file_state(path) != before:
        raise StoreFailed(
            f"{path} was written while it was read, and this user may not lock it, so that what was read may mix two "
            "states; run the command again, or let this user write the file and its folder"
        )


@contextlib.contextmanager
def atomic(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction that takes the write lock at once: upgrading a read fails whatever the busy timeout."""
    try:
        _begin(db)
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _begin(db: sqlite3.Connection) -> None:
    try:
        patiently(lambda: db.execute("BEGIN IMMEDIATE"))
    except BaseException:
        # The lock was waited for: what is still tried on the way out must not wait for it again.
        db.execute("PRAGMA busy_timeout = 0")
        raise


def patiently(do: Callable[[], object]) -> None:
    """Does what another connection's lock may be in the way of, on a connection that waits `STEP_SECONDS` for it: again
    and again, until it is done or `BUSY_SECONDS` are over."""
    for left in reversed(range(max(1, round(BUSY_SECONDS / STEP_SECONDS)))):
        try:
            do()
            return
        except sqlite3.Error as error:
            if not left or not _is_locked(error):
                raise
        _heed.get()()


@contextlib.contextmanager
def heeding(told: Callable[[], None]) -> Iterator[None]:
    """While the context lasts, `told` is called again and again while the writer waits for a lock; what it raises ends
    the wait."""
    before = _heed.set(told)
    try:
        yield
    finally:
        _heed.reset(before)


@contextlib.contextmanager
def said_plainly(path: Path, patience: float | None = None) -> Iterator[None]:
    """SQLite's own errors, as one sentence each: raises Busy, StoreFailed. `patience` as for `connect`."""
    try:
        yield
    except sqlite3.Error as error:
        raise plain(path, error, BUSY_SECONDS if patience is None else patience) from error


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that never writes. Where it may, it opens the file for writing all the same: the last reader of a
    file in WAL mode then clears away the log's two side files. Raises StoreFailed for a log of another file."""
    check_log(path)
    if not _is_writable(path):
        return connect(path, reading_mode(path))
    db = connect(path, "rw", STEP_SECONDS)
    try:
        patiently(lambda: db.execute("SELECT 1 FROM sqlite_schema").fetchone())
    except sqlite3.Error as error:
        db.close()
        log = Path(f"{path}-wal")
        if error_name(error) == _NO_ROOM_TO_SHARE and not (log.exists() and log.stat().st_size):
            return connect(path, IMMUTABLE)  # without room for the side files nobody can be writing it
        raise
    db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    db.execute("PRAGMA query_only = ON")
    return db


def reading_mode(path: Path) -> str:
    """SQLite's URI mode for a reader that never writes, with its parameters.

    `IMMUTABLE` only where nothing else works: a file in WAL mode, without its side files, that this user may not write.
    Somebody else may; who reads so compares `find_file_state` before and after. Elsewhere SQLite's locks do.
    """
    if _is_writable(path):
        return "ro"
    log = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        if (log.exists() and log.stat().st_size) or Path(f"{path}-shm").exists() or not is_in_wal_mode(path):
            return "ro"
    return IMMUTABLE


@dataclass(frozen=True, slots=True)
class FileState:
    """What changes when a database file is replaced, or written."""

    inode: tuple[int, int]
    written: tuple[int, int, int]
    """Size, and when the contents and the entry were last changed, in nanoseconds."""
    has_log: bool


def find_file_state(path: Path) -> FileState | None:
    """The state of a database file; None where there is none."""
    try:
        found = path.stat()
        has_log = Path(f"{path.resolve()}-wal").exists()
    except OSError:
        return None
    return FileState((found.st_dev, found.st_ino), (found.st_size, found.st_mtime_ns, found.st_ctime_ns), has_log)


def _is_writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)


def connect(path: Path, mode: str, patience: float | None = None) -> sqlite3.Connection:
    """A connection in SQLite's URI mode `ro`, `rw` or `rwc`, without implicit transactions. `patience`: seconds that it
    waits for a lock, if not as many as usual."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    seconds = BUSY_SECONDS if patience is None else patience
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=seconds, check_same_thread=False)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def path_of(db: sqlite3.Connection) -> Path:
    """The file that a connection is to."""
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


def schema_version(db: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 for an empty file. Raises SchemaMismatch for a newer one, StoreFailed for a
    file that holds something else.

    The list of migrations says which it is; `user_version`, which `.dump` leaves out, only where there is no list.
    """
    stated: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    # The list of migrations alone is a file whose first migration was interrupted.
    if "decisions" not in tables and tables - {_MIGRATIONS, "sqlite_sequence"}:
        raise StoreFailed(f"{path} holds something else than lgsco's tables; name another file with --db")
    applied = _find_last_migration(db) if _MIGRATIONS in tables else 0
    newest = max(stated, applied)
    if newest > SCHEMA_VERSION:
        raise SchemaMismatch(
            f"{path} has schema {newest}, newer than the {SCHEMA_VERSION} this lgsco knows; upgrade lgsco"
        )
    return applied or stated


def _find_last_migration(db: sqlite3.Connection) -> int:
    """The number of the last migration that was applied, 0 for none."""
    query = f"SELECT max(CAST(substr(name, 2, 3) AS INTEGER)) FROM {_MIGRATIONS} WHERE migration_set = 'lgsco'"
    (number,) = db.execute(query).fetchone()
    return int(number or 0)


def error_name(error: sqlite3.Error) -> str:
    """SQLite's name of an error; "" for those that are Python's own."""
    return getattr(error, "sqlite_errorname", "")


def _is_locked(error: sqlite3.Error) -> bool:
    return error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def plain(path: Path, error: sqlite3.Error, waited: float = BUSY_SECONDS) -> StoreError:
    """An error of SQLite's as one sentence: what, where, what to do. `waited`: seconds, for a lock."""
    name = error_name(error)
    if name.startswith(("SQLITE_FULL", *_WRITE_FAILED)) and (told := describe_lack_of_room(path, name)):
        return StoreFailed(f"{path}: {told}; free room and run the same command again, nothing stored is lost")
    if _is_locked(error):
        return Busy(f"{path} stayed locked by another program for {waited:g} seconds; close it and try again")
    if name.startswith("SQLITE_NOTADB"):
        return StoreFailed(f"{path} is not an SQLite database; name another file with --db")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreFailed(f"{path} cannot be opened or written ({error}); check its folder's permissions, or use --db")
    if name.startswith("SQLITE_CORRUPT"):
        return StoreFailed(f"{path} is damaged ({error}); `lgsco restore BACKUP` puts a snapshot of it in its place")
    if not name and str(error).startswith("Could not decode to UTF-8"):
        return StoreFailed(
            f"{path} is damaged (it holds text that is not UTF-8); `lgsco restore BACKUP` puts a snapshot of it"
            " in its place"
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreFailed(f"{path}: reading or writing failed ({error}); check the disk, then run the command again")
    return StoreFailed(f"{path}: {error}")
