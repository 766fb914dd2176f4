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


@pytest.mark.parametrize(
    ("markup", "kinds"),
    [
        ("<p><b>Findings</b></p><div>Text</div>", "hp"),
        ("<div><b>Findings</b></div><p>Text</p>", "hp"),
        ("<p><strong>What <b>I</b> found</strong></p><p>x <b>y</b></p>", "hp"),
        ("<p><b>What</b> <b>I found</b></p>", "h"),
        ("<p><b>What</b> I found</p><p><b>Findings</b></p>", "ph"),
        ("<p><b>It was late.</b></p>", "p"),
        ("<h2>What <i>I</i> found</h2><p>Text <i>x</i></p>", "hp"),
        ("<h2><div>A</div><div>B</div></h2>C", "hhp"),
        ("<h1><div><h2>A</h2>B</div></h1>C", "hhp"),
        ("<ul><li><h3>A</h3><h3>B</h3></ul><h3>C</h3>", "ihh"),
        ("<ul><li><b>A</b><p><b>B</b></p></ul><p><b>C</b></p>", "iph"),
        ("<div><li>A</li></div><p>B</p>", "ip"),
        ("<ul><li></ul><p>A</p>", "p"),
        ("<ul><li><p> </p><p>A</p><p>B</p></ul>", "ip"),
    ],
)
def test_bold_words_alone_may_be_a_heading_and_the_first_block_of_an_item_is_the_item(markup: str, kinds: str) -> None:
    assert "".join(block.kind[0] for block in read(markup)) == kinds


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ("A<br><br>B<br>", ["A\nB"]),
        ("<p><br>A</p>", ["A"]),
        ("<p>A<br><b>B</b></p>", ["A\nB"]),
        ("<p>A</p><title>no</title><noembed>no</noembed><noframes>no</noframes><template>no</template>B", ["A", "B"]),
        ("<p>A<iframe>no</iframe><svg><text>no</text></svg><noscript>no</noscript>B</p>", ["AB"]),
        ("<p>A <i> b</i> c</p>", ["A b c"]),
        ("<p>A<!-- no --> b</p>", ["A b"]),
        ("A<hr>B<main>C</main>D<dl><dt>E<dd>F</dl>", ["A", "B", "C", "D", "E", "F"]),
    ],
)
def test_breaks_divide_a_block_into_lines_and_what_is_not_text_is_left_out(markup: str, texts: list[str]) -> None:
    assert [block.text for block in read(markup)] == texts


def test_a_label_is_marked_by_its_element_or_class_and_is_a_block_of_its_own() -> None:
    markup = (
        "<div><span class='label'>Category</span> <span class=value>Housing</span> x</div>"
        "<dl><dt>Decision</dt><dd>Upheld</dd></dl><p><span class=labelled>Other</span> x</p>"
    )
    assert [(block.text, block.is_label) for block in read(markup)] == [
        *(("Category", True), ("Housing", False), ("x", False)),
        *(("Decision", True), ("Upheld", False), ("Other x", False)),
    ]


def test_fallbacks_and_hidden_elements_become_one_hidden_block_each() -> None:
    for tag in ("video", "audio", "canvas", "datalist"):
        assert [(block.text, block.is_hidden) for block in read(f"A<{tag}>B<br>C</{tag}>D")] == [
            *(("B C", True), ("AD", False)),
        ]
    markup = "<p>A</p><div hidden><h2>B</h2><ul><li>C<br>D</ul></div><p hidden> </p><b style='visibility:hidden'>E</b>"
    assert [(block.kind, block.text, block.is_hidden) for block in read(markup)] == [
        *(("paragraph", "A", False), ("paragraph", "B C D", True), ("paragraph", "E", True)),
    ]


def test_links_of_all_cells_of_a_row_belong_to_it() -> None:
    (row,) = read("<table><tr><td><a href=/x>a</a></td><td>b</td><td><a href=/y>c</a></td></tr></table>")
    assert [(link.target, link.tag) for link in row.links] == [("/x", "a"), ("/y", "a")]
    assert row.around == "b"


def test_an_item_outside_any_list_has_a_bullet_and_a_link_alone_its_tag() -> None:
    item, link = read("<div><li>A</li></div><p><a href=/x>b</a></p>")
    assert item.item is not None and item.item.list.marker == "•"
    assert [one.tag for one in link.links] == ["a"]


def test_an_element_without_hiding_words_is_not_looked_up() -> None:
    body = LexborHTMLParser("<p hidden>A</p><ol><li value=9>B</ol>").body
    assert body is not None
    found = read_blocks(body, tags=b"<p><ol><li>")
    assert [(block.text, block.is_hidden) for block in found] == [("A", False), ("B", False)]
    assert found[1].item is not None
    assert (found[1].item.value, found[1].item.position) == (None, 0)


def test_items_are_nested_to_a_limit_below_which_they_have_no_marker() -> None:
    deep = read("<ul><li>A" * 20)
    assert [block.item.list.marker for block in deep if block.item] == ["•"] * 17 + ["-"] * 3
    last = deep[-1].item
    assert last is not None and last.list.parent is deep[16].item
    flat = read("<ul>" + "<li>A" * 3 + "</ul><p>B</p><ul><li>C</ul>")
    assert [block.item.position if block.item else None for block in flat] == [0, 1, 2, None, 0]


# ---------------------------------------------------------------- tables


def test_a_cell_is_one_line_with_its_links_and_without_hidden_words() -> None:
    markup = (
        "<table><tr><td><p>A</p><p>B<br>C</p></td><td hidden>no</td><td>D <b hidden>E</b></td>"
        "<td>F <a href='/x'>G</a></td><td></td></tr><tr><td> </td></tr></table><p>H</p>"
    )
    hidden, row, after = [block for block in read(markup) if block.text != "no"]
    assert (hidden.text, hidden.is_hidden) == ("E", True)
    assert (row.kind, row.text, row.cells) == ("paragraph", "A B C | D | F G |", ("A B C", "D", "F G", ""))
    assert [(link.target, link.text) for link in row.links] == [("/x", "G")]
    assert "".join(row.around.split()) == "ABCDF", "the words outside the link"
    assert (after.text, after.links, after.cells) == ("H", (), ())


@pytest.mark.parametrize(
    ("markup", "cells"),
    [
        ("<table><tr><td>A</td><td>B</td></tr></table>", ("A", "B")),
        ("<table><tbody><tr><td><p>A</p></td></tr></tbody></table>", ("A",)),
        ("<table><tr><td><ul><li>A</ul></td></tr></table>", ()),
        ("<table><tr><td><dl><dd>A</dl></td></tr></table>", ()),
        ("<table><tr><td><ul><li>A</ul></td><td>B</td></tr></table>", ("A", "B")),
        ("<table><tr><td><h2>A</h2></td><td>B</td></tr></table>", ()),
        ("<table><tr><td><table><tr><td>A</td></tr></table></td><td>B</td></tr></table>", ("A",)),
        ("<table><tr><td><article>A</article></td></tr></table>", ()),
    ],
)
def test_a_row_with_a_heading_a_table_or_one_cell_with_a_list_lays_out_the_page(
    markup: str, cells: tuple[str, ...]
) -> None:
    assert read(markup)[0].cells == cells


# ---------------------------------------------------------------- links and leads


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p><a href='/x'>A</a></p>", ([("/x", "A", 1)], "", True)),
        ("<p><a>A</a></p>", ([], "", False)),
        ("<p><a href='/x'><b>A</b></a></p>", ([("/x", "A", 1)], "", True)),
        ("<p><a href='/x'>A</a> <a href='/y'>B</a></p>", ([("/x", "A", 1), ("/y", "B", 1)], "", True)),
        ("<p>See <a href='/x'>A<br>B</a>, C</p>", ([("/x", "A B", 1)], "See , C", False)),
        ("<p><a href='/x'> </a>A</p>", ([("/x", "", 1)], "A", False)),
        ("<ul><li><a href='/x'>A</a></ul>", ([("/x", "A", 1)], "", True)),
        ("<li><a href='/x'>A</a></li>", ([("/x", "A", 1)], "", True)),
        ("<h2><a href='/x'>A</a></h2>", ([("/x", "A", 1)], "", True)),
    ],
)
def test_a_block_has_its_links_and_the_words_around_them(
    markup: str, expected: tuple[list[tuple[str, str, int]], str, bool]
) -> None:
    (block,) = read(markup)
    links = [(link.target, link.text, link.blocks) for link in block.links]
    assert (links, block.around, block.is_links) == expected


def test_a_link_that_is_not_closed_goes_on_in_the_next_blocks_and_no_other() -> None:
    first, second, third = read("<p>x <a href='/x'>A</a></p><div><a href='/y'>B<p>C</p></a></div>")
    assert [link.target for link in first.links] == ["/x"]
    assert [link.target for link in (*second.links, *third.links)] == ["/y", "/y"]
    assert [block.links for block in read("<p><a href='/x'>A</a></p><p>B</p>")][1] == ()


@pytest.mark.parametrize("tag", ["b", "strong", "span", "em", "i", "label"])
def test_the_lead_is_the_first_inline_element_if_more_follows(tag: str) -> None:
    assert read(f"<p><{tag}>Category</{tag}> x <{tag}>y</{tag}></p>")[0].lead == "Category"
    assert read(f"<p><{tag}>Category</{tag}></p>")[0].lead == ""
    assert read(f"<p><u>Category</u> <{tag}></{tag}>x</p>")[0].lead == ""


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
