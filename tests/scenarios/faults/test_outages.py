"""A site that is down, for minutes or months, and comes back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.run import Backfill, Outcome, Sync, Task
from lgsco.replica.faults import Drip, Faults, Reset, Respond, Stall, Truncate, server_error, unavailable
from lgsco.replica.sample import Sample
from lgsco.replica.script import Script, on
from lgsco.replica.walls import WALLS
from storage.database import reading
from storage.queue import find_failures
from storage.status import find_unexplained
from support.faults import (
    ADDRESS,
    COUNT,
    DAY,
    NEW,
    NEW_PAGES,
    OLD,
    PAGES,
    TO_DO,
    TRIES,
    TRUTH,
    Stage,
    collect_messages,
    picture,
    require_no_harm,
    require_recovery,
)
from support.world import World

# ---------------------------------------------------------------- the site is down


def require_down(world: World, outcome: Outcome, before: set[str], most: int = TRIES) -> None:
    """Checks that a run without any response said so, and blamed no decision."""
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert re.search(ADDRESS, outcome.message)
    assert "127.0.0.1" in collect_messages(world, outcome)
    assert re.search(TO_DO, outcome.message)
    assert outcome.tally.requests <= most
    assert set(world.ask("SELECT attempts FROM queue")) <= {0}, "the site is down, so no page is blamed"
    require_no_harm(world, before)


@pytest.mark.parametrize("mode", ["fresh", "held"])
@pytest.mark.parametrize("how", ["refused", "reset"])
def test_a_site_down_for_hours_gets_few_requests_and_is_found_again(
    request: pytest.FixtureRequest, stage: Stage, mode: str, how: str
) -> None:
    world: World = request.getfixturevalue(mode)
    task: Task = Backfill() if mode == "fresh" else Sync()
    before = {sample.reference for sample in OLD} if mode == "held" else set()
    if how == "refused":
        world.server.refuse()
    else:
        world.server.faults = on(".", Reset())
    for _ in range(8):
        require_down(world, world.run(task, fetch__tries=TRIES), before)
        world.time.at += timedelta(hours=1)
    assert len(world.server.log) <= 8 * TRIES
    world.server.listen()
    require_recovery(world, task, stage.undisturbed)


@pytest.mark.parametrize("answered", [1, 2, 4, 8, 13])
def test_a_backfill_continues_after_the_site_went_down_in_the_middle(stage: Stage, fresh: World, answered: int) -> None:
    fresh.server.faults = on(".", Reset(), after=answered)
    require_down(
        fresh, fresh.run(Backfill(), fetch__tries=TRIES), set(), answered + 6 * TRIES + 1
    )  # a kept connection was closed
    assert len(fresh.ask("SELECT reference FROM decisions")) == max(0, answered - 3), "fetched decisions are stored"
    require_recovery(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_site_that_goes_down_before_the_last_pages_counts_as_down(stage: Stage, held: World, page: int) -> None:
    """Fewer decisions are left than it takes to blame the site, so the rest of the site decides."""
    first_of_them = on(NEW_PAGES, Reset(), after=page)
    held.server.faults = lambda asked: first_of_them(asked) or (Reset() if first_of_them.hits else None)
    require_down(held, held.run(Sync(), fetch__tries=TRIES), {sample.reference for sample in OLD}, 20 + 6 * TRIES)
    require_recovery(held, Sync(), stage.undisturbed)


def test_pages_that_fail_while_others_succeed_are_blamed(stage: Stage, held: World) -> None:
    failing = NEW[1]
    held.server.faults = on(failing.address, server_error())
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert held.ask("SELECT reference, state, attempts, error_kind FROM queue") == [
        (failing.reference, "failed", 1, "Refused")
    ]
    assert [said for said in outcome.tally.unread if failing.reference in said and failing.address in said]
    require_recovery(held, Sync(), stage.undisturbed)


def test_a_page_that_fails_for_a_year_is_retried_less_and_less_often_for_ever(stage: Stage, held: World) -> None:
    failing = NEW[1]
    held.server.faults = on(failing.address, server_error())
    waits = []
    began = held.time.at
    while held.time.at < began + 365 * DAY:
        asked = len([target for target in held.targets() if target == failing.address])
        assert held.run(Backfill(), fetch__tries=TRIES).exit_code == 10
        assert len([target for target in held.targets() if target == failing.address]) == asked + TRIES
        ((state, next_at),) = held.ask("SELECT state, next_at FROM queue")
        assert state == "failed"
        waits.append(datetime.fromisoformat(next_at) - held.time.at)
        held.time.at += waits[-1] + timedelta(seconds=1)
    assert waits == sorted(waits), "it backs off"
    assert waits[0] < DAY
    assert timedelta(days=7) < waits[-1] < timedelta(days=90)
    held.server.faults = None
    assert held.run(Backfill()).state == "complete"
    assert dict(held.ask("SELECT reference, text FROM decisions")) == TRUTH


# ---------------------------------------------------------------- one fault after the other


def test_a_backfill_completes_after_many_faults_at_once_and_in_turn(stage: Stage, fresh: World) -> None:
    faults: list[Faults] = [
        on("robots", server_error(), times=1),
        on("page=1$", Truncate(), times=1),
        on("page=2$", unavailable(5), times=1),
        on(PAGES, Reset(), times=1, after=2),
        on(PAGES, Drip(8_192, 0.001), times=1, after=2),
        on(PAGES, server_error(), times=1, after=3),
        on(PAGES, Truncate(0.2), times=1, after=4),
        on(PAGES, Stall(60), times=1, after=5),
    ]
    fresh.server.faults = Script(*faults)
    outcome = fresh.run(Backfill(), fetch__read_timeout=0.1)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert picture(fresh) == stage.undisturbed


def test_the_queue_shows_each_retry_with_its_reason(held: World) -> None:
    held.server.faults = on(NEW_PAGES, WALLS["error page"])
    held.run(Sync())
    with reading(held.database) as db:
        failures = find_failures(db)
    assert {failure.reference for failure in failures} == {sample.reference for sample in NEW}
    now = held.time.at.astimezone(UTC)
    for failure in failures:
        assert failure.error
        assert failure.attempts == 1
        assert datetime.fromisoformat(failure.next_at) > now


# ---------------------------------------------------------------- run again at once, as the message says


@pytest.mark.parametrize("answered", [4, 8, 13])
def test_a_run_continues_at_once_when_the_site_is_back(stage: Stage, fresh: World, answered: int) -> None:
    fresh.server.faults = on(".", Reset(), after=answered)
    assert fresh.run(Backfill(), fetch__tries=2).exit_code == 10
    fresh.server.faults = None
    assert fresh.run(Backfill()).state == "complete"
    assert picture(fresh) == stage.undisturbed


def test_a_site_that_goes_down_during_absence_checks_gets_no_more_requests(held: World, left: list[Sample]) -> None:
    addresses = {sample.address for sample in left}
    first_of_them = on("|".join(addresses), Reset())
    held.server.faults = lambda asked: first_of_them(asked) or (Reset() if first_of_them.hits else None)
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert sum(target in addresses for target in held.targets()) == 5 * TRIES + 1, (
        "the closed connection costs one request"
    )
    assert held.ask("SELECT count(*) FROM absences WHERE answer IS NULL") == [8]
    held.server.faults = None
    assert held.run(Sync()).exit_code == 0
    assert held.ask("SELECT gone FROM absences") == [1] * 8


def test_gone_newest_pages_do_not_stop_a_first_backfill(fresh: World) -> None:
    newest = [sample.address for sample in fresh.site.listed()[:5]]
    fresh.server.faults = on("|".join(newest), Respond(404))
    assert fresh.run(Backfill()).state == "blocked", (
        "no decision is known yet that could show whether the site or the pages fail"
    )
    assert fresh.run(Backfill()).state == "incomplete"
    assert fresh.ask("SELECT count(*) FROM decisions") == [COUNT - 5]
    assert fresh.ask("SELECT DISTINCT attempts FROM queue") == [1]


@pytest.mark.parametrize("status", [500, 503, 400])
def test_failing_pages_in_a_row_do_not_stop_the_next_ones(held: World, status: int) -> None:
    behind = [replace(sample, reference=f"27 {status:03} {n:03}") for n, sample in enumerate([NEW[0]] * 9)]
    try:
        for sample in behind:
            held.site.publish(sample)
        failing = [sample.address for sample in held.site.listed()[:7]]
        held.server.faults = on("|".join(failing), Respond(status))
        assert held.run(Sync(), fetch__tries=TRIES).state == "incomplete"
        assert held.ask("SELECT count(*) FROM decisions") == [COUNT + len(behind) - len(failing)]
        assert held.ask("SELECT DISTINCT attempts FROM queue") == [1]
    finally:
        for sample in behind:
            held.site.withdraw(sample.reference)


def test_unlisted_pages_that_always_fail_do_not_stop_a_sync(held: World, left: list[Sample]) -> None:
    held.server.faults = on("|".join(sample.address for sample in left), server_error())
    assert held.run(Sync(), fetch__tries=TRIES).state == "complete"
    with reading(held.database) as db:
        assert {one.reference for one in find_unexplained(db)} == {sample.reference for sample in left}
