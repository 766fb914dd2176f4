"""Sends the log to stderr, one line for a record, without characters that control a terminal."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from ingest.reports.lines import printable
from ingest.reports.named_commands import complete_commands

log = logging.getLogger("lgsco")


class LogFormatter(logging.Formatter):
    """Formats a record as one line: time (UTC), level unless it is INFO, message. Traceback lines follow."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level}{printable(complete_commands(record.getMessage()))}"
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *map(printable, trace)])


def log_to_stderr(*, debug: bool) -> None:
    """Sends the log to stderr. On a terminal only errors are logged, since the progress bar is there."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    interactive = sys.stderr.isatty() and not debug
    log.setLevel(logging.DEBUG if debug else logging.ERROR if interactive else logging.INFO)
