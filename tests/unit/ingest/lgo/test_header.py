"""Tests how the lines between title and text are parsed, on blocks made without a page."""

from __future__ import annotations

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.errors import NotADecision
from ingest.lgo.header import Header, parse_header
from ingest.parsing.blocks import Block, Item, List, Marker
from storage.model import Line, Oddity

OPENER = "The Ombudsman's final decision:"


def p(text: str, **more: Any) -> Block:
    return Block("paragraph", text, **more)


def h(text: str, **more: Any) -> Block:
    return Block("heading", text, **more)


def item(text: str) -> Block:
    return Block("item", text, Item(List("•", None, None), 0, None))


def row(*cells: str) -> Block:
    return Block("paragraph", " | ".join(cells).strip(), cells=cells)


def element(markup: str, selector: str) -> LexborNode:
    found = LexborHTMLParser(markup).css_first(selector)
    assert found is not None
    return found


def parse(*blocks: Block, marked_up: bool = True) -> Header:
    return parse_header(blocks, marked_up=marked_up)


def body(header: Header) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in header.body]


def shapes(*blocks: Block) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks]


def lines(*blocks: Block, marked_up: bool = True) -> list[str]:
    """The lines above the opener, each with an initial for its kind."""
    found = parse(*blocks, h(OPENER), marked_up=marked_up).lines
    assert found[-1] == Line("paragraph", OPENER)
    return [f"{line.kind[0]} {line.text}" for line in found[:-1]]


# ---------------------------------------------------------------- known labels


@pytest.mark.parametrize(
    "blocks",
    [
        [p("Category : Housing"), p("Decision : Upheld")],
        [p("Category : Housing\nDecision : Upheld")],
        [p("Category"), p("Housing"), p("Decision"), p("Upheld")],
        [p("Category\nHousing\nDecision\nUpheld")],
        [p("Category"), p(": Housing"), p("Decision :"), p("Upheld")],
        [row("Category", "Housing", "Decision", "Upheld")],
        [row("Category", "Housing"), row("Decision :", "Upheld")],
        [p("Category Housing", lead="Category"), p("Decision: Upheld", lead="Decision")],
    ],
)
def test_label_and_value_are_one_line_in_any_markup(blocks: list[Block]) -> None:
    header = parse(*blocks, h(OPENER))
    assert header.fields == {"Category": "Housing", "Decision": "Upheld"}
    assert [line.text.replace(" :", ":") for line in header.lines[:-1]] == ["Category: Housing", "Decision: Upheld"]
    assert {line.kind for line in header.lines[:-1]} == {"header"}
    assert header.odd == []


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([p("Category: Housing", lead="Category")], ["h Category: Housing"]),
        ([p("Category:Housing", lead="Category:")], ["h Category:Housing"]),
        ([p("CATEGORY Housing", lead="CATEGORY")], ["h CATEGORY : Housing"]),
        ([p("Category :"), p(": X-rays")], ["h Category : X-rays"]),
        ([p("Category"), p(":"), p("Housing")], ["p Category", "p :", "p Housing"]),
        ([p("Category"), p("X")], ["h Category : X"]),
        ([p("Category : Housing\nDecision :"), p("Upheld")], ["h Category : Housing", "h Decision : Upheld"]),
        ([p("Category : Housing\nDecision"), p("Upheld")], ["h Category : Housing", "p Decision", "p Upheld"]),
        ([p("some\nwords"), h("Heading")], ["p some words", "p Heading"]),
    ],
)
def test_a_line_stays_as_it_is_printed_and_words_without_a_label_are_a_paragraph(
    blocks: list[Block], expected: list[str]
) -> None:
    assert lines(*blocks) == expected


def test_a_value_loses_only_the_colon_before_it() -> None:
    assert parse(p("Category : X-rays : private"), h(OPENER)).fields == {"Category": "X-rays : private"}


def test_a_row_of_labelled_cells_has_a_line_for_each() -> None:
    assert lines(row("Category : Housing", "Decision : Upheld")) == ["h Category : Housing", "h Decision : Upheld"]
    assert lines(row("Category : Housing", "words")) == ["h Category : Housing | words"]
    assert lines(row("Category", "Housing", "Service area", "Adults", "Decision", "Not upheld: no fault")) == [
        *("h Category : Housing", "h Service area : Adults", "h Decision : Not upheld: no fault"),
    ]
    assert lines(row("Category", "Housing", "Decision", "Not upheld: no fault")) == [
        *("h Category : Housing", "h Decision : Not upheld: no fault"),
    ]
    assert lines(row("some", "words"), p("Category : Housing")) == ["p some | words", "h Category : Housing"]


def test_an_empty_cell_is_not_part_of_a_value() -> None:
    for cells in (("Category : Housing", ""), ("", "Category : Housing"), ("Category", "Housing", "")):
        header = parse(row(*cells), h(OPENER))
        assert (header.lines[0], header.fields) == (Line("header", "Category : Housing"), {"Category": "Housing"})
    empty = parse(row("Category :", ""), row("Decision :", "Upheld"), h(OPENER))
    assert [line.text for line in empty.lines[:2]] == ["Category : |", "Decision : Upheld"]
    assert empty.fields == {"Decision": "Upheld"}
    assert empty.odd == [Oddity("unknown header line", "Category : |")]
    for apart in (row("", "Adults"), row("Adults", "")):
        assert lines(p("Category :"), apart) == ["p Category :", f"p {apart.text}"]
    stored = parse(p("Category : |"), p("Decision : Upheld"), h(OPENER), marked_up=False)
    assert (stored.lines, stored.fields, stored.odd) == (empty.lines, empty.fields, empty.odd)


def test_a_category_may_be_in_several_blocks_with_arrows_between() -> None:
    assert lines(p("Category"), p("Housing"), p(">"), p("Other")) == ["h Category : Housing > Other"]
    assert lines(p("Category"), p("Housing"), p("> Other")) == ["h Category : Housing > Other"]
    several = [p("Category"), p("Housing"), p(">"), p("Other"), p("> More"), p("Decision"), p("Upheld")]
    assert lines(*several) == ["h Category : Housing > Other > More", "h Decision : Upheld"]
    assert lines(p("Category"), p("Housing"), p(">")) == ["h Category : Housing", "p >"]
    value, beside = element("<dl><dd>Housing</dl>", "dd"), element("<p>x</p>", "p")
    apart = [p("Category"), p("Housing", node=value), p("> Other", node=beside)]
    assert lines(*apart) == ["h Category : Housing", "p > Other"], "the element of the value goes on with it"
    assert lines(*apart[:2], p("> Other", node=value)) == ["h Category : Housing > Other"]
    assert lines(p("Category"), p("Housing"), p(">"), p("Decision : Upheld")) == [
        *("h Category : Housing", "p >", "h Decision : Upheld"),
    ]
    assert lines(p("Decision"), p("Upheld"), p("> Other")) == ["h Decision : Upheld", "p > Other"]
    assert lines(p("Category :"), p("Housing"), p("> Other"), marked_up=False) == ["h Category : Housing", "p > Other"]


def test_the_first_line_of_a_label_counts_and_another_label_is_not_a_value() -> None:
    assert lines(p("Decision : Upheld"), p("Decision : Not upheld")) == [
        "h Decision : Upheld",
        "h Decision : Not upheld",
    ]
    assert lines(p("Category :"), p("Decision : Upheld")) == ["p Category :", "h Decision : Upheld"]
    assert lines(p("Category :")) == ["p Category :"]
    assert lines(p("Category :"), p("Service area :"), p("Adults")) == ["p Category :", "p Service area :", "p Adults"]


def test_in_a_plain_text_a_label_needs_its_colon_and_is_not_an_item() -> None:
    assert lines(p("Category"), p("Housing"), marked_up=False) == ["p Category", "p Housing"]
    assert lines(item("Category : Housing"), marked_up=False) == ["i Category : Housing"]
    assert lines(item("Category : Housing")) == ["h Category : Housing"]
    assert lines(p("Category :"), item("Housing"), marked_up=False) == ["p Category :", "i Housing"]


def test_a_repeated_label_is_reported_and_the_first_one_holds() -> None:
    header = parse(p("Category : Housing"), p("Category : Other"), h(OPENER))
    assert header.fields == {"Category": "Housing"}
    assert [line.text for line in header.lines[:2]] == ["Category : Housing", "Category : Other"]
    assert header.odd == [Oddity("unknown header line", "Category : Other")]


# ---------------------------------------------------------------- unknown labels


def test_an_unknown_label_with_the_colon_of_known_ones_is_a_header_line_and_odd() -> None:
    header = parse(p("Category : Housing"), p("Service area : Adults"), h(OPENER))
    assert header.lines[1] == Line("header", "Service area : Adults")
    assert header.odd == [Oddity("unknown header line", "Service area : Adults")]
    assert header.fields == {"Category": "Housing"}
    long = "Service area : " + "x" * 200
    assert parse(p(long), h(OPENER)).odd == [Oddity("unknown header line", long[:200])]


def test_several_unknown_labels_are_several_lines_and_their_values_end_with_the_block() -> None:
    assert lines(p("Service area : Adults"), p("Ward : North")) == ["h Service area : Adults", "h Ward : North"]
    known, other = (p(label, is_label=True) for label in ("Category", "Service area"))
    assert lines(known, p("Housing"), other, p("Adults"), p("> Other")) == [
        *("h Category : Housing", "h Service area : Adults", "p > Other"),
    ]


def test_an_unknown_label_in_the_markup_of_known_ones_is_a_header_line() -> None:
    outside = [p("Category: Housing", lead="Category"), p("Service area: Adults", lead="Service area")]
    assert lines(p("Category : Housing"), outside[1]) == ["h Category : Housing", "p Service area: Adults"]
    assert lines(outside[0], p("Service area: Adults", lead="Service")) == [
        *("h Category: Housing", "p Service area: Adults"),
    ]
    for known in ("Category", "Category:"):
        for unknown in ("Service area", "Service area:"):
            led = [p("Category: Housing", lead=known), p("Service area: Adults", lead=unknown)]
            assert lines(*led) == ["h Category: Housing", "h Service area: Adults"], (
                "the colon may be beside the markup"
            )
    led = [p("Category: Housing", lead="Category"), p("Service area:", lead="Service area"), p("Adults")]
    assert lines(*led) == ["h Category: Housing", "p Service area:", "p Adults"], "it has no value in that markup"
    broken = p("Service area: Adults\nDecision: Upheld", lead="Service area")
    assert lines(outside[0], broken) == ["h Category: Housing", "h Service area: Adults", "h Decision: Upheld"]
    label, other = p("Category", is_label=True), p("Service area", is_label=True)
    assert lines(label, p("Housing"), other, p("Adults")) == ["h Category : Housing", "h Service area : Adults"]
    assert lines(p("Category : Housing"), other, p("Adults")) == ["h Category : Housing", "p Service area", "p Adults"]
    node = element("<p class='small label'>x</p>", "p")
    assert lines(p("Category", node=node), p("Housing"), p("Service area", node=node), p("Adults")) == [
        *("h Category : Housing", "h Service area : Adults"),
    ]
    assert lines(label, p("Housing"), p("Area X", is_label=True), p(": Adults"))[1] == "h Area X : Adults"
    assert lines(row("Category", "Housing"), row("Service area", "Adults")) == [
        *("h Category : Housing", "h Service area : Adults"),
    ]
    assert lines(outside[0], p("Area X: Adults", lead="Area X:"))[1] == "h Area X: Adults"


def test_only_the_first_line_of_a_block_may_have_a_label_in_markup() -> None:
    unknown = p("Service area: Adults", lead="Service area")
    below = p("Service area: Adults\nDecision: Upheld", lead="Service area")
    assert lines(below) == ["p Service area: Adults", "h Decision: Upheld"], "the known label has no markup"
    for lead, kind in (("Decision", "h"), ("", "p")):
        with_opener = parse(unknown, p(f"Decision: Upheld\n{OPENER}", lead=lead))
        assert [f"{line.kind[0]} {line.text}" for line in with_opener.lines] == [
            *(f"{kind} Service area: Adults", "h Decision: Upheld", f"p {OPENER}"),
        ]
    under_title = parse(unknown, p(f"Anytown Council (25 004 901)\nDecision: Upheld\n{OPENER}", lead="Anytown Council"))
    assert [f"{line.kind[0]} {line.text}" for line in under_title.lines] == [
        *("p Service area: Adults", "p Anytown Council (25 004 901)", "h Decision: Upheld", f"p {OPENER}"),
    ]


def test_a_sentence_with_a_colon_and_an_item_of_a_plain_text_are_not_header_lines() -> None:
    assert lines(p("Category : Housing"), p("We say: no")) == ["h Category : Housing", "p We say: no"]
    assert lines(item("Service area : Adults"), marked_up=False) == ["i Service area : Adults"]
    assert lines(item("Service area : Adults")) == ["h Service area : Adults"]


# ---------------------------------------------------------------- the opener and the summary


@pytest.mark.parametrize(
    ("opener", "kind", "line"),
    [
        (OPENER, "statement", OPENER),
        ("The Ombudsmen’s final decision", "statement", "The Ombudsmen’s final decision:"),
        ("Overview:", "report", "Overview:"),
    ],
)
def test_the_opener_shows_the_kind_and_gets_its_colon(opener: str, kind: str, line: str) -> None:
    header = parse(p("Category : Housing"), h(opener), p("Text."))
    assert (header.kind, header.lines[-1], header.summary) == (kind, Line("paragraph", line), None)
    assert body(header) == [("paragraph", "Text.")]


def test_an_opener_in_a_block_with_other_lines_is_cut_out_of_it() -> None:
    header = parse(p(f"Category : Housing\n{OPENER}\nSummary: It was late.\nBack to top\nMore.", lead="x"), p("Text."))
    assert [line.text for line in header.lines] == ["Category : Housing", OPENER, "Summary: It was late. More."]
    assert body(header) == [("paragraph", "Text.")]
    both = parse(h(f"{OPENER} Summary: It was late."), p("Text."))
    assert (both.summary, body(both)) == ("It was late.", [("paragraph", "Text.")])
    below = parse(h(f"Category : Housing\n{OPENER}\nThe complaint"), p("Text."))
    assert [line.text for line in below.lines] == ["Category : Housing", OPENER]
    assert body(below) == [("paragraph", "The complaint"), ("paragraph", "Text.")]
    lone = parse(p(f"{OPENER}\nBack to top"), p("Text."))
    assert body(lone) == [("paragraph", "Text.")]


@pytest.mark.parametrize(
    ("blocks", "line", "summary", "taken"),
    [
        ([p("Summary: It\nwas late.")], "Summary: It was late.", "It was late.", 1),
        ([p("SUMMARY :"), p("It\nwas late.")], "SUMMARY : It was late.", "It was late.", 2),
        ([h("Summary"), p("It was late.")], "Summary: It was late.", "It was late.", 2),
        ([h("Summary"), h("It was late.")], "Summary: It was late.", "It was late.", 2),
        ([p("Summary It was late.", lead="Summary")], "Summary: It was late.", "It was late.", 1),
        ([h("Summary"), h("The complaint")], None, None, 0),
        ([h("Summary"), item("It was late.")], None, None, 0),
        ([p("Summary:")], None, None, 0),
        ([p("The complaint")], None, None, 0),
        ([], None, None, 0),
    ],
)
def test_the_summary_of_a_statement_is_one_line(
    blocks: list[Block], line: str | None, summary: str | None, taken: int
) -> None:
    header = parse(h(OPENER), *blocks, p("Text.")) if line else parse(h(OPENER), *blocks)
    assert header.summary == summary
    assert header.lines[1:] == ([Line("paragraph", line)] if line else [])
    assert body(header) == shapes(*blocks[taken:], *([p("Text.")] if line else []))


def test_a_summary_may_be_all_of_a_text() -> None:
    header = parse(h(OPENER), p("Summary:"), p("It was late."))
    assert (header.summary, header.body) == ("It was late.", [])


def test_an_item_is_a_summary_on_a_page_only() -> None:
    assert parse(h(OPENER), item("Summary: It was late.")).summary == "It was late."
    assert parse(h(OPENER), item("Summary: It was late."), marked_up=False).summary is None
    assert parse(h(OPENER), Block("item", "Summary: It was late.")).summary is None, "a dash typed in a paragraph"


def test_a_report_keeps_a_heading_of_its_summary_in_its_text() -> None:
    report = parse(h("Overview:"), h("Summary"), p("It was late."))
    assert body(report) == [("heading", "Summary"), ("paragraph", "It was late.")]
    assert parse(h("Overview:"), p("Summary"), p("It was late.")).summary is None


# ---------------------------------------------------------------- without an opener


def test_without_an_opener_the_header_ends_after_its_last_labelled_line() -> None:
    header = parse(p("Category : Housing"), p("x"), p("Decision : Upheld"), p("Text."), h("Summary"), p("More."))
    assert [line.text for line in header.lines] == ["Category : Housing", "x", "Decision : Upheld"]
    assert [block.text for block in header.body] == ["Text.", "Summary", "More."]
    assert (header.kind, header.summary) == ("report", None)
    assert parse(p("Category : Housing"), p("Text.")).kind is None


def test_at_most_two_other_lines_are_between_labelled_ones() -> None:
    two = parse(p("Category : Housing"), p("x"), p("y"), p("Decision : Upheld"), p("Text."))
    assert two.fields == {"Category": "Housing", "Decision": "Upheld"}
    three = parse(p("Category : Housing"), p("x"), p("y"), p("z"), p("Decision : Upheld"), p("Text."))
    assert three.fields == {"Category": "Housing"}
    assert [block.text for block in three.body] == ["x", "y", "z", "Decision : Upheld", "Text."]
    values = parse(p("Category : Housing"), p("x"), p("Decision :"), p("Upheld"), p("Text."))
    assert values.fields == {"Category": "Housing", "Decision": "Upheld"}
    assert parse(p("Category : Housing"), p("Decision :"), p("Upheld")).fields == values.fields


def test_labelled_lines_are_searched_in_twelve_blocks() -> None:
    words = [p("words") for _ in range(11)]
    assert parse(*words, p("Decision : Upheld"), p("Text.")).fields == {"Decision": "Upheld"}
    with pytest.raises(NotADecision):
        parse(*words, p("words"), p("Decision : Upheld"), p("Text."))


def test_a_summary_begins_the_text_and_notes_and_unknown_labels_do_not_end_the_header() -> None:
    early = parse(p("Category : Housing"), p("Summary: It was late."), p("Decision : Upheld"))
    assert early.fields == {"Category": "Housing"}
    broken = parse(p("Category : Housing\nSummary: It was late.\nDecision : Upheld"))
    assert (broken.fields, body(broken)) == (
        {"Category": "Housing"},
        [("paragraph", "Summary: It was late.\nDecision : Upheld")],
    )
    note = "Ombudsman satisfied with council's response: 23 September 2016"
    noted = parse(p("Category : Housing"), p(note), p("Service area : Adults"), p("x"), p("y"), p("z"))
    assert [line.text for line in noted.lines] == ["Category : Housing", note, "Service area : Adults"]


@pytest.mark.parametrize("marker", ["1", "a", "i"])
def test_numbered_items_of_a_report_without_an_opener_are_its_text(marker: Marker) -> None:
    of = List(marker, None, None)
    words = ("It erred.", "Category : A was wrong.", "Decision", "Ward : North", "It paid.")
    items = [Block("item", text, Item(of, n, None)) for n, text in enumerate(words)]
    header = parse(p("Decision : Upheld"), *items)
    assert [line.text for line in header.lines] == ["Decision : Upheld"]
    assert (header.fields, header.odd) == ({"Decision": "Upheld"}, [])
    assert body(header) == [("item", text) for text in words]
    begun = parse(p("Category : Housing"), h("Decision"), *items)
    assert (begun.fields, body(begun)[0]) == ({"Category": "Housing"}, ("heading", "Decision"))


@pytest.mark.parametrize("marker", ["•", "-"])
def test_items_without_numbers_may_be_the_header_of_a_report_without_an_opener(marker: Marker) -> None:
    of = List(marker, None, None)
    words = ("Category : Housing", "Decision : Upheld")
    items = [Block("item", text, Item(of, n, None)) for n, text in enumerate(words)]
    header = parse(*items, p("Text."))
    assert header.fields == {"Category": "Housing", "Decision": "Upheld"}


def test_a_block_that_is_part_header_and_part_text_is_divided() -> None:
    header = parse(p("Category : Housing\nDecision : Upheld\nIt was\nlate.", lead="x"), h("More."))
    assert [line.text for line in header.lines] == ["Category : Housing", "Decision : Upheld"]
    assert [(block.text, block.lead) for block in header.body] == [("It was\nlate.", ""), ("More.", "")]
    assert [block.kind for block in header.body] == ["paragraph", "heading"]


@pytest.mark.parametrize("summary", [h("Summary"), p("Summary: It was late.")])
@pytest.mark.parametrize("label", ["Decision date", "Decision date :"])
def test_a_summary_is_not_the_value_of_a_label_without_one(label: str, summary: Block) -> None:
    header = parse(p("Decision : Upheld"), p(label), summary, p("Text."))
    assert (header.fields, header.kind) == ({"Decision": "Upheld"}, "report")
    assert body(header) == shapes(p(label), summary, p("Text."))


@pytest.mark.parametrize("summary", [h("Summary"), p("Summary: It was late.")])
def test_a_summary_or_a_labelled_line_shows_a_decision_and_nothing_else_does(summary: Block) -> None:
    assert parse(p("Words."), summary).kind == "report"
    for nothing in ([p("Words.")], [p("Summary:")], [item("Summary")], []):
        with pytest.raises(NotADecision) as refused:
            parse(*nothing)
        assert str(refused.value) == (
            "neither 'The Ombudsman's final decision:' nor 'Overview:' nor a summary, and no line 'Category : …', "
            "'Decision : …' or 'Decision date : …'"
        )
