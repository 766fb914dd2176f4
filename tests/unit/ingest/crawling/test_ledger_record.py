"""The ledger after its windows are counted and walked again."""

from __future__ import annotations

from datetime import timedelta

from ingest.run import Backfill, Sync
from lgsco.replica.faults import Respond
from support.world import World


def test_a_proven_listing_updates_last_seen(filled_world: World) -> None:
    filled_world.time.at += timedelta(days=30)
    assert filled_world.run(Backfill()).state == "complete"
    assert filled_world.ask("SELECT DISTINCT substr(last_seen, 1, 10) FROM decisions") == ["2026-12-02"]
    assert filled_world.ask("SELECT DISTINCT substr(first_seen, 1, 10) FROM decisions") == ["2026-11-02"]


def test_a_short_window_does_not_stay_short_once_its_range_is_proven(world: World) -> None:
    lost = world.site.listed()[5]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    assert world.run(Backfill(), listing__walk_most=10).exit_code == 10
    world.server.faults = None
    for days in (1, 3):  # the boundaries of the parts move with each day
        world.time.at += timedelta(days=days)
        assert world.run(Backfill(), listing__walk_most=10).state == "complete"
        assert world.ask("SELECT DISTINCT state FROM windows") == ["proven"]
        assert world.ask("SELECT sum(total) FROM windows") == [len(world.site)]


def test_syncs_of_many_days_leave_few_rows_in_the_ledger(filled_world: World) -> None:
    for _ in range(20):
        filled_world.time.at += timedelta(days=1)
        filled_world.run(Sync())
    assert filled_world.ask("SELECT count(*) FROM windows")[0] <= 4
