"""A wall clock that is set back and forth, by hours and by a year, during a run.

The pace is respected, nothing waits for a day that may not come, and the next run with a correct clock corrects what
the wrong clock caused.
"""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from bench.stored_rows import find_faults
from ingest.clock import Clock, Stop
from ingest.run import Backfill, Outcome, Sync, Task
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.faults import Respond
from lgsco.replica.messages import Request
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.export import SoundRows
from storage.row_checks import check_rows
from support.command_line import Here, Shop, ask
from support.world import TODAY, Time, World

HOUR = 3_600
YEAR = 365 * 24 * HOUR

JUMPS = {
    "hours": {5: 5 * HOUR, 12: -9 * HOUR, 20: 6 * HOUR, 30: -3 * HOUR, 40: HOUR},
    "a year forth and back": {8: YEAR, 30: -YEAR},
    "a year forth": {8: YEAR},
    "a year back": {30: -YEAR},
    "a year back and forth": {8: -YEAR, 15: YEAR},
    "a year back and forth while it lists": {3: -YEAR, 6: YEAR},
}
"""By the number of a request, the seconds by which the clock is set then."""


@dataclass
class TwoClocks(Time):
    """A wall clock that is set back and forth, and a monotonic clock that never is."""

    own: float = 0.0

    def sleep(self, seconds: float, stop: Event) -> None:
        before = self.at
        super().sleep(seconds, stop)
        self.own += (self.at - before).total_seconds()

    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.at,
            monotonic=lambda: self.own,  # time passes
            sleep=self.sleep,
            random=random.Random(1),
        )


@dataclass
class Jumpy(World):
    """A world with a clock that is set while a task runs."""

    time: TwoClocks

    def jump(self, task: Task, jumps: dict[int, int]) -> tuple[Outcome, list[float]]:
        """How the task ended, and the seconds from each request to the next."""
        asked: list[float] = []

        def count(_request: Request) -> None:
            asked.append(self.time.own)
            self.time.at += timedelta(seconds=jumps.get(len(asked), 0))

        self.server.faults = count
        outcome = self.run(task, fetch__pace=1)
        self.server.faults = None
        return outcome, [after - before for before, after in itertools.pairwise(asked)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Jumpy]:
    samples = [*seeds(), *generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        yield Jumpy(site, server, tmp_path / "lgsco.db", TwoClocks(), Stop())
    assert not server.errors


def is_right(world: Jumpy) -> None:
    """Whether all decisions are stored and proven, and nothing is queued."""
    assert dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }
    assert world.ask("SELECT DISTINCT state FROM windows") == ["proven"]
    assert world.ask("SELECT sum(total) FROM windows") == [len(world.site)]
    assert world.ask("SELECT count(*) FROM queue") == [0]
    assert find_faults(world.database) == []


@pytest.mark.parametrize("name", JUMPS)
def test_a_run_respects_its_pace_and_ends_on_time(world: Jumpy, name: str) -> None:
    outcome, gaps = world.jump(Backfill(), JUMPS[name])
    assert min(gaps) >= 1
    assert max(gaps) <= 1.01
    assert outcome.state in ("complete", "incomplete", "layout"), (
        "with a clock a year behind, newer pages cannot be proven"
    )


@pytest.mark.parametrize("name", JUMPS)
def test_after_the_clock_is_corrected_the_next_run_corrects_the_archive(world: Jumpy, name: str) -> None:
    began = world.time.at
    world.jump(Backfill(), JUMPS[name])
    world.time.at = began + timedelta(days=2)
    before = len(world.server.log)
    assert world.run(Backfill()).state == "complete"
    assert len(world.server.log) > before, "the site is asked, and the stored date is not trusted"
    is_right(world)
    assert max(world.ask("SELECT walked_at FROM windows")) < "2027"


@pytest.mark.parametrize("name", JUMPS)
def test_a_sync_finds_new_decisions_and_fetches_the_canary_every_day(world: Jumpy, name: str) -> None:
    began = world.time.at
    world.run(Backfill())
    world.time.at += timedelta(days=1)
    jumps = {number // 8 + 1: seconds for number, seconds in JUMPS[name].items()}
    world.jump(Sync(), jumps)
    for day in range(2, 5):
        world.time.at = began + timedelta(days=day)
        assert world.run(Sync()).state == "complete"
        today = world.time.at.date().isoformat()
        assert today in world.ask("SELECT substr(at, 1, 10) FROM checks WHERE kind = 'canary'")
    is_right(world)


def test_a_failure_under_a_fast_clock_is_retried_this_year(world: Jumpy) -> None:
    lost = world.site.listed()[5]
    began = world.time.at
    world.time.at += timedelta(days=365)
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    assert world.run(Backfill()).state == "incomplete"
    world.server.faults = None
    world.time.at = began + timedelta(days=1)
    assert world.run(Backfill()).state == "complete"
    is_right(world)


def test_a_decision_fetched_again_after_the_clock_was_set_back_is_sound(world: Jumpy) -> None:
    world.run(Backfill())
    world.time.at -= timedelta(minutes=10)
    fetched = len(world.server.log)
    assert world.run(Sync()).state == "complete"
    addresses = {sample.address for sample in world.site.listed()}
    assert addresses & set(world.targets()[fetched:]), "the canary's page is fetched again"
    assert world.ask("SELECT reference FROM decisions WHERE last_seen < first_seen") == []
    with reading(world.database) as db:
        assert list(check_rows(db)) == []
        sound = SoundRows(db)
        assert len(list(sound)) == len(world.site)
        assert sound.left_out == []


# ---------------------------------------------------------------- what the user sees


def set_last_run(database: Path, at: datetime) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE runs SET ended_at = ?", (at.strftime("%Y-%m-%dT%H:%M:%SZ"),))
        db.commit()


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (timedelta(), 0),
        (timedelta(minutes=10), 0),
        (timedelta(hours=-99), 0),
        (timedelta(hours=-101), 1),
        pytest.param(timedelta(days=2), 1),
        pytest.param(timedelta(days=365), 1),
    ],
)
def test_a_success_in_the_future_does_not_count(shop: Shop, here: Here, ahead: timedelta, code: int) -> None:
    shop.run("backfill", "--from", "2024-01-01")
    set_last_run(shop.database, datetime.now(UTC) + ahead)
    report: dict[str, Any] = json.loads(here("status", "--json", "--db", shop.database, code=code).out)
    assert report["stale"] is bool(code)
    assert ask(shop.database, "SELECT state FROM runs") == ["complete"]
