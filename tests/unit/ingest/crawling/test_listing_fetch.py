"""Tests that cards of a listing page are recorded, and that some pages prove nothing."""

from __future__ import annotations

import re
import sqlite3
from datetime import date

import pytest

from ingest.crawling.findings import Findings
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import EVERYTHING
from ingest.errors import Blocked, Denied, LayoutChanged, Unreachable
from lgsco.replica.site import Site
from storage.model import Window
from support.rows import AT
from support.site_client import SiteClient
from support.sync import decided
from support.world import TODAY, Time

YEAR = Window(date(2025, 1, 1), date(2025, 12, 31))
SAMPLES = decided(12, YEAR.first, YEAR.last)


@pytest.fixture
def client() -> SiteClient:
    """A site with twelve decisions of 2025."""
    return SiteClient(Site(SAMPLES, today=TODAY), AT)


@pytest.fixture
def listing(db: sqlite3.Connection, client: SiteClient, time: Time) -> ListingFetcher:
    return ListingFetcher(db, client, time.clock(), 1, Findings(), lambda _page, _what: None)


def count(db: sqlite3.Connection) -> int:
    (found,) = db.execute("SELECT count(*) FROM entries").fetchone()
    return int(found)


def test_a_total_is_asked_for_with_the_cards_of_its_page(db: sqlite3.Connection, listing: ListingFetcher) -> None:
    assert listing.ask(YEAR) == 12
    assert count(db) == 10
    assert db.execute("SELECT count(*) FROM queue WHERE state = 'wanted'").fetchone() == (10,)


def test_a_peek_records_nothing(db: sqlite3.Connection, listing: ListingFetcher) -> None:
    assert listing.peek_total(YEAR) == 12
    assert [len(listing.peek(YEAR, number).entries) for number in (1, 2)] == [10, 2]
    assert count(db) == 0


def test_the_page_of_a_total_is_used_once_for_the_walk(listing: ListingFetcher, client: SiteClient) -> None:
    listing.ask(YEAR)
    assert listing.fetch_first(YEAR)[0].total == 12
    assert len(client.targets) == 1
    listing.fetch_first(YEAR)
    assert len(client.targets) == 2


def test_no_total_and_a_total_of_0_are_both_unknown(listing: ListingFetcher, client: SiteClient) -> None:
    empty = Window(date(1999, 1, 1), date(1999, 1, 2))
    assert listing.ask(empty) is None
    assert listing.describe_no_total(empty) == "states no total"
    client.change = lambda html: html.replace("We found nothing that matches your search", "Your search has 0 results")
    assert listing.ask(empty) is None
    assert listing.describe_no_total(empty) == "states 0 results"


def test_cards_without_a_total_are_another_layout(listing: ListingFetcher, client: SiteClient) -> None:
    client.change = lambda html: re.sub(r"Your search has [\d,]+ results", "", html)
    with pytest.raises(LayoutChanged, match="its layout has changed, or this lgsco is too old"):
        listing.ask(YEAR)


def test_a_listing_that_no_longer_filters_by_date_proves_nothing(
    db: sqlite3.Connection, listing: ListingFetcher
) -> None:
    listing.ask(YEAR)
    shown = listing.target(YEAR, 1)
    listing.dates.ask_for(YEAR, TODAY)
    other = Window(date(2020, 1, 1), date(2020, 12, 31))
    listing.target = lambda *_: shown  # type: ignore[method-assign]
    with pytest.raises(LayoutChanged, match="10 of 10 cards have dates that were not asked for"):
        listing.fetch(other, 1, other)
    assert count(db) == 10


def test_a_refusal_of_the_listing_is_not_an_empty_listing(listing: ListingFetcher, client: SiteClient) -> None:
    client.error = Denied("the site answers 403", status=403)
    with pytest.raises(Blocked, match="the site does not show us the listing"):
        listing.ask(YEAR)
    client.error = Unreachable("no connection")
    with pytest.raises(Unreachable):
        listing.ask(YEAR)
    assert listing.failure is client.error


def test_a_session_is_begun_if_the_listing_of_all_dates_shows_nothing(
    listing: ListingFetcher, client: SiteClient
) -> None:
    site, client.site = client.site, Site([], today=TODAY)
    assert listing.peek_total(EVERYTHING) is None
    assert len(client.targets) == 3, "the listing, the page of the session, the listing again"
    assert not listing.needed_session, "the session changed nothing"
    client.site = site
    assert listing.peek_total(EVERYTHING) == 12
    assert len(client.targets) == 4, "one session is enough"
