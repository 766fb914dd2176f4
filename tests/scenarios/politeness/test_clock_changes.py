"""The wall clock is set during waits and while requests are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.clock import Stop
from ingest.fetching.throttle import find_earliest_start
from ingest.run import Backfill, perform
from lgsco.replica.faults import unavailable
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from storage.database import reading
from support.politeness import BEGAN, DAY, HOUR, LISTING, TwoClocks, read_report
from support.world import World


@pytest.mark.parametrize("ahead", [30 * DAY, 2 * HOUR])
def test_a_wait_that_began_under_a_fast_clock_ends_on_time(reports_world: World, ahead: timedelta) -> None:
    reports_world.time.at = BEGAN + ahead
    reports_world.server.faults = on("page=1$", unavailable(3_600), times=1)
    assert reports_world.run(Backfill()).state == "incomplete"
    reports_world.time.at = BEGAN  # the clock is corrected
    assert "asked for no requests before 2026-11-02T13:00:00Z" in reports_world.run(Backfill()).message
    with reading(reports_world.database) as db:
        assert find_earliest_start(
            db, reports_world.config().fetch, reports_world.time.at, reports_world.time.at
        ) <= BEGAN + HOUR + timedelta(seconds=1)
    reports_world.time.at = BEGAN + HOUR + timedelta(seconds=2)
    assert reports_world.run(Backfill()).state == "complete"


def test_a_longer_wait_after_one_under_a_fast_clock_is_respected(reports_world: World) -> None:
    reports_world.time.at = BEGAN + 30 * DAY
    reports_world.server.faults = on("page=1$", unavailable(60), times=1)
    assert reports_world.run(Backfill(limit=3)).state == "limited"
    reports_world.time.at = BEGAN
    reports_world.server.faults = on(LISTING, unavailable(7_200), times=1)
    assert reports_world.run(Backfill()).state == "incomplete"
    seen = len(reports_world.server.log)
    reports_world.time.at += timedelta(minutes=10)
    assert reports_world.run(Backfill()).state == "incomplete"
    assert len(reports_world.server.log) == seen
    reports_world.time.at += 2 * HOUR
    ran = reports_world.run(Backfill())
    assert ran.state == "complete", ran.message


def test_setting_the_clock_back_reports_no_broken_promise(reports_world: World) -> None:
    clocks, back = TwoClocks(), []

    def set_back(_request: Request) -> None:
        if len(reports_world.server.log) == 12:
            clocks.ahead -= 5.5
            back.append(1)

    reports_world.server.faults = set_back
    ran = perform(
        Backfill(),
        reports_world.config(fetch__pace=1),
        reports_world.database,
        clocks.clock(),
        Stop(),
        lambda _tally: None,
    )
    assert (ran.state, len(back)) == ("complete", 1)
    its = read_report(reports_world, fetch__pace=1)
    assert its.broken == ()
    assert its.least_gap is not None
    assert its.least_gap >= 1
