"""Valid pages in odd markup are parsed, and none is refused. `python -m bench.pages odd` runs the full size."""

from __future__ import annotations

from bench.pages.corpus import corpus
from bench.pages.odd import FEATURES, odd_page
from bench.pages.readers import load

SEED = 3


def test_valid_pages_in_odd_markup_are_parsed_correctly() -> None:
    samples, read = corpus(), load()
    made = [odd_page(number, samples, SEED) for number in range(350)]
    assert {feature for one in made for feature in one.features} == set(FEATURES)
    found = ((one, read(one.pages, one.sample.reference)) for one in made)
    wrong = [(one.number, one.features, outcome.error) for one, outcome in found if outcome.text != one.expected]
    assert wrong == []
