"""A site that caps its totals, so that by difference a range seems empty though it has decisions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.lgo.source import PAGE_SIZE
from ingest.run import Backfill
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Act, Fault
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World

FIRST, LAST = date(2026, 5, 1), date(2026, 8, 31)
MOST = 20
SHELL = b"<html><body><main><h1>Search results</h1></main></body></html>"


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    samples = generate(60, seed=7, first=FIRST, last=LAST, body=False)
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@dataclass(frozen=True)
class Capped:
    """A fault: a listing that ends after its first cards, and states only their number."""

    shown: bool

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        right = answer()
        body = re.sub(
            r"has ([\d,]+) results",
            lambda found: f"has {min(MOST, int(found[1].replace(',', '')))} results",
            right.body.decode(),
        )
        if not self.shown:
            body = body.split('<div class="card">')[0]
        yield Response(right.status, body.encode()).wire


@dataclass(frozen=True)
class Shell:
    """A fault: a page without a total and without cards."""

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        yield Response(200, SHELL).wire


def cap(request: Request) -> Fault | None:
    asked = re.search(r"page=(\d+)", request.target)
    return None if asked is None else Capped(shown=(int(asked[1]) - 1) * PAGE_SIZE < MOST)


def test_a_range_is_not_called_empty_if_the_ranges_around_it_have_more_than_the_whole(world: World) -> None:
    """The search for the range is a shell, and the totals for all dates and for the dates before it are capped alike.

    The dates after the range have decisions too.
    """
    world.server.faults = lambda request: Shell() if "fd=2026-07-10" in request.target else cap(request)
    outcome = world.run(Backfill(date(2026, 7, 10), date(2026, 7, 25)))
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert not world.ask("SELECT first FROM windows WHERE state = 'proven'")


def test_a_range_is_not_called_empty_if_the_listing_of_all_dates_shows_a_card_of_it(world: World) -> None:
    """The same, without dates after the range."""
    world.server.faults = lambda request: Shell() if "fd=2026-07-01" in request.target else cap(request)
    outcome = world.run(Backfill(date(2026, 7, 1)))
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert not world.ask("SELECT first FROM windows WHERE state = 'proven'")


def test_a_range_is_not_called_empty_if_the_same_run_saw_its_cards(world: World) -> None:
    """The searches for every newer half are shells; the totals for the whole and for its older half are capped."""

    def fault(request: Request) -> Fault | None:
        asked = re.search(r"fd=([\d-]+)", request.target)
        return Shell() if asked is not None and date.fromisoformat(asked[1]) > FIRST else cap(request)

    world.server.faults = fault
    outcome = world.run(Backfill(FIRST, LAST), listing__walk_most=10)
    assert outcome.exit_code == 10
    assert "show that it is empty, but the listing showed" in outcome.message
    for first, last in world.ask("SELECT first, last FROM windows WHERE state = 'proven'"):
        listed = {sample.reference for sample in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        assert listed <= set(world.ask("SELECT reference FROM decisions"))
