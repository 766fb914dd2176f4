"""Shows the progress of a run: a bar with rate and time left on a terminal, else a log line every 30 seconds."""

from __future__ import annotations

import logging
import os
import sys
import time

from tqdm import tqdm

from ingest.recording.tally import Tally
from ingest.wording import agree, count_of

log = logging.getLogger("lgsco")

_LINE_SECONDS = 30.0
"""The least seconds between two log lines about progress."""


class Progress:
    """Shows one run. Use it as a context manager and pass its `report` to `perform`.

    `noun`: what it counts, in the singular.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._bar: tqdm[None] | None = None
        self._plan = ""
        self._started = self._logged = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            size = os.get_terminal_size(sys.stderr.fileno())
            # Some terminals report a size of 0 columns or lines, and tqdm would show nothing there.
            known = bool(size.columns and size.lines)
            self._bar = tqdm(
                unit=f" {self._noun}s",
                dynamic_ncols=known,
                ncols=None if known else 80,
                nrows=None if known else 24,
                leave=False,
                mininterval=0.2,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def report(self, tally: Tally) -> None:
        """Shows the current tally."""
        done = _count_done(tally)
        if tally.plan != self._plan:
            self._plan = tally.plan
            self._show(tally.plan)
        if self._bar is not None:
            if tally.expected and self._bar.total != tally.expected:
                self._bar.reset(total=tally.expected)
                self._bar.initial = tally.held  # after `reset`: a bar at 0 that started at `held` shows a negative rate
            self._bar.n = min(done, tally.expected) if tally.expected else done
            if not tally.expected:  # then the unit is shown after the number, and not only after the rate
                self._bar.unit = f" {agree(done, self._noun, f'{self._noun}s')}"
            self._bar.set_postfix(requests=tally.requests, failed=tally.failed, refresh=False)
            if tally.waiting or self._bar.desc:  # shown at once: a waiting run sends no other report
                self._bar.set_description(tally.waiting)
            self._bar.update(0)
            return
        now = time.monotonic()
        if now - self._logged >= _LINE_SECONDS:
            self._logged = now
            rate = (done - tally.held) / (now - self._started)
            left = (
                f", {_format_duration((tally.expected - done) / rate)} left" if rate and tally.expected > done else ""
            )
            log.info(
                "%s of %s, %.2f a second%s; %s",
                f"{done:,}",
                count_of(tally.expected, self._noun),
                rate,
                left,
                count_of(tally.requests, "request"),
            )

    def _show(self, line: str) -> None:
        """Prints a line above the bar, or logs it."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            log.info("%s", line)


def _count_done(tally: Tally) -> int:
    """Returns how many decisions or documents the run has finished, with those that were already stored."""
    read = tally.first + tally.amended + tally.anew + tally.unchanged + tally.beside
    return tally.held + (tally.checked or max(tally.fetched, read))


def _format_duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
