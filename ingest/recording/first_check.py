"""Compares decisions with their stored pages before they get their first digest.

It runs after the migration that adds digests. The migration has checked what storage alone can check, and lists in
`unchecked` the decisions that have a page.
"""

from __future__ import annotations

import logging
import sqlite3

from ingest.clock import Clock, Stop
from ingest.errors import ReadError, one_document
from ingest.lgo.normaliser import NORMALISER
from ingest.lgo.text_format import render
from ingest.recording.chapters import parse_stored_pages
from storage import decisions, digests, pages
from storage.database import atomic
from storage.decisions import FIELDS, Held
from storage.errors import Damaged
from storage.layout import make_layout
from storage.model import Decision, Page

log = logging.getLogger("lgsco")

_BATCH = 100


def check_migrated(db: sqlite3.Connection, clock: Clock, stop: Stop) -> None:
    """Gives decisions their first digest if they match their page, and logs those that do not.

    These get none; `lgsco verify --repair` rebuilds them. Raises Stopped; the next run continues where this one
    stopped.
    """
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
                        "%s is damaged: %s; `lgsco verify --repair` rebuilds it from its page", reference, difference
                    )


def _find_difference(db: sqlite3.Connection, codec: pages.Codec, clock: Clock, held: Held) -> str | None:
    """Describes how a decision differs from the page that it was made from; None if it does not.

    Also None if that cannot be known: the page is damaged, or another version of the parser parsed it.
    """
    if held.normaliser != NORMALISER:
        return None
    try:
        stored = pages.find_newest_read(db, codec, held.reference)
    except Damaged:
        return None
    return difference(held, stored, clock) if stored else None


def difference(held: Held, stored: list[tuple[int, Page]], clock: Clock) -> str | None:
    """Describes how a decision differs from its pages; None if it does not.

    A field that the page does not print may have any value: it comes from the listing's card or an import.
    """
    try:
        with one_document():
            printed = parse_stored_pages([page for _, page in stored], clock.today())
    except ReadError as error:
        return f"its page does not parse ({error})"
    return find_differing_column(held, printed)


def find_differing_column(held: Held, printed: Decision) -> str | None:
    """Describes how a stored decision differs from one parsed from its page; None if it does not."""
    if held.text != render(printed):
        return "its text differs from its page"
    if held.layout != make_layout(printed.lines):
        return "its paragraph numbers differ from its page"
    columns = held.fields()
    for name in FIELDS:
        value = getattr(printed, name)
        if value is not None and columns[name] != str(value):
            return f"its {name} differs from its page"
    return None
