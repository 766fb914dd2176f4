"""What reading a page costs in this checkout and in another, measured in turns in one run."""

from __future__ import annotations

import gc
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median
from time import process_time

from bench.figures import Figure, show
from bench.pages.corpus import corpus
from bench.pages.layout import pages_of, written
from bench.pages.readers import loaded, pool

Bodies = tuple[tuple[bytes, str], ...]
"""Pages, each with the reference asked for."""
MOST = 1.1
_SECONDS = 2.0
"""About so long is each measurement: the pages are read again and again for it."""


@cache
def _sets(decisions: int) -> dict[str, Bodies]:
    """The pages of generated decisions of one page each, and as many of the look-alike site."""
    from bench.samples import pages as replica_pages  # noqa: PLC0415 - it imports the parser of this checkout

    single = [sample for sample in corpus(decisions) if len(sample.chapters) == 1]
    return {
        "generated pages": tuple((written(pages_of(sample)[0]), sample.reference) for sample in single),
        "pages of the look-alike": tuple((body, sample.reference) for sample, body in replica_pages(decisions)),
    }


def _read(bodies: Bodies) -> list[bool]:
    read = loaded()
    return [read([body], reference).text is not None for body, reference in bodies]


def _time(bodies: Bodies, repeats: int) -> float:
    """CPU seconds a page."""
    read = loaded()
    gc.collect()
    began = process_time()
    for _ in range(repeats):
        for body, reference in bodies:
            read([body], reference)
    return (process_time() - began) / repeats / len(bodies)


def measure(checkout: Path, before: Path, decisions: int, rounds: int) -> bool:
    """The ratio of the medians over the rounds; pages that only one of the two reads are not measured."""
    figures = []
    with pool(checkout, 1) as ours, pool(before, 1) as theirs:
        for name, bodies in _sets(decisions).items():
            both = zip(bodies, ours.submit(_read, bodies).result(), theirs.submit(_read, bodies).result(), strict=True)
            common = tuple(body for body, *are_read in both if all(are_read))
            figures += _compare(f"{name} ({len(common)} of {len(bodies)})", common, ours, theirs, rounds)
    return show(__doc__ or "", figures)


def _compare(
    name: str, bodies: Bodies, ours: ProcessPoolExecutor, theirs: ProcessPoolExecutor, rounds: int
) -> list[Figure]:
    repeats = max(1, round(_SECONDS / (theirs.submit(_time, bodies, 1).result() * len(bodies))))
    ours.submit(_time, bodies, 1).result()
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for side in (0, 1) if turn % 2 else (1, 0):
            spent[side].append((ours, theirs)[side].submit(_time, bodies, repeats).result())
    ratio = median(spent[0]) / median(spent[1])
    return [
        Figure(f"{name}: cost of reading, of the other checkout's", (ratio,), target=MOST, bound="at most"),
        Figure(f"{name}: CPU a page", tuple(1e6 * one for one in spent[0]), "µs"),
        Figure(f"{name}: CPU a page, the other checkout", tuple(1e6 * one for one in spent[1]), "µs"),
    ]
