"""When the check of the listing is due, and what it finds out about dates and forms."""

from __future__ import annotations

import re
import sqlite3
from datetime import date, timedelta

import pytest

from ingest.crawling.findings import Findings
from ingest.crawling.listing_check import ListingCheck
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.errors import Blocked
from lgsco.replica.messages import Request, Response
from lgsco.replica.site import Site
from storage.listing_findings import find_newest
from support.rows import AT
from support.site_client import SiteClient
from support.sync import decided, one
from support.world import TODAY, Time

SITE = "https://site.example"


@pytest.fixture
def client() -> SiteClient:
    return SiteClient(Site(decided(20, date(2025, 1, 1), date(2026, 6, 30)), today=TODAY), AT)


@pytest.fixture
def listing(db: sqlite3.Connection, client: SiteClient, time: Time) -> ListingFetcher:
    return ListingFetcher(db, client, time.clock(), 1, Findings(), lambda _page, _what: None)


def make(db: sqlite3.Connection, listing: ListingFetcher, time: Time) -> ListingCheck:
    return ListingCheck(db, listing, time.clock(), 1, site=SITE, days=30)


def verdicts(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    return {(kind, subject): found.verdict for (kind, subject), (found, _) in find_newest(db, SITE).items()}


def test_a_site_without_peculiarities_is_checked_once_in_its_cadence(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    make(db, listing, time).check_if_due()
    found = verdicts(db)
    assert (found["dates", "summer"], found["dates", "winter"]) == ("exact", "exact")
    assert found["use", ""] == listing.form.name
    assert db.execute("SELECT count(*) FROM entries").fetchone() == (0,), "the check records no card"
    asked = len(client.targets)
    make(db, listing, time).check_if_due()
    time.at += timedelta(days=29)
    make(db, listing, time).check_if_due()
    assert len(client.targets) == asked, "it is not due yet"
    time.at += timedelta(days=1)
    make(db, listing, time).check_if_due()
    assert len(client.targets) > asked


def test_a_doubt_makes_the_check_due_at_once_and_comes_at_most_once_a_day(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    check = make(db, listing, time)
    check.check_if_due()
    listing.findings.has_stray_cards = True
    check.conclude()
    assert verdicts(db)["dates", "winter"] == "exact", "the check is from today"
    time.at += timedelta(days=1)
    check.conclude()
    assert verdicts(db)["dates", "winter"] == "doubted"
    asked = len(client.targets)
    make(db, listing, time).check_if_due()
    assert len(client.targets) > asked


def test_a_listing_without_totals_proves_nothing_and_says_so(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    client.site = Site([], today=TODAY)
    with pytest.raises(Blocked, match="on, it states no total; nothing was concluded from it"):
        make(db, listing, time).check_if_due()


def test_earlier_findings_are_used_if_the_check_fails_now(
    db: sqlite3.Connection,
    listing: ListingFetcher,
    client: SiteClient,
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make(db, listing, time).check_if_due()
    before = verdicts(db)
    time.at += timedelta(days=31)
    client.change = lambda html: re.sub(r'<div class="card">.*?</div>\n', "", html, flags=re.DOTALL).replace(
        "Your search has", "There are"
    )
    make(db, listing, time).check_if_due()
    assert "cannot find out which dates the listing includes: asked without dates, and for dates from" in caplog.text
    assert "it states no total" in caplog.text
    assert verdicts(db) == before


LATER_SUMMERS = [one(date(2025, 5, 1) + number * timedelta(days=9), number) for number in range(15)]
"""Decisions of the summer of 2025, more than a page shows, and none of the winter after it."""


@pytest.mark.parametrize(
    ("winter", "verdict"),
    [
        ([], "no decision"),
        ([date(2025, 1, 15)], "exact"),
        ([date(2024, 1, 15)], "exact"),
        ([date(2024, 10, 28)], "no decision"),  # the clocks changed the day before
        ([date(2024, 10, 28), date(2019, 12, 24)], "exact"),
    ],
)
def test_a_season_without_decisions_last_year_is_checked_with_an_older_one(
    db: sqlite3.Connection,
    listing: ListingFetcher,
    client: SiteClient,
    time: Time,
    winter: list[date],
    verdict: str,
) -> None:
    client.site = Site([*LATER_SUMMERS, *(one(day, 100 + n) for n, day in enumerate(winter))], today=TODAY)
    make(db, listing, time).check_if_due()
    assert (verdicts(db)["dates", "summer"], verdicts(db)["dates", "winter"]) == ("exact", verdict)


def test_a_page_without_a_total_does_not_mean_that_a_season_has_no_decision(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    client.site = Site([*LATER_SUMMERS, one(date(2024, 1, 15), 100)], today=TODAY)
    client.change = lambda html: html if "Jul-2025" in html else re.sub(r"Your search has|15-Jan-2024", "", html)
    with pytest.raises(Blocked, match=r"it states no total for dates to 202\d-\d\d-\d\d; nothing was concluded"):
        make(db, listing, time).check_if_due()
    assert ("dates", "winter") not in verdicts(db)


def test_a_session_that_was_needed_is_begun_in_the_next_run(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    check = make(db, listing, time)
    check.check_if_due()
    listing.needed_session = True
    check.conclude()
    assert verdicts(db)["session", ""] == "needed"
    asked = len(client.targets)
    make(db, listing, time).check_if_due()
    assert len(client.targets) == asked + 1, "only the page on which the session begins"


def test_a_site_that_ignores_the_last_date_is_asked_a_few_times_and_not_for_ever(
    db: sqlite3.Connection, listing: ListingFetcher, client: SiteClient, time: Time
) -> None:
    """Its newest cards are all of one summer, so a decision of a winter is searched in vain."""
    client.site = Site(decided(60, date(2026, 4, 10), date(2026, 10, 10)), today=TODAY)
    right = client.site.handle

    def ignore_last(request: Request) -> Response:
        return right(request._replace(target=re.sub(r"td=[^&]*", f"td={TODAY}", request.target)))

    client.site.handle = ignore_last  # type: ignore[method-assign]
    with pytest.raises(Blocked, match=r"for dates to 2026-03-\d\d it shows a decision of 2026-10"):
        make(db, listing, time).check_if_due()
    assert len(client.targets) < 12
