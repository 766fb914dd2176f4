"""Tests where a decision ends, and what is content around decisions, on blocks made without a page."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.lgo.beginning import Beginning
from ingest.lgo.ending import find_cards, find_end, find_panel, is_closing_block, names_another, own_slugs
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block, Item, Link, List

TITLE = "Anytown Council (25 004 901)"
CLOSING = "Investigator's decision on behalf of the Ombudsman"
OPENS, GOES_ON, CLOSES = "Review your privacy settings", "Required cookies", "Privacy settings"
OWN = frozenset({"25-004-901"})


def p(text: str, **more: Any) -> Block:
    return Block("paragraph", text, **more)


def h(text: str, **more: Any) -> Block:
    return Block("heading", text, **more)


def nav(target: str, text: str = "", tag: str = "a", **more: Any) -> Block:
    return Block("paragraph", text or target, links=(Link(target, tag, text or target, 1),), **more)


def beginning() -> Beginning:
    title = parse_title(TITLE)
    assert title is not None
    return Beginning(title, 0, 1)


def stop(*blocks: Block, layout: str = "canonical", limit: int | None = None) -> int:
    return find_end([h(TITLE), *blocks], beginning(), limit or len(blocks) + 1, layout).stop


@pytest.mark.parametrize("layout", ["page", "canonical", "dump"])
def test_a_decision_ends_at_its_last_closing_line_before_the_next_decision(layout: str) -> None:
    blocks = [p("Text."), p(CLOSING), p("More."), p(CLOSING), p("Contact")]
    assert stop(*blocks, layout=layout) == 5
    assert stop(*blocks, layout=layout, limit=4) == 3
    assert stop(p("Text."), layout="dump") == 2


def test_an_item_and_a_hidden_block_are_not_closing_line() -> None:
    assert is_closing_block(p(CLOSING))
    assert is_closing_block(h(CLOSING))
    assert not is_closing_block(Block("item", CLOSING, Item(List("•", None, None), 0, None)))
    assert not is_closing_block(p(CLOSING, is_hidden=True))


def test_a_plain_text_goes_on_with_a_further_report_after_the_closing_line() -> None:
    assert stop(p(CLOSING), h("Further report"), p("Text."), p("More.")) == 5
    assert stop(p(CLOSING), p("Further report"), p("Text.")) == 4
    assert stop(p(CLOSING), h("Further report")) == 2, "nothing is under it"
    assert stop(p(CLOSING), h("Further report"), p("x", is_hidden=True)) == 2
    assert stop(p(CLOSING), h("Further report"), nav("#a")) == 2
    assert stop(p(CLOSING), h("Further report"), nav("#a"), p("Text.")) == 5
    assert stop(p(CLOSING), h("Further report", is_hidden=True), p("Text.")) == 2
    assert stop(p(CLOSING), Block("item", "Further report"), p("Text.")) == 2
    assert stop(p(CLOSING), h("A report"), p("Text.")) == 2


# ---------------------------------------------------------------- the cookie panel


def panel(*texts: str) -> list[str]:
    blocks = [p(text) for text in texts]
    return [texts[place] for place in find_panel(blocks, 0, len(blocks))]


def test_the_panel_goes_from_its_first_line_to_its_last() -> None:
    assert panel("a", OPENS, GOES_ON, "Words", CLOSES, "b") == [OPENS, GOES_ON, "Words", CLOSES]
    assert panel("a", OPENS, GOES_ON, "Words") == [OPENS, GOES_ON, "Words"], "it may be cut off"
    assert panel("a", OPENS) == [OPENS]
    assert panel("a", OPENS, "Words", CLOSES) == []
    assert panel(OPENS, "Words", OPENS, GOES_ON, CLOSES) == [OPENS, GOES_ON, CLOSES]
    assert panel(OPENS, CLOSES, "b", OPENS, GOES_ON, CLOSES) == [OPENS, CLOSES, OPENS, GOES_ON, CLOSES]
    assert panel(OPENS, "Back to top", GOES_ON, CLOSES) == [OPENS, GOES_ON, CLOSES], "a known phrase is not part of it"


def test_the_panel_has_at_most_sixteen_lines() -> None:
    words = [f"words {n}" for n in range(20)]
    assert panel(OPENS, GOES_ON, *words) == [OPENS, GOES_ON, *words[:14]]
    assert panel(OPENS, GOES_ON, *words[:13], CLOSES, "b")[-1] == CLOSES


def test_the_panel_is_searched_in_a_range() -> None:
    blocks = [p(text) for text in (OPENS, GOES_ON, CLOSES, "x", OPENS, GOES_ON)]
    assert list(find_panel(blocks, 1, 5)) == [4]


# ---------------------------------------------------------------- cards


def test_the_slugs_of_a_decision_are_all_references_of_its_title() -> None:
    title = parse_title("Trust (24 000 001) (25 004 901 & 25 004 902)")
    assert title is not None
    assert own_slugs(Beginning(title, 0, 1)) == {"24-000-001", "25-004-901", "25-004-902"}


@pytest.mark.parametrize(
    ("target", "text", "other"),
    [
        ("/decisions/a/b/25-004-956", "Read more", True),
        ("/decisions/a/b/25-004-901", "Read more", False),
        ("/x", "Othertown Council (25 004 956)", True),
        ("/decisions/a/b/25-004-956", TITLE, False),  # the words decide
        ("/x", "Read more", False),
    ],
)
def test_a_link_names_another_decision_by_its_words_or_else_its_address(target: str, text: str, other: bool) -> None:
    assert names_another(nav(target, text), OWN) is other
    first = Block("paragraph", "x", links=(Link("/x", text="x"), *nav(target, text).links))
    assert names_another(first, OWN) is other


def test_a_card_goes_up_to_the_next_heading_or_note() -> None:
    card = nav("/decisions/a/b/25-004-956", "Read")
    note = "Ombudsman satisfied with council's response: 23 September 2016"
    blocks = [p("a"), card, p("b"), h("c"), p("d"), card, p(note), p("e"), card]
    assert list(find_cards(blocks, 0, len(blocks), OWN)) == [1, 2, 5, 8]
    assert list(find_cards(blocks, 2, 6, OWN)) == [5]
