"""How many decisions may leave the listing at once, and what a backfill concludes where more seem to be gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.crawling.falls import is_plausible_fall
from ingest.run import Backfill
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import OtherAnswer
from support.sync import decided
from support.world import TODAY, Time, World, holds_the_truth

OTHER_RANGE = "/Decisions/SearchResults?fd=2026-09-01&td=2026-09-30&page=1"


@pytest.mark.parametrize(
    ("before", "now", "percent", "plausible"),
    [
        (100, 0, 0.0, True),
        (101, 0, 0.0, False),
        (5_000, 4_500, 10.0, True),
        (5_000, 4_499, 10.0, False),
        (5_000, 0, 100.0, True),
        (10, 5_000, 0.0, True),
    ],
)
def test_a_fall_is_plausible_up_to_a_hundred_decisions_or_a_percentage(
    before: int, now: int, percent: float, plausible: bool
) -> None:
    assert is_plausible_fall(before, now, percent) is plausible


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """An archive with all decisions of its site, two days after they were fetched."""
    with serve(Site(decided(150, date(2024, 1, 1), date(2026, 9, 30)), today=TODAY)) as server:
        made = World(server.site, server, tmp_path / "lgsco.db", time, Stop())
        assert made.run(Backfill()).exit_code == 0
        time.at += timedelta(days=2)
        yield made
    assert not server.errors


def count_unlisted(world: World) -> int:
    (found,) = world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL")
    return int(found)


def test_one_wrong_page_does_not_take_most_decisions_out_of_the_listing(world: World) -> None:
    """The first answer for all dates is the page of another range; the answers after it are right."""
    wrong = [OtherAnswer(world.site, OTHER_RANGE)]
    world.server.faults = lambda request: wrong.pop() if wrong and "fd=0001-01-01" in request.target else None
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert "but its parts have 150 together" in outcome.message
    assert count_unlisted(world) == 0
    assert world.run(Backfill()).exit_code == 0
    assert holds_the_truth(world)


def test_a_backfill_believes_a_large_fall_that_the_totals_of_both_parts_show_too(world: World) -> None:
    for sample in world.site.listed()[10:]:
        world.site.withdraw(sample.reference)
    assert world.run(Backfill()).exit_code == 0
    assert count_unlisted(world) == 140
