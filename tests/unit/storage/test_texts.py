"""Tests which text is found for a decision or a revision, and the document it came from."""

from __future__ import annotations

import sqlite3

from storage.decisions import add_beside, supersede
from storage.texts import find_document, find_text
from support.rows import KEY, OTHER, from_document, make_reading, store_decision


def test_each_revision_has_its_own_text(db: sqlite3.Connection) -> None:
    first = store_decision(db, KEY, "One.")
    second = make_reading(KEY, "Two.")
    supersede(db, second, "amended", 1)
    assert find_text(db, KEY) == second.text
    assert [find_text(db, KEY, number) for number in (1, 2, 3)] == [first.text, second.text, None]
    assert find_text(db, OTHER) is None


def test_the_document_of_the_last_import_is_named(db: sqlite3.Connection) -> None:
    store_decision(db)
    assert find_document(db, KEY) is None
    for path in ("/old.txt", "/new.txt"):
        add_beside(db, from_document(make_reading(KEY, path), path), 1)
    assert find_document(db, KEY) == "/new.txt"
