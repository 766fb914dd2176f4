"""When a page that does not parse is known not to, and what is recorded then."""

from __future__ import annotations

import sqlite3

import pytest

from ingest.errors import CutShort
from ingest.lgo.normaliser import NORMALISER
from ingest.recording.tally import Tally
from ingest.recording.unreadable import is_known_unreadable, record_known_unreadable
from storage import findings, pages
from storage.model import Page
from support.rows import AT, KEY, find_url, list_decision, store_page
from support.world import Time


def page(body: bytes, chapter: int = 1) -> Page:
    return Page(KEY, chapter, find_url(KEY), AT, None, body)


@pytest.mark.parametrize(
    ("stored", "state", "fetched", "known"),
    [
        ([b"one"], "unreadable", [b"one"], True),
        ([b"one"], "unreadable", [b"two"], False),
        ([b"one"], "read", [b"one"], False),
        ([b"one", b"two"], "unreadable", [b"one"], False),
        ([], "unreadable", [b"one"], False),
    ],
    ids=["the same bytes", "other bytes", "it parsed then", "a chapter fewer", "nothing stored"],
)
def test_only_the_same_bytes_that_failed_before_are_known(
    db: sqlite3.Connection, stored: list[bytes], state: str, fetched: list[bytes], known: bool
) -> None:
    for chapter, body in enumerate(stored, 1):
        store_page(db, body, chapter=chapter, state=state)
    group = [(99, page(body, chapter)) for chapter, body in enumerate(fetched, 1)]
    assert is_known_unreadable(db, pages.Codec(db), group) == known


def test_a_known_page_is_remembered_with_the_parser_and_excluded(db: sqlite3.Connection, time: Time) -> None:
    list_decision(db)
    tally = Tally()
    record_known_unreadable(db, time.clock(), tally, page(b"one"), CutShort("its end is missing"))
    (found,) = findings.find_unreadable(db)
    assert (found.reference, found.normaliser, found.error) == (KEY, NORMALISER, "its end is missing")
    assert db.execute("SELECT state FROM queue").fetchone() == ("excluded",)
    assert tally.unreadable == [KEY]
