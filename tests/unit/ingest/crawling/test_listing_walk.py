"""A site that lists the cards of one day in a different order on each page."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.crawling.pagination import MissingPage, walk_pages
from ingest.lgo.listing_page import Listing
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import Sample, generate
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.model import Entry, Window
from support.world import TODAY, Time, World, holds_the_truth

DAYS = 6
A_DAY = 25


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Some days with many decisions, in a new random order for each page."""
    days = [date(2026, 8, 3) + timedelta(days=number) for number in range(DAYS)]
    samples = [
        sample for day in days for sample in generate(A_DAY, seed=day.toordinal(), first=day, last=day, body=False)
    ]
    unique = list({sample.reference: sample for sample in samples}.values())
    site = Site(unique, today=TODAY)
    chance = random.Random(5)
    right = site._index.cut

    def cut(first: date, last: date, begin: int, count: int, *terms: object) -> list[Sample]:
        found: Iterable[Sample] = right(first, last, 0, len(unique), *terms)  # type: ignore[arg-type]
        mixed: list[Sample] = []
        for _, of_day in groupby(found, key=lambda sample: sample.decision_date):
            cards = list(of_day)
            chance.shuffle(cards)
            mixed += cards
        return mixed[begin : begin + count]

    site._index.cut = cut  # type: ignore[method-assign,assignment]
    with serve(site) as server:
        yield World(site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def listings(world: World) -> int:
    return len([target for target in world.targets() if "SearchResults" in target])


def test_combined_walks_of_the_days_prove_the_window_and_a_later_sync_costs_no_more(world: World) -> None:
    outcome = world.run(Backfill())
    assert outcome.exit_code == 0, str(outcome)
    assert holds_the_truth(world)
    before = listings(world)
    world.time.at += timedelta(days=1)
    assert world.run(Sync()).exit_code == 0
    assert listings(world) - before <= 6, "a sync requests only a few totals"


def test_a_decision_missing_from_every_walk_leaves_the_window_unproven(world: World) -> None:
    lost = world.site.listed()[30].reference
    right = world.site._cards
    world.site._cards = lambda found: right(one for one in found if one.reference != lost)  # type: ignore[method-assign]
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert "not proven" in str(outcome)


def card(number: int, day: date | None) -> Entry:
    return Entry(f"26 000 {number:03}", f"/decisions/x/{number}", None, None, None, day, None)


@pytest.mark.parametrize(
    ("second", "repeated_on"),
    [
        ([card(9, date(2026, 5, 1)), card(10, date(2026, 5, 1))], {date(2026, 5, 1)}),
        ([card(10, date(2026, 5, 1)), card(11, date(2026, 5, 1))], set()),
        ([card(9, None), card(10, date(2026, 5, 1))], set()),
        ([card(9, date(2026, 5, 1)), card(10, date(2027, 5, 1))], set()),
    ],
    ids=["the day of a repeated card", "no card twice", "a day that is not known", "a date outside as well"],
)
def test_a_walk_names_the_days_of_repeated_cards_if_nothing_else_is_wrong(
    second: list[Entry], repeated_on: set[date]
) -> None:
    first = Listing(12, tuple(card(number, date(2026, 5, 1)) for number in range(10)))

    def fetch_page(number: int, _window: Window) -> Listing | MissingPage:
        return Listing(12, tuple(second)) if number == 2 else Listing(12, ())

    walked = walk_pages(Window(date(2026, 5, 1), date(2026, 5, 31)), first, 12, fetch_page)
    assert walked.repeated_on == repeated_on
