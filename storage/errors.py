"""Defines the root of the project's errors, and those of the database. `ingest.errors` shows the whole tree."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LgscoError(Exception):
    """An error that the program can explain. `str()` is one sentence for the user."""

    exit_code = 1


class StoreError(LgscoError):
    """The database could not do what was asked."""


class SchemaMismatch(StoreError):
    """The file's schema version is not this program's."""

    exit_code = 2


class NoDatabase(StoreError):
    """There is no database, and the command does not create one."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no database at {path.absolute()}; `lgsco init`, `lgsco backfill` and `lgsco import` make one, --db names "
            "another"
        )


class DatabaseExists(StoreError):
    """A database exists where a new one was to be created."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is already a database and was not changed; name another file with --db")


class Busy(StoreError):
    """Another process is writing the database."""

    exit_code = 13


class ArchiveLost(StoreError):
    """The archive vanished, was replaced or lost decisions while a daemon ran, or another command wrote it."""

    exit_code = 14

    def __init__(self, path: Path, loss: str) -> None:
        """`loss`: what happened to it, in words that follow its name."""
        super().__init__(
            f"{path} {loss} while lgsco ran, so lgsco stops and makes nothing in its place. Mount the file's volume, "
            "or put the right file there with `lgsco restore BACKUP`, then start lgsco again"
        )


class Damaged(StoreError):
    """A stored row or page is damaged."""


class CannotLock(StoreError):
    """The lock beside the database cannot be made, so nobody may write it."""

    exit_code = 2


class StoreFailed(StoreError):
    """The database file is missing, unwritable, full or damaged."""


class NotPublic(StoreError):
    """A file that was to be served to the public has rows that are not for it."""

    exit_code = 2


def explain_unwritten(path: Path, error: OSError) -> StoreFailed:
    """Returns the error for a file or folder that could not be written, with what to do about it."""
    what_to_do = {
        errno.ENOENT: "make the folder that it goes into, or name another path",
        errno.EACCES: "change its permissions, or name another path",
        errno.EPERM: "change its permissions, or name another path",
        errno.ENOSPC: "free disk space, or name another path",
        errno.EDQUOT: "free disk space, or name another path",
    }.get(error.errno or 0, "name another path")
    return StoreFailed(f"{path} cannot be written: {error.strerror or error}; {what_to_do}")
