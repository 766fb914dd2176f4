"""All processes respect the waits that the site asks for, and report them."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest

from ingest.recording.tally import Tally
from ingest.run import Backfill, Sync, perform
from lgsco.replica.faults import Fault, too_many_requests, unavailable
from lgsco.replica.script import Script, on
from support.politeness import BEGAN, DAY, HOUR, PAGES, TwoClocks, a_process, asked_at, emptied, incomplete, read_report
from support.world import World, holds_the_truth

CAPPED = (
    "the site asked for a wait of 365.0 days; lgsco waits one day, until 2026-11-03T12:00:00Z, and then checks whether "
    "the site still asks for it; run the command again then to continue where it stopped"
)


def waiting(form: str, seconds: float, status: int = 503) -> Fault:
    answer = too_many_requests if status == 429 else unavailable
    return answer(int(seconds) if form == "seconds" else BEGAN + timedelta(seconds=seconds))


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("target", ["robots", "page=1$", PAGES])
def test_a_run_waits_as_the_site_asks_and_continues(world: World, form: str, status: int, target: str) -> None:
    world.server.faults = on(target, waiting(form, 90, status), times=1)
    assert world.run(Backfill()).state == "complete"
    ((number, stored_status),) = world.ask("SELECT id, status FROM requests WHERE retry_after IS NOT NULL")
    assert stored_status == status
    instants = asked_at(world)
    assert 90 <= instants[number] - instants[number - 1] <= 120
    assert instants[number] >= BEGAN.timestamp() + 90
    its = read_report(world, fetch__pace=0)
    assert (its.holds, its.holds_kept, its.broken) == (1, 1, ())


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("target", ["robots", "page=2$", PAGES])
def test_a_long_wait_ends_the_run_and_applies_to_every_run(world: World, form: str, target: str) -> None:
    world.server.faults = on(target, waiting(form, 7_200), times=1)
    outcome = world.run(Backfill(), fetch__retry_wait_most=120)
    assert incomplete(outcome)
    assert "2026-11-02T14:00:00Z" in outcome.message
    assert "run the command again" in outcome.message
    seen = len(world.server.log)
    assert world.time.at < BEGAN + timedelta(seconds=120), "the run does not wait that long"

    for task in (Backfill(), Sync(), Backfill(limit=1)):
        world.time.at += timedelta(minutes=35)
        outcome = world.run(task, fetch__retry_wait_most=120)
        assert incomplete(outcome)
        assert "2026-11-02T14:00:00Z" in outcome.message
    assert len(world.server.log) == seen, "no request is made before then"
    assert world.ask("SELECT count(*) FROM queue WHERE attempts > 0") == [0]

    world.time.at = BEGAN + timedelta(seconds=7_201)
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)
    its = read_report(world, fetch__pace=0)
    assert (its.holds, its.holds_kept) == (1, 1)


def test_a_wait_that_ends_a_run_says_once_when_to_continue(world: World) -> None:
    world.server.faults = on("page=1$", unavailable(7_200), times=1)
    held = world.run(Backfill(), fetch__retry_wait_most=120)
    spent = world.run(Backfill(), fetch__daily_requests=2)
    world.site.robots = "User-agent: *\nCrawl-delay: 7200\n"
    world.time.at += 2 * DAY
    slow = world.run(Backfill())
    for outcome in (held, spent, slow):
        assert incomplete(outcome)
        assert outcome.message.count("run the command again") == 1, outcome.message
    assert "no requests before 2026-11-02T14:00:00Z" in held.message


def test_progress_and_log_show_long_waits_and_no_short_ones(world: World, caplog: pytest.LogCaptureFixture) -> None:
    waits: list[str] = []

    def report(tally: Tally) -> None:
        if tally.waiting != (waits or [""])[-1]:
            waits.append(tally.waiting)

    world.time.at = datetime(2026, 11, 2, 7, 59, 50, tzinfo=UTC)
    world.server.faults = Script(on("page=1$", unavailable(10), times=1), on(PAGES, unavailable(90), times=1))
    settings = {"fetch__pace": 1, "fetch__quiet_hours": "08:00-08:30"}
    with caplog.at_level(logging.INFO, "lgsco"):
        outcome = perform(Backfill(), world.config(**settings), world.database, world.time.clock(), world.stop, report)
    assert outcome.state == "complete"
    assert waits[1::2] == [""] * 3, "each wait is shown until it ends"
    assert re.fullmatch(r"the site asked us to wait until 08:00:0\dZ", waits[0])
    assert waits[2] == "quiet hours until 08:30:00Z"
    assert re.fullmatch(r"the site asked us to wait until 08:3[12]:\d\dZ", waits[4])
    assert [line for line in caplog.messages if "until" in line] == [waits[2], waits[4]], (
        "waits of a few seconds are not logged"
    )


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_of_a_year_is_shortened_to_a_day_and_logged(
    world: World, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.faults = on("page=1$", waiting(form, 365 * 86_400), times=1)
    with caplog.at_level(logging.WARNING, "lgsco"):
        outcome = world.run(Backfill())
    assert incomplete(outcome)
    assert outcome.message.endswith(f"page=1: the site answers 503, and {CAPPED}")
    assert [record for record in caplog.records if "31536000" in record.message and "a day" in record.message]
    seen = len(world.server.log)
    world.time.at = BEGAN + 23 * HOUR
    assert world.run(Backfill()).message.endswith(CAPPED), "the next process knows it too"
    assert len(world.server.log) == seen
    world.time.at = BEGAN + 24 * HOUR + timedelta(minutes=1)
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize(
    "words",
    [
        *("", "soon", "-5", "1e3", "nan", "inf", "0x10", "5, 10", "\xb2", "\xb9\xb2", "9" * 400, "Mon, 99 Zzz 9999"),
        *("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 02 Nov 2026 12:00:30 +9999", "12:00"),
    ],
)
def test_an_odd_retry_after_causes_at_most_a_wait(world: World, words: str) -> None:
    world.server.faults = on("page=1$", unavailable(words), times=1)
    outcome = world.run(Backfill())
    if outcome.state != "complete":
        assert incomplete(outcome)
        assert world.time.at < BEGAN + HOUR
        world.time.at += DAY + HOUR
        assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


def test_a_wait_in_seconds_is_respected_when_the_clock_is_set_forward(world: World) -> None:
    """It is measured by the monotonic clock, so fifty seconds are fifty seconds."""
    clocks = TwoClocks()
    throttle = a_process(emptied(), clocks, pace=1)
    throttle.begin_request("/x", 1)
    throttle.record_answer(503, 0, 0.1, None, 50.0)
    began = clocks.own
    clocks.ahead += 3_600
    throttle.begin_request("/x", 2)
    assert clocks.own - began >= 50
