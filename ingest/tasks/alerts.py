"""Alerts: runs the command of `[alerts]` with a message, once a day while a task fails alike."""

from __future__ import annotations

import logging
import shlex
import subprocess
from datetime import date

from ingest.clock import Clock, Stop
from ingest.errors import Stopped
from ingest.reports.lines import printable

log = logging.getLogger("lgsco")

_MOST_CHARACTERS = 10_000
"""Of an alert: a longer argument may not be given to a program."""
_COMMAND_SECONDS = 60


class Alerts:
    """What the daemon alerted of."""

    def __init__(self, command: str, clock: Clock, stop: Stop) -> None:
        """`command`: as in the configuration; "" for none."""
        self._command = shlex.split(command)
        self._clock = clock
        self._stop = stop
        self._told: dict[str, tuple[str, date]] = {}
        """By task: how it ended when an alert was last about it, and the day of the alert."""

    def tell(self, name: str, ending: str, message: str) -> None:
        """Alerts of a task that failed: once a day where it ends alike, so that no retry repeats what is known."""
        today = (ending, self._clock.today())
        if self._told.get(name) != today and self._run(message):
            self._told[name] = today

    def forget(self, name: str) -> None:
        """The task did not fail: its next failure is news."""
        self._told.pop(name, None)

    def _run(self, message: str) -> bool:
        """Runs the alert command, if there is one; returns whether it did as it should."""
        if not self._command:
            return False
        # The message may quote the site, and the command may print it to a terminal or a log.
        words = printable(message)[:_MOST_CHARACTERS]
        try:
            with self._stop.breaking_off():
                subprocess.run([*self._command, words], timeout=_COMMAND_SECONDS, check=True)  # noqa: S603  # the user's own command
        except Stopped:
            return False
        except (OSError, subprocess.SubprocessError) as error:
            log.error("the alert command failed: %s", error)
            return False
        return True
