"""Tests which chapter of a report is fetched next, and which stored pages can be parsed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingest.errors import CutShort
from ingest.lgo.text_format import render
from ingest.recording.chapters import find_next_chapter, parse_stored_pages
from lgsco.replica.corpus import generate
from lgsco.replica.messages import Request
from lgsco.replica.sample import expected_text
from lgsco.replica.site import Site
from storage.model import Page

TODAY = date(2026, 11, 2)
SAMPLES = list(generate(60, seed=5, first=date(2026, 1, 1), last=date(2026, 9, 30)))
SITE = Site(SAMPLES, today=TODAY)


def stored(reference: str, path: str, chapter: int) -> Page:
    target = path if chapter == 1 else f"{path}?chapter={chapter}"
    answer = SITE.handle(Request("GET", target, {}))
    assert answer.status == 200
    return Page(reference, chapter, target, "2026-11-02T12:00:00Z", "utf-8", answer.body)


REPORT = next(sample for sample in SAMPLES if len(sample.chapters) == 2)
STATEMENT = next(sample for sample in SAMPLES if len(sample.chapters) == 1)


def test_the_bare_address_is_fetched_first() -> None:
    assert find_next_chapter([], REPORT.reference) == 1


def test_a_report_is_fetched_until_no_page_links_to_a_chapter_that_is_missing() -> None:
    first, second = (stored(REPORT.reference, REPORT.address, chapter) for chapter in (1, 2))
    assert find_next_chapter([first], REPORT.reference) == 2
    assert find_next_chapter([first, second], REPORT.reference) is None


def test_a_statement_has_one_page() -> None:
    assert find_next_chapter([stored(STATEMENT.reference, STATEMENT.address, 1)], STATEMENT.reference) is None


def test_all_chapters_are_parsed_as_one_text() -> None:
    pages = [stored(REPORT.reference, REPORT.address, chapter) for chapter in (1, 2)]
    decision = parse_stored_pages(pages, TODAY)
    assert decision.reference == REPORT.reference
    assert render(decision) == expected_text(REPORT)


def test_a_report_with_a_chapter_missing_is_cut_short() -> None:
    with pytest.raises(CutShort, match="chapter 2 is not among"):
        parse_stored_pages([stored(REPORT.reference, REPORT.address, 1)], TODAY)


def test_a_date_after_the_fetch_is_an_oddity_and_not_stored() -> None:
    page = stored(STATEMENT.reference, STATEMENT.address, 1)
    decided = parse_stored_pages([page], TODAY).decision_date
    assert decided is not None
    assert parse_stored_pages([page], decided).decision_date == decided
    decision = parse_stored_pages([page], decided - timedelta(days=1))
    assert decision.decision_date is None
    assert [oddity.what for oddity in decision.odd] == ["date"]
