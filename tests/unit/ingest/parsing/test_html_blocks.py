"""Tests how a tree of HTML is split into blocks."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from ingest.parsing.blocks import Block
from ingest.parsing.html_blocks import read_article, read_blocks, split_html
from ingest.parsing.source_tags import distinct_tags


def read(markup: str) -> list[Block]:
    body = LexborHTMLParser(markup).body
    assert body is not None
    found = read_blocks(body)
    known = read_blocks(body, tags=distinct_tags(markup.encode()).lower())
    assert list(map(describe, known)) == list(map(describe, found)), "what the tags do not mention is not needed"
    return found


def describe(block: Block) -> tuple[object, ...]:
    links = [(link.target, link.text, link.blocks) for link in block.links]
    return block.kind, block.text, block.cells, block.lead, block.is_label, block.is_hidden, links, block.around


def shapes(markup: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in read(markup)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One <b>two</b>\n three</p>", [("paragraph", "One two three")]),
        ("<h2>A</h2><p>B</p>", [("heading", "A"), ("paragraph", "B")]),
        ("<div>A<p>B</p>C</div>", [("paragraph", "A"), ("paragraph", "B"), ("paragraph", "C")]),
        ("<p>A<br>B</p>", [("paragraph", "A\nB")]),
        ("<ul><li>A<li><p>B</p><p>C</p></ul>", [("item", "A"), ("item", "B"), ("paragraph", "C")]),
        ("<ol><li>A<ul><li>B</ul>C</ol>", [("item", "A"), ("item", "B"), ("paragraph", "C")]),
        ("<p>A<script>no</script><style>no</style> B</p>", [("paragraph", "A B")]),
        ("<p> </p><p>&nbsp;</p>", []),
        ("<p>un<b>broken</b> wo<i>r</i>d</p>", [("paragraph", "unbroken word")]),
    ],
)
def test_each_heading_item_and_paragraph_is_a_block(markup: str, expected: list[tuple[str, str]]) -> None:
    assert shapes(markup) == expected


def test_an_item_outside_any_list_is_an_item_whatever_other_attributes_the_page_has() -> None:
    items = "<div><li>A</li><li><a href='/x'>B</a></li></div>"
    for markup in (items, f"{items}<p hidden></p>"):
        assert shapes(markup) == [("item", "A"), ("item", "B")]


def test_a_row_of_a_table_is_a_block_with_its_cells() -> None:
    first, second = read("<table><tr><th>A</th><td>B</td></tr><tr><td>C</td><td></td></tr></table>")
    assert (first.text, first.cells) == ("A | B", ("A", "B"))
    assert (second.text, second.cells) == ("C |", ("C", "")), "an empty cell is one too"


def test_a_table_that_lays_out_the_page_has_no_rows() -> None:
    laid_out = read("<table><tr><td><h1>A</h1><p>B</p></td></tr></table>")
    assert [(block.kind, block.text, block.cells) for block in laid_out] == [
        ("heading", "A", ()),
        ("paragraph", "B", ()),
    ]


def test_items_have_their_list_their_position_and_the_item_around_them() -> None:
    first, inner, second = read("<ol start=4><li>A<ol type=a><li>B</ol><li value=9>C</ol>")
    assert first.item is not None and inner.item is not None and second.item is not None
    assert (first.item.list.marker, first.item.list.start, first.item.position) == ("1", 4, 0)
    assert (inner.item.list.marker, inner.item.list.parent, inner.item.outermost) == ("a", first.item, first.item)
    assert (second.item.list, second.item.position, second.item.value) == (first.item.list, 1, 9)


def test_hidden_elements_are_marked_with_all_they_contain() -> None:
    assert [block.is_hidden for block in read("<p>A</p><div hidden><p>B</p></div><p style='display:none'>C</p>")] == [
        *(False, True, True),
    ]


def test_links_have_their_address_their_words_and_the_number_of_their_blocks() -> None:
    one, two = read("<p>See <a href='/x'>the  <b>page</b></a>.</p><a href='/y'><p>A</p></a>")
    assert [(link.target, link.text, link.blocks) for link in one.links] == [("/x", "the  page", 1)]
    assert one.around == "See ." and not one.is_links
    assert two.is_links
    (long, also) = read("<div><a href='/z'><p>A</p><p>B</p></a></div>")
    assert [link.blocks for link in (*long.links, *also.links)] == [2, 2]


def test_the_inline_element_at_the_start_of_a_block_is_its_lead() -> None:
    assert [block.lead for block in read("<p><b>Category</b> : x</p><p><b>All</b></p><p>x <b>y</b></p>")] == [
        *("Category", "", ""),
    ]


def test_the_lists_of_an_article_are_counted() -> None:
    markup = "<article><ol><li>A<ul><li>B</ul></ol><ul><li>C</ul></article>"
    root = LexborHTMLParser(markup).css_first("article")
    assert root is not None
    blocks, lists = read_article(root, distinct_tags(markup.encode()))
    assert ([block.text for block in blocks], lists) == (["A", "B", "C"], 3)


def test_shown_blocks_leave_out_menus_buttons_hidden_ones_and_elements_by_name() -> None:
    tree = LexborHTMLParser("<nav>A</nav><p>B <button>C</button></p><p hidden>D</p><div id=x><p>E</p></div><p>F</p>")
    without = tree.css_first("#x")
    assert tree.body is not None and without is not None
    assert [block.text for block in split_html(tree.body)] == ["B", "E", "F"]
    assert [block.text for block in split_html(tree.body, without={without.mem_id})] == ["B", "F"]
