"""A run of a task, with its row and its tools, and without a site."""

from __future__ import annotations

import sqlite3

import pytest

from ingest.clock import Stop
from ingest.config import Config
from ingest.fetching.site_clock import SiteClock
from ingest.fetching.throttle import Throttle
from ingest.recording.tally import Tally
from ingest.tasks.task_run import TaskRun
from support.world import Time


@pytest.fixture
def run(db: sqlite3.Connection, time: Time) -> TaskRun:
    """Run number 1 on an empty archive, at noon on 2 November 2026."""
    clock, stop, config = time.clock(), Stop(), Config()
    throttle = Throttle(db, 1, config.fetch, clock, stop, on_request=lambda: None)
    return TaskRun(
        db, 1, config, clock, stop, throttle, SiteClock(clock.now, clock.today), Tally(), lambda _tally: None
    )
