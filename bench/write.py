"""Compares recording decisions through the project's storage with a bare `executemany` of the same rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, each, in_turns, ratios
from bench.samples import pages as sample_pages
from ingest.crawling.windows import EVERYTHING
from ingest.lgo.normaliser import NORMALISER
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render
from lgsco.replica.sample import Sample
from storage import decisions, entries, pages, queue
from storage.database import atomic, connect
from storage.decisions import Reading
from storage.model import Entry, Page
from storage.writer import writing

AT = "2026-11-20T12:00:00Z"
_BATCH = 250
_TABLES = ("pages", "decisions", "layouts", "revisions")


@dataclass(frozen=True, slots=True)
class _Work:
    """A fetched page, and the decision parsed from it."""

    page: Page
    entry: Entry
    reading: Reading


def measure(decisions: int = 2_000, rounds: int = 3) -> list[Figure]:
    """Measures decisions a second of CPU time as ratios. Both sides use one transaction a page and one a batch of 250.

    Ours: compress and store each page; train the dictionary and recompress the pages before it; look up stored
    decisions and listing entries; lay out paragraphs; hash; record decision, layout, revision and index; mark the page
    as parsed and remove the decision from the queue. Not included: fetching, parsing, rendering, filling the queue.

    Bare: `executemany` of the rows that the first side left in its tables, with bodies already compressed, into a new
    file with the same schema and settings. Once the schema's triggers fill the index; once, which is harder to beat, an
    `executemany` fills it without triggers.
    """
    work = _prepare(decisions)
    with TemporaryDirectory() as folder:
        _record(Path(folder, "model.db"), work)
        rows = _rows(Path(folder, "model.db"))
        fresh = _Files(Path(folder))
        spent = in_turns(
            {
                "ours": lambda: _record(fresh.next(), work),
                "triggers": lambda: _insert(fresh.next(), rows, triggers=True),
                "direct": lambda: _insert(fresh.next(), rows, triggers=False),
            },
            rounds,
        )
    return [
        Figure(
            "rate of recording, of executemany with the schema's triggers",
            ratios(spent["triggers"], spent["ours"]),
            target=0.5,
        ),
        Figure(
            "rate of recording, of executemany with the index filled apart",
            ratios(spent["direct"], spent["ours"]),
        ),
        Figure("recording, CPU a decision", each(spent["ours"], decisions), "µs"),
        Figure("executemany with triggers, CPU a decision", each(spent["triggers"], decisions), "µs"),
        Figure("executemany, index apart, CPU a decision", each(spent["direct"], decisions), "µs"),
    ]


class _Files:
    """Makes new names in a folder, and deletes the previous file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def next(self) -> Path:
        for file in self._folder.glob(f"{self._count}.db*"):
            file.unlink()
        self._count += 1
        return self._folder / f"{self._count}.db"


def _prepare(count: int) -> list[_Work]:
    return [_parse(sample, body) for sample, body in sample_pages(count)]


def _parse(sample: Sample, body: bytes) -> _Work:
    decision = parse_page(body)
    reading = Reading(decision, render(decision), "site", AT, NORMALISER, sample.address)
    page = Page(sample.reference, 1, sample.address, AT, "utf-8", body)
    entry = Entry(
        *(sample.reference, sample.address, sample.authority, sample.outcome, sample.subcategory),
        *(sample.decision_date, sample.kind),
    )
    return _Work(page, entry, reading)


def _record(path: Path, work: Sequence[_Work]) -> None:
    with writing(path) as db:
        with atomic(db):
            entries.record_listing(db, [one.entry for one in work], AT, EVERYTHING, 1)
        codec = pages.Codec(db)
        for start in range(0, len(work), _BATCH):
            batch = work[start : start + _BATCH]
            ids: list[int] = []
            for one in batch:
                with atomic(db):
                    ids.append(pages.store(db, codec, one.page))
                    queue.record_stored(db, one.page.reference)
            references = [one.page.reference for one in batch]
            with atomic(db):
                assert not decisions.find_held(db, references)
                entries.find_entries(db, references)
                readings = [replace(one.reading, page=page) for one, page in zip(batch, ids, strict=True)]
                decisions.record_first(db, readings, None)
                pages.mark(db, ids, "read")
                queue.remove(db, references)
                codec.train_if_due(AT)


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Returns the rows of the tables in the order of recording, and the input of the full-text index."""
    with closing(connect(path, "ro")) as db:
        rows = {
            table: db.execute(
                f"SELECT t.* FROM {table} AS t JOIN decisions AS d ON d.reference = t.reference ORDER BY d.rowid"
            ).fetchall()
            for table in _TABLES
        }
        rows["dictionaries"] = db.execute("SELECT * FROM dictionaries").fetchall()
        rows["index"] = db.execute("SELECT rowid, authority, summary, text FROM decisions ORDER BY rowid").fetchall()
    return rows


def _insert(path: Path, rows: dict[str, list[tuple[object, ...]]], *, triggers: bool) -> None:
    with writing(path) as db:
        if not triggers:
            db.execute("DROP TRIGGER decisions_fts_insert")
        with atomic(db):
            _all(db, "dictionaries", rows["dictionaries"])
        for start in range(0, len(rows["decisions"]), _BATCH):
            for page in rows["pages"][start : start + _BATCH]:
                with atomic(db):
                    _all(db, "pages", [page])
            with atomic(db):
                for table in _TABLES[1:]:
                    _all(db, table, rows[table][start : start + _BATCH])
                if not triggers:
                    index = "decisions_fts (rowid, authority, summary, text)"
                    _all(db, index, rows["index"][start : start + _BATCH])


def _all(db: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
