"""Compares decisions with their stored pages before they get their first digest, after the migration that adds digests.

The migration has checked what storage alone can check, and lists in `unchecked` the decisions that have a page.
"""

from __future__ import annotations

import logging
import sqlite3

from ingest.clock import Clock, Stop
from ingest.errors import ReadError, one_document
from ingest.lgo.page import NORMALISER
from ingest.lgo.text_format import render
from ingest.recording.chapters import parse_chapters
from storage import decisions, digests, pages
from storage.database import atomic
from storage.decisions import FIELDS, Held
from storage.errors import Damaged
from storage.layout import layout
from storage.model import Decision, Page

log = logging.getLogger("lgsco")

_BATCH = 100


def check_migrated(db: sqlite3.Connection, clock: Clock, stop: Stop) -> None:
    """Gives the decisions that still await it their digest, and names those that differ from their page: these get
    none, and `lgsco verify --repair` puts them back. Raises Stopped; the next run goes on where this one stopped."""
    codec = pages.Codec(db)
    while references := digests.find_unchecked(db, _BATCH):
        stop.raise_if_set()
        with atomic(db):
            held = decisions.find_held(db, references)
            for reference in references:
                difference = _find_difference(db, codec, clock, held[reference])
                digests.record_checked(db, reference, fits=difference is None)
                if difference is not None:
                    log.warning(
                        "%s is damaged: %s; `lgsco verify --repair` puts it back from its page", reference, difference
                    )


def _find_difference(db: sqlite3.Connection, codec: pages.Codec, clock: Clock, held: Held) -> str | None:
    """What of a decision differs from the page that it was made from; None where nothing does, or where that cannot be
    known: the page is damaged, or an older parser read it."""
    if held.normaliser != NORMALISER:
        return None
    try:
        stored = pages.find_newest_read(db, codec, held.reference)
    except Damaged:
        return None
    return difference(held, stored, clock) if stored else None


def difference(held: Held, stored: list[tuple[int, Page]], clock: Clock) -> str | None:
    """What of a decision differs from its pages; None where nothing does. What a page does not print may be anything:
    it comes from the listing's card or an import."""
    try:
        with one_document():
            printed = parse_chapters([page for _, page in stored], clock.today())
    except ReadError as error:
        return f"its page does not read ({error})"
    return find_differing_column(held, printed)


def find_differing_column(held: Held, printed: Decision) -> str | None:
    """What of a stored decision differs from one parsed from its page."""
    if held.text != render(printed):
        return "its text differs from its page"
    if held.layout != layout(printed.lines):
        return "its paragraph numbers differ from its page"
    columns = held.fields()
    for name in FIELDS:
        value = getattr(printed, name)
        if value is not None and columns[name] != str(value):
            return f"its {name} differs from its page"
    return None
