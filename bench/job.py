"""Compares the CPU time of the whole job, from an empty file to every decision, with that of Scrapy."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import run, served, texts
from bench.figures import Figure, each, ratios


def measure(decisions: int = 2_000, rounds: int = 3) -> list[Figure]:
    """Measures user and system seconds of the client, start-up included, without pacing.

    Both clients work in turns on one site in another process. Ours also stores raw pages, paragraphs, revisions and a
    journal. Both must have the same text of every decision, which is asserted after the last round.
    """
    with TemporaryDirectory() as folder, served(decisions) as url:
        ours, theirs = Path(folder, "ours.db"), Path(folder, "theirs.db")
        spent = [(run("lgsco", url, ours).cpu, run("bench.scrapy_spider", url, theirs).cpu) for _ in range(rounds)]
        found, other = texts(ours), texts(theirs)
    assert len(found) == len(other) == decisions, f"{len(found)} and {len(other)} decisions of {decisions}"
    differing = [reference for reference, words in found.items() if words != other[reference]]
    assert not differing, f"not the same words: {differing[:5]} and {len(differing)} in all"
    lgsco, scrapy = zip(*spent, strict=True)
    return [
        Figure("client CPU of a backfill, relative to Scrapy", ratios(lgsco, scrapy), target=0.4, bound="at most"),
        Figure("backfill, CPU a decision", each(lgsco, decisions), "µs"),
        Figure("Scrapy, CPU a decision", each(scrapy, decisions), "µs"),
    ]
