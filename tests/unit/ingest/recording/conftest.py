"""The objects that record readings and watch the site's template."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import pytest

from ingest.clock import Clock
from ingest.recording.held_recorder import HeldRecorder
from ingest.recording.record import Recorder
from ingest.recording.tally import Tally
from ingest.recording.template_watch import TemplateWatch
from storage.pages import Codec
from support.world import Time


@dataclass
class Recording:
    """The objects with which one run records."""

    db: sqlite3.Connection
    clock: Clock
    tally: Tally
    recorder: Recorder
    watch: TemplateWatch
    held: HeldRecorder


@pytest.fixture
def recording(db: sqlite3.Connection, time: Time) -> Recording:
    clock, tally = time.clock(), Tally()
    recorder = Recorder(db, clock, 1, tally)
    watch = TemplateWatch(db, clock, recorder, 1, tally)
    return Recording(db, clock, tally, recorder, watch, HeldRecorder(db, Codec(db), clock, recorder, watch, 1, tally))
