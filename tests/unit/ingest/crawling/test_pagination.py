"""The loop that walks the pages of one window, with pages from the test instead of a site."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.crawling.pagination import MissingPage, Walked, walk_pages
from ingest.errors import Unreachable
from ingest.lgo.listing_page import Listing
from storage.model import Entry, Window

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))


def entry(number: int, day: date | None = date(2026, 5, 20)) -> Entry:
    reference = f"26 000 {number:03}"
    return Entry(reference, f"/decisions/a/b/26-000-{number:03}", None, None, None, day, None)


def listing(total: int | None, *numbers: int, day: date | None = date(2026, 5, 20)) -> Listing:
    return Listing(total, tuple(entry(number, day) for number in numbers))


def walk(first: Listing | MissingPage, total: int, *others: Listing | MissingPage) -> tuple[Walked, list[int]]:
    """Walks a window with these further pages; returns the result and the numbers of the fetched pages."""
    fetched: list[int] = []

    def fetch(number: int, _undated_in: Window) -> Listing | MissingPage:
        fetched.append(number)
        return others[number - 2]

    return walk_pages(MAY, first, total, fetch), fetched


def test_a_window_that_fits_on_one_page_needs_one_request() -> None:
    walked, fetched = walk(listing(3, 1, 2, 3), 3)
    assert walked.is_whole
    assert walked.references == {"26 000 001", "26 000 002", "26 000 003"}
    assert fetched == []


def test_a_walk_continues_past_a_full_last_page_because_the_total_may_be_too_small() -> None:
    walked, fetched = walk(listing(10, *range(10)), 10, Listing(None, ()))
    assert fetched == [2]
    assert walked.is_whole
    walked, _ = walk(listing(10, *range(10)), 10, listing(10, 10))
    assert len(walked.references) == 11
    assert not walked.is_whole
    assert not walked.drifted


@pytest.mark.parametrize(
    "second",
    [listing(12, 10, 11), listing(11, 9), listing(11, 10, day=date(2026, 4, 30))],
    ids=["another total", "a card twice", "a card of another month"],
)
def test_a_listing_that_changes_during_the_walk_has_drifted(second: Listing) -> None:
    walked, _ = walk(listing(11, *range(10)), 11, second)
    assert walked.drifted
    assert not walked.is_whole


def test_one_page_without_cards_is_skipped_and_the_rest_is_walked() -> None:
    lack = MissingPage("503", Unreachable("503"))
    walked, fetched = walk(listing(25, *range(10)), 25, lack, listing(25, *range(20, 25)))
    assert fetched == [2, 3]
    assert walked.missing_pages == (lack,)
    assert walked.is_unanswered
    assert not walked.gave_up
    assert len(walked.references) == 15


def test_two_pages_in_a_row_without_cards_end_the_walk() -> None:
    lack = MissingPage("the page has no card")
    walked, fetched = walk(listing(45, *range(10)), 45, lack, lack)
    assert fetched == [2, 3]
    assert walked.gave_up
    assert not walked.is_unanswered
    assert not walked.is_whole


def test_a_card_without_a_date_is_no_later_than_the_last_dated_card() -> None:
    days: list[date] = []

    def fetch(_number: int, undated_in: Window) -> Listing:
        days.append(undated_in.last)
        return listing(30, *range(len(days) * 10, len(days) * 10 + 10), day=None)

    first = Listing(30, tuple(entry(number, date(2026, 5, 20 - number)) for number in range(10)))
    walk_pages(MAY, first, 30, fetch)
    assert days == [date(2026, 5, 11)] * 3


def test_cards_older_than_the_window_do_not_invert_it() -> None:
    undated: list[Window] = []

    def fetch(_number: int, undated_in: Window) -> Listing:
        undated.append(undated_in)
        return listing(11, 10)

    walk_pages(MAY, listing(11, *range(10), day=date(2026, 4, 1)), 11, fetch)
    assert undated == [Window(MAY.first, MAY.first)]
