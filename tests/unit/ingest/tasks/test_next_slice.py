"""Which slice the daemon does next: of an interrupted backfill, of the fill, or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.config import Config, Schedule
from ingest.crawling.windows import EVERYTHING
from ingest.tasks.fill import Fill
from ingest.tasks.next_slice import SliceChoice, describe_stuck, find_next_slice
from ingest.tasks.resume import Resume
from storage import fill_state, intents
from storage.writer import writing
from support.claims import window
from support.world import Time

NIGHT = datetime(2026, 11, 2, 22, tzinfo=UTC)
YEAR = window("2025-01-01", "2025-12-31")
AT = "2026-11-02T12:00:00Z"


@pytest.fixture
def night(time: Time) -> Time:
    time.at = NIGHT
    return time


@contextmanager
def changing(archive: Path) -> Iterator[sqlite3.Connection]:
    with writing(archive) as db:
        yield db


def choose(archive: Path, time: Time, setting: str = "on", started: datetime = NIGHT) -> SliceChoice:
    config = replace(Config(), schedule=Schedule(fill=setting))
    return find_next_slice(archive, config, time.clock(), started)


def interrupt(db: sqlite3.Connection) -> None:
    intents.record_backfill(db, YEAR, AT, 1)
    (intent,) = intents.find_intents(db)
    intents.set_state(db, intent, "interrupted", AT, "the site answers 503")


def test_the_fill_starts_at_night_and_only_if_it_is_on(archive: Path, night: Time) -> None:
    assert isinstance(choose(archive, night).task, Fill)
    assert choose(archive, night, "off") == SliceChoice(None)
    night.at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert choose(archive, night).task is None, "noon is outside fill_hours"


def test_an_interrupted_backfill_goes_first_at_any_hour_and_without_the_fill(archive: Path, time: Time) -> None:
    with changing(archive) as db:
        interrupt(db)
    assert isinstance(choose(archive, time).task, Resume)
    assert isinstance(choose(archive, time, "off").task, Resume)


def test_nothing_is_done_while_slices_are_suspended(archive: Path, night: Time) -> None:
    with changing(archive) as db:
        fill_state.suspend(db, AT, "2026-11-03T22:00:00Z", "503")
    assert choose(archive, night).task is None
    night.at = datetime(2026, 11, 3, 22, tzinfo=UTC)
    assert isinstance(choose(archive, night).task, Fill)


def test_a_fill_that_is_complete_is_not_begun_again(archive: Path, night: Time) -> None:
    with changing(archive) as db:
        intents.record_finished(db, [EVERYTHING], AT, 1)
    assert choose(archive, night) == SliceChoice(None)


def test_a_fill_without_progress_for_days_is_called_stuck_since_then(archive: Path, night: Time) -> None:
    with changing(archive) as db:
        intents.record_fill(db, YEAR, "2026-10-01T12:00:00Z", 1)
    long_ago = datetime(2026, 9, 1, tzinfo=UTC)
    assert choose(archive, night, started=long_ago).stuck == "2026-10-01T12:00:00Z"
    assert choose(archive, night).stuck is None, "the daemon has just started"
    with changing(archive) as db:
        fill_state.record_progress(db, AT)
    assert choose(archive, night, started=long_ago).stuck is None
    assert "`lgsco fill off` turns it off" in describe_stuck(AT)
