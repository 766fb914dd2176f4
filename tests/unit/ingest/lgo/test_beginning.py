"""Tests where a decision begins, on blocks made without a page."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import NotADecision, WrongReference
from ingest.lgo.beginning import Beginning, find_beginning, find_beginning_in_article, is_evidence, is_labelled
from ingest.lgo.titles import Title, parse_title
from ingest.parsing.blocks import Block, Link

OWN, OTHER = "25 004 901", "25 004 956"
TITLE, OTHER_TITLE = f"Anytown Council ({OWN})", f"Othertown Council ({OTHER})"
LABEL = "Category : Housing"


def p(text: str, **more: Any) -> Block:
    return Block("paragraph", text, **more)


def h(text: str, **more: Any) -> Block:
    return Block("heading", text, **more)


def title_of(text: str) -> Title:
    title = parse_title(text)
    assert title is not None
    return title


def find(*blocks: Block, reference: str | None = OWN, page: str | None = TITLE, **more: Any) -> Beginning:
    return find_beginning(blocks, reference=reference, page_title=title_of(page) if page else None, **more)


def test_a_decision_begins_at_the_heading_above_its_first_labelled_line() -> None:
    assert find(p("Menu"), h(TITLE), p("Share"), p(LABEL), h(TITLE)) == Beginning(title_of(TITLE), 1, 2)
    assert find(p(TITLE), p(LABEL)) == Beginning(title_of(TITLE), 0, 1), "or else at the block that names it"


def test_the_requested_reference_decides_between_two_decisions() -> None:
    blocks = [h(OTHER_TITLE), p(LABEL), h(TITLE), p("Decision : Upheld")]
    assert find(*blocks).first == 2
    assert find(*blocks, reference=OTHER, page=OTHER_TITLE).first == 0
    assert find(*blocks, reference=None).first == 2, "without a request, the page's title decides"
    assert find(*blocks, reference=None, page=None).first == 0


def test_a_page_of_another_decision_is_refused_by_its_name() -> None:
    with pytest.raises(WrongReference, match=f"^the page is the decision {OTHER}, not {OWN}$"):
        find(h(OTHER_TITLE), p(LABEL), page=OTHER_TITLE)


def test_without_a_title_block_the_decision_begins_at_its_first_labelled_line() -> None:
    assert find(p("Menu"), p(LABEL), p("Decision : Upheld")) == Beginning(title_of(TITLE), 1, 1)


def test_a_page_without_title_or_labelled_line_is_not_a_decision() -> None:
    with pytest.raises(NotADecision, match=r"^no title line that ends with a reference"):
        find(p(LABEL), reference=None, page=None)
    with pytest.raises(NotADecision, match=r"^neither 'The Ombudsman's final decision:' nor 'Overview:'"):
        find(h(TITLE), p("Words."), reference=None, page=None)


def test_a_summary_in_a_card_of_the_listing_begins_nothing() -> None:
    link = h(TITLE, links=(Link("/x", text=TITLE, blocks=1),))
    summary = h("Summary")
    card = p("Statement Upheld Housing 06-Oct-2025")
    assert find(h(TITLE), summary) == Beginning(title_of(TITLE), 0, 1)
    for blocks in ([link, summary], [h(TITLE), card, summary]):
        assert find(*blocks) == Beginning(title_of(TITLE), len(blocks) - 1, len(blocks) - 1), "as without a title block"


def test_a_title_directly_above_the_labelled_lines_of_another_decision_is_passed_over() -> None:
    blocks = [p("Menu"), h(TITLE), p("Related:"), h(OTHER_TITLE), p(LABEL), h(TITLE), p("Decision : Upheld")]
    assert find(*blocks).first == 5


def test_a_chapter_needs_no_header() -> None:
    assert find(h(TITLE), p("Words."), is_chapter=True).first == 0
    with pytest.raises(WrongReference):
        find(h(OTHER_TITLE), p("Words."), page=OTHER_TITLE, is_chapter=True)


@pytest.mark.parametrize(
    ("block", "labelled"),
    [
        (p(LABEL), True),
        (p(LABEL, is_hidden=True), False),
        (p("Words\nCategory : Housing"), False),
        (p("Category : Housing\nDecision : Upheld"), True),
        (p("Category"), True),
        (p("Decision"), False),
        (p("Decision :"), True),
        (p("Decision", is_label=True), True),
        (Block("paragraph", "Decision | Upheld", cells=("Decision", "Upheld")), True),
        (p("Decision Upheld", lead="Decision"), True),
        (p("Decision Upheld", lead="Decision : x"), False),
        (p("Words"), False),
        (p("Service area : Adults"), False),
    ],
)
def test_a_labelled_line_is_a_known_label_with_its_value_or_marked_as_one(block: Block, labelled: bool) -> None:
    assert is_labelled(block) is labelled


def test_labelled_lines_openers_and_summaries_are_evidence_of_a_decision() -> None:
    for block in (p(LABEL), h("Overview:"), h("Summary"), p("Summary: It was late.")):
        assert is_evidence(block), block.text
    assert not is_evidence(p("Words"))


# ---------------------------------------------------------------- in the only article of a page


def in_article(
    *blocks: Block, reference: str | None = OWN, page: str | None = TITLE, above: str = ""
) -> Beginning | None:
    return find_beginning_in_article(
        blocks,
        reference=reference,
        page_title=title_of(page) if page else None,
        find_above=lambda: parse_title(above),
    )


def test_in_an_article_the_title_is_the_last_heading_above_the_first_labelled_line() -> None:
    assert in_article(h(TITLE), p(LABEL)) == Beginning(title_of(TITLE), 0, 1)
    assert in_article(p(TITLE), p(LABEL)) == Beginning(title_of(TITLE), 0, 1), (
        "a paragraph that equals the page's title"
    )
    assert in_article(p(TITLE), p(LABEL), page=None) is None


def test_the_heading_above_an_article_is_its_title_if_it_has_none() -> None:
    assert in_article(p(LABEL), above=TITLE) == Beginning(title_of(TITLE), 0, 0)
    assert in_article(p(LABEL), above=OTHER_TITLE) is None
    assert in_article(p(LABEL), above=OTHER_TITLE, reference=None) == Beginning(title_of(OTHER_TITLE), 0, 0)
    assert in_article(p(LABEL)) is None


def test_an_article_without_evidence_or_of_another_decision_leaves_the_page_to_be_examined() -> None:
    assert in_article(h(TITLE), p("Words.")) is None
    assert in_article(h(OTHER_TITLE), p(LABEL)) is None
    assert in_article(h(OTHER_TITLE), p(LABEL), reference=None) is None, "the page's title names another"
    assert in_article(h(OTHER_TITLE), p(LABEL), reference=None, page=None) == Beginning(title_of(OTHER_TITLE), 0, 1)
