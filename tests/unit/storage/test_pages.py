"""Tests that raw pages are stored exactly, compressed, and found again by version."""

from __future__ import annotations

import os
import sqlite3

import pytest

from storage import pages
from storage.errors import Damaged
from storage.model import Page, Validators
from support.rows import AT, KEY, OTHER, damage, find_url, list_decision, store_decision, store_page

LATER = "2026-11-03T12:00:00Z"
BODY = b"<html>\xff\x00 words \xe2\x80\x9c</html>"


def bodies(found: list[tuple[int, Page]]) -> list[bytes]:
    return [page.body for _, page in found]


def test_a_page_is_found_byte_for_byte(db: sqlite3.Connection) -> None:
    codec = pages.Codec(db)
    page = Page(KEY, 1, find_url(KEY), AT, None, BODY, Validators('"a"', None))
    number = pages.store(db, codec, page)
    assert pages.find_page(db, codec, number) == (number, Page(KEY, 1, find_url(KEY), AT, None, BODY))
    assert pages.find_page(db, codec, number + 1) is None


@pytest.mark.parametrize(
    "sql",
    ["UPDATE pages SET url = '/other'", "UPDATE pages SET bytes = bytes + 1", "UPDATE pages SET body = x'28b52ffd'"],
)
def test_a_page_that_does_not_match_its_digest_is_not_found(db: sqlite3.Connection, sql: str) -> None:
    number = store_page(db, BODY)
    damage(db, sql)
    assert pages.find_page(db, pages.Codec(db), number) is None
    assert pages.find_newest_read(db, pages.Codec(db), KEY) == []


def test_a_page_that_cannot_be_decompressed_says_how_to_repair(db: sqlite3.Connection) -> None:
    store_page(db, BODY)
    damage(db, "UPDATE pages SET body = x'00'")
    with pytest.raises(Damaged, match=r"`lgsco verify --repair` queues it to be fetched again"):
        pages.find_newest(db, pages.Codec(db), KEY)
    with pytest.raises(Damaged, match="the dictionary 7, which is missing"):
        pages.Codec(db).decompress(BODY, 7)


def test_the_first_dictionary_is_trained_on_thirty_pages_and_all_pages_are_still_readable(
    db: sqlite3.Connection,
) -> None:
    codec = pages.Codec(db)
    template = os.urandom(20_000).hex().encode()
    written = [template + b"<p>%d</p>" % number for number in range(32)]
    numbers = [store_page(db, body, f"25 000 {place:03}") for place, body in enumerate(written[:29])]
    assert not codec.train_if_due(AT), "29 pages are too few"
    numbers += [store_page(db, body, f"25 001 {place:03}") for place, body in enumerate(written[29:])]
    before = db.execute("SELECT sum(length(body)) FROM pages").fetchone()[0]
    assert codec.train_if_due(AT)
    assert not codec.train_if_due(AT), "one dictionary is enough"
    assert db.execute("SELECT sum(length(body)) FROM pages").fetchone()[0] < before / 2
    found = [pages.find_page(db, pages.Codec(db), number) for number in numbers]
    assert [one and one[1].body for one in found] == written


def test_compressing_a_damaged_page_again_does_not_make_it_look_sound(db: sqlite3.Connection) -> None:
    numbers = [store_page(db, b"<p>%d</p>" % place * 999, f"25 000 {place:03}") for place in range(30)]
    damage(db, f"UPDATE pages SET url = '/other' WHERE id = {numbers[4]}")
    codec = pages.Codec(db)
    assert codec.train_if_due(AT)
    assert [n for n in numbers if pages.find_page(db, codec, n) is None] == [numbers[4]]


def test_chapters_that_wait_are_found_in_order_until_they_are_given_up(db: sqlite3.Connection) -> None:
    codec = pages.Codec(db)
    for chapter in (2, 1):
        store_page(db, b"%d" % chapter, chapter=chapter, state="kept")
    assert [page.chapter for page in pages.find_unfinished(db, codec, KEY)] == [1, 2]
    pages.give_up_unfinished(db, KEY)
    assert pages.find_unfinished(db, codec, KEY) == []


def test_only_decisions_with_all_pages_stored_are_parsed(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        list_decision(db, key)
        store_page(db, key.encode(), key, state="kept")
    db.execute("UPDATE queue SET state = 'kept' WHERE reference = ?", (OTHER,))
    found = list(pages.find_kept(db, pages.Codec(db), 9))
    assert [bodies(one) for one in found] == [[OTHER.encode()]]


@pytest.mark.parametrize(
    ("since", "chapter", "etag", "found"),
    [(AT, 1, '"a"', True), (LATER, 1, '"a"', False), (AT, 2, '"a"', False), (AT, 1, None, False)],
    ids=["usable", "too old", "a report of chapters", "without validators"],
)
def test_validators_are_sent_only_for_a_page_that_is_the_whole_and_recent(
    db: sqlite3.Connection, since: str, chapter: int, etag: str | None, found: bool
) -> None:
    page = Page(KEY, chapter, find_url(KEY), AT, None, BODY, Validators(etag, None))
    number = pages.store(db, pages.Codec(db), page)
    assert pages.find_validators(db, KEY, since) is None, "the page is not parsed yet"
    pages.mark(db, [number], "read")
    assert pages.find_validators(db, KEY, since) == (Validators(etag, None) if found else None)


def test_the_newest_version_begins_at_its_first_chapter(db: sqlite3.Connection) -> None:
    codec = pages.Codec(db)
    old = [store_page(db, b"old %d" % chapter, chapter=chapter) for chapter in (1, 2, 3)]
    for chapter in (1, 2):
        store_page(db, b"new %d" % chapter, chapter=chapter)
    assert bodies(pages.find_newest(db, codec, KEY)) == [b"new 1", b"new 2"]
    assert bodies(pages.find_newest_read(db, codec, KEY)) == [b"new 1", b"new 2"]
    assert bodies(pages.find_version(db, codec, KEY, old[0])) == [b"old 1", b"old 2", b"old 3"]
    pages.hold_since(db, KEY, old[2] + 1)
    assert bodies(pages.find_newest_read(db, codec, KEY)) == [b"old 1", b"old 2", b"old 3"]
    assert bodies(pages.find_newest(db, codec, KEY, "held")) == [b"new 1", b"new 2"]


def test_decisions_not_checked_for_longest_are_queued_first(db: sqlite3.Connection) -> None:
    for place, key in enumerate((KEY, OTHER, "25 000 003")):
        store_decision(db, key)
        list_decision(db, key)
        store_page(db, b"x", key, at=f"2026-10-{20 - place:02}T12:00:00Z")
    db.execute("DELETE FROM queue")
    assert pages.queue_oldest(db, "2026-10-20T12:00:00Z", 1, AT) == 1
    assert db.execute("SELECT reference, reason FROM queue").fetchall() == [("25 000 003", "reread")]
    pages.record_unchanged(db, OTHER, AT)
    assert pages.queue_oldest(db, "2026-10-20T12:00:00Z", 9, AT) == 0, "one is queued, one was just checked, one is new"


def test_a_renormalise_continues_only_with_the_same_parser(db: sqlite3.Connection) -> None:
    pages.record_position(db, "9", KEY)
    assert (pages.find_position(db, "9"), pages.find_position(db, "8")) == (KEY, "")
    pages.record_position(db, "9", None)
    assert pages.find_position(db, "9") == ""


def test_pages_are_unreadable_only_if_none_was_parsed(db: sqlite3.Connection) -> None:
    one, two = store_page(db, b"1", state="unreadable"), store_page(db, b"2", OTHER)
    assert pages.is_unreadable(db, [one])
    assert not pages.is_unreadable(db, [one, two])
    assert pages.find_read(db) == [KEY, OTHER], "renormalise tries those that failed too"
