"""Runs the daemon in this process with a clock that does not wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import scheduler
from ingest.clock import Stop
from support.world import World


def run_daemon(
    world: World,
    patch: pytest.MonkeyPatch,
    at_wait: Callable[[Stop], object],
    *,
    step_seconds: float = 30,
    **dials: object,
) -> int:
    """Runs the daemon until its stop is set. Raises what the daemon raises.

    `at_wait`: called when the daemon has nothing to do, after `step_seconds` have passed.
    """

    def wait(stop: Stop, seconds: float | None = None) -> bool:
        if not stop.is_set():
            world.time.at += timedelta(seconds=max(step_seconds, seconds or 0))
            at_wait(stop)
        return stop.is_set()

    with patch.context() as here:
        here.setattr(Stop, "wait", wait)
        return scheduler.run_daemon(world.config(**dials), world.database, world.time.clock())


def make_alert(file: Path) -> str:
    """Returns a command for `[alerts]` that writes each alert as a line of a file."""
    return f"""sh -c 'echo "$0" >> {file}'"""


def read_alerts(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
