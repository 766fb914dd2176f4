"""How a run's tally shows: a bar with rate and time left on a terminal, plain lines in a log otherwise."""

from __future__ import annotations

import logging
import os
import sys
import time

from tqdm import tqdm

from ingest.recording.pipeline import Tally

log = logging.getLogger("lgsco")

_LINE_SECONDS = 30.0
"""Seconds between two lines of the log."""


class Progress:
    """Shows a run to whoever watches. Use as a context manager; `report` is what `perform` is given."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: tqdm[None] | None = None
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            size = os.get_terminal_size(sys.stderr.fileno())
            # Some terminals say that they have no size; tqdm would show nothing there.
            known = bool(size.columns and size.lines)
            self._bar = tqdm(
                unit=f" {self._unit}",
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
        """Shows the tally as it now stands."""
        done = tally.held + max(
            tally.fetched, tally.first + tally.amended + tally.anew + tally.unchanged + tally.beside
        )
        if self._bar is not None:
            if tally.expected and self._bar.total != tally.expected:
                self._bar.reset(total=tally.expected)
                self._bar.initial = tally.held  # only now: it would be shown as so many less than none
            self._bar.n = min(done, tally.expected) if tally.expected else done
            self._bar.set_postfix(requests=tally.requests, failed=tally.failed, refresh=False)
            if tally.waiting or self._bar.desc:  # to be seen at once: nothing else comes for a while
                self._bar.set_description(tally.waiting)
            self._bar.update(0)
            return
        now = time.monotonic()
        if now - self._said >= _LINE_SECONDS:
            self._said = now
            rate = (done - tally.held) / (now - self._began)
            left = f", {_duration((tally.expected - done) / rate)} left" if rate and tally.expected > done else ""
            log.info(
                "%d of %d %s, %.2f a second%s; %d requests",
                done,
                tally.expected,
                self._unit,
                rate,
                left,
                tally.requests,
            )


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
