"""Rows of small archives, recorded as the program records them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.lgo import text_format
from storage import decisions, entries, pages
from storage.database import path_of, reading
from storage.decisions import Reading
from storage.model import Decision, Entry, Line, Page, Source, Window
from storage.writer import writing

AT = "2026-11-02T12:00:00Z"
"""When everything was recorded, unless a test says otherwise."""
KEY = "25 000 001"
OTHER = "25 000 002"
DAY = date(2025, 4, 1)


def make_decision(key: str = KEY, *words: str, day: date | None = DAY, authority: str = "A Council") -> Decision:
    """Makes a decision with a heading and a numbered paragraph for each of the words."""
    heading = "The complaint"
    lines = [
        Line("heading", heading, section=heading),
        *(Line("paragraph", text, str(number), heading) for number, text in enumerate(words or ("Words.",), 1)),
    ]
    return Decision(
        key, authority, "Education", "School", "Upheld", day, "statement", "In short.", tuple(lines), closed=True
    )


def make_reading(
    key: str = KEY, *words: str, at: str = AT, source: Source = "site", day: date | None = DAY, normaliser: str = "1"
) -> Reading:
    """Makes a reading of such a decision."""
    decision = make_decision(key, *words, day=day)
    return Reading(decision, text_format.render(decision), source, at, normaliser, find_url(key))


def from_document(reading: Reading, document: str) -> Reading:
    """Makes the reading of a document with the same decision."""
    return replace(reading, source="import", url=None, document=document)


def find_url(key: str) -> str:
    """Returns the address of a decision's page."""
    return f"/decisions/education/other/{key.replace(' ', '-')}"


def store_decision(
    db: sqlite3.Connection, key: str = KEY, *words: str, source: Source = "site", day: date | None = DAY
) -> Reading:
    """Stores a decision, and returns the reading that was recorded."""
    reading = make_reading(key, *words, source=source, day=day)
    decisions.record_first(db, [reading], 1)
    return reading


def list_decision(db: sqlite3.Connection, key: str = KEY, day: date = DAY, at: str = AT) -> None:
    """Records that the listing shows a decision, as all that it shows of its day. It is queued unless it is stored."""
    card = Entry(key, find_url(key), "A Council", "Upheld", "School", day, "statement")
    entries.record_listing(db, [card], at, Window(day, day), 1)


def store_page(
    db: sqlite3.Connection, body: bytes, key: str = KEY, *, chapter: int = 1, state: str = "read", at: str = AT
) -> int:
    """Stores a raw page, and returns its id."""
    page = Page(key, chapter, find_url(key), at, "utf-8", body)
    number = pages.store(db, pages.Codec(db), page)
    pages.mark(db, [number], state)
    return number


@contextmanager
def reading_filled(
    empty: Path, folder: Path, fill: Callable[[sqlite3.Connection], None]
) -> Iterator[sqlite3.Connection]:
    """Yields a connection that reads a copy of an empty archive, after `fill` has stored its rows."""
    path = Path(shutil.copy(empty, folder / "lgsco.db"))
    with writing(path) as db:
        fill(db)
    with reading(path) as db:
        yield db


def damage(db: sqlite3.Connection, sql: str) -> None:
    """Changes a row as another program does: its digest stays as it was."""
    with closing(sqlite3.connect(path_of(db))) as other, other:
        assert other.execute(sql).rowcount == 1, f"it damages one row: {sql}"
