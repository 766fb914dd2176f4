"""A listing without a total, with a total of 0, or with a failing page.

Tests which claims follow from it, which decisions are fetched all the same, and what the user reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Outcome, Sync, Task
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.edits import Edit
from lgsco.replica.faults import Fault, Huge, Reset, Respond, server_error
from lgsco.replica.sample import Sample
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, COOKIE_WALL, OtherAnswer
from support.world import TODAY, Time, World

DAY = timedelta(days=1)
TRIES = 2
AGAIN = "; run the command again later to continue where it stopped"
LISTING = "searchresults"
OLD = [*seeds(), *generate(110, seed=7, first=date(2024, 1, 1), last=date(2026, 8, 30), body=False)]
NEW = [
    replace(sample, published=sample.decision_date)
    for sample in generate(3, seed=99, first=date(2026, 9, 1), last=date(2026, 9, 30), body=False)
]
CARD = re.compile(r'<div class="card">.*?</div>\n?', re.DOTALL)
NEVER: dict[str, object] = {
    **{f"cadence__{act}_{age}": 100_000 for act in ("count", "walk") for age in ("recent", "middle", "old")},
    "cadence__filters": 100_000,
}
"""Settings with which no check is due for sync, so that only the totals are requested."""


def zeroed(html: str) -> str:
    """Edits the page of a search without results that says so in its own words."""
    return CARD.sub(
        "", re.sub(r'<p class="results">[^<]*</p>', '<p class="results">Your search has 0 results</p>', html)
    )


FAILING: dict[str, Fault] = {"500": server_error(), "too large": Huge(1)}
NO_PAGE: dict[str, Fault] = {
    "404": Respond(404),
    "wall": CHALLENGE,
    "empty": Respond(200),
    "no card": Edit(lambda html: CARD.sub("", html)),
    "nothing": Edit(zeroed),
}


def zero_of_nothing(total: int) -> str:
    """A count line of a site that states 0 where there is nothing."""
    return f"Your search has {total:,} results"


@pytest.fixture
def fresh(tmp_path: Path, time: Time) -> Iterator[World]:
    """A site with twelve pages of decisions, and no database yet."""
    yield from served([*OLD, *NEW], tmp_path, time)


@pytest.fixture
def held(tmp_path: Path, time: Time) -> Iterator[World]:
    """A database that was filled a day before; three decisions have been published since then."""
    for world in served(OLD, tmp_path, time):
        backfilled(world)
        for sample in NEW:
            world.site.publish(sample)
        yield world


@pytest.fixture
def small(tmp_path: Path, time: Time) -> Iterator[World]:
    """A database filled a day before with forty decisions: so few that all may vanish at once without a check."""
    for world in served(OLD[:40], tmp_path, time):
        backfilled(world)
        yield world


def served(samples: list[Sample], folder: Path, time: Time) -> Iterator[World]:
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        yield World(site, server, folder / "lgsco.db", time, Stop())
    assert not server.errors


def backfilled(world: World, first: date | None = None, last: date | None = None) -> None:
    assert run(world, Backfill(first, last)).state == "complete"
    world.time.at += DAY
    world.server.log.clear()


def run(world: World, task: Task, **dials: object) -> Outcome:
    return world.run(task, **{"fetch__tries": TRIES, "fetch__max_bytes": 300_000, **dials})


def every_day(world: World, days: int, task: Task, **dials: object) -> Outcome:
    for _ in range(days):
        outcome = run(world, task, **dials)
        world.time.at += DAY
    return outcome


def recovers(world: World, task: Task, **dials: object) -> None:
    world.server.faults = None
    world.time.at += DAY
    outcome = run(world, task, **dials)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert set(world.ask("SELECT reference FROM decisions")) == {sample.reference for sample in world.site.listed()}
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == []


def nothing_concluded(world: World) -> None:
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == []
    assert world.ask("SELECT reference FROM absences") == []
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        shown = {s.reference for s in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        shown -= {sample.reference for sample in NEW}
        assert total == len(shown), f"{first} to {last} is called proven with {total} of {len(shown)}"


def listings(world: World) -> list[str]:
    return [target for target in world.targets() if "SearchResults" in target]


# ---------------------------------------------------------------- 0 results


@pytest.mark.parametrize("task", [Backfill(), Backfill(date(2025, 1, 1), date(2025, 12, 31)), Sync()])
def test_a_first_run_does_not_accept_a_total_of_0(fresh: World, task: Task) -> None:
    fresh.server.faults = on(LISTING, Edit(zeroed))
    outcome = run(fresh, task)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert "states 0 results" in outcome.message
    assert "no total" not in outcome.message
    assert set(fresh.ask("SELECT state FROM windows")) == {"unseen"}
    recovers(fresh, Backfill())


@pytest.mark.parametrize("task", [Backfill(), Sync()])
@pytest.mark.parametrize("held_of", ["all", "a year"])
def test_a_total_of_0_unlists_no_decision(tmp_path: Path, time: Time, task: Task, held_of: str) -> None:
    for world in served(OLD[:40], tmp_path, time):
        backfilled(world, *((date(2025, 1, 1), date(2025, 12, 31)) if held_of == "a year" else ()))
        world.server.faults = on(LISTING, Edit(zeroed))
        outcome = every_day(world, 2, task)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        nothing_concluded(world)
        recovers(world, Backfill())


def test_a_year_with_total_0_beside_such_years_ends_blocked(fresh: World) -> None:
    fresh.server.faults = on("fd=2025|fd=2026", Edit(zeroed))
    outcome = run(fresh, Backfill(date(2025, 1, 1), date(2025, 12, 31)))
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    recovers(fresh, Backfill())


def test_halves_with_total_0_do_not_outweigh_the_whole(fresh: World) -> None:
    fresh.server.faults = on(r"fd=20[12]\d", Edit(zeroed))
    outcome = run(fresh, Backfill(), listing__walk_most=20)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    nothing_concluded(fresh)
    recovers(fresh, Backfill())


def test_an_empty_year_is_proven_by_the_years_around_it(fresh: World) -> None:
    fresh.site.count_line = zero_of_nothing
    outcome = run(fresh, Backfill(date(2015, 1, 1), date(2015, 12, 31)))
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert fresh.ask("SELECT total, state FROM windows") == [(0, "proven")]
    assert len(listings(fresh)) <= 6, "that of all dates among them"


def test_an_empty_site_is_backfilled_and_an_idle_sync_costs_two_requests(fresh: World) -> None:
    fresh.site.count_line = zero_of_nothing
    outcome = run(fresh, Backfill(), listing__walk_most=20)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    fresh.time.at += DAY
    assert run(fresh, Sync(), **NEVER).exit_code == 0
    fresh.time.at += DAY
    fresh.server.log.clear()
    assert run(fresh, Sync(), **NEVER).exit_code == 0
    assert len(listings(fresh)) == 2


@pytest.mark.parametrize("count_line", [None, zero_of_nothing])
@pytest.mark.parametrize("task", [Sync(), Backfill(date(2025, 1, 1), date(2025, 12, 31))])
def test_a_total_that_falls_to_zero_is_checked_with_a_known_decision(
    small: World, count_line: Callable[[int], str] | None, task: Task
) -> None:
    """A year, or all decisions from 2022 on, vanishes from the listing, and the pages of known decisions are blocked.

    For a backfill from the start, for a sync after its first check of a known decision.
    """
    backfill = isinstance(task, Backfill)
    first, last = (date(2025, 1, 1), date(2025, 12, 31)) if backfill else (date(2022, 1, 1), date.max)
    lost = small.site.listed(first, last)
    assert 0 < len(lost) < 40
    shadow = Site([sample for sample in OLD[:40] if sample not in lost], today=TODAY)
    if count_line is not None:
        shadow.count_line = count_line
    walled = on(r"/\d\d-\d{3}-\d{3}", COOKIE_WALL, None, 0 if backfill else 1)
    small.server.faults = lambda request: (
        OtherAnswer(shadow, request.target) if "SearchResults" in request.target else walled(request)
    )
    outcome = run(small, task, **NEVER)
    assert outcome.exit_code == 12, outcome.message
    assert small.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == []


# ---------------------------------------------------------------- one page of the listing fails


@pytest.mark.parametrize("name", FAILING)
def test_a_backfill_fetches_all_decisions_except_those_on_a_failing_listing_page(fresh: World, name: str) -> None:
    fresh.server.faults = on("page=7$", FAILING[name])
    lost = {sample.reference for sample in fresh.site.listed()[60:70]}
    for _ in range(2):
        outcome = every_day(fresh, 1, Backfill())
        assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
        assert re.search(r"/Decisions/SearchResults\?\S*page=7: ", outcome.message)
        assert outcome.message.endswith(AGAIN)
        assert outcome.message.count(AGAIN) == 1
        assert set(fresh.ask("SELECT reference FROM decisions")) == {s.reference for s in fresh.site.listed()} - lost
        assert fresh.ask("SELECT first, last, state, total, listed FROM windows") == [
            ("0001-01-01", "9999-12-31", "short", len(fresh.site), len(fresh.site) - 10)
        ]
    recovers(fresh, Backfill())


def test_a_page_past_the_last_that_fails_proves_nothing(tmp_path: Path, time: Time) -> None:
    """The total may be too low: it is not known whether there are more decisions."""
    for world in served(OLD[:20], tmp_path, time):
        world.server.faults = on("page=3$", server_error())
        outcome = run(world, Backfill())
        assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
        assert "page=3: the site answers 500" in outcome.message
        assert world.ask("SELECT state FROM windows") == ["unknown"]
        recovers(world, Backfill())


@pytest.mark.parametrize("fault", [server_error(), Reset()])
def test_a_listing_without_further_pages_ends_the_run_after_the_queue(fresh: World, fault: Fault) -> None:
    fresh.server.faults = on(r"page=([4-9]|\d\d)$", fault)
    outcome = run(fresh, Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert re.search(r"SearchResults\S*page=5: ", outcome.message)
    assert outcome.message.endswith(AGAIN)
    assert (
        len([target for target in listings(fresh) if not target.endswith(("page=1", "page=2", "page=3"))])
        <= 2 * TRIES + 1
    ), "a request that met a closed connection is sent once more"
    assert fresh.ask("SELECT count(*) FROM decisions") == [30]
    assert fresh.ask("SELECT state FROM windows") == ["short"]
    recovers(fresh, Backfill())


def test_the_limit_is_obeyed_when_the_listing_fails(fresh: World) -> None:
    fresh.server.faults = on(r"page=([4-9]|\d\d)$", server_error())
    outcome = run(fresh, Backfill(limit=5))
    assert outcome.exit_code == 10
    assert fresh.ask("SELECT count(*) FROM decisions") == [5]


def test_a_site_that_fails_during_a_walk_is_not_hammered(fresh: World) -> None:
    fresh.server.faults = on(".", Reset(), after=4)
    outcome = run(fresh, Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert len(fresh.targets()) <= 4 + (2 + 5) * TRIES + 1, "a request that met a closed connection is sent once more"
    assert set(fresh.ask("SELECT attempts FROM queue")) == {0}
    recovers(fresh, Backfill())


def test_a_sync_fetches_the_queue_although_a_listing_page_fails(held: World) -> None:
    held.server.faults = on(r"fd=2026-0[0-9]-\d\d.*page=1$|fd=2026-10", server_error())
    outcome = run(held, Sync())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "/Decisions/SearchResults?fd=2026" in outcome.message
    assert {sample.reference for sample in NEW} <= set(held.ask("SELECT reference FROM decisions"))
    recovers(held, Sync())


def test_a_proven_window_stays_proven_if_another_walk_fails(held: World) -> None:
    """It is reported, and tried again the next day, because the check that was due was not made."""
    for sample in NEW:
        held.site.withdraw(sample.reference)
    dials = {**NEVER, **{f"cadence__walk_{age}": 1 for age in ("recent", "middle", "old")}}
    held.server.faults = on("page=3$", server_error())
    for _ in range(2):
        outcome = every_day(held, 1, Sync(), **dials)
        assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
        assert "page=3: the site answers 500" in outcome.message
        assert "not proven" not in outcome.message
    assert set(held.ask("SELECT state FROM windows")) == {"proven"}
    held.server.faults = None
    assert run(held, Sync(), **dials).state == "complete"


# ---------------------------------------------------------------- a page in the middle is something else


@pytest.mark.parametrize("name", NO_PAGE)
def test_a_broken_listing_page_in_the_middle_is_named_and_the_rest_is_fetched(fresh: World, name: str) -> None:
    fresh.server.faults = on("page=7$", NO_PAGE[name])
    outcome = run(fresh, Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert re.search(
        r"/Decisions/SearchResults\?\S*page=7: (the site answers 404|the page has no card)", outcome.message
    )
    assert ("states 0 results" in outcome.message) == (name == "nothing")
    assert ("states no total" in outcome.message) == (name in ("wall", "empty"))
    assert "beginning to today: not proven" in str(outcome)
    assert outcome.message.endswith(AGAIN)
    assert fresh.ask("SELECT count(*) FROM decisions") == [len(fresh.site) - 10]
    recovers(fresh, Backfill())


def test_two_broken_listing_pages_in_the_middle_end_the_walk(fresh: World) -> None:
    fresh.server.faults = on(r"page=([4-9]|\d\d)$", Respond(404))
    outcome = run(fresh, Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "page=4: the site answers 404" in outcome.message
    assert len(listings(fresh)) == 5
    recovers(fresh, Backfill())


def test_a_wall_in_the_middle_is_checked_with_a_known_decision(held: World) -> None:
    asked_before = len(held.ask("SELECT 1 FROM checks WHERE kind = 'canary'"))
    held.server.faults = on("page=7$", CHALLENGE)
    outcome = run(held, Backfill())
    assert outcome.exit_code == 10
    why = held.ask("SELECT why FROM checks WHERE kind = 'canary' ORDER BY id")[asked_before:]
    assert any("page=7" in reason for reason in why), why

    held.time.at += DAY
    held.server.faults = lambda request: CHALLENGE if re.search(r"page=7$|/\d\d-\d{3}-\d{3}", request.target) else None
    assert run(held, Backfill()).exit_code == 12


# ---------------------------------------------------------------- filters, and a known decision that fails


def test_a_listing_that_stops_answering_filter_checks_is_not_a_leak(held: World) -> None:
    held.server.faults = None
    assert run(held, Sync(), **NEVER).exit_code == 0
    held.time.at += DAY
    held.server.log.clear()
    assert run(held, Sync(), **NEVER).exit_code == 0
    asked = len(listings(held))
    held.time.at += DAY
    held.server.faults = on(LISTING, CHALLENGE, None, asked)
    before = held.ask("SELECT count(*) FROM checks WHERE kind = 'filters'")
    outcome = run(held, Sync(), **{**NEVER, "cadence__filters": 1})
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert "leaves something out" not in outcome.message
    assert held.ask("SELECT count(*) FROM checks WHERE kind = 'filters'") == before


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_only_known_decision_does_not_block_new_ones(tmp_path: Path, time: Time, name: str) -> None:
    lonely = OLD[5]
    for world in served([lonely], tmp_path, time):
        backfilled(world)
        for sample in NEW:
            world.site.publish(sample)
        world.server.faults = on(f"{lonely.address}$", FAILING[name])
        outcome = run(world, Sync())
        assert outcome.state == "complete", outcome.message
        assert len(world.ask("SELECT reference FROM decisions")) == 1 + len(NEW)
        world.time.at += DAY
        world.server.log.clear()
        outcome = run(world, Sync())
        assert outcome.state == "complete", outcome.message
        assert world.ask("SELECT max(at) >= ? FROM checks WHERE passed", world.time.at.date().isoformat()) == [1]


def test_failing_known_decisions_one_after_another_end_the_run(held: World) -> None:
    held.server.faults = on(r"/\d\d-\d{3}-\d{3}", server_error())
    outcome = run(held, Sync())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert listings(held) == []
    assert len(held.targets()) == 1 + 3 * TRIES
    recovers(held, Sync())


def test_unfetched_rules_are_requested_no_more_often_than_allowed(held: World) -> None:
    held.server.faults = on(".", server_error())
    outcome = run(held, Sync())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert held.targets() == ["/robots.txt"] * TRIES
    recovers(held, Sync())
