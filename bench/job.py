"""Compares the CPU time of the whole job, from an empty file to every decision, with that of Scrapy."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import run, run_library_calls, run_without_parsing, served, texts
from bench.figures import Figure, each, ratios


def measure(decisions: int = 2_000, rounds: int = 3) -> list[Figure]:
    """Measures user and system seconds of the client, start-up included, without pacing.

    Both clients work in turns on one site in another process. Ours also stores raw pages, paragraphs, revisions and a
    journal. Both must have the same text of every decision, which is asserted after the last round.

    In the same turns, `bench.library_calls` makes the calls of libraries that our job needs, and none of our own code
    runs. It must write the rows that ours just wrote. Its share is the least that our job can take with these
    libraries; the rest is our own code. `bench.without_parsing` runs the same backfill with parsing done beforehand: no
    faster parser can make it cheaper.
    """
    lgsco, calls, unparsed, scrapy = [], [], [], []
    with TemporaryDirectory() as folder, served(decisions) as url:
        ours, bare, given, theirs = (Path(folder, f"{name}.db") for name in ("ours", "bare", "given", "theirs"))
        for _ in range(rounds):
            lgsco.append(run("lgsco", url, ours).cpu)
            calls.append(run_library_calls(ours, bare))
            unparsed.append(run_without_parsing(ours, url, given))
            scrapy.append(run("bench.scrapy_spider", url, theirs).cpu)
        found, other = texts(ours), texts(theirs)
    assert len(found) == len(other) == decisions, f"{len(found)} and {len(other)} decisions of {decisions}"
    differing = [reference for reference, words in found.items() if words != other[reference]]
    assert not differing, f"not the same words: {differing[:5]} and {len(differing)} in all"
    return [
        Figure("client CPU of a backfill, relative to Scrapy", ratios(lgsco, scrapy), target=0.4, bound="at most"),
        Figure("the same with parsing done beforehand, relative to Scrapy", ratios(unparsed, scrapy)),
        Figure("its library calls alone, relative to Scrapy", ratios(calls, scrapy)),
        Figure("its library calls alone, of a backfill", ratios(calls, lgsco)),
        Figure("backfill, CPU a decision", each(lgsco, decisions), "µs"),
        Figure("parsing done beforehand, CPU a decision", each(unparsed, decisions), "µs"),
        Figure("library calls, CPU a decision", each(calls, decisions), "µs"),
        Figure("Scrapy, CPU a decision", each(scrapy, decisions), "µs"),
    ]
