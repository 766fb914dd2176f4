"""A server that closes a client's kept connections: no slower than a server that never keeps any."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.run import Backfill
from lgsco.replica.faults import Fault, Reset
from lgsco.replica.messages import Request
from support.world import World, holds_the_truth


def only_first(fault: Fault, world: World, most: int = 1) -> None:
    """Makes the server answer `most` requests of each connection, and meet later ones with a fault."""
    answered: dict[int, int] = {}

    def choose(request: Request) -> Fault | None:
        answered[request.port] = answered.get(request.port, 0) + 1
        return fault if answered[request.port] > most else None

    world.server.faults = choose


@pytest.mark.parametrize("most", [1, 3])
def test_reset_kept_connections_cost_little_time_and_delay_nothing(world: World, most: int) -> None:
    only_first(Reset(), world, most)
    began = world.time.at
    outcome = world.run(Backfill(), fetch__pace="0.5")
    assert outcome.exit_code == 0
    assert holds_the_truth(world)
    requests = len(world.targets())
    assert world.time.at - began < timedelta(seconds=0.5 * requests + 10), "no request slowed down those after it"
    errors = world.ask("SELECT count(*) FROM requests WHERE error IS NOT NULL")[0]
    assert errors <= 2, "after two, no connection is kept any more"
    assert world.ask("SELECT count(*) FROM queue") == [0]
    assert world.ask("SELECT count(*) FROM requests")[0] == requests, "each request is journalled, also the lost ones"


def test_a_site_that_resets_new_connections_counts_as_down_and_slows_the_pace(world: World) -> None:
    world.server.faults = lambda request: Reset()
    outcome = world.run(Backfill(), fetch__pace="0.5")
    assert outcome.exit_code == 10
    assert "no complete response" in outcome.message
    began = world.time.slept
    assert max(began) > 1.0


def test_an_answer_that_breaks_off_on_a_kept_connection_is_a_failure(world: World) -> None:
    only_first(Reset(after=200), world)
    outcome = world.run(Backfill(), fetch__pace="0", fetch__tries="1")
    assert outcome.exit_code == 10
    assert "no complete response" in outcome.message
    assert world.ask("SELECT count(*) FROM requests WHERE error IS NOT NULL") == [1], "it is not sent again"
