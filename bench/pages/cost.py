"""Measures the cost of parsing a page in this checkout and in another, in turns in one run."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median

from bench.figures import Figure, show
from bench.pages.corpus import corpus
from bench.pages.layout import pages_of, written
from bench.pages.readers import Bodies, are_read, pool, seconds_a_page
from bench.samples import pages as replica_pages

MOST = 1.1
_SECONDS = 2.0
"""Approximate seconds of each measurement; the pages are parsed repeatedly for that time."""


@cache
def _sets(decisions: int) -> dict[str, Bodies]:
    """Returns the pages of generated decisions of one page each, and as many of the look-alike site."""
    single = [sample for sample in corpus(decisions) if len(sample.chapters) == 1]
    return {
        "generated pages": tuple((written(pages_of(sample)[0]), sample.reference) for sample in single),
        "pages of the look-alike": tuple((body, sample.reference) for sample, body in replica_pages(decisions)),
    }


def measure(checkout: Path, before: Path, decisions: int, rounds: int) -> bool:
    """Returns the ratio of the medians over the rounds. Pages that only one side can parse are not measured."""
    figures = []
    with pool(checkout, 1) as ours, pool(before, 1) as theirs:
        for name, bodies in _sets(decisions).items():
            both = zip(
                bodies, ours.submit(are_read, bodies).result(), theirs.submit(are_read, bodies).result(), strict=True
            )
            common = tuple(body for body, *by_both in both if all(by_both))
            figures += _compare(f"{name} ({len(common)} of {len(bodies)})", common, ours, theirs, rounds)
    return show(__doc__ or "", figures)


def _compare(
    name: str, bodies: Bodies, ours: ProcessPoolExecutor, theirs: ProcessPoolExecutor, rounds: int
) -> list[Figure]:
    repeats = max(1, round(_SECONDS / (theirs.submit(seconds_a_page, bodies, 1).result() * len(bodies))))
    ours.submit(seconds_a_page, bodies, 1).result()
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for side in (0, 1) if turn % 2 else (1, 0):
            spent[side].append((ours, theirs)[side].submit(seconds_a_page, bodies, repeats).result())
    ratio = median(spent[0]) / median(spent[1])
    return [
        Figure(f"{name}: cost of parsing, relative to the other checkout", (ratio,), target=MOST, bound="at most"),
        Figure(f"{name}: CPU a page", tuple(1e6 * one for one in spent[0]), "µs"),
        Figure(f"{name}: CPU a page, the other checkout", tuple(1e6 * one for one in spent[1]), "µs"),
    ]
