"""The instants of the ledger and of the site's total, when requests are a minute apart.

A claim says "as listed on" an instant "or later". An instant after the request would deny what the site published in
between.
"""

from __future__ import annotations

from datetime import date, timedelta

from ingest.run import Backfill
from support.sync import QUIET, one, sync
from support.world import World

SLOW: dict[str, object] = {**QUIET, "fetch__pace": "60"}
EMPTY = "SELECT first, walked_at FROM windows WHERE total = 0 AND state = 'proven'"


def find_requests(world: World, words: str) -> list[str]:
    """Returns when the requests with these words in their target were sent, in whole seconds."""
    return [at[:19] for at in world.ask("SELECT at FROM requests WHERE instr(target, ?) ORDER BY id", words)]


def test_an_empty_range_is_as_of_its_own_request(world: World) -> None:
    quiet = date(2019, 1, 1), date(2019, 12, 31)
    assert world.run(Backfill(*quiet), **SLOW).state == "complete"
    asked = find_requests(world, "fd=2019-01-01")[-1]
    assert find_requests(world, "SearchResults")[-1] > asked, "the totals around it are requested afterwards"
    assert world.ask(EMPTY) == [("2019-01-01", f"{asked}Z")]


def test_an_empty_part_of_a_range_is_as_of_its_own_request(world: World) -> None:
    """The newer half is requested first. That it is empty follows from the older half, which is walked afterwards."""
    for number in range(1, 20):
        world.site.publish(one(date(2019, 2, 1), number))
    assert world.run(Backfill(date(2019, 1, 1), date(2019, 12, 31)), **SLOW, listing__walk_most=10).exit_code == 0
    newer, walked_at = world.ask(f"{EMPTY} ORDER BY first")[-1]
    assert newer > "2019-07-01"
    asked = find_requests(world, f"fd={newer}")[-1]
    assert find_requests(world, "fd=2019-02-01")[0] > asked
    assert walked_at == f"{asked}Z"


def test_the_total_of_the_site_is_as_of_its_request_though_another_followed(world: World) -> None:
    assert world.run(Backfill(), **SLOW).state == "complete"
    world.time.at += timedelta(days=1)
    world.site.today = world.time.at.date()
    assert sync(world, fetch__pace="60").exit_code == 0
    run = world.ask("SELECT max(id) FROM runs")[0]
    asked = world.ask("SELECT at FROM requests WHERE run = ? AND instr(target, 'SearchResults') ORDER BY id", run)
    assert len(asked) == 2, "the total of all dates, and that of the dates inside the retention age"
    assert world.ask("SELECT at FROM site_totals ORDER BY run DESC LIMIT 1") == [f"{asked[0][:19]}Z"]
