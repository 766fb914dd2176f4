"""Tests what is recorded about suppressed decisions."""

from __future__ import annotations

import sqlite3

from storage import suppressions
from storage.suppressions import Suppression
from support.rows import AT, KEY, OTHER, store_decision


def test_a_second_suppression_replaces_the_reason(db: sqlite3.Connection) -> None:
    assert suppressions.suppress(db, KEY, "a court order", AT)
    assert not suppressions.suppress(db, KEY, "a request", AT), "it was suppressed before"
    assert suppressions.find_suppressions(db) == [Suppression(KEY, AT, "a request")]


def test_lifting_says_whether_there_was_anything_to_lift(db: sqlite3.Connection) -> None:
    suppressions.suppress(db, KEY, "a court order", AT)
    assert suppressions.is_suppressed(db, KEY)
    assert suppressions.lift(db, KEY)
    assert not suppressions.lift(db, KEY)
    assert not suppressions.is_suppressed(db, KEY)


def test_a_decision_can_be_suppressed_before_it_is_stored_and_does_not_count_yet(db: sqlite3.Connection) -> None:
    suppressions.suppress(db, KEY, "a court order", AT)
    assert suppressions.count_stored(db) == 0
    store_decision(db)
    assert suppressions.count_stored(db) == 1


def test_a_public_snapshot_also_leaves_withdrawn_decisions_out_unless_asked(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER, "25 000 003"):
        store_decision(db, key)
    suppressions.suppress(db, KEY, "a court order", AT)
    db.execute("UPDATE decisions SET status = 'withdrawn' WHERE reference IN (?, ?)", (KEY, OTHER))
    assert suppressions.count_hidden(db, with_withdrawn=False) == 2
    assert suppressions.count_hidden(db, with_withdrawn=True) == 1


def test_suppressed_references_are_left_out_in_their_order(db: sqlite3.Connection) -> None:
    suppressions.suppress(db, KEY, "a court order", AT)
    assert suppressions.leave_out(db, [OTHER, KEY, "25 000 003"]) == [OTHER, "25 000 003"]
