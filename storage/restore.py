"""Restores a backup: checks it, keeps the old file under another name, and survives a kill at any moment."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path

from storage.database import (
    SCHEMA_VERSION,
    connect,
    connect_to_read,
    error_name,
    explain_error,
    plain_errors,
    schema_version,
)
from storage.drafts import remove_dead_drafts
from storage.errors import Busy, StoreFailed
from storage.export import replacing
from storage.lock import locked
from storage.wal import check_log

_SIDES = ("-wal", "-shm", "-journal")
"""The files that SQLite keeps beside a database. It would apply a `-wal` or `-journal` file to any database of that
name."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    decisions: int
    """The number of decisions in the backup."""
    is_older: bool
    """Whether the next command that writes migrates the file."""
    kept: Path | None
    """The new path of the old file; None if there was none."""


def restore(path: Path, backup: Path, at: str) -> Restored:
    """Replaces the database with a copy of `backup`. `at`: the current instant, for the old file's new name.

    The copy is made and checked beside the database, and then renamed in one step, so that a kill leaves either the old
    file or the backup. If the old file is damaged, or its log belongs to another file, a kill between two steps may
    leave the old file without its log; both are then kept together under the other name. Raises Busy if anybody writes,
    a daemon runs or an open query needs the log; SchemaMismatch and StoreFailed if the backup cannot be used.
    """
    target = Path(os.path.realpath(path))
    if not backup.is_file():
        raise StoreFailed(f"{backup}: there is no such file to restore")
    if target.exists() and backup.samefile(target):
        raise StoreFailed(f"{backup} is the database itself; name a copy of it, such as `lgsco snapshot` makes")
    with locked(target, "-daemon", "restore"), locked(target, doing="restore"), plain_errors(path):
        with replacing(target) as draft:
            remove_dead_drafts(target)
            version, decisions = _copy_checked(backup, draft)
            kept = _keep_old_file(target, at) if target.exists() else None
            if kept is not None:
                _copy_access(kept, draft)
            for side in _SIDES:
                Path(f"{target}{side}").unlink(missing_ok=True)
        _sync(target.parent)
    return Restored(decisions, version < SCHEMA_VERSION, kept)


def _copy_checked(backup: Path, draft: Path) -> tuple[int, int]:
    """Copies a backup, including its own log, and checks the copy.

    Returns its schema version and its number of decisions. Raises StoreFailed, SchemaMismatch.
    """
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        try:
            with contextlib.closing(connect_to_read(backup)) as source:
                version = schema_version(source, backup)
                if not version:
                    raise StoreFailed(f"{backup} is not a database of lgsco; nothing was changed")
                source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (finding,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            (decisions,) = copy.execute("SELECT count(*) FROM decisions").fetchone()
        except sqlite3.DatabaseError as error:
            if error_name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
                raise _make_damage_error(backup, str(error)) from None
            raise
    if finding != "ok":
        raise _make_damage_error(backup, finding.splitlines()[-1])
    _sync(draft)
    return version, decisions


def _make_damage_error(backup: Path, finding: str) -> StoreFailed:
    return StoreFailed(
        f"{backup} is damaged ({finding}) and was not restored; nothing was changed, name another backup"
    )


def _keep_old_file(target: Path, at: str) -> Path:
    """Gives the old file a second name, with its log if that could not be merged. Raises Busy, StoreFailed."""
    _fold_log(target)
    name = f"{target.name}.before-restore-{at.replace('-', '').replace(':', '')}"
    names = (target.with_name(f"{name}{again}") for again in ("", *(f"-{number}" for number in range(2, 1_000))))
    kept = next(free for free in names if not free.exists())
    for side in ("", *_SIDES):
        source = Path(f"{target}{side}")
        if side != "-shm" and source.exists() and (not side or source.stat().st_size):
            _link_or_copy(source, Path(f"{kept}{side}"))
    _sync(target.parent)
    return kept


def _fold_log(target: Path) -> None:
    """Merges the old file's log into it, unless the file is damaged or the log belongs to another file.

    Raises Busy if another program reads or writes the file.
    """
    try:
        check_log(target)
        with contextlib.closing(connect(target, "rw", 1.0)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except StoreFailed:
        return
    except sqlite3.DatabaseError as error:
        if isinstance(explain_error(target, error), Busy):
            busy = 1
        else:
            return
    if busy:
        raise Busy(f"{target} is in use by another program; close it, then run the same command again")


def _link_or_copy(source: Path, name: Path) -> None:
    try:
        os.link(source, name)
    except OSError:  # a file system without links
        shutil.copy2(source, name)
        _sync(name)


def _copy_access(old: Path, new: Path) -> None:
    """Gives the new file the owner and permissions of the old one, as far as this user may."""
    found = old.stat()
    with contextlib.suppress(OSError):
        os.chown(new, found.st_uid, found.st_gid)
    new.chmod(stat.S_IMODE(found.st_mode))


def _sync(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
