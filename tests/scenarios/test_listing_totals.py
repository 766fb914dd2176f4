"""Totals in other markup, or that cannot be parsed, in a backfill and a sync."""

from __future__ import annotations

import re

import pytest

from ingest.run import Backfill, Sync, Task
from lgsco.replica.edits import Edit
from lgsco.replica.script import on
from support.world import World, holds_the_truth

COUNT = re.compile(r'<p class="results">Your search has ([\d,]+) results</p>')


def with_total(words: str) -> Edit:
    """Shows the listing with these words for its total, in which `{}` is the number."""
    return Edit(lambda html: COUNT.sub(lambda found: words.format(found[1]), html))


@pytest.mark.parametrize(
    "words",
    [
        "<p>Your search\n  has {}\n results</p>",
        "<p>Your&nbsp;search&nbsp;has <strong>{}</strong>&nbsp;results</p>",
        "<div><p>YOUR SEARCH HAS</p><p><b>{}</b></p><p>RESULTS</p></div>",
    ],
)
def test_a_backfill_completes_with_any_markup_of_the_total(world: World, words: str) -> None:
    world.server.faults = on("searchresults", with_total(words))
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert holds_the_truth(world)


@pytest.mark.parametrize("task", [Backfill(), Sync()])
def test_a_total_that_cannot_be_parsed_is_quoted_and_nothing_is_proven(world: World, task: Task) -> None:
    words = "<p>Your search found <em>{}</em> decisions</p>"
    world.server.faults = on("searchresults", with_total(words))
    outcome = world.run(task)
    assert (outcome.state, outcome.exit_code) == ("layout", 11)
    expected = r"\d+ cards and no total that can be parsed: it says '.*Your search found \d+ decisions"
    assert re.search(expected, outcome.message)
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven'") == [0]
