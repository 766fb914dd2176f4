"""Fills an archive quickly, as a complete backfill would leave it, without parsing and without HTTP."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

import zstandard

from ingest.crawling.windows import EVERYTHING
from ingest.lgo.normaliser import NORMALISER
from ingest.recording.text_likeness import make_sketch
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.sample import Sample, Written, expected_text
from storage import decisions, entries, intents, ledger, queue, related, runs
from storage.database import atomic
from storage.decisions import Reading
from storage.model import Decision, Entry, Line, Proof, Window
from storage.writer import writing

_BATCH = 500
_WINDOW_DECISIONS = 300
"""Decisions of a window of the ledger: about as many as a walk of the site's listing covers."""
PAGE_BYTES = 3_650
"""The size of a raw page as it is stored, compressed with the dictionary: the median of the measurements."""
_BODY = zstandard.ZstdCompressor().compress(Random(1).randbytes(PAGE_BYTES))


def with_texts(samples: Iterable[Sample]) -> Iterator[tuple[Sample, str]]:
    """Yields each sample with the text that its page parses to."""
    return ((sample, expected_text(sample)) for sample in samples)


def corpus(count: int, *, short: bool) -> list[Sample]:
    """Returns the decisions that `bench.client.served` shows today if it is given the same arguments."""
    samples = generate(count - 5, seed=1, first=date(2016, 1, 1), last=date(2025, 12, 31), body=not short)
    today = datetime.now(UTC).date()
    return [sample for sample in (*seeds(), *samples) if sample.published <= today]


SHARED_FOLDER = "BENCH_SHARED_FOLDER"
"""The variable of the environment with the folder in which the parts of one run share archives. Its name does not begin
with LGSCO, because lgsco refuses unknown variables of that kind."""
_BASE_TEXTS = 300
_WORDS = 50_000
_YEARLY = 100_000
_NUMBERS_FROM = 900_000
"""The first number of each year. The look-alike's numbers begin at 0, so no reference is made twice."""


def invent(count: int) -> Iterator[tuple[Sample, str]]:
    """Yields decisions of realistic sizes from 2005 on, with their texts, each in a fraction of a millisecond.

    Each is one of a few texts of the look-alike, with a word of its own at the end of each line. The look-alike makes
    none of their references, and their dates are before those of `corpus`.
    """
    first = date(2005, 1, 1)
    base = [sample for sample in corpus(_BASE_TEXTS, short=False) if sample.kind == "statement"]
    lines = [expected_text(sample).split("\n") for sample in base]
    for number in range(count):
        year, place = divmod(number, _YEARLY)
        thousands, rest_of_number = divmod(_NUMBERS_FROM + place, 1000)
        reference = f"{5 + year:02} {thousands:03} {rest_of_number:03}"
        of = number % len(base)
        title, *rest = lines[of]
        words = (f"{line} w{(number * 7919 + at * 104_729) % _WORDS}" for at, line in enumerate(rest))
        sample = replace(
            base[of], reference=reference, decision_date=first + timedelta(days=number * 3_900 // count), source=_NONE
        )
        yield sample, "\n".join([title.replace(base[of].reference, reference), *words])


_NONE = Written(())


def find_short(folder: Path, count: int) -> Path:
    """Returns an archive of `corpus(count, short=True)`: one that another part of this run made, or a new one."""
    return _find(folder, f"short-{count}.db", lambda: with_texts(corpus(count, short=True)))


def find_real(folder: Path, count: int) -> Path:
    """Returns an archive of `invent(count)`: one that another part of this run made, or a new one in the folder."""
    return _find(folder, f"real-{count}.db", lambda: invent(count))


def _find(folder: Path, name: str, make: Callable[[], Iterable[tuple[Sample, str]]]) -> Path:
    shared = os.environ.get(SHARED_FOLDER)
    path = Path(shared or folder, name)
    if not path.exists():
        fill(path, make())
    return path


def fill(path: Path, samples: Iterable[tuple[Sample, str]], *, at: datetime | None = None) -> None:
    """Fills a new database with decisions and their texts. `at`: the instant of the backfill; now if it is None.

    Raw pages are random bytes of the usual size, and lines have no numbers, since no measurement reads those. There is
    a dictionary, so that none is trained later. 1,000,000 decisions of `invent` take 23 minutes and 24 GB.
    """
    stamp = f"{(at or datetime.now(UTC)):%Y-%m-%dT%H:%M:%SZ}"
    days: dict[date, int] = {}
    with writing(path, made_by="backfill") as db:
        # Changed pages of a large file are written once, not each time the cache is full. A fill that is killed is
        # made again, so it need not wait for the disk.
        db.executescript("PRAGMA cache_size = -1000000; PRAGMA synchronous = OFF")
        with atomic(db):
            run = runs.begin_run(db, "backfill", {}, stamp)
            db.execute("INSERT INTO dictionaries (id, trained_at, pages, data) VALUES (1, ?, 1, ?)", (stamp, _BODY))
        rest = iter(samples)
        while batch := list(islice(rest, _BATCH)):
            for sample, _ in batch:
                days[sample.decision_date] = days.get(sample.decision_date, 0) + 1
            with atomic(db):
                _record(db, batch, stamp, run)
        with atomic(db):
            for window, total in _windows(days):
                ledger.record_window(db, Proof(window, total, total, "short", stamp, stamp, None, "t=both"), run)
            ledger.prove(db, stamp, run)
            intents.record_finished(db, [EVERYTHING], stamp, run)
            intents.record_site_total(db, run, stamp, sum(days.values()))
            runs.end_run(db, run, at=stamp, state="complete", exit_code=0, message=None, tally={})


def _record(db: sqlite3.Connection, batch: Sequence[tuple[Sample, str]], at: str, run: int) -> None:
    samples = [sample for sample, _ in batch]
    entries.record_listing(db, map(make_entry, samples), at, EVERYTHING, run)
    first = _store_pages(db, samples, at)
    readings = [_make_reading(*one, at, page) for page, one in enumerate(batch, first)]
    decisions.record_first(db, readings, run)
    for reading in readings:
        related.add_sketch(db, reading.decision.reference, make_sketch(reading.decision.lines))
    queue.remove(db, [sample.reference for sample in samples])


def _store_pages(db: sqlite3.Connection, samples: Sequence[Sample], at: str) -> int:
    (first,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM pages").fetchone()
    db.executemany(
        "INSERT INTO pages (id, reference, chapter, url, fetched_at, charset, state, bytes, body) "
        "VALUES (?, ?, 1, ?, ?, 'utf-8', 'read', ?, ?)",
        [
            (first + place, sample.reference, sample.address, at, PAGE_BYTES, _BODY)
            for place, sample in enumerate(samples)
        ],
    )
    return int(first)


def make_entry(sample: Sample) -> Entry:
    """Makes the listing's card of a sample."""
    return Entry(
        *(sample.reference, sample.address, sample.authority, sample.outcome, sample.subcategory),
        *(sample.decision_date, sample.kind, sample.title, sample.summary),
    )


def _make_reading(sample: Sample, text: str, at: str, page: int) -> Reading:
    lines = tuple(
        Line("item", line[2:]) if line.startswith("- ") else Line("header" if place == 0 else "paragraph", line)
        for place, line in enumerate(text.split("\n"))
    )
    decision = Decision(
        *(sample.reference, sample.authority, sample.category, sample.subcategory, sample.outcome),
        *(sample.decision_date, sample.kind, sample.summary, lines),
        closed=True,
    )
    return Reading(decision, text, "site", at, NORMALISER, sample.address, page)


def _windows(days: dict[date, int]) -> Iterator[tuple[Window, int]]:
    """Yields windows that cover all dates, each with its number of decisions."""
    first, total = EVERYTHING.first, 0
    for day in sorted(days):
        if total >= _WINDOW_DECISIONS:
            yield Window(first, day - timedelta(days=1)), total
            first, total = day, 0
        total += days[day]
    yield Window(first, EVERYTHING.last), total
