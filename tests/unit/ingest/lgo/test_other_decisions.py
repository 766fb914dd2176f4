"""Finds other decisions in a document, but not cards of them or links to them."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.lgo.beginning import Beginning
from ingest.lgo.other_decisions import find_other_decision, find_other_titles
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block, Link

TITLE = "Anytown Council (25 004 901)"
OTHER = "Othertown Council (25 004 956)"
THIRD = "Thirdtown Council (25 004 957)"
CLOSING = "Investigator's decision on behalf of the Ombudsman"


def p(text: str, **more: Any) -> Block:
    return Block("paragraph", text, **more)


def h(text: str, **more: Any) -> Block:
    return Block("heading", text, **more)


CATEGORY, OUTCOME, OPENER = p("Category : Housing"), p("Decision : Upheld"), h("The Ombudsman's final decision:")
OWN = (h(TITLE), CATEGORY, OUTCOME, OPENER, p("There was fault."), p(CLOSING))


def others(*blocks: Block, is_page: bool = True) -> list[str]:
    """The references of the other decisions in a document."""
    title = parse_title(TITLE)
    assert title is not None
    place = [block.text for block in blocks].index(TITLE)
    beginning = Beginning(title, place, place + 1)
    limit = find_other_decision(blocks, beginning, is_page=is_page)
    return [reference for _, reference in find_other_titles(blocks, beginning, limit)]


def test_a_decision_alone_has_no_other_beside_it() -> None:
    assert others(*OWN) == []
    assert others(*OWN, *OWN) == [], "a copy of the same decision"


@pytest.mark.parametrize("own_lines", [(OPENER, p("Words")), (CATEGORY, p("Words"), p(CLOSING)), (CATEGORY, OUTCOME)])
@pytest.mark.parametrize("is_page", [True, False])
def test_a_title_with_an_opener_a_closing_line_or_header_lines_is_another_decision(
    own_lines: tuple[Block, ...], is_page: bool
) -> None:
    assert others(*OWN, h(OTHER), *own_lines, is_page=is_page) == ["25 004 956"]


def test_each_other_decision_is_found_before_and_after() -> None:
    second, third = (h(OTHER), *OWN[1:]), (h(THIRD), *OWN[1:])
    assert others(*OWN, *second, *third) == ["25 004 956", "25 004 957"]
    assert others(*second, *OWN, *third) == ["25 004 956", "25 004 957"]


def test_a_card_of_another_decision_is_not_another_decision() -> None:
    assert others(*OWN, h("Related decisions"), h(OTHER), p("We found fault."), p("Upheld")) == []
    assert others(*OWN, h("Related decisions"), h(OTHER), OUTCOME, p("We found fault."), h(THIRD), OUTCOME) == []
    linked = h(OTHER, links=(Link("/decisions/housing/other/25-004-956", text=OTHER, blocks=1),))
    assert others(*OWN, linked, CATEGORY, OUTCOME) == []


def test_hidden_lines_are_not_the_lines_of_another_decision() -> None:
    assert others(*OWN, h(OTHER), OUTCOME, p(CATEGORY.text, is_hidden=True), p(CLOSING, is_hidden=True)) == []
