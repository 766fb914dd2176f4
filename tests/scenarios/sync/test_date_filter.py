"""A site with a date filter that is off by a day: the shift is detected, and no decision is missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest

from ingest.lgo.date_filter import season_of
from ingest.run import Backfill
from lgsco.replica.faults import Fault
from lgsco.replica.messages import Request
from lgsco.replica.walls import OtherAnswer
from storage.model import Window
from support.sync import QUIET, later, listings, one, require_site_match, sync
from support.world import World, holds_the_truth

DAY = timedelta(days=1)


@pytest.fixture
def world(world: World) -> World:
    world.knows_listing = False
    return world


FilterDates = Callable[[date, date], tuple[date, date]]


def in_utc(first: date, last: date) -> tuple[date, date]:
    """A filter over dates that are stored as midnight in London and compared by their day in UTC."""
    first += DAY if season_of(first) == "summer" else 0 * DAY
    return first, last + (DAY if season_of(last + DAY) == "summer" else 0 * DAY)


OFF: dict[str, FilterDates] = {
    "the last day is left out": lambda first, last: (first, last - DAY),
    "the first day is left out": lambda first, last: (first + DAY if first > date.min else first, last),
    "both are left out": lambda first, last: (first + DAY if first > date.min else first, last - DAY),
    "compared in UTC": in_utc,
    "a day later all year": lambda first, last: (first + DAY if first > date.min else first, last + DAY),
}


def filtering(world: World, includes: FilterDates) -> Callable[[Request], Fault | None]:
    def fault(request: Request) -> Fault | None:
        if "SearchResults" not in request.target:
            return None
        values = {name: found[-1] for name, found in parse_qs(request.target.partition("?")[2]).items()}
        first, last = includes(date.fromisoformat(values["fd"]), date.fromisoformat(values["td"]))
        path = request.target.partition("?")[0]
        return OtherAnswer(world.site, f"{path}?fd={first}&td={last}&page={values['page']}")

    return fault


@pytest.mark.parametrize("off", OFF)
def test_a_backfill_stores_exactly_the_decisions_of_its_range(world: World, off: str) -> None:
    days = sorted({sample.decision_date for sample in world.site.listed()})
    world.server.faults = filtering(world, OFF[off])
    window = Window(days[20], days[-15])
    outcome = world.run(Backfill(window.first, window.last), **QUIET)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    stored = set(world.ask("SELECT reference FROM decisions"))
    assert stored == {sample.reference for sample in world.site.listed(window.first, window.last)}


@pytest.mark.parametrize("off", OFF)
def test_a_backfill_in_small_windows_and_daily_syncs_match_the_site(world: World, off: str) -> None:
    world.server.faults = filtering(world, OFF[off])
    assert world.run(Backfill(), **QUIET, listing__walk_most=10).state == "complete"
    assert holds_the_truth(world)
    for number in range(1, 4):
        later(world)
        world.site.publish(one(world.site.today - DAY, number))
        assert sync(world).exit_code == 0
        assert holds_the_truth(world)
    require_site_match(world)


def test_the_shift_is_stored_with_its_evidence_and_checked_again(world: World) -> None:
    world.server.faults = filtering(world, in_utc)
    world.run(Backfill(), **QUIET)
    found = world.ask(
        "SELECT subject, verdict, first_shift, last_shift FROM listing_findings WHERE kind = 'dates' ORDER BY subject"
    )
    assert found == [("summer", "shifted", 1, 1), ("winter", "exact", 0, 0)]
    evidence = world.ask("SELECT evidence FROM listing_findings WHERE subject = 'summer'")[0]
    assert "is listed" in evidence
    assert " shows " in evidence
    world.server.faults = None
    later(world, 31)
    sync(world, cadence__filters=30)
    newest = "SELECT verdict FROM listing_findings WHERE kind = 'dates' ORDER BY id DESC LIMIT 2"
    assert world.ask(newest) == ["exact", "exact"]
    assert holds_the_truth(world)


def test_a_filter_that_includes_an_extra_day_is_detected_by_the_next_run(world: World) -> None:
    world.server.faults = filtering(world, lambda first, last: (first, last + DAY))
    world.run(Backfill(), **QUIET, listing__walk_most=10)
    later(world, 2)
    sync(world)
    later(world, 2)
    assert sync(world).exit_code == 0
    assert holds_the_truth(world)


def test_a_filter_that_no_shift_explains_is_refused(world: World) -> None:
    world.server.faults = filtering(world, lambda first, last: (first + 9 * DAY if first > date.min else first, last))
    outcome = world.run(Backfill(date(2026, 1, 1)), **QUIET)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert "which dates the listing includes" in str(outcome)


def test_a_check_of_a_normal_site_costs_seven_requests(world: World) -> None:
    world.run(Backfill(), **QUIET)
    asked = len(listings(world, 0))
    fresh = Window(date.min, world.site.today)
    pages = -(-len(world.site.listed(fresh.first, fresh.last)) // 10)
    assert asked - pages <= 10, (
        "all dates, three forms twice, a day of each season, and the newest decision of the other season"
    )
