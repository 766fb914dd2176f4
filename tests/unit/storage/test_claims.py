"""Tests the counts that claims about dates are made from."""

from __future__ import annotations

import sqlite3
from datetime import date

from storage import held_texts, intents, queue, templates
from storage.claims import Counts, Share, count_held_between, count_listed, find_claim_rows, find_share
from storage.findings import record_unreadable
from storage.held_texts import HeldText
from storage.model import Window
from support.rows import AT, DAY, list_decision, store_decision

WINDOW = Window(DAY, DAY)
NEXT_DAY = Window(date(2025, 4, 2), date(2025, 4, 2))
ENDLESS = Window(date.min, date.max)


def test_each_listed_decision_counts_once_by_what_became_of_it(db: sqlite3.Connection) -> None:
    keys = [f"25 000 00{number}" for number in range(1, 6)]
    stored, waiting, excluded, unreadable, held = keys
    for key in keys:
        list_decision(db, key)
    store_decision(db, stored)
    db.execute("UPDATE queue SET state = 'excluded' WHERE reference IN (?, ?)", (excluded, unreadable))
    record_unreadable(db, unreadable, AT, "1", "no opener")
    change = templates.add_change(db, since=AT, at=AT, run=1, kind=None, example=held, decided_on=None, diff="")
    held_texts.hold(db, HeldText(held, change, 1, AT, is_new=True, is_amended=False))
    assert count_listed(db, WINDOW) == Counts(5, 1, 2, unreadable=1, held_back=1)
    assert count_listed(db, NEXT_DAY) == Counts(0, 0, 0)
    assert waiting in {one.reference for one in queue.find_wanted(db, AT, [WINDOW], 9)}


def test_the_share_of_the_site_is_that_of_the_claim_about_all_dates(db: sqlite3.Connection) -> None:
    assert find_share(db) == Share(0, None, None)
    for key in ("25 000 001", "25 000 002", "25 000 003"):
        list_decision(db, key)
    store_decision(db, "25 000 001")
    store_decision(db, "25 000 002", source="import")
    store_decision(db, "25 000 009")  # not listed
    intents.record_site_total(db, 1, AT, 9)
    assert find_share(db) == Share(1, 9, AT)
    assert find_claim_rows(db, lambda _: []).counts[ENDLESS].stored == 1


def test_an_import_is_not_stored_from_the_site(db: sqlite3.Connection) -> None:
    list_decision(db)
    store_decision(db, source="import")
    assert count_listed(db, WINDOW) == Counts(1, 0, 0)
    assert count_held_between(db, WINDOW) == 0


def test_stored_decisions_are_counted_by_their_own_date(db: sqlite3.Connection) -> None:
    store_decision(db)
    store_decision(db, "25 000 002", day=None)
    assert (count_held_between(db, WINDOW), count_held_between(db, NEXT_DAY)) == (1, 0)


def test_a_claim_has_counts_for_its_dates_for_each_range_asked_for_and_for_everything(db: sqlite3.Connection) -> None:
    list_decision(db)
    intents.record_backfill(db, WINDOW, AT, 1)
    intents.record_site_total(db, 1, AT, 9)
    rows = find_claim_rows(db, lambda asked: [NEXT_DAY] if [one.window for one in asked] == [WINDOW] else [])
    assert rows.windows == [NEXT_DAY]
    assert set(rows.counts) == {WINDOW, NEXT_DAY, ENDLESS}
    assert rows.counts[ENDLESS].listed == 1
    assert (rows.site_total, rows.form) == ((9, AT), None)
