"""What a backfill says of itself when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Act, Fault
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import serve
from lgsco.replica.site import Site
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


def test_a_backfill_that_came_to_its_end_does_not_say_that_it_was_interrupted(world: World) -> None:
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
