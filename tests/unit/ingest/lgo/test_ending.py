"""Tests where a decision ends, and what is content around decisions, on blocks made without a page."""

from __future__ import annotations

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from ingest.lgo.beginning import Beginning
from ingest.lgo.ending import (
    Ending,
    find_cards,
    find_end,
    find_panel,
    is_closing_block,
    leads_to_own_page,
    names_another,
    own_slugs,
)
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block, Item, Link, List
from ingest.parsing.html_blocks import read_blocks

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


def test_a_closing_line_before_the_decision_does_not_end_it() -> None:
    begins = beginning()._replace(first=1, after=1)  # only `<title>` has the title
    assert find_end([p(CLOSING), p("Category : Housing"), p("Text.")], begins, 3, "canonical").stop == 3


def test_the_cookie_panel_of_a_text_is_left_out_of_a_page_dump_only() -> None:
    blocks = [h(TITLE), p("Text."), p(OPENS), p(GOES_ON)]
    assert find_end(blocks, beginning(), 4, "dump").panel == {2, 3}
    assert find_end(blocks, beginning(), 4, "canonical").panel == frozenset()


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
    assert stop(p(CLOSING), p("Note"), h("Further report"), p("Text.")) == 5
    assert stop(h("Further report"), p("Text."), p(CLOSING), p("Contact")) == 4, "it is before the closing line"
    assert stop(p("Text."), h("Further report"), p(CLOSING), p("Contact")) == 4


# ---------------------------------------------------------------- on a page

NOTE = "Ombudsman satisfied with council's response: 23 September 2016"
HEAD = f"<h1>{TITLE}</h1><p>Category : Housing > Repairs</p>"
CLOSED = f"{HEAD}<p>Text.</p><p>{CLOSING}</p>"
FURTHER = "<h2>Further report</h2><p>More.</p>"
LINK = "<p><a href='/x'>Link</a></p>"
CARD = "<p><a href='/x/25-004-956'>Other</a></p>"
FOOTER = "<footer><p>Contact</p></footer>"


def kept(html: str, *wrong: str) -> tuple[list[str], bool]:
    """Returns the blocks of a page's decision after its labelled line, and whether its end is uncertain."""
    body = LexborHTMLParser(html).body
    assert body is not None
    blocks = read_blocks(body)
    place = next(n for n, block in enumerate(blocks) if block.text == TITLE)
    begins = beginning()._replace(first=place, after=place + 1)
    end = find_end(blocks, begins, len(blocks), "page", wrong=frozenset(wrong))
    left_out = end.trailing | end.panel | end.cards
    texts = [blocks[n].text for n in range(place + 1, end.stop) if n not in left_out]
    if "<p>Category : Housing" in html:
        assert texts.pop(0) == "Category : Housing > Repairs"
    return texts, end.is_uncertain


@pytest.mark.parametrize(
    ("html", "more"),
    [
        (f"<article>{CLOSED}<p>x</p></article>{FURTHER}", []),
        (f"<article>{CLOSED}{FURTHER}</article><p>x</p>", ["Further report", "More."]),
        (f"<article>{CLOSED}{FURTHER}{LINK}</article><p>x</p>", ["Further report", "More."]),
        (f"<article>{CLOSED}{FURTHER}<h2>Related</h2>{LINK}</article>", ["Further report", "More."]),
        (f"<article><div>{CLOSED}</div><div>{FURTHER}</div></article><p>x</p>", ["Further report", "More."]),
        (f"<main>{CLOSED}{FURTHER}</main><p>x</p>", ["Further report", "More."]),
        (f"<main>{CLOSED}</main>{FURTHER}", []),
        (f"<article>{CLOSED}<h2>Further report</h2><h2>Next</h2><p>x</p></article>", []),
        (f"<article>{CLOSED}<h2>Further report</h2>{LINK}</article>", []),
        (f"<article>{CLOSED}<p>Further report</p><p>x</p></article>", []),
        (f"<article>{CLOSED}<h2>Further report</h2></article>", []),
        (f"<article>{CLOSED}<p>Further report</p>{FURTHER}</article>", ["Further report", "Further report", "More."]),
        (
            f"<article>{CLOSED}<h2>Further report</h2><p><a href='#a'>A</a></p><p>More.</p></article>",
            ["Further report", "A", "More."],
        ),
        (
            f"<article>{CLOSED}<h2>Further report</h2><p><a href='/decisions/b/25-004-901/#a'>A</a> "
            "<a href='https://www.lgo.org.uk/Decisions/b/25-004-901?chapter=2'>B</a></p><p>More.</p></article>",
            ["Further report", "A B", "More."],
        ),
        (
            f"<article>{CLOSED}<h2>Further report</h2><p><a href='/b/25-004-902#a'>A</a></p><p>x</p></article>",
            [],
        ),
        (
            f"<article>{CLOSED}<h2>Further report</h2><p>More.</p><h2>Found</h2><p>x</p></article>",
            ["Further report", "More.", "Found", "x"],
        ),
    ],
)
def test_a_further_report_under_its_heading_in_the_same_element_belongs_to_the_decision(
    html: str, more: list[str]
) -> None:
    assert kept(html) == (["Text.", CLOSING, *more], False)


@pytest.mark.parametrize("wrong", [(), ("article",)])
def test_links_under_a_further_report_are_left_out_and_its_heading_and_a_dated_note_stay(
    wrong: tuple[str, ...],
) -> None:
    further = ["Text.", CLOSING, "Further report", NOTE]
    heading, chapter = "<h2>Further report</h2>", "<p><a href='?chapter=2'>Chapter 2</a></p>"
    assert kept(f"<article>{CLOSED}{heading}<p>{NOTE}</p>{LINK}</article>", *wrong) == (further, bool(wrong))
    assert kept(f"<article>{CLOSED}{heading}{chapter}<p>{NOTE}</p></article>", *wrong) == (further, bool(wrong))


@pytest.mark.parametrize(
    ("target", "is_own"),
    [
        *(
            (one, True)
            for one in ("#a", "?chapter=2", "?print=1#a", "", "/", "/decisions/b/25-004-901", "25-004-901/?a#b")
        ),
        *((one, True) for one in ("https://www.lgo.org.uk/b/25-004-901#a", "/B/25-004-901#c/d")),
        *((one, False) for one in ("/decisions/b", "/decisions/b/25-004-902#a", "/25-004-901/x", "x?25-004-901")),
    ],
)
def test_a_link_leads_to_its_own_page_by_its_path_alone(target: str, is_own: bool) -> None:
    assert leads_to_own_page(target, OWN) is is_own


def test_where_articles_are_nested_wrongly_a_further_report_goes_on_to_the_footer_and_is_uncertain() -> None:
    further = ["Text.", CLOSING, "Further report", "More."]
    html = f"<article>{CLOSED}{FURTHER}</article><p>x</p>{LINK}{FOOTER}"
    assert kept(html, "article") == ([*further, "x"], True)
    assert kept(html, "article", "a") == ([*further, "x", "Link"], True), "an open link may contain the last words"
    assert kept(html, "article", "footer") == ([*further, "x", "Link", "Contact"], True)
    assert kept(html, "div") == (further, False)
    assert kept(f"<article>{CLOSED}{FURTHER}{LINK}</article>", "a") == ([*further, "Link"], False)
    assert kept(f"<main>{CLOSED}{FURTHER}</main><p>x</p>{FOOTER}", "article") == ([*further, "x"], True)
    headings = f"<article>{CLOSED}<h2>Further report</h2><h2>More.</h2></article>"
    assert kept(headings, "h2") == (further, False), "a heading may contain what follows it"


@pytest.mark.parametrize(
    "after",
    [
        *("", LINK, f"<h2>Related</h2>{LINK}", f"{LINK}<p>Back to top</p>{LINK}", f"<h2>Related</h2>{LINK * 2}"),
        f"<h2>More</h2>{LINK}<h2>Related</h2>{LINK}",
        f"<p>{OPENS}</p><p>{GOES_ON}</p><p>Words</p><p>{CLOSES}</p>{LINK}",
        f"{LINK}<p>{OPENS}</p><p>{GOES_ON}</p><p>Words</p><p>{CLOSES}</p>",
    ],
)
def test_without_a_closing_line_a_decision_ends_with_its_article_less_links_and_the_cookie_panel(after: str) -> None:
    texts, is_uncertain = kept(f"<article>{HEAD}<p>Text.</p>{after}</article><p>x</p>")
    assert ([text for text in texts if text != "Back to top"], is_uncertain) == (["Text."], False)


def test_notes_among_the_links_at_the_end_stay() -> None:
    assert kept(f"<article>{HEAD}<p>Text.</p>{LINK}<p>{NOTE}</p>{LINK}</article>") == (["Text.", NOTE], False)
    heading = f"<article>{HEAD}<p>Text.</p><h2>Findings</h2><p>Fault.</p>{LINK}</article>"
    assert kept(heading) == (["Text.", "Findings", "Fault."], False)
    assert kept(f"<article>{HEAD}<p>Text.</p>{LINK}<h2>Findings</h2></article>")[0] == ["Text.", "Link", "Findings"]
    headings = f"<article>{HEAD}<p>Text.</p><h2>Findings</h2><h2>Related</h2>{LINK}</article>"
    assert kept(headings)[0] == ["Text.", "Findings"], "only the heading of the links goes with them"


def test_a_hidden_block_among_the_links_at_the_end_does_not_keep_them() -> None:
    assert kept(f"<article>{HEAD}<p>Text.</p>{LINK}<p hidden>x</p></article>") == (["Text.", "x"], False)


@pytest.mark.parametrize(
    ("html", "texts", "is_uncertain"),
    [
        (f"<div>{HEAD}<p>Text.</p></div>{LINK}{FOOTER}", ["Text."], False),
        (f"<div>{HEAD}<p>Text.</p></div><p>More.</p>{LINK}{FOOTER}", ["Text.", "More."], True),
        (f"<div>{HEAD}<p>Text.</p></div><p>{NOTE}</p>{FOOTER}", ["Text."], False),
        (f"<div>{HEAD}<p>Text.</p></div><p hidden>x</p><p>Back to top</p>{FOOTER}", ["Text."], False),
        (f"{HEAD}<p>Text.</p>{LINK}{FOOTER}", ["Text."], True),
        (f"{HEAD}<p>Text.</p><div id=page-footer><p>Contact</p></div>", ["Text."], True),
        (f"<article>{HEAD}</article><div><p>Text.</p><p>More.</p></div>{FOOTER}", ["Text.", "More."], True),
        (f"<footer>{HEAD}<p>Text.</p></footer>", ["Text."], False),
        (f"<div class=footer>{HEAD}<p>Text.</p><p>More.</p></div>", ["Text.", "More."], False),
        (HEAD.replace("<p>", "<footer><p>") + "<p>Text.</p></footer>", ["Text."], True),
        (HEAD.replace("<p>", "<footer><p>") + "</footer><p>Text.</p>", ["Text."], True),
        (f"<div class=footer>x</div><div>{HEAD}<p>Text.</p></div>{FOOTER}", ["Text."], False),
        (f"<main><article>{HEAD}</article><p>Text.</p></main>{LINK}{FOOTER}", ["Text."], True),
        (f"<div>{HEAD}<p>Text.</p></div>{LINK}<p>{OPENS}</p><p>{GOES_ON}</p><p>{CLOSES}</p>{FOOTER}", ["Text."], False),
        (f"<div>{HEAD}<p>Text.</p>{CARD}<p>More.</p></div>{FOOTER}", ["Text.", "Other", "More."], False),
        (f"<div>{HEAD}<h2>A</h2><p>Decision : Upheld</p></div>{LINK}{FOOTER}", ["A", "Decision : Upheld"], False),
        (f"<div>{HEAD}<h2>A</h2></div><p>Decision : Upheld</p>{FOOTER}", ["A", "Decision : Upheld"], True),
        (f"<div>{HEAD}</div>{FOOTER}", [], True),
        (
            f"{HEAD}<p>Text.</p><p><a href='/x/25-004-956'>Other</a></p><p>x</p><h2>Found</h2><p>More.</p>{FOOTER}",
            ["Text.", "Found", "More."],
            True,
        ),
        (f"{HEAD}<p>Text.</p>{LINK}{CARD}<p>x</p>{FOOTER}", ["Text."], True),
        (f"{HEAD}<p>Text.</p>{LINK}<p>{OPENS}</p><p>{GOES_ON}</p><p>{CLOSES}</p>{FOOTER}", ["Text."], True),
        (f"{HEAD}<p>Text.</p><h2>Related</h2>{CARD}{FOOTER}", ["Text."], True),
        (f"{HEAD}<p>Text.</p><p>{OPENS}</p><p>{GOES_ON}</p><p>{CLOSES}</p>{FOOTER}", ["Text."], True),
    ],
)
def test_without_an_article_a_decision_ends_with_its_element_or_uncertainly_at_the_footer(
    html: str, texts: list[str], is_uncertain: bool
) -> None:
    assert kept(html) == (texts, is_uncertain)


def test_without_labelled_lines_the_text_begins_under_the_title() -> None:
    assert kept(f"<div><h1>{TITLE}</h1><p>Text.</p></div>{LINK}{FOOTER}") == (["Text."], False)


@pytest.mark.parametrize("label", ["Category", "Decision :", "Decision date", "Date of decision :"])
def test_the_text_begins_after_the_value_of_the_last_label(label: str) -> None:
    head = f"<h1>{TITLE}</h1><p>{label}</p><p>Not upheld</p>"
    assert kept(f"<main><div>{head}</div><p>Text.</p></main>{FOOTER}") == ([label, "Not upheld", "Text."], False)
    line = f"<h1>{TITLE}</h1><p>Decision : Upheld</p>"
    assert kept(f"<main><div>{line}<p>Text.</p></div></main>{FOOTER}") == (["Decision : Upheld", "Text."], False)
    assert kept(f"<main><div>{line}<p>Text.</p></div><p>More.</p></main>{FOOTER}") == (
        ["Decision : Upheld", "Text.", "More."],
        True,
    )


def test_the_text_begins_at_the_opener_also_if_words_without_a_label_are_above_it() -> None:
    text = f"<article><p>Overview:</p><p>Text.</p></article><p>More.</p>{FOOTER}"
    assert kept(f"<div>{HEAD}<p>Words.</p></div>{text}") == (["Words.", "Overview:", "Text."], False)


def test_a_summary_is_not_the_value_of_a_label_before_it() -> None:
    text = f"<article><p>Summary: It was late.</p></article><p>Related</p>{LINK}{FOOTER}"
    kept_texts = (["Decision date :", "Summary: It was late."], False)
    assert kept(f"<div>{HEAD}<p>Decision date :</p></div>{text}") == kept_texts


@pytest.mark.parametrize("under", [LINK, "<p>Back to top</p>", "<p hidden>x</p>"])
def test_links_a_known_phrase_and_hidden_words_are_not_the_first_line_of_the_text(under: str) -> None:
    texts, is_uncertain = kept(f"<main><div>{HEAD}{under}</div><p>Text.</p></main>{LINK}{FOOTER}")
    assert (texts[1:], is_uncertain) == (["Text."], False)


def test_a_decision_without_a_title_line_begins_at_its_first_line() -> None:
    def end(html: str) -> Ending:
        body = LexborHTMLParser(html).body
        assert body is not None
        blocks = read_blocks(body)
        return find_end(blocks, beginning()._replace(first=1, after=1), len(blocks), "page")

    in_article = Ending(2, is_uncertain=False)
    assert end("<p>Decision :</p><article><p>Text.</p></article>") == in_article, "a label's value is not in it"
    assert end("<p>Overview:</p><article><p>Text.</p></article>") == in_article
    above = end(f"<div class=footer>x</div><p>Category : Housing</p>{FOOTER}")
    assert above == Ending(2, is_uncertain=True), "a footer above it does not end it"


def test_elements_that_are_nested_wrongly_make_the_end_uncertain() -> None:
    html = f"<div>{HEAD}<p>Text.</p></div>{LINK}{FOOTER}"
    assert kept(html, "div") == (["Text."], True)
    assert kept(html, "article") == (["Text."], True)
    assert kept(html, "table", "div") == (["Text.", "Link", "Contact"], True), "a table's content may be moved"
    in_article = f"<article>{HEAD}<p>Text.</p></article><p>x</p>{FOOTER}"
    assert kept(in_article, "article") == (["Text.", "x"], True)
    assert kept(in_article, "div") == (["Text."], False)
    assert kept(f"<article>{HEAD}<p>Text.</p>{LINK}</article>", "a") == (["Text.", "Link"], False)
    assert kept(f"{HEAD}<p>Text.</p>{LINK}{FOOTER}", "a") == (["Text.", "Link"], True)


# ---------------------------------------------------------------- the cookie panel


def panel(*texts: str) -> list[str]:
    blocks = [p(text) for text in texts]
    return [texts[place] for place in find_panel(blocks, 0, len(blocks))]


def test_the_panel_goes_from_its_first_line_to_its_last() -> None:
    assert panel("a", OPENS, GOES_ON, "Words", CLOSES, "b") == [OPENS, GOES_ON, "Words", CLOSES]
    assert panel("a", OPENS, GOES_ON, "Words") == [OPENS, GOES_ON, "Words"], "it may be cut off"
    assert panel("a", OPENS) == [OPENS]
    assert panel("a", OPENS, "Words", CLOSES) == []
    assert panel("a", OPENS, "Words") == []
    assert panel(OPENS, CLOSES, "b") == [OPENS, CLOSES]
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


def test_the_letter_of_a_reference_may_be_in_capitals_in_an_address() -> None:
    link = nav("/decisions/a/b/24-001-411A", "Read more")
    assert not names_another(link, frozenset({"24-001-411a"}))
    assert names_another(link, frozenset({"24-001-411"}))


def test_a_card_goes_up_to_the_next_heading_or_note() -> None:
    card = nav("/decisions/a/b/25-004-956", "Read")
    note = "Ombudsman satisfied with council's response: 23 September 2016"
    blocks = [p("a"), card, p("b"), h("c"), p("d"), card, p(note), p("e"), card]
    assert list(find_cards(blocks, 0, len(blocks), OWN)) == [1, 2, 5, 8]
    assert list(find_cards(blocks, 2, 6, OWN)) == [5]
