"""Pages with wrongly nested tags lose no word silently. `python -m bench.pages mutants` runs the full size."""

from __future__ import annotations

from collections import Counter

from bench.pages.chromium import Chromium, words_digest
from bench.pages.mutant_tries import DECISIONS, LEAST_ACCEPTED, bases, read_mutants
from bench.pages.mutants import SEEN, leaves_article_open, mutant
from bench.pages.readers import load
from support.web import browser

SEED = 7


def test_no_mutated_page_is_accepted_with_words_missing() -> None:
    verdicts = read_mutants(range(500), DECISIONS, SEED, load())
    assert [verdict for verdict in verdicts if verdict.lost] == []
    assert sum(verdict.is_accepted for verdict in verdicts) > 333


def test_mutated_pages_that_look_the_same_in_a_browser_are_accepted() -> None:
    browser()
    every = bases(40, SEED)
    made = [mutant(number, every, SEED) for number in range(600)]
    verdicts = read_mutants(range(600), 40, SEED, load())
    with Chromium() as chromium:
        shown = {
            base.page: words_digest(text)
            for base, text in zip(every, chromium.texts(one.page for one in every), strict=True)
        }
        words = map(words_digest, chromium.texts(one.page for one in made))
        alike = [
            found == shown[one.base.page] and not leaves_article_open(one.page.decode())
            for one, found in zip(made, words, strict=True)
        ]
    count, accepted = Counter[str](), Counter[str]()
    for verdict, is_alike in zip(verdicts, alike, strict=True):
        count[verdict.kind] += is_alike
        accepted[verdict.kind] += is_alike and verdict.is_accepted
    assert min(count[kind] for kind in SEEN) > 35
    assert {kind: accepted[kind] / count[kind] for kind in SEEN if accepted[kind] < LEAST_ACCEPTED * count[kind]} == {}
