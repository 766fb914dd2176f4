"""The daily limit of requests applies to all runs together."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.run import Backfill, Sync
from support.politeness import DAY, incomplete, read_report
from support.world import World, holds_the_truth


def test_the_daily_limit_is_shared_by_all_runs(world: World) -> None:
    daily_limit = {"fetch__daily_requests": 9}
    assert world.run(Backfill(limit=2), **daily_limit).state == "limited"
    for task in (Backfill(), Sync(), Backfill()):
        outcome = world.run(task, **daily_limit)
        assert incomplete(outcome)
        assert "9 requests" in outcome.message
        assert "daily_requests" in outcome.message
    assert len(world.server.log) == 9
    world.time.at = datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC)
    assert incomplete(world.run(Sync(), **daily_limit))
    assert len(world.server.log) == 9
    for days in range(1, 9):
        world.time.at = datetime(2026, 11, 2, tzinfo=UTC) + days * DAY
        if world.run(Backfill(), listing__trust_hours=1_000, **daily_limit).state == "complete":
            break
        assert len(world.server.log) == 9 * (days + 1)
    assert holds_the_truth(world)
    its = read_report(world, fetch__pace=0, **daily_limit)
    assert its.most_in_a_day == 9
    assert its.broken == ()
