"""Empty ranges, and which ranges a sync covers."""

from __future__ import annotations

from datetime import date, timedelta

from ingest.run import Backfill, Sync
from support.sync import (
    QUIET,
    cadence,
    find_window,
    later,
    listings,
    one,
    require_site_match,
    settled,
    sync,
    sync_daily,
)
from support.world import TODAY, World


def test_a_decision_in_a_formerly_empty_range_is_found(world: World) -> None:
    quiet = date(2019, 1, 1), date(2019, 12, 31)
    assert world.run(Backfill(*quiet), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    come = one(date(2019, 5, 6))
    world.site.publish(come)
    outcome = sync_daily(world, 1)
    assert outcome.exit_code == 0
    assert come.reference in world.ask("SELECT reference FROM decisions")


def test_an_empty_range_stays_proven_by_difference_and_costs_little(world: World) -> None:
    quiet = date(2019, 1, 1), date(2019, 12, 31)
    world.run(Backfill(*quiet), **QUIET)
    sync_daily(world, 2)
    since = len(world.targets())
    assert sync_daily(world, 1).exit_code == 0
    assert find_window(world, date(2019, 5, 6))[:2] == ("proven", 0)
    assert len(listings(world, since)) <= 6, "three totals, and three for the dates around the empty range"


def test_a_range_is_empty_by_difference_when_its_last_decision_leaves(world: World) -> None:
    lonely = one(date(2019, 5, 6))
    world.site.publish(lonely)
    settled(world, listing__walk_most=10)
    world.site.withdraw(lonely.reference)
    assert sync_daily(world, 1, listing__walk_most=10, **cadence("count", 1)).exit_code == 0
    assert find_window(world, lonely.decision_date)[:2] == ("proven", 0)
    require_site_match(world)


def test_a_resumed_backfill_finds_decisions_added_to_walked_dates(world: World) -> None:
    settings = {**QUIET, "listing__walk_most": 10}
    assert world.run(Backfill(limit=40), **settings).state == "limited"
    walked = date.fromisoformat(world.ask("SELECT max(first) FROM windows WHERE total > 0")[0])
    come = one(walked)
    world.site.publish(come)
    later(world, 1 / 24)
    world.run(Backfill(), **settings)
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        if not first <= come.decision_date.isoformat() <= last:
            assert total == len(world.site.listed(date.fromisoformat(first), date.fromisoformat(last)))
    assert sync_daily(world, 1, listing__walk_most=10).exit_code == 0
    assert come.reference in world.ask("SELECT reference FROM decisions")
    require_site_match(world)


def test_sync_on_an_empty_database_covers_the_last_days(world: World) -> None:
    outcome = world.run(Sync(), schedule__sync_days=200)
    assert outcome.exit_code == 0
    first = TODAY - timedelta(days=200)
    assert set(world.ask("SELECT reference FROM decisions")) == {s.reference for s in world.site.listed(first)}
    assert world.ask("SELECT min(first) FROM windows") == [first.isoformat()]
    assert world.ask("SELECT count(*) FROM windows WHERE state <> 'proven'") == [0]


def test_sync_covers_the_days_that_pass_between_syncs(world: World) -> None:
    world.run(Sync(), schedule__sync_days=120)
    later(world, 60)
    world.run(Sync(), schedule__sync_days=120)
    first = TODAY - timedelta(days=120)
    world.site.publish(one(first))
    outcome = sync_daily(world, 1, schedule__sync_days=120)
    assert (outcome.exit_code, outcome.tally.first) == (0, 1)


def test_sync_covers_all_dates_ever_backfilled(world: World) -> None:
    quarter = date(2024, 1, 1), date(2024, 3, 31)
    assert world.run(Backfill(*quarter), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    inside, outside = one(date(2024, 2, 1), 1), one(date(2024, 6, 3), 2)
    world.site.publish(inside)
    world.site.publish(outside)
    assert sync_daily(world, 1).exit_code == 0
    held = world.ask("SELECT reference FROM decisions")
    assert inside.reference in held
    assert outside.reference not in held, "nobody asked for those days"
