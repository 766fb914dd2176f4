"""Compares renormalising with two processes and with one, by wall-clock time, in turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.figures import Figure, ratios
from bench.template_play import Play
from bench.template_site import START, TemplateSite
from ingest.run import Renormalise
from lgsco.replica.corpus import generate
from lgsco.replica.site import Site

FASTER = 1.7
"""Minimum speed-up of two processes on two free cores."""


def measure(decisions: int = 4_000, rounds: int = 3) -> list[Figure]:
    """Measures a dry run over all pages of an unchanged archive. The rate includes start-up."""
    drafts = generate(decisions * 2, seed=3, first=date(2022, 1, 3), last=date(2026, 9, 30))
    statements = islice((sample for sample in drafts if sample.kind == "statement"), decisions)
    samples = [replace(sample, published=sample.decision_date) for sample in statements]
    with TemporaryDirectory() as folder:
        play = Play(TemplateSite(Site(samples, today=START.date(), cache=decisions)), Path(folder, "a.db"))
        play.fill()
        spent: dict[str, list[float]] = {"1": [], "2": []}
        for _ in range(rounds):
            for workers, seconds in spent.items():
                play.dials["storage.workers"] = workers
                began = perf_counter()
                outcome = play.run(Renormalise(dry_run=True))
                seconds.append(perf_counter() - began)
                assert outcome is not None
                assert outcome.tally.unchanged == decisions, outcome.message
    return [
        Figure("two processes, relative to one", ratios(spent["1"], spent["2"]), "×", FASTER),
        Figure("one process", tuple(decisions / seconds for seconds in spent["1"]), "decisions a second"),
        Figure("two processes", tuple(decisions / seconds for seconds in spent["2"]), "decisions a second"),
    ]
