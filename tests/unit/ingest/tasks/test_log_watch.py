"""When the daemon reports a log that a reader keeps large."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.tasks.alerts import Alerts
from ingest.tasks.log_watch import LogWatch
from storage.writer import writing
from support.daemon import make_alert, read_alerts
from support.world import Time

WARN = 20_000


@pytest.fixture
def large_log(archive: Path) -> Iterator[sqlite3.Connection]:
    """A reader with an open query, while the log grew beyond the limit. Yields the reader."""
    with writing(archive) as db, closing(sqlite3.connect(archive)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        for _ in range(9):
            db.execute("INSERT INTO dictionaries (trained_at, pages, data) VALUES ('x', 1, zeroblob(9000))")
        yield reader


def test_a_pinned_log_is_logged_once_and_alerted_of_once_a_day(
    archive: Path, large_log: sqlite3.Connection, tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    watch = LogWatch(archive, WARN, Alerts(make_alert(tmp_path / "alerts"), time.clock(), Stop()))
    for _ in range(3):
        watch.look()
    assert len(caplog.messages) == 1
    assert len(read_alerts(tmp_path / "alerts")) == 1
    time.sleep(86_400, Stop())
    watch.look()
    assert len(read_alerts(tmp_path / "alerts")) == 2
    assert len(caplog.messages) == 1, "the log has the line already"


def test_a_large_log_that_nobody_needs_is_not_reported(
    archive: Path, large_log: sqlite3.Connection, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    large_log.rollback()
    LogWatch(archive, WARN, Alerts("", time.clock(), Stop())).look()
    assert caplog.messages == []


def test_after_the_log_was_small_again_it_is_reported_again(
    archive: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    watch = LogWatch(archive, WARN, Alerts("", time.clock(), Stop()))
    watch.warn("pinned")
    watch.warn("pinned")
    watch.look()
    watch.warn("pinned")
    assert caplog.messages == ["pinned", "pinned"]
