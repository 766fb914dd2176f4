"""Compares the identity of an archive, so that a running daemon notices that its file was replaced or lost rows.

A snapshot and a restored backup have the same identity as the file that they were copied from.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal, NamedTuple

from storage.errors import ArchiveLost, Damaged

MadeBy = Literal["init", "backfill", "import", "demo", "snapshot"]
"""The command that made an archive. snapshot: a public copy."""


class Identity(NamedTuple):
    """Which archive a file is, with two counts that lgsco never lowers."""

    uuid: str
    decisions: int
    last_run: int
    """The number of the newest run; 0 if there was none."""


def find_identity(db: sqlite3.Connection) -> Identity:
    """Reads the identity of an open archive in one query. Raises Damaged if it has none."""
    row = db.execute(
        "SELECT uuid, (SELECT count(*) FROM decisions), (SELECT coalesce(max(id), 0) FROM runs) FROM archive"
    ).fetchone()
    if row is None:
        raise Damaged("the archive has no UUID: the row of its table `archive` is missing; restore a backup")
    return Identity(*row)


def find_made_by(db: sqlite3.Connection) -> MadeBy | None:
    """The command that made the archive; None where that is not known."""
    row = db.execute("SELECT made_by FROM archive").fetchone()
    return row[0] if row else None


def record_made_by(db: sqlite3.Connection, made_by: MadeBy) -> None:
    """Records which command made the archive."""
    db.execute("UPDATE archive SET made_by = ?", (made_by,))


def describe_loss(known: Identity, found: Identity) -> str | None:
    """Describes what happened to an archive since its identity was read; None if nothing is lost. Pure."""
    if found.uuid != known.uuid:
        return f"was replaced by another archive ({found.uuid}, not {known.uuid})"
    if found.decisions < known.decisions:
        return f"lost decisions: it has {found.decisions:,}, and had {known.decisions:,}"
    if found.last_run < known.last_run:
        return f"was replaced by an older copy: it ends with run {found.last_run:,}, and had run {known.last_run:,}"
    return None


def find_place(path: Path) -> tuple[int, int] | None:
    """Returns device and inode of a file; None if there is no file. Raises OSError if that cannot be found out."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def require_known(db: sqlite3.Connection, path: Path, known: Identity) -> Identity:
    """Returns the identity of an open archive, compared with the known one.

    Raises ArchiveLost if it is another archive, or has lost something.
    """
    found = find_identity(db)
    if loss := describe_loss(known, found):
        raise ArchiveLost(path, loss)
    return found


def require_place(path: Path, place: tuple[int, int] | None) -> None:
    """Raises ArchiveLost if a file no longer has this device and inode."""
    now = find_place(path)
    if now != place:
        raise ArchiveLost(path, "vanished" if now is None else "was replaced by another file")
