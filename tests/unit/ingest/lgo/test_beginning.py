"""Tests where a decision begins, on blocks made without a page."""

from __future__ import annotations

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from ingest.errors import NotADecision, WrongReference
from ingest.lgo.beginning import Beginning, find_beginning, find_beginning_in_article, is_evidence, is_labelled
from ingest.lgo.titles import Title, parse_title
from ingest.parsing.blocks import Block, Link
from ingest.parsing.html_blocks import split_html

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
    alone = find(h(OTHER_TITLE), p(LABEL), reference=None)
    assert alone == Beginning(title_of(OTHER_TITLE), 0, 1), "unless no block prints it"


def test_a_page_of_another_decision_is_refused_by_its_name() -> None:
    with pytest.raises(WrongReference, match=f"^the page is the decision {OTHER}, not {OWN}$"):
        find(h(OTHER_TITLE), p(LABEL), page=OTHER_TITLE)


def test_a_page_of_another_decision_without_a_page_title_is_refused_by_the_title_it_prints() -> None:
    with pytest.raises(WrongReference, match=f"^the page is the decision {OTHER}, not {OWN}$"):
        find(h(OTHER_TITLE), p(LABEL), page=None)
    with pytest.raises(NotADecision):
        find(h(OTHER_TITLE), page=None)


def test_an_item_is_not_the_summary_that_shows_a_decision() -> None:
    assert is_evidence(p("Summary: It was late."))
    assert not is_evidence(Block("item", "Summary: It was late."))


def test_without_a_title_block_the_decision_begins_at_its_first_labelled_line() -> None:
    assert find(p("Menu"), p(LABEL), p("Decision : Upheld")) == Beginning(title_of(TITLE), 1, 1)


def test_a_page_without_title_or_labelled_line_is_not_a_decision() -> None:
    no_title = "no title line that ends with a reference, such as 'Anytown Council (25 004 920)'"
    for blocks in ([p(LABEL)], [p("Words.")]):
        with pytest.raises(NotADecision) as refused:
            find(*blocks, reference=None, page=None)
        assert str(refused.value) == no_title
    for page in (None, TITLE):
        with pytest.raises(NotADecision) as refused:
            find(h(TITLE), p("Words."), reference=None, page=page)
        assert str(refused.value) == (
            "neither 'The Ombudsman's final decision:' nor 'Overview:' nor a summary, and no line 'Category : …', "
            "'Decision : …' or 'Decision date : …'"
        )


def test_a_summary_in_a_card_of_the_listing_begins_nothing() -> None:
    link = h(TITLE, links=(Link("/x", text=TITLE, blocks=1),))
    summary = h("Summary")
    card = p("Statement Upheld Housing 06-Oct-2025")
    assert find(h(TITLE), summary) == Beginning(title_of(TITLE), 0, 1)
    for blocks in ([link, summary], [h(TITLE), card, summary]):
        assert find(*blocks) == Beginning(title_of(TITLE), len(blocks) - 1, len(blocks) - 1), "as without a title block"


def test_a_decision_below_a_card_of_it_is_found_and_a_card_below_its_summary_does_not_matter() -> None:
    card = [h(TITLE), p("Statement Upheld Housing 06-Oct-2025"), h("Summary")]
    assert find(p("Menu"), *card, h(TITLE), p(LABEL), page=None).first == 4
    assert find(h(TITLE), h("Summary"), *card[1:]).first == 0


def test_a_labelled_line_that_ends_in_the_reference_is_not_the_title_above_itself() -> None:
    with pytest.raises(NotADecision, match=r"^no title line"):
        find(p(f"Category : {TITLE}"), page=None, reference=None)


def test_a_title_directly_above_the_labelled_lines_of_another_decision_is_passed_over() -> None:
    blocks = [p("Menu"), h(TITLE), p("Related:"), h(OTHER_TITLE), p(LABEL), h(TITLE), p("Decision : Upheld")]
    assert find(*blocks).first == 5
    blocks[3:5] = [h(OTHER_TITLE), h("The Ombudsman's final decision:")]
    assert find(*blocks).first == 5
    assert find(h(TITLE), h(OTHER_TITLE), p("One."), p("Two."), p(LABEL)).first == 0, "not directly above them"
    joint = f"Anytown Council and Othertown Council ({OWN} & {OTHER})"
    assert find(h(joint), h(OTHER_TITLE), p(LABEL), page=joint).first == 0, "one of the decision's own references"


def test_a_chapter_needs_no_header() -> None:
    assert find(p("Menu"), h(TITLE), p("Words."), is_chapter=True) == Beginning(title_of(TITLE), 1, 2)
    with pytest.raises(WrongReference):
        find(h(OTHER_TITLE), p("Words."), page=OTHER_TITLE, is_chapter=True)


@pytest.mark.parametrize(
    ("block", "labelled"),
    [
        (p(LABEL), True),
        (p(LABEL, is_hidden=True), False),
        (p("Words\nCategory : Housing"), False),
        (p("Category : Housing\nDecision : Upheld"), True),
        (p(f"{TITLE}\nCategory : Housing"), True),
        (p("Date of\ndecision : 6 May 2025"), True),
        (p("Category"), True),
        (p("Decision date"), True),
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


def test_an_element_of_the_class_label_is_a_label() -> None:
    label, value = blocks_of("<div class='label'>Decision</div><div class='value'>Upheld</div>")
    assert (is_labelled(label), is_labelled(value)) == (True, False)


def test_labelled_lines_openers_and_summaries_are_evidence_of_a_decision() -> None:
    for block in (p(LABEL), h("Overview:"), h("Summary"), p("Summary: It was late.")):
        assert is_evidence(block), block.text
    assert not is_evidence(p("Words"))


# ---------------------------------------------------------------- a title in several places or pieces


def blocks_of(html: str) -> list[Block]:
    """Returns the blocks of a page, with their elements."""
    body = LexborHTMLParser(html.replace("TITLE", TITLE).replace("LABEL", LABEL)).body
    assert body is not None
    return split_html(body)


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ("<p>Menu</p><h1>TITLE</h1><p>TITLE</p><p>LABEL</p>", 1),
        ("<h1>TITLE</h1><h2>TITLE</h2><p>LABEL</p>", 1),
        ("<article><h1>TITLE</h1><p>TITLE</p><p>LABEL</p></article>", 0),
        ("<h1>TITLE</h1><article><p>TITLE</p><p>LABEL</p></article>", 1),
        ("<h1>TITLE</h1><article><p>Home TITLE</p><p>LABEL</p></article>", 0),
        ("<p>TITLE</p><p>Home TITLE</p><p>LABEL</p>", 0),
        ("<article><p>TITLE</p></article><h1>TITLE</h1><p>Share</p><article><p>LABEL</p></article>", 1),
        ("<p>Home TITLE</p><article><p>Decisions TITLE</p><p>LABEL</p></article>", 1),
        ("<p>TITLE</p><p><a href='/x'>TITLE</a></p><p>LABEL</p>", 1),
    ],
)
def test_the_title_is_the_last_heading_or_else_the_line_that_equals_it_in_the_article(html: str, place: int) -> None:
    assert find(*blocks_of(html)).first == place


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ("<h1>TITLE</h1><article><p>TITLE</p><p>LABEL</p></article>", 1),
        ("<h1>TITLE</h1><article><p>Home TITLE</p><p>LABEL</p></article>", 0),
        ("<p>TITLE</p><p><a href='/x'>Home TITLE</a></p><p>LABEL</p>", 0),
    ],
)
def test_without_a_page_title_a_line_is_compared_with_the_headings_and_a_link_comes_last(html: str, place: int) -> None:
    assert find(*blocks_of(html), page=None).first == place


def test_in_a_text_the_title_is_its_first_line_or_else_the_last_line_that_names_it() -> None:
    assert find(p(TITLE), p("Share"), p(TITLE), p(LABEL)).first == 0
    assert find(p("Menu"), p(TITLE), p("Share"), p(TITLE), p(LABEL)).first == 3


@pytest.mark.parametrize(
    ("pieces", "first"),
    [
        (["Anytown Council and", f"Othertown Trust ({OWN})"], 0),
        (["Anytown\nCouncil and", f"Othertown Trust ({OWN})"], 0),
        (["Anytown", "Council", "and", "Othertown", f"Trust ({OWN})"], 0),
        (["An", "town", "Council and", "Othertown", f"Trust ({OWN})"], 4),
    ],
)
def test_a_title_in_up_to_five_blocks_is_one_if_the_page_title_joins_them(pieces: list[str], first: int) -> None:
    whole = f"Anytown Council and Othertown Trust ({OWN})"
    found = find(*map(h, pieces), p(LABEL), page=whole)
    assert (found.first, found.after) == (first, len(pieces))
    assert (found.title.text == whole) is (first == 0)


def test_more_than_five_pieces_or_a_hidden_one_are_not_joined() -> None:
    whole = f"Anytown Council and Othertown Trust ({OWN})"
    six = [h(piece) for piece in ("Anytown", "Council", "and", "Othertown", "Trust", f"({OWN})")]
    assert find(*six, p(LABEL), page=whole).title.text != whole
    six[4:] = [h("Health"), h(f"Trust ({OWN})")]
    assert find(*six, p(LABEL), page=whole.replace("Trust", "Health Trust")).first == 5
    hidden = [h("Anytown Council and", is_hidden=True), h(f"Othertown Trust ({OWN})")]
    assert find(*hidden, p(LABEL), page=whole).first == 1


def test_the_last_block_of_a_page_is_not_a_piece_of_a_title_at_its_start() -> None:
    whole = f"Anytown Council and Othertown Trust ({OWN})"
    found = find(h(f"Othertown Trust ({OWN})"), p(LABEL), p("Anytown Council and"), page=whole)
    assert (found.first, found.title.text) == (0, f"Othertown Trust ({OWN})")


def test_a_hidden_block_or_one_cell_of_several_is_not_a_title() -> None:
    assert find(h(TITLE, is_hidden=True), p(LABEL)) == Beginning(title_of(TITLE), 1, 1)
    assert find(Block("paragraph", f"x | {TITLE}", cells=("x", TITLE)), p(LABEL)) == Beginning(title_of(TITLE), 1, 1)
    assert find(Block("paragraph", TITLE, cells=(TITLE,)), p(LABEL)) == Beginning(title_of(TITLE), 0, 1)


def test_a_bracket_alone_is_joined_with_the_authority_before_it() -> None:
    pieces = "<h1>Anytown Council</h1><p>(25 004 901)</p><p>LABEL</p>"
    assert find(*blocks_of(pieces), page=None) == Beginning(title_of(TITLE), 0, 2)
    apart = "<div><p>Anytown Council</p></div><div><p>(25 004 901)</p></div><p>LABEL</p>"
    assert find(*blocks_of(apart), page=None).first == 1, "not siblings"
    assert find(*blocks_of(apart)).first == 0, "the page's title joins them"
    assert find(*blocks_of(apart), page=f"Othertown Council ({OWN})").first == 1, "it names another authority"
    linked = "<p><a href='/x'>Anytown Council</a></p><p>(25 004 901)</p><p>LABEL</p>"
    assert find(*blocks_of(linked), page=None).first == 1, "a link is no authority unless the page's title says so"
    assert find(*blocks_of(linked)).first == 0
    assert find(p("Anytown Council"), p(f"({OWN})"), p(LABEL), page=None).first == 0, "in a text"
    assert find(p("Anytown Council", is_hidden=True), p(f"({OWN})"), p(LABEL)).first == 1
    for before in (p("Decision : Upheld"), Block("paragraph", "Anytown | Council", cells=("Anytown", "Council"))):
        assert find(before, p(f"({OWN})"), p(LABEL), page=None).first == 1, before.text
    assert find(h(TITLE), p(f"({OWN})"), p(LABEL), page=None).title == title_of(TITLE)


def test_the_authority_before_a_whole_title_is_not_a_part_of_it() -> None:
    assert find(p("Anytown Council"), h(TITLE), p(LABEL)) == Beginning(title_of(TITLE), 1, 2)


# ---------------------------------------------------------------- which lines show the decision


def test_labelled_lines_in_an_article_come_before_those_elsewhere_and_menus_last() -> None:
    in_menu = "<aside><h2>TITLE</h2><p>LABEL</p></aside>"
    outside = "<h2>TITLE</h2><p>LABEL</p>"
    in_article = "<article><h1>TITLE</h1><p>LABEL</p></article>"
    assert find(*blocks_of(in_menu)).first == 0
    assert find(*blocks_of(in_menu.replace("LABEL", "LABEL</p><p>Decision : Upheld"))).first == 0
    assert find(*blocks_of("<p>LABEL</p><h1>TITLE</h1><aside><p>LABEL</p></aside>")).first == 0
    assert find(*blocks_of(in_menu + outside)).first == 2
    assert find(*blocks_of(outside + in_article)).first == 2
    assert find(*blocks_of(in_article + outside)).first == 0
    assert find(*blocks_of(in_menu.replace("aside", "footer") + outside)).first == 2
    in_menu_in_article = "<article><aside><h2>TITLE</h2><p>LABEL</p></aside><h1>TITLE</h1><p>LABEL</p></article>"
    assert find(*blocks_of(in_menu_in_article)).first == 2


def test_a_title_in_a_menu_does_not_belong_to_labelled_lines_outside_it() -> None:
    assert find(*blocks_of("<h2>TITLE</h2><aside><h1>TITLE</h1></aside><p>LABEL</p>")).first == 0


def test_elements_that_are_nested_wrongly_do_not_show_where_a_line_is() -> None:
    html = "<h2>TITLE</h2><p>LABEL</p><article><h1>TITLE</h1><p>LABEL</p></article>"
    assert find(*blocks_of(html), wrong=frozenset({"article"})).first == 0
    assert find(*blocks_of(html.replace("article", "aside")), wrong=frozenset({"aside"})).first == 0
    menu_first = "<aside><h1>TITLE</h1><p>LABEL</p></aside><h2>TITLE</h2><p>LABEL</p>"
    assert find(*blocks_of(menu_first), wrong=frozenset({"aside"})).first == 0


def test_if_only_the_page_title_names_the_decision_it_begins_at_its_first_labelled_line() -> None:
    html = "<p>Menu</p><h2>The Ombudsman's final decision:</h2><p>LABEL</p>"
    assert find(*blocks_of(html)).first == 1
    in_article = "<p>LABEL</p><article><p>Menu</p><p>Summary: It was late.</p></article>"
    assert find(*blocks_of(in_article)).first == 0, "a labelled line before the article"
    both = "<p>LABEL</p><article><p>Menu</p><p>LABEL</p></article>"
    assert find(*blocks_of(both)).first == 2, "the labelled line of the article"


# ---------------------------------------------------------------- chapters without header lines


@pytest.mark.parametrize(
    ("html", "first"),
    [
        ("<p>TITLE</p><article><p>TITLE</p><p>Words of the chapter.</p></article>", 1),
        ("<article><p>TITLE</p><p>Words of the chapter.</p></article><h2>TITLE</h2>", 2),
        ("<article><p>TITLE</p><p>Words.</p><p>TITLE</p><p>More words of it.</p></article>", 2),
        ("<article><p>TITLE</p><p>Words.</p></article><p>TITLE</p><p>More words outside the article.</p>", 0),
        ("<article><p>TITLE</p><p>More words of it.</p><p>TITLE</p><p>Words.</p></article>", 0),
        (
            "<article><p>TITLE</p><p>Words of it.</p><p>TITLE</p><p><a href='/x'>Links that are long</a></p></article>",
            0,
        ),
    ],
)
def test_the_title_of_a_chapter_is_a_heading_or_the_line_with_most_text_after_it(html: str, first: int) -> None:
    assert find(*blocks_of(html), page=None, is_chapter=True).first == first


def test_a_line_after_all_text_of_a_chapter_is_not_its_title() -> None:
    after = "<article><p>Words.</p></article><p>TITLE</p>"
    assert find(*blocks_of(after), is_chapter=True) == Beginning(title_of(TITLE), 0, 0)
    assert find(*blocks_of(after.replace("p>TITLE</p", "h2>TITLE</h2")), is_chapter=True).first == 1
    only_title = "<article><p>TITLE</p></article><p>Words.</p>"
    assert find(*blocks_of(only_title), is_chapter=True) == Beginning(title_of(TITLE), 0, 1)


def test_a_chapter_without_a_title_begins_with_the_longest_article() -> None:
    html = (
        "<p>Menu</p><article><p>Short.</p></article><article><p><a href='/x'>Home</a></p><p>Longer words.</p></article>"
    )
    assert find(*blocks_of(html), is_chapter=True) == Beginning(title_of(TITLE), 3, 3)
    more_blocks = "<article><p>Words.</p><p>Words.</p></article><article><p>Longer words.</p></article>"
    assert find(*blocks_of(more_blocks.replace("Longer", "Few")), is_chapter=True).first == 0
    assert find(*blocks_of(more_blocks), is_chapter=True).first == 2
    with pytest.raises(NotADecision, match=r"^no article, and nothing else that shows where the decision begins$"):
        find(*blocks_of("<p>Words.</p>"), is_chapter=True)
    with pytest.raises(NotADecision, match=r"^no article"):
        find(*blocks_of("<aside><article><p>Words.</p></article></aside>"), is_chapter=True)


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
    assert in_article(h(TITLE), p(LABEL), reference=None) == Beginning(title_of(TITLE), 0, 1)
    assert in_article(h(OTHER_TITLE), p(LABEL), reference=None, page=None) == Beginning(title_of(OTHER_TITLE), 0, 1)
