"""Defines the context that every task runs with."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.fetching.site_clock import SiteClock
from ingest.fetching.throttle import Throttle
from ingest.recording.tally import Report, Tally


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One run of a task: its row in the database, its tools and its counters."""

    db: sqlite3.Connection
    number: int
    """The number of the run's row."""
    config: Config
    clock: Clock
    stop: Stop
    throttle: Throttle
    site_clock: SiteClock
    tally: Tally
    report: Report
