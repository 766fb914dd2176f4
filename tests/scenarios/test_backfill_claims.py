"""The messages about a backfill when it ends, and after it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Sync, Withdraw
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Act, Fault
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.lock import DAEMON, locked
from storage.model import Window
from storage.status import Daemon, record_daemon
from storage.writer import writing
from support.world import TODAY, Time, World


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    samples = generate(30, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30), body=False)
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@dataclass(frozen=True)
class CardLeftOut:
    """A fault: a listing without the card of one decision, which the total counts."""

    address: str

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        right = answer()
        head, *cards = right.body.decode().split('<div class="card">')
        kept = [card for card in cards if self.address not in card]
        yield Response(right.status, '<div class="card">'.join([head, *kept]).encode()).wire


def test_a_finished_backfill_does_not_say_that_it_was_interrupted(world: World) -> None:
    left_out = CardLeftOut(world.site.listed()[12].address)

    def fault(request: Request) -> Fault | None:
        return left_out if "SearchResults" in request.target else None

    world.server.faults = fault
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert outcome.claim is not None
    assert outcome.claim.unproven
    assert outcome.claim.unfinished == ()
    assert "interrupted" not in str(outcome)
    assert world.ask("SELECT state FROM intents") == ["finished"]


@pytest.fixture
def interrupted(world: World) -> World:
    """A backfill that SIGHUP ended, and a fresh heartbeat of a daemon."""
    world.server.faults = lambda request: world.stop.set() if "page=2" in request.target else None
    world.stop.exit_code = 129
    assert world.run(Backfill()).exit_code == 129
    world.stop.clear()
    world.server.faults = None
    now = world.time.clock().stamp()
    with writing(world.database) as db:
        record_daemon(db, Daemon(process=1, started_at=now, seen_at=now, next_at=None, stopped_at=None))
    return world


def test_sync_leaves_an_interrupted_backfill_to_a_running_daemon(interrupted: World) -> None:
    with locked(interrupted.database, DAEMON):
        outcome = interrupted.run(Sync())
    assert outcome.exit_code == 0
    assert "was interrupted" in str(outcome)
    assert "the daemon continues it" in str(outcome)


def test_sync_does_not_leave_an_interrupted_backfill_to_a_daemon_that_was_just_killed(interrupted: World) -> None:
    outcome = interrupted.run(Sync())
    assert outcome.exit_code == 10
    assert outcome.claim is not None
    assert [one.window for one in outcome.claim.unfinished] == [Window(date.min, date.max)]
    assert "`lgsco backfill` continues it" in str(outcome)


def test_sync_covers_what_another_run_proved_of_an_interrupted_backfill(interrupted: World) -> None:
    assert interrupted.run(Backfill(limit=100)).exit_code == 0
    assert interrupted.ask("SELECT DISTINCT first, last FROM intents WHERE state IN ('finished', 'interrupted')") == [
        (str(date.min), str(date.max))
    ]
    outcome = interrupted.run(Sync())
    assert outcome.exit_code == 0
    assert outcome.claim is not None
    assert [one.window for one in outcome.claim.ranges] == [Window(date.min, date.max)]


def test_withdraw_keeps_what_another_run_proved(interrupted: World) -> None:
    interrupted.run(Backfill(limit=100))
    interrupted.run(Withdraw())
    outcome = interrupted.run(Sync())
    assert outcome.claim is not None
    assert [one.window for one in outcome.claim.ranges] == [Window(date.min, date.max)]
    assert "on dates not asked for" not in str(outcome)
