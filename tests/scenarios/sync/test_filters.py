"""The site's own filters are counted against the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ingest.run import Backfill
from lgsco.replica.edits import WrongTotal
from lgsco.replica.faults import Fault
from lgsco.replica.messages import Request
from storage.model import slug
from support.sync import QUIET, listings, one, settled, sync, sync_daily
from support.world import World


def test_a_site_whose_own_filters_state_more_is_incomplete_and_said(world: World) -> None:
    def fault(request: Request) -> Fault | None:
        return WrongTotal(1) if "SearchResults" in request.target and "t=both" not in request.target else None

    world.server.faults = fault
    world.run(Backfill(), **QUIET)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "no filter" in outcome.message
    assert world.ask("SELECT passed FROM checks WHERE kind = 'filters'") == [0]
    assert sync(world).exit_code == 10, "it is asked again until it is well"
    world.server.faults = None
    assert sync(world).exit_code == 0


def test_outcomes_that_are_known_may_be_fewer_than_all(world: World) -> None:
    odd = replace(one(date(2026, 8, 3)), outcome="Report issued")
    world.site.publish(odd)
    settled(world)
    assert world.ask("SELECT outcome FROM decisions WHERE reference = ?", odd.reference) == ["Report issued"]
    assert world.ask("SELECT passed FROM checks WHERE kind = 'filters'") == [1]


def test_the_filters_are_checked_now_and_then(world: World) -> None:
    settled(world)
    sync_daily(world, 29, cadence__filters=30)
    assert world.ask("SELECT count(*) FROM checks WHERE kind = 'filters'") == [1]
    sync_daily(world, 2, cadence__filters=30)
    assert world.ask("SELECT count(*) FROM checks WHERE kind = 'filters'") == [2]


def test_the_parameters_stand_with_each_proof(world: World) -> None:
    settled(world)
    assert set(world.ask("SELECT asked FROM windows WHERE state = 'proven'")) == {"t=both"}
    assert all("t=both" in target or "fd=" in target for target in listings(world, 0))
    assert slug(world.site.listed()[0].reference) in world.site.listed()[0].address
