"""Runs the command of `[alerts]` with a message, once a day while a task fails in the same way."""

from __future__ import annotations

import logging
import shlex
import subprocess
from datetime import date

from ingest.clock import Clock, Stop
from ingest.errors import Stopped
from ingest.reports.lines import printable
from ingest.reports.named_commands import complete_commands

log = logging.getLogger("lgsco")

_MAX_CHARACTERS = 10_000
"""The most characters of an alert: operating systems limit the length of an argument."""
_COMMAND_SECONDS = 60
"""Seconds that the alert command may take."""


class Alerts:
    """Sends alerts, and remembers which it sent."""

    def __init__(self, command: str, clock: Clock, stop: Stop) -> None:
        """`command`: as in the configuration; "" for none."""
        self._command = shlex.split(command)
        self._clock = clock
        self._stop = stop
        self._sent: dict[str, tuple[str, date]] = {}
        """By task: how it ended at the last alert about it, and the London day of that alert."""

    def send(self, name: str, ending: str, message: str) -> None:
        """Alerts about a task that failed, at most once a day for the same `ending`."""
        today = (ending, self._clock.today())
        if self._sent.get(name) != today and self._run(message):
            self._sent[name] = today

    def clear(self, name: str) -> None:
        """Records that the task did not fail, so that its next failure sends an alert at once."""
        self._sent.pop(name, None)

    def _run(self, message: str) -> bool:
        """Runs the alert command, if there is one. Returns whether it succeeded."""
        if not self._command:
            return False
        # The message may quote the site, so strip control characters: the command may print it to a terminal.
        words = printable(complete_commands(message))[:_MAX_CHARACTERS]
        try:
            with self._stop.interruptible():
                subprocess.run([*self._command, words], timeout=_COMMAND_SECONDS, check=True)  # noqa: S603  # the user's own command
        except Stopped:
            return False
        except (OSError, subprocess.SubprocessError) as error:
            log.error("the alert command failed: %s", error)
            return False
        return True
