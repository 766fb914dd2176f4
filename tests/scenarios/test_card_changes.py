"""A card that changes on the listing: its decision is fetched again, and the change is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import escape

import pytest

from ingest.run import Backfill
from lgsco.replica.edits import Edit
from lgsco.replica.sample import Sample
from lgsco.replica.script import on
from support.world import World


def settled(world: World) -> Sample:
    """Stores all decisions; returns one with a title on its card."""
    assert world.run(Backfill()).state == "complete"
    world.time.at += timedelta(days=1)
    world.server.log.clear()
    listed = world.site.listed()
    untitled = world.ask("SELECT reference FROM entries WHERE authority IS NULL")
    return next(sample for sample in listed[20:] if sample.reference not in untitled)


def pages_asked(world: World) -> list[str]:
    return [target for target in world.targets() if target.startswith("/decisions/")]


def edit_card(world: World, sample: Sample, change: Callable[[str], str]) -> None:
    """Changes one card of the listing; the decision's page stays as it is."""
    card = re.compile(rf'<div class="card"><h3[^>]*><a href="{sample.address}">.*?</div>', re.DOTALL)
    world.server.faults = on("SearchResults", Edit(lambda html: card.sub(lambda found: change(found[0]), html)))


CHANGES: dict[str, tuple[Callable[[Sample, str], str], set[str]]] = {
    "council renamed": (
        lambda sample, card: card.replace(escape(sample.authority, quote=False), "Newtown & Oldtown Council"),
        {"authority", "title"},
    ),
    "summary rewritten": (lambda _, card: card.replace("Summary: ", "Summary: Corrected. "), {"summary"}),
    "one word of the summary": (lambda sample, card: card.replace("</p></div>", " Amended.</p></div>"), {"summary"}),
    "outcome": (lambda sample, card: card.replace(f" {sample.outcome} ", " Remedied ", 1), {"outcome"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_card_alone_fetches_the_page_again(world: World, name: str) -> None:
    sample = settled(world)
    change, fields = CHANGES[name]
    edit_card(world, sample, lambda card: change(sample, card))
    outcome = world.run(Backfill(), listing__trust_hours=1)
    assert outcome.state == "complete"
    assert pages_asked(world) == [sample.address]
    assert set(world.ask("SELECT field FROM moves WHERE reference = ?", sample.reference)) == fields
    assert world.ask("SELECT count(*) FROM moves WHERE reference <> ?", sample.reference) == [0]
    assert world.ask("SELECT count(*) FROM queue") == [0]


def test_a_changed_card_is_fetched_once(world: World) -> None:
    sample = settled(world)
    edit_card(world, sample, lambda card: card.replace("Summary: ", "Summary: Corrected. "))
    for _ in range(3):
        assert world.run(Backfill(), listing__trust_hours=1).state == "complete"
        world.time.at += timedelta(days=1)
    assert pages_asked(world) == [sample.address]


def test_other_markup_around_the_same_text_is_not_a_change(world: World) -> None:
    sample = settled(world)
    edit_card(
        world, sample, lambda card: card.replace("Summary: ", "<b>Summary:</b>\n&nbsp;").replace("<h3", "<h3 x=1")
    )
    assert world.run(Backfill(), listing__trust_hours=1).state == "complete"
    assert pages_asked(world) == []
    assert world.ask("SELECT count(*) FROM moves") == [0]


def test_a_listing_that_loses_titles_and_summaries_queues_nothing(world: World) -> None:
    settled(world)
    drop = re.compile(r'<p class="card__summary">.*?</p>|(?<=">)[^<>]* \(\d\d \d{3} \d{3}[a-z]?\)(?=</a>)', re.DOTALL)
    world.server.faults = on("SearchResults", Edit(lambda html: drop.sub("", html)))
    assert world.run(Backfill(), listing__trust_hours=1).state == "complete"
    assert pages_asked(world) == []
    assert world.ask("SELECT count(*) FROM entries WHERE summary IS NULL") == [0], (
        "the earlier title and summary stay stored"
    )
