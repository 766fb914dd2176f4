"""Growth: CPU time to store, parse, record and prove a decision in a large archive, relative to one of 10,000."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.figures import Figure, each, in_turns, ratios
from bench.filled import find_real, make_entry
from bench.samples import pages as sample_pages
from ingest.clock import Clock
from ingest.config import Config
from ingest.fetching.interface import Answer
from ingest.recording.fetch_pages import PageFetcher
from ingest.recording.pipeline import Pipeline
from ingest.recording.record import Recorder
from ingest.recording.tally import Tally
from lgsco.replica.sample import Sample
from storage import entries, ledger, pages, runs
from storage.database import atomic
from storage.model import Proof, Validators, Window
from storage.writer import writing

_FEW = 10_000
_FULL = 1_000_000
_NEW = 250
"""New decisions in a round: about those of one window."""
_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def measure(decisions: int = 20_000, rounds: int = 8, full: bool = False) -> list[Figure]:
    """Measures a window of 250 new decisions in each round, in turns in both archives, in one process.

    Everything of a backfill but HTTP and the listing's pages: record the cards, store and parse the pages, record the
    decisions in batches with the full-text index, settle and prove the window. Rows have real sizes. With `full`, the
    large archive has 1,000,000 decisions: 20 GB.
    """
    count = _FULL if full else decisions
    new = [(sample, body) for sample, body in sample_pages(_NEW * rounds)]
    new.sort(key=lambda one: one[0].decision_date)
    with TemporaryDirectory() as folder, ExitStack() as opened:
        sides: dict[str, Callable[[], object]] = {}
        for size in (_FEW, count):
            db = opened.enter_context(writing(_take(Path(folder), size)))
            sides[str(size)] = partial(next, _record(db, new))
        spent = in_turns(sides, rounds)
    return [
        Figure(
            f"CPU a decision at {count:,}, relative to {_FEW:,}",
            ratios(spent[str(count)], spent[str(_FEW)]),
            target=1.2,
            bound="at most",
        ),
        Figure(f"CPU a decision at {count:,}", each(spent[str(count)], _NEW), "µs"),
        Figure(f"CPU a decision at {_FEW:,}", each(spent[str(_FEW)], _NEW), "µs"),
    ]


def _take(folder: Path, size: int) -> Path:
    """Returns an archive that may be written to: a copy, if other parts of this run share the file."""
    path = find_real(folder, size)
    if path.parent == folder:
        return path
    copy = folder / path.name
    shutil.copyfile(path, copy)
    return copy


class _Site:
    """Stands for the HTTP client: has the pages in memory."""

    def __init__(self, new: list[tuple[Sample, bytes]], clock: Clock) -> None:
        self._bodies = {sample.address: body for sample, body in new}
        self._at = clock.stamp

    def fetch(self, target: str, known: Validators | None = None) -> Answer:  # noqa: ARG002  # as HttpClient
        return Answer(target, self._bodies[target], "utf-8", self._at())


def _record(db: sqlite3.Connection, new: list[tuple[Sample, bytes]]) -> Iterator[None]:
    """Records a window of new decisions each time that it is advanced."""
    clock = Clock(now=lambda: _AT, monotonic=lambda: 0.0, sleep=lambda _seconds, _stop: None, random=Random(1))
    with atomic(db):
        run = runs.begin_run(db, "backfill", {}, clock.stamp())
    tally, codec, storage = Tally(), pages.Codec(db), Config().storage
    fetcher = PageFetcher(db, codec, _Site(new, clock), clock, save_journal=lambda: None, full_days=1)
    pipeline = Pipeline(
        *(db, codec, clock, fetcher, Recorder(db, clock, run, tally), tally, lambda _tally: None),
        run=run,
        check_canary=lambda _why: True,
        save_journal=lambda: None,
        batch=storage.batch,
    )
    for start in range(0, len(new), _NEW):
        samples = [sample for sample, _ in new[start : start + _NEW]]
        first = date(2015, 12, 31) if start == 0 else samples[0].decision_date
        window = Window(first, samples[-1].decision_date)
        stored = tally.first
        with atomic(db):
            entries.record_listing(db, map(make_entry, samples), clock.stamp(), window, run)
            total = ledger.count_listed(db, window)
            proof = Proof(window, total, total, "short", clock.stamp(), clock.stamp(), None, "t=both")
            ledger.record_window(db, proof, run)
        pipeline.fetch_queued([window])
        with atomic(db):
            ledger.prove(db, clock.stamp(), run)
        assert tally.first == stored + len(samples), f"not all are recorded: {tally}"
        assert all(proof.state == "proven" for proof in ledger.find_windows(db, window))
        yield
