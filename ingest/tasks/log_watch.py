"""Watches the size of the write-ahead log while a daemon runs, and reports a reader that keeps it large."""

from __future__ import annotations

import logging
from pathlib import Path

from ingest.tasks.alerts import Alerts
from storage.checkpoint import find_log_bytes, find_log_state
from storage.database import reading
from storage.errors import LgscoError

log = logging.getLogger("lgsco")


class LogWatch:
    """Remembers whether a daemon reported the log of its archive."""

    def __init__(self, database: Path, warn_bytes: int, alerts: Alerts) -> None:
        """`warn_bytes`: the size from which a log that a reader keeps from shrinking is reported."""
        self._database = database
        self._warn_bytes = warn_bytes
        self._alerts = alerts
        self._has_logged = False

    def look(self) -> None:
        """Reports the log if a reader keeps it too large, also while nothing is written."""
        if find_log_bytes(self._database) <= self._warn_bytes:
            self._has_logged = False
            self._alerts.clear("log")
            return
        try:
            with reading(self._database) as db:
                state = find_log_state(db, self._database, self._warn_bytes)
        except LgscoError as error:
            log.warning("the size of the write-ahead log is not checked: %s", error)
            return
        if state.is_pinned:
            self.warn(state.describe())

    def warn(self, message: str) -> None:
        """Logs a message once until the log is small again, and alerts of it once a day."""
        if not self._has_logged:
            self._has_logged = True
            log.warning("%s", message)
        self._alerts.send("log", "pinned", message)
