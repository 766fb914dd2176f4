"""Reads the instants of requests from the journal, and runs the throttle on two clocks, one of which is set."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event

from sqlite_utils import Database

from ingest import config
from ingest.clock import Clock, Stop
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.fetching.throttle import Throttle
from ingest.reports.politeness import PolitenessReport, report_politeness
from ingest.run import Outcome
from storage.database import reading
from storage.politeness import find_politeness
from storage.schema import migrations
from support.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGAN = datetime(2026, 11, 2, 12, tzinfo=UTC)
PAGES = r"/\d\d-\d{3}-\d{3}[a-z]?(\?|$)"
LISTING = r"searchresults"


def asked_at(world: World, run: int | None = None) -> list[float]:
    """Returns when requests were sent, according to the journal: seconds since 1970, to the millisecond."""
    where = "" if run is None else f"WHERE run = {run}"
    return [datetime.fromisoformat(at).timestamp() for at in world.ask(f"SELECT at FROM requests {where} ORDER BY id")]


def gaps(instants: list[float]) -> list[float]:
    return [round(then - now, 3) for now, then in pairwise(instants)]


def read_report(world: World, **settings: object) -> PolitenessReport:
    """Returns the report of `lgsco politeness`."""
    with reading(world.database) as db:
        return report_politeness(find_politeness(db, was_in_quiet_hours), world.config(**settings), world.time.at)


@dataclass
class TwoClocks:
    """The wall clock, which tests set back and forth, and a monotonic clock."""

    own: float = 0.0
    ahead: float = 0.0
    """Seconds by which the wall clock has been set forward in total."""
    patience: float = 1e9
    """The instant of the monotonic clock beyond which no sleep may last."""

    def sleep(self, seconds: float, stop: Event) -> None:
        self.own += max(1e-7, seconds)
        assert self.own <= self.patience + 1e-6, f"a wait was {self.own - self.patience:g} s too long"

    def clock(self) -> Clock:
        return Clock(
            now=lambda: BEGAN + timedelta(seconds=self.own + self.ahead),
            monotonic=lambda: self.own,
            sleep=self.sleep,
            random=random.Random(1),
        )


_JOURNAL: list[sqlite3.Connection] = []
A_RUN = (
    "INSERT INTO runs (id, task, arguments, started_at, state, process) "
    "VALUES (1, 'sync', '{}', '2026-11-02', 'running', 1)"
)


def emptied() -> sqlite3.Connection:
    """Returns a database without a pace and a journal."""
    if not _JOURNAL:
        made = sqlite3.connect(":memory:", isolation_level=None)
        migrations.apply(Database(made))
        made.execute(A_RUN)
        _JOURNAL.append(made)
    (db,) = _JOURNAL
    for table in ("requests", "request_days", "promises", "pace", "robots"):
        db.execute(f"DELETE FROM {table}")
    return db


def a_process(db: sqlite3.Connection, clocks: TwoClocks, stop: Stop | None = None, **settings: object) -> Throttle:
    fetch = config.Fetch()._replace(**settings)  # type: ignore[arg-type]
    return Throttle(db, 1, fetch, clocks.clock(), stop or Stop(), on_request=lambda: None)


def incomplete(outcome: Outcome) -> bool:
    return (outcome.state, outcome.exit_code) == ("incomplete", 10)
