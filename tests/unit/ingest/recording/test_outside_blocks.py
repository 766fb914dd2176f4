"""Tests the kinds of blocks outside decisions."""

from __future__ import annotations

import pytest

from ingest.lgo.page import parse_page
from ingest.recording.outside_blocks import PageSurroundings, find_kinds, mask

PAGE = (
    "<html><body><article><h1>Anytown Council (25 004 920)</h1><p>Decision : Upheld</p><h2>Summary</h2>"
    "<p>It was lost.</p><p>Investigator's decision on behalf of the Ombudsman</p><p>{}</p><p><a href=/x>Home</a></p>"
    "</article></body></html>"
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Updated 23 September 2016.", "Updated DATE."),
        ("See 25 004 920a and 25-004-921.", "See REFERENCE and REFERENCE."),
        ("It paid £1,204.50 in 14 days.", "It paid £NUMBER in NUMBER days."),
        ("Write to a@b.org or https://x.org/a?b=1 now.", "Write to ADDRESS or ADDRESS now."),
    ],
)
def test_parts_that_differ_from_page_to_page_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_only_blocks_that_no_rule_names_are_kinds_and_links_are_not() -> None:
    decision = parse_page(PAGE.format("Compliance checked on 1 May 2024.").encode(), all_blocks=True)
    kinds = list(find_kinds(decision, decision.left_out, "2026-11-29T12:00:00Z", is_new=True))
    assert [(one.masked, one.example, one.decisions) for one in kinds] == [
        ("Compliance checked on DATE.", "Compliance checked on 1 May 2024.", 1)
    ]


def test_blocks_that_differ_in_their_dates_are_one_kind() -> None:
    hashes: set[str] = set()
    for day in ("1 May 2024", "12 June 2023"):
        decision = parse_page(PAGE.format(f"Compliance checked on {day}.").encode(), all_blocks=True)
        hashes.update(one.hash for one in find_kinds(decision, decision.left_out, "", is_new=True))
    assert len(hashes) == 1


def test_a_page_has_new_words_only_if_no_earlier_page_had_them() -> None:
    around = PageSurroundings()
    page = b"<article>a</article><p>Telephone: 0300 061 0614</p>"
    assert around.has_new_words(page)
    assert not around.has_new_words(page.replace(b"0614", b"0615")), "numbers do not count as words"
    assert around.has_new_words(page.replace(b"Telephone", b"Write"))
    assert not around.has_new_words(b"<p>Telephone</p>"), "there is nothing after an article"
