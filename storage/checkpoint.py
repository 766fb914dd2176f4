"""Keeps the write-ahead log small, and finds out which reader prevents that.

SQLite merges the log (the file `-wal`) into the database at a commit beyond `wal_autocheckpoint`, and starts the log
over when all of it is merged and nobody reads from it. A reader with an open query sees the database as it was when the
query began, so nothing written since can be merged, and the log grows with every commit until that query ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import NamedTuple

_LOG_BYTES = 16 * 1024 * 1024
"""The most that `choose_log_bytes` returns: merging less often is less work in total, and more gains little."""

WARN_BYTES = 256_000_000
"""A log larger than this that a reader keeps from shrinking is reported, if no setting says otherwise."""

_READ_LOCKS = range(123, 128)
"""The bytes of the file `-shm` that readers lock (https://www.sqlite.org/walformat.html, section 2.3)."""

_LOCK_LINE = re.compile(r"\d+: POSIX +ADVISORY +READ +(\d+) \w+:\w+:(\d+) (\d+) (\d+)")
_LOCKS_FILE = Path("/proc/locks")


class LogState(NamedTuple):
    """The write-ahead log of a database."""

    file: Path
    bytes: int
    """Its size; 0 if there is none."""
    warn_bytes: int
    """The size that it may have while a reader keeps it from shrinking."""
    is_pinned: bool = False
    """Whether it is larger, and a reader keeps it from being merged into the database."""
    readers: tuple[int, ...] = ()
    """The processes on this machine that have an open query, if the system lists them."""

    def describe(self) -> str:
        """Describes a log that a reader keeps from shrinking: which file, how large, what to do."""
        who = f"; it is open in process {', '.join(map(str, self.readers))}" if self.readers else ""
        return (
            f"{self.file} has {ceil(self.bytes / 1e6):,} MB, more than [storage] wal_warn_mb = "
            f"{self.warn_bytes / 1e6:g}: a program with an open query keeps it from being merged into the database"
            f"{who}. Close that program, such as a notebook or an SQL shell, or end its query; until then the file "
            "grows, and the next commit after that makes it small again"
        )


def choose_log_bytes(warn_bytes: int) -> int:
    """Returns the size at which the log is merged, and to which it is cut when it starts over.

    It is far enough below `warn_bytes` that a log without a pinning reader never gets there.
    """
    return min(_LOG_BYTES, warn_bytes // 4)


def find_log_bytes(database: Path) -> int:
    """Returns the size of a database's write-ahead log; 0 if there is none. Called after each commit."""
    try:
        return os.stat(f"{database}-wal").st_size  # noqa: PTH116  # a path as an object costs more than the call
    except OSError:
        return 0


def find_log_state(db: sqlite3.Connection, database: Path, warn_bytes: int = WARN_BYTES) -> LogState:
    """Finds out how large the log is and, if it is too large, whether a reader keeps it so.

    Merges what can be merged, if this user may: what is left afterwards is what a reader needs. Call it outside a
    transaction.
    """
    file, size = Path(f"{database}-wal"), find_log_bytes(database)
    if size <= warn_bytes:
        return LogState(file, size, warn_bytes)
    try:
        is_busy, frames, merged = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:  # this user may not write the file, or the disk is full
        is_busy, frames, merged = 1, 0, 0
    is_pinned = not is_busy and merged < frames
    return LogState(file, size, warn_bytes, is_pinned, find_readers(database) if is_pinned else ())


def find_readers(database: Path) -> tuple[int, ...]:
    """Finds the processes with an open query on a database; none where the system does not list locks (not Linux)."""
    found = set()
    # The file must not be opened here: closing it would drop the locks that this process has on it.
    with contextlib.suppress(OSError):
        inode = Path(f"{database}-shm").stat().st_ino
        for line in _LOCKS_FILE.read_text(encoding="ascii", errors="replace").splitlines():
            lock = _LOCK_LINE.match(line)
            if lock and int(lock[2]) == inode and int(lock[3]) in _READ_LOCKS and int(lock[1]) > 0:
                found.add(int(lock[1]))
    return tuple(sorted(found))


class LogMerger:
    """Merges the log of the one writer as it grows, and warns once when a reader keeps it beyond a size."""

    def __init__(
        self,
        db: sqlite3.Connection,
        database: Path,
        warn_bytes: int = WARN_BYTES,
        warn: Callable[[str], object] = lambda _message: None,
    ) -> None:
        """`warn`: called with a message, once until the log is small again."""
        self._db = db
        self._database = database.resolve()
        self._named = database
        self._warn_bytes = warn_bytes
        self._warn = warn
        self._has_warned = False
        self._log_bytes = choose_log_bytes(warn_bytes)
        self._next_bytes = 2 * self._log_bytes
        """The size at which the log is merged next. It is larger each time that a reader prevents it, because each
        try waits for that reader."""

    def after_commit(self) -> None:
        """Merges the log and cuts it to nothing if SQLite's own merging left it larger than it should."""
        size = find_log_bytes(self._database)
        if size <= self._log_bytes:
            self._start_over()
        elif size >= self._next_bytes or (size > self._warn_bytes and not self._has_warned):
            self._merge(size)

    def _start_over(self) -> None:
        self._next_bytes = 2 * self._log_bytes
        self._has_warned = False

    def _merge(self, size: int) -> None:
        try:
            (is_busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:  # a statement of this connection is open, or the disk is full: the next commit tries
            return
        if not is_busy:
            self._start_over()
            return
        self._next_bytes = size + max(size // 2, self._log_bytes)
        if size > self._warn_bytes and not self._has_warned:
            self._has_warned = True
            file, readers = Path(f"{self._named}-wal"), find_readers(self._database)
            self._warn(LogState(file, size, self._warn_bytes, is_pinned=True, readers=readers).describe())
