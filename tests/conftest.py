"""What every test stands on: no host but loopback, a clock that does not wait, a site to ask, a database to fill."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ingest.clock import Clock, Stop
from ingest.config import Config, load
from ingest.recording.pipeline import Tally
from ingest.run import Outcome, Task, perform
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from storage.database import reading

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
TODAY = date(2026, 11, 2)

settings.register_profile("lgsco", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lgsco")


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Fails any test that opens a connection to another host."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reaches {host}; only loopback is allowed")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        for name in [name for name in os.environ if name.startswith("LGSCO_")]:
            patch.delenv(name)
        yield


@dataclass
class Time:
    """A clock that a test sets; sleeping moves it on at once and is remembered."""

    at: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float, stop: Event) -> None:
        if not stop.is_set():
            self.slept.append(seconds)
            self.at += timedelta(seconds=max(seconds, 1e-6))  # less would not move it

    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.at,
            monotonic=lambda: self.at.timestamp(),  # noqa: PLW0108  # `at` moves on
            sleep=self.sleep,
            chance=random.Random(1),
        )


@pytest.fixture
def time() -> Time:
    return Time()


@dataclass
class World:
    """A site, its server, a database, and the means to run tasks on them."""

    site: Site
    server: Server
    database: Path
    time: Time
    stop: Stop
    tallies: list[tuple[int, int]] = field(default_factory=list)

    def config(self, **dials: object) -> Config:
        values = {"site__base_url": self.server.url, "fetch__pace": "0", **dials}
        return load(None, {}, {f"--{key}": (key.replace("__", "."), str(value)) for key, value in values.items()})

    def run(self, task: Task, **dials: object) -> Outcome:
        def report(tally: Tally) -> None:
            self.tallies.append((tally.fetched, tally.expected))

        return perform(task, self.config(**dials), self.database, self.time.clock(), self.stop, report)

    def ask(self, sql: str, *values: object) -> list[Any]:
        with reading(self.database) as db:
            rows = db.execute(sql, values).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def targets(self) -> list[str]:
        """What the server was asked for, in order."""
        return [entry.target for entry in self.server.log]


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """The five seeds and sixty invented decisions."""
    samples = [*seeds(), *generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        yield World(site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors
