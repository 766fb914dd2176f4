"""A clock that does not wait, and a site with a database to fill from it."""

from __future__ import annotations

import random
import time as wall
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from ingest.clock import Clock, Stop
from ingest.config import Config, load
from ingest.recording.tally import Tally
from ingest.run import Import, Outcome, Renormalise, Sync, Task, perform
from lgsco.replica.corpus import expected_text
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from storage.database import atomic, reading
from storage.identity import MadeBy
from storage.listing_findings import ListingFinding, find_newest, record_finding
from storage.writer import writing

TODAY = date(2026, 11, 2)

CHECKED = (
    ListingFinding("use", "", "bare", ""),
    *(ListingFinding("dates", season, "exact", "", 0, 0) for season in ("summer", "winter")),
)


@dataclass
class Time:
    """A clock that a test sets; sleeping advances it at once and is recorded."""

    at: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float, stop: Event) -> None:
        if not stop.is_set():
            self.slept.append(seconds)
            self.at += timedelta(seconds=max(seconds, 1e-6))  # a smaller step would not change the instant

    @staticmethod
    def pause() -> None:
        """Lets other threads work for a moment: they do not use the clock that a test sets."""
        wall.sleep(0.05)

    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.at,
            monotonic=lambda: self.at.timestamp(),  # noqa: PLW0108  # `at` moves on
            sleep=self.sleep,
            random=random.Random(1),
        )


@dataclass
class World:
    """A site, its server, a database, and the means to run tasks on them."""

    site: Site
    server: Server
    database: Path
    time: Time
    stop: Stop
    tallies: list[tuple[int, int]] = field(default_factory=list)
    knows_listing: bool = True
    """Whether the form of the listing (the bare one, with an exact date filter) is known before the first run. If not,
    the first run finds it out."""

    def config(self, **dials: object) -> Config:
        values = {"site__base_url": self.server.url, "fetch__pace": "0", **dials}
        return load(None, {}, {f"--{key}": (key.replace("__", "."), str(value)) for key, value in values.items()})

    def run(self, task: Task, **dials: object) -> Outcome:
        """Performs a task.

        A sync creates no database; if there is none, it gets an empty one as `lgsco init` makes it.
        """
        if self.knows_listing and not isinstance(task, Import | Renormalise):
            self.record_listing_check("init" if isinstance(task, Sync) else "backfill")

        def report(tally: Tally) -> None:
            self.tallies.append((tally.fetched, tally.expected))

        if isinstance(task, Sync) and not self.database.exists():
            self.database.write_bytes(_new_archive("init"))
        return perform(task, self.config(**dials), self.database, self.time.clock(), self.stop, report)

    def record_listing_check(self, made_by: MadeBy = "init") -> None:
        """Records the findings of a check of a site without peculiarities, in a new file if there is none."""
        self.knows_listing = False
        if not self.database.exists():
            self.database.write_bytes(_new_archive(made_by))
        with writing(self.database) as db, atomic(db):
            if not find_newest(db, self.server.url):
                at = self.time.clock().stamp()
                for finding in CHECKED:
                    record_finding(db, self.server.url, finding, at, None)

    def ask(self, sql: str, *values: object) -> list[Any]:
        with reading(self.database) as db:
            rows = db.execute(sql, values).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def targets(self) -> list[str]:
        """Returns the targets that the server was asked for, in order."""
        return [entry.target for entry in self.server.log]


@cache
def _new_archive(made_by: MadeBy) -> bytes:
    """Returns the file of an archive without rows, made once: making the tables costs more than a short sync."""
    with TemporaryDirectory() as folder:
        with writing(Path(folder) / "new.db", made_by=made_by):
            pass
        return (Path(folder) / "new.db").read_bytes()


def holds_the_truth(world: World) -> bool:
    """Whether the archive has exactly the decisions that the site lists, word for word."""
    return dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }
