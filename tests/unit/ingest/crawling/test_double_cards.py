"""Two cards of one reference with different addresses: neither becomes an amendment of the other."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ingest.crawling.double_cards import choose_address
from ingest.run import Backfill, Sync
from lgsco.replica.faults import Respond
from lgsco.replica.markup import render
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from support.world import World

OTHER = "/decisions/other-categories/other/{}"


def show_twice(world: World, sample: Sample, other: Sample, *, first: bool) -> str:
    """Makes the listing show a second card of a sample's reference, which links to another decision's page.

    Returns the address of that page.
    """
    address = OTHER.format(sample.reference.replace(" ", "-"))
    right = world.site._cards

    def cards(found: object) -> str:
        html = right(found)  # type: ignore[arg-type]
        card = re.search(rf'<div class="card">(?:(?!</div>).)*{re.escape(sample.address)}.*?</div>\n?', html, re.DOTALL)
        if card is None:
            return html
        second = card[0].replace(sample.address, address)
        return html.replace(card[0], second + card[0] if first else card[0] + second)

    world.site._cards = cards  # type: ignore[method-assign]
    page = render(other, "article")[0].replace(other.reference.encode(), sample.reference.encode())

    def fault(request: Request) -> Respond | None:
        return Respond(200, body=page) if request.path == address else None

    world.server.faults = fault
    return address


@pytest.mark.parametrize("first", [True, False], ids=["the other first", "the other second"])
def test_the_stored_decision_stays_and_the_other_is_named(filled_world: World, *, first: bool) -> None:
    sample, other = filled_world.site.listed()[3], filled_world.site.listed()[9]
    before = filled_world.ask("SELECT text FROM decisions WHERE reference = ?", sample.reference)
    address = show_twice(filled_world, sample, other, first=first)
    for _ in range(3):
        filled_world.time.at += timedelta(days=8)
        outcome = filled_world.run(Sync())
        assert outcome.exit_code == 10
        assert f"{sample.reference}: two cards link to " in outcome.message
        assert f"only {sample.address} is fetched" in outcome.message
    assert address not in filled_world.targets()
    assert filled_world.ask("SELECT text FROM decisions WHERE reference = ?", sample.reference) == before
    assert filled_world.ask("SELECT count(*) FROM revisions WHERE change = 'amended'") == [0]


def test_of_two_new_decisions_the_first_is_stored_and_the_other_is_named(world: World) -> None:
    sample, other = world.site.listed()[3], world.site.listed()[9]
    address = show_twice(world, sample, other, first=False)
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert f"two cards link to {sample.address} and {address}" in outcome.message
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", sample.reference) == [1]
    assert address not in world.targets()


def test_a_card_with_another_address_in_the_next_walk_has_moved(filled_world: World) -> None:
    sample = filled_world.site.listed()[3]
    moved = OTHER.format(sample.reference.replace(" ", "-"))
    right = filled_world.site._cards
    filled_world.site._cards = lambda found: right(found).replace(sample.address, moved)  # type: ignore[method-assign]
    page = render(sample, "article")[0]
    filled_world.server.faults = lambda request: Respond(200, body=page) if request.path == moved else None
    filled_world.time.at += timedelta(days=8)
    assert filled_world.run(Sync()).exit_code == 0
    assert filled_world.ask("SELECT url FROM decisions WHERE reference = ?", sample.reference) == [moved]


@pytest.mark.parametrize(("before", "kept"), [(None, "/a"), ("/a", "/a"), ("/B/", "/b"), ("/elsewhere", "/a")])
def test_the_archived_address_is_kept_or_else_the_first(before: str | None, kept: str) -> None:
    assert choose_address("/a", "/b", before) == kept
