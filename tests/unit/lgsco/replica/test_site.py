"""The look-alike site: listings, filters, and changes over time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape

import httpx
import pytest

from lgsco.replica.corpus import Sample, generate, seeds
from lgsco.replica.messages import Request
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site

FIRST, LAST = date(2016, 1, 1), date(2025, 12, 31)


def corpus(count: int, seed: int = 1) -> list[Sample]:
    """Invented decisions over ten years."""
    return list(generate(count, seed=seed, first=FIRST, last=LAST))


@pytest.fixture
def site() -> Site:
    return Site([*seeds(), *corpus(300)])


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    with serve(site) as served:
        yield served
        assert not served.errors


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as opened:
        yield opened


def search(client: httpx.Client, first: date, last: date, page: int = 1, **more: str) -> tuple[int | None, list[str]]:
    """Returns the stated total and the links of the cards."""
    asked = {"fd": str(first), "td": str(last), "page": str(page), "t": "both", **more}
    text = client.get("/Decisions/SearchResults", params=asked).raise_for_status().text
    total = re.search(r"Your search has ([\d,]+) results", text)
    return total and int(total[1].replace(",", "")), re.findall(r'card__title"><a href="([^"]+)"', text)


# The site over HTTP.
def test_the_listing_states_its_total_and_shows_ten_cards_a_page(client: httpx.Client, site: Site) -> None:
    total, links = search(client, date.min, date.max)
    assert total == len(site) == 305 and len(links) == 10
    walked = [link for page in range(1, 32) for link in search(client, date.min, date.max, page)[1]]
    assert walked == [sample.address for sample in site.listed()]
    days = [sample.decision_date for sample in site.listed()]
    assert days == sorted(days, reverse=True)
    assert search(client, date.min, date.max, 32) == (305, [])
    site.past_end = "404"
    assert client.get("/decisions/searchresults?fd=0001-01-01&page=32").status_code == 404
    site.count_line = lambda total: f"Your search has {total * 7:,} results"
    assert "Your search has 2,135 results" in client.get("/DECISIONS/searchRESULTS").text


def test_dates_are_inclusive(client: httpx.Client, site: Site) -> None:
    first, last = date(2020, 3, 2), date(2021, 3, 1)
    inside = [sample for sample in site.listed() if first <= sample.decision_date <= last]
    assert search(client, first, last)[0] == len(inside) > 10
    edge = inside[0].decision_date
    assert search(client, edge, edge)[0] == sum(sample.decision_date == edge for sample in site.listed())
    assert search(client, date(1999, 1, 1), date(1999, 12, 31)) == (None, [])


def test_search_filters_count_only_matching_decisions(client: httpx.Client, site: Site) -> None:
    def count(**more: str) -> int | None:
        return search(client, date.min, date.max, 1, **more)[0]

    shown = site.listed()
    assert count(dc="c+nu+u+") == 305
    assert count(dc="nu+") == sum(sample.outcome == "Not upheld" for sample in shown)
    assert count(t="reports") == sum(sample.kind == "report" for sample in shown)
    assert count(c="4+other") == sum((s.category, s.subcategory) == ("Education", "Other") for s in shown)
    assert count(aname=shown[0].authority) == sum(sample.authority == shown[0].authority for sample in shown)
    upheld = next(sample for sample in shown if sample.outcome == "Upheld")
    before = count(dc="u+") or 0
    site.withdraw(upheld.reference)
    assert count(dc="u+") == before - 1


def test_a_card_shows_title_date_outcome_and_summary(client: httpx.Client, site: Site) -> None:
    sample = site.listed()[0]
    old = replace(sample, reference="17 111 222a", decision_date=date(2018, 5, 1), authority="NHS Oskerby (ICB)")
    site.publish(old)
    text = client.get("/Decisions/SearchResults?fd=2018-05-01&td=2018-05-01").text
    assert f'<a href="{old.address}">NHS Oskerby (ICB) (17 111 222)</a>' in text and old.address.endswith("-222a")
    kind = sample.kind.title()
    assert f">{kind} {old.outcome} {old.subcategory} 01-May-2018</p>" in text
    assert f'<p class="card__summary">Summary: {old.summary}</p>' in unescape(text)
    site.untitled = lambda _: True
    assert f'<a href="{old.address}"></a>' in client.get("/Decisions/SearchResults?fd=2018-05-01&td=2018-05-01").text


def test_a_decision_is_served_at_every_variant_of_its_address(client: httpx.Client, site: Site) -> None:
    sample = seeds()[0]
    page = client.get(sample.address)
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    for variant in ("?chapter=0", "?chapter=1", "?displaypref=2", "/", "?chapter=x"):
        assert client.get(sample.address + variant).content == page.content
    assert client.get(sample.address.upper()).content == page.content
    assert client.head(sample.address).headers["content-length"] == str(len(page.content))
    for wrong in (sample.address + "9", sample.address + "?chapter=2", "/decisions/education/nothing", "/about"):
        assert client.get(wrong).status_code == 404
    assert client.post(sample.address).status_code == 405
    category = client.get("/decisions/children-s-care-services?page=2").text
    assert category.count('class="card__title"') == 10
    site.robots, site.robots_status = "Crawl-delay: 2\n", 503
    assert (client.get("/robots.txt").status_code, client.get("/robots.txt").text) == (503, "Crawl-delay: 2\n")


def test_a_report_has_one_page_for_each_chapter(client: httpx.Client, site: Site) -> None:
    report = next(sample for sample in site.listed() if sample.layout == "overview")
    first, second = (client.get(f"{report.address}?chapter={n}").text for n in (1, 2))
    assert client.get(report.address).text == first != second
    assert "Overview:" in first and "Overview:" not in second and "<p>1. " in second and report.outcome in second
    assert client.get(report.address + "?chapter=3").status_code == 404


def test_decisions_can_be_published_withdrawn_and_restored(client: httpx.Client, site: Site) -> None:
    sample = replace(seeds()[0], reference="25 999 999", decision_date=date(2025, 10, 6))
    total = len(site)
    site.publish(sample)
    assert search(client, date.min, date.max)[0] == total + 1 and client.get(sample.address).status_code == 200
    with pytest.raises(ValueError, match="amend"):
        site.publish(sample)
    site.withdraw(sample.reference)
    assert search(client, date.min, date.max)[0] == total and client.get(sample.address).status_code == 404
    site.gone = 410
    assert client.get(sample.address).status_code == 410
    site.restore(sample.reference)
    assert search(client, date.min, date.max)[0] == total + 1 and client.get(sample.address).status_code == 200


def test_decisions_can_be_amended_and_redated(client: httpx.Client, site: Site) -> None:
    sample = seeds()[1]
    before = client.get(sample.address).text
    moved = replace(sample, category="Education", header_extra=("Ombudsman satisfied: 1 May 2024",))
    site.amend(sample.reference, moved)
    assert client.get(sample.address).status_code == 404
    assert "Ombudsman satisfied: 1 May 2024" in client.get(moved.address).text != before
    site.redate(sample.reference, date(2031, 7, 1))
    assert search(client, date(2031, 7, 1), date(2031, 7, 1)) == (1, [moved.address])
    assert "01 Jul 2031" in client.get(moved.address).text
    with pytest.raises(ValueError, match="keeps the reference"):
        site.amend(sample.reference, replace(sample, reference="25 000 000"))


def test_decisions_appear_and_expire_as_time_passes() -> None:
    samples = corpus(400)
    site = Site(samples, today=date(2020, 6, 30))
    for day in (date(2020, 6, 30), date(2020, 8, 1), date(2024, 2, 29), date(2021, 1, 1), date.max):
        site.today = day
        assert {sample.reference for sample in site.listed()} == {s.reference for s in samples if s.published <= day}
    late = replace(samples[0], reference="20 999 999", published=date(2030, 1, 1))
    site.today = date(2029, 12, 31)
    site.publish(late)
    assert late not in site.listed()
    site.today = date(2030, 1, 1)
    assert late in site.listed()
    site.expire_before(date(2020, 1, 1))
    assert {sample.kind for sample in site.listed(last=date(2019, 12, 31))} == {"report"}
    site.expire_before(date(2020, 1, 1), reports=True)
    assert site.listed(last=date(2019, 12, 31)) == [] and site.listed(date(2020, 1, 1))


def test_each_page_of_a_large_listing_states_its_total() -> None:
    site = Site(generate(5_000, seed=3, first=FIRST, last=LAST, body=False))
    asked = [Request("GET", f"/Decisions/SearchResults?fd=0001-01-01&page={page}", {}) for page in range(1, 501, 5)]
    answers = [site.handle(request) for request in asked]
    assert [answer for answer in answers if "Your search has 5,000 results" not in answer.body.decode()] == []


def test_an_unchanged_page_is_answered_with_304() -> None:
    site = Site(seeds(), validators=True)
    page = site.handle(Request("GET", seeds()[0].address, {}))
    tag = dict(page.headers)["ETag"]
    again = site.handle(Request("GET", seeds()[0].address, {"if-none-match": tag}))
    assert again.status == 304 and again.wire.endswith(b"\r\n\r\n")
    assert site.handle(Request("GET", seeds()[0].address, {"if-none-match": '"other"'})).status == 200
    site.markup = "dl"
    assert site.handle(Request("GET", seeds()[0].address, {"if-none-match": tag})).status == 200
