"""A machine's clock that differs from the site's: it is reported, and nothing is proven that the clock hides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingest.run import Backfill, Sync
from lgsco.replica.faults import Acts, Answer, encode_for
from lgsco.replica.messages import Request
from support.world import TODAY, Time, World, holds_the_truth


@dataclass(frozen=True)
class Dated:
    """A fault: the right answer with a Date header that differs from the world's time."""

    time: Time
    later: timedelta

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the complete answer."""
        right = answer()
        their_date = format_datetime(self.time.at + self.later, usegmt=True)
        yield encode_for(request, replace(right, headers=(*right.headers, ("Date", their_date))))


def set_site_clock(world: World, later: timedelta) -> None:
    world.server.faults = lambda _request: Dated(world.time, later)


@pytest.mark.parametrize("later", [timedelta(minutes=-59), timedelta(), timedelta(minutes=59)])
def test_a_clock_that_is_less_than_an_hour_off_changes_nothing(world: World, later: timedelta) -> None:
    set_site_clock(world, later)
    outcome = world.run(Backfill())
    assert outcome.exit_code == 0
    assert "clock" not in outcome.message


def test_a_slow_clock_proves_nothing_after_its_day_and_a_right_clock_later_does(world: World) -> None:
    right = world.time.at
    world.time.at = right - timedelta(days=400)
    set_site_clock(world, timedelta(days=400))
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    behind = TODAY - timedelta(days=400)
    assert (
        f"the clock of this machine is 400 days behind the site's: correct it; dates after {behind} stay unproven"
        in (outcome.message)
    )
    assert not holds_the_truth(world), "the listing was asked for dates up to the clock's day"
    assert "not proven" in str(outcome)
    proven = world.ask("SELECT max(last) FROM windows WHERE state = 'proven'")[0]
    assert proven == str(behind)
    assert world.run(Sync()).exit_code == 10

    world.time.at = right
    set_site_clock(world, timedelta())
    outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert holds_the_truth(world)


def test_a_clock_that_is_ahead_is_reported(world: World) -> None:
    set_site_clock(world, -timedelta(hours=30))
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "the clock of this machine is 30.0 hours ahead of the site's: correct it" in outcome.message
    assert holds_the_truth(world), "nothing is hidden by it"


def test_one_answer_from_a_cache_does_not_make_the_clock_wrong(world: World) -> None:
    def fault(request: Request) -> Dated:
        old = request.target.startswith("/decisions/")
        return Dated(world.time, -timedelta(days=3) if old else timedelta(seconds=-2))

    world.server.faults = fault
    assert world.run(Backfill()).exit_code == 0


def test_a_claim_ends_on_the_day_of_the_clock(world: World) -> None:
    world.time.at = datetime(2025, 1, 1, 12, tzinfo=world.time.at.tzinfo)
    set_site_clock(world, timedelta(days=700))
    world.run(Backfill(date(2024, 1, 1)))
    assert "2025-01-02 to today (no total of the site to compare with)" in str(world.run(Sync()))
