"""Opens the database file for readers, with what readers and the writer share.

`storage.writer` opens it for the one writer. Starting a reader must stay cheap, so this module imports only the
standard library.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from storage.errors import Busy, NoDatabase, SchemaMismatch, StoreError, StoreFailed
from storage.room import describe_lack_of_room
from storage.wal import check_log, is_in_wal_mode

SCHEMA_VERSION = 23
"""The schema this program reads and writes: the number of the last migration in `storage.migrations`."""

BUSY_SECONDS = 15.0
"""Seconds that a statement waits for another connection's lock on the file."""

STEP_SECONDS = 0.25
"""The writer waits for the lock in steps of this many seconds, because Python handles no signal while SQLite waits."""

_MIGRATIONS = "_sqlite_migrations"
"""Where sqlite-utils lists the migrations that were applied."""

IMMUTABLE = "ro&immutable=1"
"""SQLite's URI mode that takes no locks. Answers are wrong if another process writes at the same time."""

_NO_ROOM_TO_SHARE = "SQLITE_IOERR_SHMSIZE"
"""SQLite's error name for a disk that is too full for the shared-memory file (`-shm`) of readers and writer."""

_WRITE_FAILED = (_NO_ROOM_TO_SHARE, "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")
"""SQLite's error names for a write that failed. SQLite reports a used-up disk quota like this."""

_check_while_waiting: ContextVar[Callable[[], None]] = ContextVar("check_while_waiting", default=lambda: None)
_after_commit: ContextVar[Callable[[sqlite3.Connection], None]] = ContextVar("after_commit", default=lambda _db: None)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens the database for a reader, while others may write. Raises NoDatabase, SchemaMismatch, StoreFailed."""
    if not path.is_file():
        if path.exists():
            raise StoreFailed(f"{path} is not a regular file; name a database with --db")
        raise NoDatabase(path)
    with plain_errors(path), unchanged(path), contextlib.closing(connect_to_read(path)) as db:
        version = schema_version(db, path)
        if version == 0:
            raise SchemaMismatch(
                f"{path} has no archive in it; create one with `lgsco init`, `lgsco backfill` or `lgsco import`, or "
                "name another file with --db"
            )
        if version < SCHEMA_VERSION:
            raise SchemaMismatch(
                f"{path} has schema {version} and this lgsco reads {SCHEMA_VERSION}; {describe_upgrade(path)}. If it "
                "is a public snapshot, make a new one instead"
            )
        yield db


def describe_upgrade(path: Path) -> str:
    """Describes how a user migrates a file of an older schema."""
    named = f"--db {shlex.quote(str(path))}"
    return f"`lgsco sync {named}` migrates it; `lgsco renormalise --dry-run {named}` also does, without requests"


@contextlib.contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raises StoreFailed if a file that is read without locks was written at the same time.

    The rows read may then mix two states. The error is raised at the end of the context, and replaces an error of
    SQLite's. Files that can be read with locks are not checked.
    """
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
            f"{path} was written while it was read, and this user may not lock it, so the result may mix two "
            "states; run the command again, or let this user write the file and its folder"
        )


@contextlib.contextmanager
def atomic(db: sqlite3.Connection) -> Iterator[None]:
    """Runs one transaction that takes the write lock at once.

    A transaction that begins with a read cannot wait for the write lock: SQLite fails at once, whatever the busy
    timeout.
    """
    try:
        _begin(db)
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    _after_commit.get()(db)


@contextlib.contextmanager
def read_transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Runs one read transaction, so that all rows read inside are as of one moment."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@contextlib.contextmanager
def following_commits(follow: Callable[[sqlite3.Connection], None]) -> Iterator[None]:
    """Calls `follow` with the connection after each transaction of `atomic` that was committed."""
    before = _after_commit.set(follow)
    try:
        yield
    finally:
        _after_commit.reset(before)


def _begin(db: sqlite3.Connection) -> None:
    try:
        retry_while_locked(lambda: db.execute("BEGIN IMMEDIATE"))
    except BaseException:
        # The wait is over: statements on the way out must not wait for the lock again.
        db.execute("PRAGMA busy_timeout = 0")
        raise


def retry_while_locked(do: Callable[[], object]) -> None:
    """Calls `do` again and again while another connection's lock prevents it, for up to `BUSY_SECONDS`.

    The connection must wait `STEP_SECONDS` for a lock. Raises what `do` raises, and what the function of
    `checking_while_waiting` raises.
    """
    for left in reversed(range(max(1, round(BUSY_SECONDS / STEP_SECONDS)))):
        try:
            do()
            return
        except sqlite3.Error as error:
            if not left or not _is_locked(error):
                raise
        _check_while_waiting.get()()


@contextlib.contextmanager
def checking_while_waiting(check: Callable[[], None]) -> Iterator[None]:
    """Calls `check` again and again while the writer waits for a lock; an error that it raises ends the wait."""
    before = _check_while_waiting.set(check)
    try:
        yield
    finally:
        _check_while_waiting.reset(before)


@contextlib.contextmanager
def plain_errors(path: Path, patience: float | None = None) -> Iterator[None]:
    """Turns SQLite's errors into Busy or StoreFailed with one sentence each. `patience`: as for `connect`."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain_error(path, error, BUSY_SECONDS if patience is None else patience) from error


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Opens a connection that never writes. Raises StoreFailed if the log beside the file belongs to another file.

    It opens the file for writing where this user may write it: the last reader of a file in WAL mode can then remove
    the log's two side files.
    """
    check_log(path)
    if not _is_writable(path):
        return connect(path, reading_mode(path))
    db = connect(path, "rw", STEP_SECONDS)
    try:
        retry_while_locked(lambda: db.execute("SELECT 1 FROM sqlite_schema").fetchone())
    except sqlite3.Error as error:
        db.close()
        log = Path(f"{path}-wal")
        if error_name(error) == _NO_ROOM_TO_SHARE and not (log.exists() and log.stat().st_size):
            return connect(path, IMMUTABLE)  # nobody can write it without room for the side files
        raise
    db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    db.execute("PRAGMA query_only = ON")
    return db


def reading_mode(path: Path) -> str:
    """Returns SQLite's URI mode for a reader that never writes, with its parameters.

    `IMMUTABLE` is used only where nothing else works: a file in WAL mode, without its side files, that this user may
    not write. Another user may write it, so the caller compares `find_file_state` before and after. In all other cases
    SQLite's locks protect the reader.
    """
    if _is_writable(path):
        return "ro"
    log = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        if (log.exists() and log.stat().st_size) or Path(f"{path}-shm").exists() or not is_in_wal_mode(path):
            return "ro"
    return IMMUTABLE


class FileState(NamedTuple):
    """The properties of a database file that change when it is replaced or written."""

    inode: tuple[int, int]
    written: tuple[int, int, int]
    """The size in bytes, and when the contents and the inode last changed (mtime and ctime), in nanoseconds."""
    has_log: bool


def find_file_state(path: Path) -> FileState | None:
    """Returns the state of a database file; None if there is no file."""
    try:
        found = path.stat()
        has_log = Path(f"{path.resolve()}-wal").exists()
    except OSError:
        return None
    return FileState((found.st_dev, found.st_ino), (found.st_size, found.st_mtime_ns, found.st_ctime_ns), has_log)


def _is_writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)


def connect(path: Path, mode: str, patience: float | None = None) -> sqlite3.Connection:
    """Opens a connection in SQLite's URI mode `ro`, `rw` or `rwc`, without implicit transactions.

    `patience`: seconds that it waits for a lock; `BUSY_SECONDS` if it is None.
    """
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    seconds = BUSY_SECONDS if patience is None else patience
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=seconds, check_same_thread=False)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def path_of(db: sqlite3.Connection) -> Path:
    """Returns the file that a connection has open."""
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


def schema_version(db: sqlite3.Connection, path: Path) -> int:
    """Returns the file's schema version, 0 for an empty file.

    The list of applied migrations decides. `user_version` counts only where there is no list, since the output of
    `.dump` leaves it out. Raises SchemaMismatch for a newer version, StoreFailed for a file with tables of another
    program.
    """
    stated: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    # A file with only the list of migrations is left by an interrupted first migration.
    if "decisions" not in tables and tables - {_MIGRATIONS, "sqlite_sequence"}:
        raise StoreFailed(f"{path} has tables that are not lgsco's; name another file with --db")
    applied = _find_last_migration(db) if _MIGRATIONS in tables else 0
    newest = max(stated, applied)
    if newest > SCHEMA_VERSION:
        raise SchemaMismatch(
            f"{path} has schema {newest}, newer than the {SCHEMA_VERSION} this lgsco knows; upgrade lgsco"
        )
    return applied or stated


def find_archive_version(path: Path) -> int | None:
    """Returns the schema version of a file if it is an lgsco archive; None for any other file."""
    try:
        with contextlib.closing(connect(path, reading_mode(path), STEP_SECONDS)) as db:
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            return _find_last_migration(db) if {_MIGRATIONS, "decisions", "layouts"} <= tables else None
    except (sqlite3.Error, OSError):
        return None


def _find_last_migration(db: sqlite3.Connection) -> int:
    """Returns the number of the last migration that was applied, 0 if none was."""
    query = f"SELECT max(CAST(substr(name, 2, 3) AS INTEGER)) FROM {_MIGRATIONS} WHERE migration_set = 'lgsco'"
    (number,) = db.execute(query).fetchone()
    return int(number or 0)


def error_name(error: sqlite3.Error) -> str:
    """Returns SQLite's name of an error; "" for errors that Python's module raises itself."""
    return getattr(error, "sqlite_errorname", "")


def _is_locked(error: sqlite3.Error) -> bool:
    return error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def explain_error(path: Path, error: sqlite3.Error, waited: float = BUSY_SECONDS) -> StoreError:
    """Turns an error of SQLite's into one sentence: what happened, where, what to do. `waited`: seconds, for a lock."""
    name = error_name(error)
    if name.startswith(("SQLITE_FULL", *_WRITE_FAILED)) and (reason := describe_lack_of_room(path, name)):
        return StoreFailed(f"{path}: {reason}; free disk space and run the same command again; nothing stored is lost")
    if _is_locked(error):
        return Busy(f"{path} stayed locked by another program for {waited:g} s; close it and try again")
    if name.startswith("SQLITE_NOTADB"):
        return StoreFailed(f"{path} is not an SQLite database; name another file with --db")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreFailed(f"{path} cannot be opened or written ({error}); check its folder's permissions, or use --db")
    if name.startswith("SQLITE_CORRUPT"):
        return StoreFailed(f"{path} is damaged ({error}); `lgsco restore BACKUP` puts a snapshot of it in its place")
    if not name and str(error).startswith("Could not decode to UTF-8"):
        return StoreFailed(
            f"{path} is damaged (it has text that is not UTF-8); `lgsco restore BACKUP` puts a snapshot of it"
            " in its place"
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreFailed(f"{path}: reading or writing failed ({error}); check the disk, then run the command again")
    return StoreFailed(f"{path}: {error}")
