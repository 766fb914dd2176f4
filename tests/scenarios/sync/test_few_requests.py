"""A sync that finds nothing new requests a few totals; a change among old dates costs few requests more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.sync import QUIET, decided, find_window, later, listings, one, pages, require_site_match, settled, sync
from support.world import TODAY, Time, World


def test_an_idle_sync_requests_two_totals_and_the_canary(old_world: World) -> None:
    settled(old_world)
    later(old_world)
    since = len(old_world.targets())
    outcome = sync(old_world)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert len(listings(old_world, since)) == 2
    assert len(pages(old_world, since)) == 1
    assert len(old_world.targets()) - since == 4, "robots.txt, two totals, and the daily canary"


def test_an_idle_sync_inside_the_retention_age_requests_its_total_and_that_of_all_dates(world: World) -> None:
    first = date(2024, 1, 1)
    assert world.run(Backfill(first), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    later(world)
    since = len(world.targets())
    assert sync(world).exit_code == 0
    assert len(listings(world, since)) == 2


def test_the_two_totals_meet_at_the_retention_edge(old_world: World) -> None:
    settled(old_world)
    later(old_world)
    since = len(old_world.targets())
    sync(old_world, listing__retention_days=1_000, listing__edge_days=100)
    edge = old_world.time.at.date() - timedelta(days=900)
    begins = {re.search(r"fd=([\d-]+)", target)[1] for target in listings(old_world, since)}  # type: ignore[index]
    assert begins == {"0001-01-01", edge.isoformat()}


def test_a_late_decision_among_old_dates_is_found_with_few_requests(tmp_path: Path, time: Time) -> None:
    site = Site(decided(600, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        late = one(date(2025, 9, 3))
        later(world)
        site.publish(replace(late, published=time.at.date()))
        since = len(world.targets())
        outcome = sync(world)
        assert (outcome.exit_code, outcome.tally.first) == (0, 1)
        assert len(listings(world, since)) <= 15
        assert late.reference in world.ask("SELECT reference FROM decisions")
        state, total, held, _ = find_window(world, late.decision_date)
        assert state == "proven" and total == held
        require_site_match(world)


def test_the_next_sync_requests_two_totals_again(old_world: World) -> None:
    settled(old_world)
    old_world.site.publish(one(date(2025, 9, 3)))
    later(old_world)
    assert sync(old_world).tally.first == 1
    later(old_world)
    since = len(old_world.targets())
    assert sync(old_world).exit_code == 0
    assert len(listings(old_world, since)) == 2


def test_decisions_published_on_both_sides_of_the_edge_are_found(old_world: World) -> None:
    settled(old_world)
    old_world.site.publish(one(date(2018, 3, 5), 1))
    old_world.site.publish(one(date(2026, 8, 5), 2))
    later(old_world)
    outcome = sync(old_world)
    assert (outcome.exit_code, outcome.tally.first) == (0, 2)
    require_site_match(old_world)
