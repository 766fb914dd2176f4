"""Watches the archive while a daemon runs: notices that its file vanished, was replaced or lost decisions."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from storage.database import error_name, reading
from storage.errors import ArchiveLost, LgscoError, SchemaMismatch
from storage.identity import Identity, describe_loss, find_identity, find_place, require_known, require_place

log = logging.getLogger("lgsco")


class ArchiveWatch:
    """Compares the archive with what the daemon saw last. The main thread and the heartbeat's thread share it."""

    def __init__(self, database: Path) -> None:
        self.known: Identity | None = None
        """The archive as of the last check; None until it could be read once."""
        self._database = database
        self._place: tuple[int, int] | None = None
        self._is_at_work = False
        self._lock = Lock()

    def check(self) -> None:
        """Compares the file with the last check, and remembers it as it is now. Raises ArchiveLost.

        A file that cannot be read now, such as a locked one, counts neither as lost nor as checked.
        """
        with self._lock:
            try:
                place = self._find_place()
                found = self._read(place)
                if self.known is not None and (loss := describe_loss(self.known, found)):
                    raise self._make_lost_error(loss)
                self.known, self._place = found, place
            except ArchiveLost:
                if self.known is not None:
                    raise
            except (LgscoError, OSError) as error:
                log.warning("cannot check whether the archive is still the same: %s", error)

    def require_place(self) -> None:
        """Raises ArchiveLost if the file vanished, or if another took its place while a task writes."""
        with self._lock, contextlib.suppress(OSError):
            try:
                self._find_place()
            except ArchiveLost:
                if self.known is not None:
                    raise

    def require(self, db: sqlite3.Connection) -> None:
        """Raises ArchiveLost if an open file is not the archive of the last check."""
        with self._lock:
            if self.known is not None:
                require_known(db, self._database, self.known)

    def is_in_place(self) -> bool:
        """Whether the file of the last check is still in its place. It does not read the file."""
        with contextlib.suppress(OSError):
            return self.known is None or find_place(self._database) == self._place
        return True

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While the context lasts, a task writes the file, and another file in its place counts as a loss.

        At the end it raises ArchiveLost if the archive is lost, instead of any other error.
        """
        self._is_at_work = self.known is not None and self.is_in_place()
        try:
            yield
        finally:
            try:
                self.check()
            finally:
                self._is_at_work = False

    def _find_place(self) -> tuple[int, int]:
        place = find_place(self._database)
        if place is None:
            raise self._make_lost_error("vanished")
        if self._is_at_work:
            require_place(self._database, self._place)
        return place

    def _read(self, place: tuple[int, int]) -> Identity:
        try:
            with reading(self._database) as db:
                return find_identity(db)
        except SchemaMismatch as error:
            raise self._make_lost_error(f"was replaced by a file of another schema ({error})") from None
        except LgscoError as error:
            cause = error.__cause__
            is_foreign = isinstance(cause, sqlite3.Error) and error_name(cause).startswith("SQLITE_NOTADB")
            if is_foreign or find_place(self._database) is None or place != self._place:
                raise self._make_lost_error(f"was replaced or vanished ({error})") from None
            raise

    def _make_lost_error(self, loss: str) -> ArchiveLost:
        return ArchiveLost(self._database, loss)
