"""The corpus of the measurements: generated decisions of realistic sizes in the known markup of the site."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date
from itertools import islice

from lgsco.replica.corpus import Sample, generate
from lgsco.replica.markup import render

_RELATED = 5
"""Decisions that a page links to: those generated after it."""


def pages(count: int) -> list[tuple[Sample, bytes]]:
    """Returns decisions of one page with their pages: about 50 KB of HTML, with 8 KB of text (medians)."""
    return list(stream_pages(count))


def stream_pages(count: int) -> Iterator[tuple[Sample, bytes]]:
    """Yields the same, without keeping them."""
    samples = generate(count * 2, seed=1, first=date(2016, 1, 1), last=date(2025, 12, 31))
    following = deque(islice(samples, _RELATED))
    found = 0
    while following and found < count:
        following.extend(islice(samples, 1))
        sample = following.popleft()
        bodies = render(sample, related=list(following)[:_RELATED])
        if len(bodies) == 1:
            found += 1
            yield sample, bodies[0]
