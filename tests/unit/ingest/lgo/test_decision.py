"""Tests how a decision is composed from a title and blocks, and when it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.errors import NotADecision, TooLarge
from ingest.lgo.decision import LONGEST_TEXT, compose, has_paragraph
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block, Item, List
from storage.model import Decision, LeftOut, Line, Note, Oddity

TITLE = "Anytown Council (25 004 901 & 25 004 902)"
HEAD = "Category : Housing > Other > More\nDecision : Upheld\nDecision date : 6 October 2025"
STATEMENT, REPORT = "The Ombudsman's final decision:", "Overview:"
CLOSING = "Investigator's decision on behalf of the Ombudsman"
NOTE = "Ombudsman satisfied with council's response: 23 September 2016"


def p(text: str) -> Block:
    return Block("paragraph", text)


def h(text: str) -> Block:
    return Block("heading", text)


def item(text: str) -> Block:
    return Block("item", text, Item(List("1", None, None), 0, None))


def make(*blocks: Block, opener: str = STATEMENT, head: str = HEAD, **more: Any) -> Decision:
    title = parse_title(TITLE)
    assert title is not None
    return compose(title, [p(head), *([h(opener)] if opener else []), *blocks], **more)


def body(decision: Decision, *, above: int = 5) -> list[tuple[str, str, str | None]]:
    """Kind, text and section of the lines below the opener."""
    return [(line.kind, line.text, line.section) for line in decision.lines[above:]]


def test_a_decision_has_the_fields_of_its_title_and_header() -> None:
    found = make(p("Text."), p(CLOSING), odd=[Oddity("encoding", "x")], left_out=[LeftOut("Menu", "links")])
    assert (found.reference, found.named_with, found.authority) == ("25 004 901", ("25 004 902",), "Anytown Council")
    assert (found.category, found.subcategory, found.outcome) == ("Housing", "Other > More", "Upheld")
    assert (found.decision_date, found.kind, found.closed) == (date(2025, 10, 6), "statement", True)
    assert (found.odd, found.left_out) == ((Oddity("encoding", "x"),), (LeftOut("Menu", "links"),))
    assert found.lines[0] == Line("header", TITLE)


def test_the_requested_reference_is_the_decisions_own_if_the_title_names_it() -> None:
    second = make(p("Text."), reference="25 004 902")
    assert (second.reference, second.named_with) == ("25 004 902", ("25 004 901",))
    assert make(p("Text."), reference="25 004 903").reference == "25 004 901"


def test_an_odd_date_and_a_missing_closing_line_are_reported() -> None:
    unclosed, printed = Oddity("no closing line", ""), "6 October 2025"
    assert make(p("Text.")).odd == (unclosed,)
    assert make(p("Text."), opener=REPORT).odd == (), "a report has none"
    late = make(p("Text."), p(CLOSING), today=date(2025, 10, 5))
    assert (late.decision_date, late.odd) == (None, (Oddity("date", printed),))
    words = make(p("Text."), p(CLOSING), head=f"Decision date : {printed} or so {'x' * 200}")
    assert words.decision_date == date(2025, 10, 6)
    assert words.odd == (Oddity("date", f"{printed} or so {'x' * 200}"[:200]),)
    none = make(p("Text."), p(CLOSING), head="Decision : Upheld")
    assert (none.decision_date, none.category, none.subcategory, none.odd) == (None, None, None, ())


@pytest.mark.parametrize(
    "nothing",
    [[], [p(CLOSING)], [p(f"- {CLOSING}")], [p("- Category : Housing")], [p(HEAD[:18])], [p("- ***")], [p("-")]],
)
def test_a_decision_without_text_is_refused(nothing: list[Block]) -> None:
    with pytest.raises(NotADecision, match=r"^25 004 901: no text after its header$"):
        make(*nothing)


def test_a_summary_is_text_enough_for_a_closed_statement() -> None:
    assert make(p("Summary: It was late."), p(CLOSING)).summary == "It was late."


def test_a_text_that_is_too_long_is_refused() -> None:
    used = sum(len(line.text) for line in make(p("x")).lines) - 1
    assert make(p("x" * (LONGEST_TEXT - used))).lines[-1].text
    with pytest.raises(
        TooLarge, match=r"^25 004 901: a text of 500,001 characters; no decision has more than 500,000$"
    ):
        make(p("x" * (LONGEST_TEXT - used + 1)))


def test_lines_have_the_section_of_the_heading_above_them() -> None:
    found = make(p("Text."), h("The\ncomplaint"), item("One"), h(NOTE), h(CLOSING))
    assert body(found) == [
        *(
            ("paragraph", "Text.", None),
            ("heading", "The complaint", "The complaint"),
            ("item", "One", "The complaint"),
        ),
        *(("paragraph", NOTE, "The complaint"), ("paragraph", CLOSING, "The complaint")),
    ]
    assert found.lines[7].number == "1"


def test_an_item_does_not_close_a_statement() -> None:
    assert make(p("Text."), p(CLOSING)).closed
    assert not make(p("Text."), item(CLOSING)).closed


def test_numbers_of_a_plain_text_count_only_if_none_contradicts_the_count() -> None:
    first, later = (Block("item", "One", Item(List("1", start, None), 0, None)) for start in (None, 7))
    for marked_up, number in ((True, "7"), (False, None)):
        found = make(first, p("Text."), later, marked_up=marked_up)
        assert [line.number for line in found.lines[-3:]] == [None, None, number]


def test_of_three_headings_of_a_plain_text_the_one_without_a_body_is_a_paragraph() -> None:
    kinds = [line.kind for line in make(h("A"), h("B"), h("C"), p("Text."), marked_up=False).lines[-4:]]
    assert kinds == ["heading", "paragraph", "heading", "paragraph"]
    assert [line.kind for line in make(h("A"), h("B"), p("Text."), marked_up=False).lines[-3:]] == [
        *("heading", "heading", "paragraph"),
    ]


def test_the_summary_of_a_report_goes_on_after_its_items() -> None:
    found = make(h("Summary"), p("It was:"), item("late"), p("And cold."), h("Next"), p("Text."), opener=REPORT)
    assert found.summary == "It was:\n- late\nAnd cold."


def test_notes_at_the_end_are_found_in_order() -> None:
    day = date(2016, 9, 23)
    later = NOTE.replace("23", "24")
    assert make(p(NOTE), p("Text."), p(NOTE), p(later)).notes == (Note(day, NOTE), Note(date(2016, 9, 24), later))
    assert make(p("Text."), item(NOTE)).notes == ()


def test_lone_dashes_of_a_copy_make_items_of_the_lines_after_them() -> None:
    found = make(p("-"), p("One"), p("-"), p("-"), p("Two"), p("-"), p("Summary: x"), p("-"), p(CLOSING), p("-"))
    assert [(kind, text) for kind, text, _ in body(found)] == [
        *(("item", "One"), ("paragraph", "-"), ("item", "Two"), ("paragraph", "-"), ("paragraph", "Summary: x")),
        *(("paragraph", "-"), ("paragraph", CLOSING), ("paragraph", "-")),
    ]
    for never in (NOTE, "Summary"):
        assert body(make(p("Text."), p("-"), p(never)))[-2:] == [("paragraph", "-", None), ("paragraph", never, None)]
    with_items = make(item("Zero"), p("-"), p("One"))
    assert [text for _, text, _ in body(with_items)] == ["Zero", "-", "One"], "dashes are not markers there"


def test_in_a_plain_text_rows_and_headings_without_a_body_are_paragraphs() -> None:
    blocks = [h("A | B"), h("Real"), p("Text."), h("One"), h("Two"), p("Text."), h("Last"), h("Name")]
    plain = make(*blocks, marked_up=False)
    assert body(plain) == [
        *(("paragraph", "A | B", None), ("heading", "Real", "Real"), ("paragraph", "Text.", "Real")),
        *(("heading", "One", "One"), ("heading", "Two", "Two"), ("paragraph", "Text.", "Two")),
        *(("heading", "Last", "Last"), ("paragraph", "Name", "Last")),
    ]
    assert [kind for kind, _, _ in body(make(*blocks))].count("heading") == 6


# ---------------------------------------------------------------- the summary of a report


@pytest.mark.parametrize(
    ("blocks", "summary"),
    [
        ([p("Summary: It was late."), p("More.")], "It was late."),
        ([h("Summary"), p("It was late."), item("One"), h("The complaint"), p("More.")], "It was late.\n- One"),
        ([h("Summary"), p("It was late"), p("More.")], "It was late\nMore."),
        ([h("Summary"), h("The complaint"), p("More.")], None),
        ([h("Summary"), p("It was late."), p(CLOSING)], "It was late."),
        ([p("Text."), item("Summary: It was late.")], None),
        ([p("More.")], None),
    ],
)
def test_the_summary_of_a_report_follows_its_words(blocks: list[Block], summary: str | None) -> None:
    assert make(*blocks, opener=REPORT).summary == summary


def test_a_text_without_opener_or_summary_has_no_kind_and_no_summary() -> None:
    found = make(p("Text."), opener="")
    assert (found.kind, found.summary) == (None, None)
    assert make(p("Text."), h("Summary"), p("It was late."), opener="").summary == "It was late."


def test_notes_and_labelled_lines_are_not_paragraphs() -> None:
    def has(*lines: Line) -> bool:
        return has_paragraph(replace(make(p("Text.")), lines=lines))

    assert has(Line("paragraph", "Text."))
    assert has(Line("item", "Text."))
    assert not has(
        Line("header", TITLE), Line("heading", "News"), Line("paragraph", NOTE), Line("paragraph", "Category : x")
    )
