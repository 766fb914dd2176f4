"""Tests that decisions of another parser are found if a stored page can be parsed again."""

from __future__ import annotations

import sqlite3

from storage.parser_versions import count_read_by_others, find_read_by_others
from support.rows import KEY, OTHER, store_decision, store_page

IMPORTED, WITHOUT_PAGE = "25 000 003", "25 000 004"


def test_only_decisions_of_the_site_with_a_parsed_page_are_found(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER, WITHOUT_PAGE):
        store_decision(db, key)
    store_decision(db, IMPORTED, source="import")
    for key in (KEY, OTHER, IMPORTED):
        store_page(db, b"x", key, state="unreadable" if key == OTHER else "read")
    everything = [KEY, OTHER, IMPORTED, WITHOUT_PAGE]
    assert find_read_by_others(db, everything, "2") == [KEY]
    assert count_read_by_others(db, "2") == 1
    assert find_read_by_others(db, [OTHER], "2") == []


def test_decisions_of_the_same_parser_are_not_found(db: sqlite3.Connection) -> None:
    store_decision(db)
    store_page(db, b"x")
    assert find_read_by_others(db, [KEY], "1") == []
    assert count_read_by_others(db, "1") == 0
