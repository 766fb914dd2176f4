"""The corpus of the measurements: generated decisions of realistic sizes in the known markup of the site."""

from __future__ import annotations

from datetime import date

from lgsco.replica.corpus import Sample, generate
from lgsco.replica.markup import render


def pages(count: int) -> list[tuple[Sample, bytes]]:
    """Returns decisions of one page with their pages: about 50 KB of HTML, with 8 KB of text (medians)."""
    samples = list(generate(count * 2, seed=1, first=date(2016, 1, 1), last=date(2025, 12, 31)))
    found: list[tuple[Sample, bytes]] = []
    for place, sample in enumerate(samples):
        bodies = render(sample, related=samples[place + 1 : place + 6])
        if len(bodies) == 1:
            found.append((sample, bodies[0]))
        if len(found) == count:
            break
    return found
