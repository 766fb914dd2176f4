"""A backfill reports an estimate before it fetches decisions."""

from __future__ import annotations

from datetime import date

from ingest.config import load
from ingest.recording.tally import Tally
from ingest.run import Backfill, perform
from support.world import World


def plans(world: World, task: Backfill, **settings: object) -> list[tuple[int, str]]:
    """Returns each reported plan, with the number of decisions fetched when it was first reported."""
    seen: list[tuple[int, str]] = []

    def report(tally: Tally) -> None:
        if tally.plan and (not seen or seen[-1][1] != tally.plan):
            seen.append((tally.fetched, tally.plan))

    perform(task, world.config(**settings), world.database, world.time.clock(), world.stop, report)
    return seen


def test_a_backfill_reports_its_estimate_before_it_fetches_a_decision(world: World) -> None:
    count = len(world.site)
    ((fetched, plan),) = plans(world, Backfill(), fetch__daily_requests=100_000)
    assert fetched == 0
    assert plan.startswith(f"estimate: {count} of {count} listed decisions to fetch; about ")
    assert "(one request in 0 s, 100,000 a day)" in plan


def test_a_resumed_backfill_reports_what_is_left_of_its_own_dates(world: World) -> None:
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    year = len(world.site.listed(first, last))
    assert world.run(Backfill(first, last, limit=3)).state == "limited"
    ((_, plan),) = plans(world, Backfill(first, last))
    assert plan.startswith(f"estimate: {year - 3} of {year} listed decisions to fetch; about {year - 3} requests,")
    assert plans(world, Backfill(first, last)) == [], "nothing is left to list or to fetch"


def test_the_estimate_uses_the_crawl_delay_of_robots_txt(world: World) -> None:
    world.site.robots = "User-agent: *\nCrawl-delay: 7\n"
    world.time.at = world.time.at.replace(hour=3)
    ((_, plan),) = plans(world, Backfill(limit=1))
    assert "1 of" in plan
    assert "(one request in 7 s, " in plan
    assert load(None, {}).fetch.pace < 7
