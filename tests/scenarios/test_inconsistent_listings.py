"""Walks of a listing that drops, repeats, moves or miscounts decisions: none of it ever proves a window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Outcome, Sync
from lgsco.replica.corpus import Sample, generate, seeds
from lgsco.replica.faults import Act, Fault, Respond
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """The five seeds and sixty short invented decisions."""
    samples = generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30), body=False)
    with serve(Site([*seeds(), *samples], today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


CARD = re.compile(r'<div class="card">.*?</div>\n?', re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """A fault: the right answer with other words."""

    change: Callable[[str], str]

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        right = answer()
        yield Response(right.status, self.change(right.body.decode()).encode()).wire


@dataclass(frozen=True)
class Instead:
    """A fault: the answer to another request."""

    world: World
    target: str

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        yield self.world.site.handle(request._replace(target=self.target)).wire


def number(request: Request) -> int | None:
    """Returns the page number of a listing request; None for other requests."""
    found = re.search(r"SearchResults\?.*\bpage=(\d+)", request.target)
    return int(found[1]) if found else None


def edited(world: World, change: Callable[[str], str], page: int | None = None) -> None:
    """Changes all pages of the listing, or one page of each."""

    def fault(request: Request) -> Fault | None:
        asked = number(request)
        return Edit(change) if asked is not None and page in (None, asked) else None

    world.server.faults = fault


def between(world: World, page: int, happen: Callable[[], None], times: int = 1) -> None:
    """Runs `happen` just before a page of the listing is answered, the first `times` times."""
    left = times

    def fault(request: Request) -> None:
        nonlocal left
        if number(request) == page and left:
            left -= 1
            happen()

    world.server.faults = fault


def states(world: World) -> set[str]:
    return set(world.ask("SELECT state FROM windows"))


def shown(world: World, first: str, last: str) -> set[str]:
    """Returns the decisions that the site shows in a window."""
    return {sample.reference for sample in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}


def proven_rightly(world: World) -> None:
    """Checks that each proven window has exactly the site's decisions."""
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        truth = shown(world, first, last)
        held = world.ask(
            "SELECT reference FROM decisions WHERE source = 'site' AND decision_date BETWEEN ? AND ?", first, last
        )
        assert truth <= set(held), f"{first} to {last} is called proven and lacks {sorted(truth - set(held))}"
        assert total == len(truth), f"{first} to {last} is called proven with {total} of {len(truth)}"


def new(count: int, first: date, last: date) -> list[Sample]:
    """Makes decisions that the site shows as soon as they are published."""
    samples = generate(count, seed=99, first=first, last=last, body=False)
    return [replace(sample, published=sample.decision_date) for sample in samples]


def again(world: World) -> Outcome:
    """Backfills everything again a day later, without faults."""
    world.server.faults = None
    world.time.at += timedelta(days=1)
    return world.run(Backfill(), listing__trust_hours=1)


# ---------------------------------------------------------------- what is missing, what is too much


@pytest.mark.parametrize("walk_most", [10, 500])
def test_a_missing_card_makes_the_window_short(world: World, walk_most: int) -> None:
    lost = world.site.listed()[12]
    edited(world, lambda text: CARD.sub(lambda card: "" if lost.address in card[0] else card[0], text))
    outcome = world.run(Backfill(), listing__walk_most=walk_most)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "not proven" in str(outcome)
    assert "short" in states(world)
    assert lost.reference not in world.ask("SELECT reference FROM decisions")
    proven_rightly(world)

    world.server.faults = None
    assert world.run(Backfill(), listing__walk_most=walk_most).state == "complete"
    assert states(world) == {"proven"}
    proven_rightly(world)


def test_a_card_that_replaces_another_is_detected(world: World) -> None:
    listed = world.site.listed()
    kept, lost = listed[3], listed[7]
    edited(world, lambda text: text.replace(lost.address, kept.address), page=1)
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert states(world) == {"drifting"}
    assert lost.reference not in world.ask("SELECT reference FROM decisions")


def test_a_card_on_two_pages_is_detected(world: World) -> None:
    """As when an entry slips to the next page: the total agrees, and one decision of the same day is missing."""
    first = world.site.listed()[9]
    lost = world.site.listed()[10]
    edited(world, lambda text: text.replace(lost.address, first.address))
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "proven" not in states(world)
    assert len(set(world.ask("SELECT reference FROM decisions"))) == len(world.site) - 1


def test_a_page_without_cards_in_the_middle_does_not_end_the_listing(world: World) -> None:
    edited(world, lambda text: CARD.sub("", text), page=3)
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "proven" not in states(world)
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"


def test_an_empty_shell_in_the_middle_does_not_end_the_listing(world: World) -> None:
    shell = b"<html><body><h1>Search our decisions</h1><form></form></body></html>"
    world.server.faults = lambda request: Respond(200, body=shell) if number(request) == 4 else None
    outcome = world.run(Backfill())
    assert outcome.exit_code in (10, 12)
    assert "proven" not in states(world)


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_page_in_the_middle_does_not_end_the_listing(world: World, status: int) -> None:
    world.server.faults = lambda request: Respond(status) if number(request) == 5 else None
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "proven" not in states(world)


def test_a_404_past_the_last_page_ends_the_listing(world: World) -> None:
    world.site.past_end = "404"
    right = world.site.count_line
    world.site.count_line = lambda total: right(total + 10)
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert states(world) == {"short"}
    assert set(world.ask("SELECT reference FROM decisions")) == {s.reference for s in world.site.listed()}
    world.site.count_line = right
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("off", [-30, -7, -1, 1, 3, 10, 1000])
def test_a_total_that_is_wrong_proves_nothing(world: World, off: int) -> None:
    right = world.site.count_line
    world.site.count_line = lambda total: right(total + off)
    outcome = world.run(Backfill(), listing__walk_most=5_000)
    assert outcome.exit_code == 10
    assert "proven" not in states(world)


def test_a_total_that_ends_with_a_full_page_and_leaves_a_page_out_proves_nothing(world: World) -> None:
    """The pager has a further page, with more cards than the total."""
    assert len(world.site) % 10
    right = world.site.count_line
    world.site.count_line = lambda total: right(total - total % 10)
    world.run(Backfill())
    proven_rightly(world)


@pytest.mark.parametrize("walk_most", [10, 20])
def test_a_capped_total_proves_nothing(world: World, walk_most: int) -> None:
    """As search engines do. The other half then does not have the rest."""
    right = world.site.count_line
    world.site.count_line = lambda total: right(min(total, 30))
    world.run(Backfill(), listing__walk_most=walk_most)
    proven_rightly(world)


def test_a_total_that_changes_from_page_to_page_proves_nothing(world: World) -> None:
    right, asked = world.site.count_line, 0

    def count(total: int) -> str:
        nonlocal asked
        asked += 1
        return right(total + asked % 2)

    world.site.count_line = count
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "proven" not in states(world)


# ---------------------------------------------------------------- filters that do not filter


@pytest.mark.parametrize("walk_most", [10, 500])
def test_a_listing_that_ignores_the_dates_proves_nothing(world: World, walk_most: int) -> None:
    everything = "/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page={}"

    def fault(request: Request) -> Fault | None:
        page = number(request)
        return Instead(world, everything.format(page)) if page is not None else None

    world.server.faults = fault
    world.run(Backfill(date(2025, 1, 1), date(2025, 3, 31)), listing__walk_most=walk_most)
    proven_rightly(world)


def test_a_listing_that_ignores_dates_is_detected_when_everything_is_stored(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    everything = "/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page={}"

    def fault(request: Request) -> Fault | None:
        page = number(request)
        return Instead(world, everything.format(page)) if page is not None else None

    world.server.faults = fault
    outcome = world.run(Sync())
    assert outcome.exit_code != 0, "the listing shows other decisions than requested"
    proven_rightly(world)


def test_a_listing_that_shows_the_first_page_for_every_page_proves_nothing(world: World) -> None:
    def fault(request: Request) -> Fault | None:
        page = number(request)
        return Instead(world, re.sub(r"page=\d+", "page=1", request.target)) if page else None

    world.server.faults = fault
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "proven" not in states(world)


# ---------------------------------------------------------------- what happens while it is walked


def test_a_decision_published_between_two_pages_is_fetched_after_another_walk(world: World) -> None:
    (late,) = new(1, date(2026, 9, 1), date(2026, 9, 30))
    between(world, 2, lambda: world.site.publish(late))
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert late.reference in world.ask("SELECT reference FROM decisions")
    assert states(world) == {"proven"}
    proven_rightly(world)


@pytest.mark.parametrize("page", [1, 2, 4, 7])
@pytest.mark.parametrize("place", ["the newest", "the oldest", "in the middle"])
def test_a_decision_published_at_any_step_of_a_walk_is_found(world: World, page: int, place: str) -> None:
    days = {
        "the newest": (date(2026, 10, 1), date(2026, 10, 20)),
        "the oldest": (date(2012, 1, 1), date(2012, 2, 1)),
        "in the middle": (date(2025, 5, 1), date(2025, 6, 1)),
    }
    (late,) = new(1, *days[place])
    between(world, page, lambda: world.site.publish(late))
    world.run(Backfill())
    proven_rightly(world)
    assert again(world).state == "complete"
    assert set(world.ask("SELECT reference FROM decisions")) == {s.reference for s in world.site.listed()}
    proven_rightly(world)


def test_a_listing_that_changes_during_each_walk_is_reported_as_drifting(world: World) -> None:
    late = new(40, date(2026, 9, 1), date(2026, 9, 30))
    between(world, 2, lambda: world.site.publish(late.pop()), times=40)
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert states(world) == {"drifting"}
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    proven_rightly(world)


@pytest.mark.parametrize("gone", [2, 25, 60])
def test_a_withdrawal_and_a_publication_between_two_pages_prove_nothing_false(world: World, gone: int) -> None:
    """The total stays the same, and the first entry of the next page moves to the page before."""
    lost = world.site.listed()[gone]
    (old,) = new(1, date(2013, 1, 1), date(2013, 2, 1))

    def happen() -> None:
        world.site.withdraw(lost.reference)
        world.site.publish(old)

    between(world, 2, happen)
    world.run(Backfill())
    proven_rightly(world)
    again(world)
    assert {s.reference for s in world.site.listed()} <= set(world.ask("SELECT reference FROM decisions"))
    proven_rightly(world)


@pytest.mark.parametrize("to", [date(2013, 1, 10), date(2026, 10, 9)])
def test_a_decision_redated_between_two_pages_proves_nothing_false(world: World, to: date) -> None:
    moved = world.site.listed()[4] if to.year == 2013 else world.site.listed()[44]
    between(world, 2, lambda: world.site.redate(moved.reference, to))
    world.run(Backfill())
    proven_rightly(world)
    assert again(world).state == "complete"
    proven_rightly(world)


def test_a_decision_that_leaves_while_another_arrives_prevents_a_proof(world: World) -> None:
    """Between the first two pages, the newest decision is redated out of the range and an old one is published in it.

    The total stays the same, no card appears twice, every listed page can be fetched; and one decision was never
    listed.
    """
    first, last = date(2024, 1, 1), date(2025, 12, 31)
    newest = world.site.listed(first, last)[0]
    old = replace(new(1, date(2024, 1, 1), date(2024, 1, 1))[0], decision_date=date(2024, 1, 1))

    def happen() -> None:
        world.site.redate(newest.reference, date(2026, 10, 1))
        world.site.publish(old)

    between(world, 2, happen)
    world.run(Backfill(first, last))
    proven_rightly(world)


# ---------------------------------------------------------------- splitting


def test_a_day_with_more_decisions_than_the_walk_limit_is_walked(world: World) -> None:
    day = date(2025, 7, 1)
    for sample in new(34, day, day):
        world.site.publish(sample)
    outcome = world.run(Backfill(), listing__walk_most=10)
    assert outcome.state == "complete"
    assert world.ask("SELECT total FROM windows WHERE first = last AND first = '2025-07-01'")[0] >= 34
    proven_rightly(world)


@pytest.mark.parametrize("walk_most", [10, 13, 30])
def test_the_windows_of_a_split_cover_the_requested_dates(world: World, walk_most: int) -> None:
    first, last = date(2024, 2, 1), date(2026, 8, 31)
    assert world.run(Backfill(first, last), listing__walk_most=walk_most).state == "complete"
    windows = [tuple(map(date.fromisoformat, row)) for row in world.ask("SELECT first, last FROM windows ORDER BY 1")]
    assert windows[0][0] == first
    assert windows[-1][1] == last
    for before, after in pairwise(windows):
        assert before[1] + timedelta(days=1) == after[0]
    proven_rightly(world)


def test_a_window_without_a_total_is_unknown_until_the_ranges_around_it_account_for_it(world: World) -> None:
    quiet = date(2020, 1, 1), date(2020, 12, 31)
    assert world.run(Backfill(*quiet)).state == "complete"
    assert world.ask("SELECT total, state FROM windows") == [(0, "proven")]
    (late,) = new(1, *quiet)
    world.site.publish(late)
    world.server.faults = lambda request: (
        Instead(world, "/Decisions/SearchResults?fd=1990-01-01&td=1990-01-02&page=1")
        if "fd=2020-01-01" in request.target
        else None
    )
    world.time.at += timedelta(days=1)
    outcome = world.run(Backfill(*quiet))
    assert outcome.exit_code in (10, 12)
    assert "proven" not in set(world.ask("SELECT state FROM windows WHERE counted_at >= ?", world.time.clock().stamp()))


def test_a_proven_window_is_requested_again_once_it_is_no_longer_trusted(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    before = len(world.targets())
    for sample in new(2, date(2025, 3, 1), date(2025, 3, 31)):
        world.site.publish(sample)
    world.time.at += timedelta(hours=19)
    assert world.run(Backfill(last=TODAY)).state == "complete"
    assert len(world.targets()) == before
    world.time.at += timedelta(hours=2)
    outcome = world.run(Backfill(last=TODAY))
    assert outcome.tally.first == 2
    proven_rightly(world)
