"""Keeps what was read from a database, for each connection, until the file changes."""

from __future__ import annotations

import sqlite3
from typing import Generic, TypeVar

T = TypeVar("T")

_CONNECTIONS_MOST = 16


class KeptValues(Generic[T]):
    """One value for each connection, for as long as neither it nor another connection changes the file."""

    def __init__(self) -> None:
        self._kept: dict[sqlite3.Connection, tuple[int, T]] = {}

    def find(self, db: sqlite3.Connection) -> T | None:
        """Returns the kept value; None if nothing was kept or the file has changed since then."""
        kept = self._kept.get(db)
        return kept[1] if kept is not None and kept[0] == find_version(db) else None

    def keep(self, db: sqlite3.Connection, value: T, version: int) -> None:
        """Keeps a value. `version`: from `find_version`, asked before the value was read."""
        if len(self._kept) >= _CONNECTIONS_MOST:
            self._kept.clear()
        self._kept[db] = version, value


def find_version(db: sqlite3.Connection) -> int:
    """Returns a number that changes for this connection whenever another one, or this one, has changed the file."""
    (version,) = db.execute("PRAGMA data_version").fetchone()
    return int(version) * 2**32 + db.total_changes
