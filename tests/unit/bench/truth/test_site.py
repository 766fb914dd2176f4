"""The simulated site: what it lists, hides and states."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bench.truth.model import ALL, Dates, Judge
from bench.truth.site import FORMS, Away, Decision, Site
from ingest.lgo import listing_page, page

DAY = date(2026, 5, 4)


class Now:
    at = 1_000


def make_site(count: int = 25) -> Site:
    site = Site(lambda: Now.at)
    for number in range(count):
        site.publish(Decision(100 + number, DAY - timedelta(days=number)))
    return site


def listed(site: Site, number: int = 1, first: date = date.min, last: date = date.max) -> listing_page.Listing:
    status, body = site.answer(f"/Decisions/SearchResults?fd={first}&td={last}&t=both&page={number}")
    assert status == 200
    return listing_page.parse_listing(body)


def test_program_parses_its_pages() -> None:
    site = make_site()
    decision = site.decisions["20 000 100"]
    status, body = site.answer(decision.path)
    found = page.parse_page(body, reference=decision.reference)
    assert (status, found.reference) == (200, decision.reference)
    first = listed(site)
    assert (first.total, len(first.entries)) == (25, 10)
    assert first.entries[0].reference == decision.reference
    assert len(listed(site, 3).entries) == 5


def test_hidden_decisions_are_missing_from_cards_or_total() -> None:
    site = make_site()
    site.cardless.add("20 000 100")
    assert (listed(site).total, listed(site).entries[0].reference) == (25, "20 000 101")
    site.show_all()
    site.uncounted.add("20 000 100")
    assert (listed(site).total, listed(site).entries[0].reference) == (24, "20 000 100")
    site.show_all()
    site.depth = 10
    assert (listed(site, 2).total, listed(site, 2).entries) == (25, ())
    site.show_all()
    site.cap = 10
    assert (listed(site, 2).total, listed(site, 2).entries) == (10, ())


def test_decisions_cut_off_by_wide_searches_are_contested() -> None:
    site = make_site(12)
    site.cap = 10
    site.note()
    judge = Judge(site, frozenset(), Now.at)
    assert judge.count_listed([ALL], lambda _day: Now.at) == (10, 12)


def test_site_can_refuse_and_be_unreachable() -> None:
    site = make_site()
    site.faults.refused = "listing"
    assert site.answer("/Decisions/SearchResults?page=1")[0] == 403
    site.faults.away = True
    with pytest.raises(Away):
        site.answer("/decisions/x")


def test_every_form_of_a_total_says_the_same_words() -> None:
    assert len({form(1_234) for form in FORMS}) == len(FORMS)
    assert [form for form in FORMS if "1,234" not in form(1234)] == []


def test_claim_is_checked_against_the_listing_between_two_instants() -> None:
    site = make_site(3)
    Now.at = 2_000
    site.publish(Decision(500, DAY))
    stored = frozenset({"20 000 100", "20 000 101", "20 000 102"})
    judge = Judge(site, stored, 2_000)
    assert judge.find_lacking([ALL], lambda _day: 2_001, excused=False) == ["20 000 500"]
    assert not judge.find_lacking([ALL], lambda _day: 1_500, excused=False)
    assert not judge.find_lacking([Dates(date.min, DAY - timedelta(days=1))], lambda _day: 2_001, excused=False)
