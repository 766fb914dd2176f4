"""Tests which lines and blocks are the phrases that parsing relies on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ingest.lgo.phrases import (
    begins_with_label,
    find_opening_line,
    has_label,
    is_closing,
    is_further_report,
    is_note,
    is_opener,
    is_phrase,
    is_summary_heading,
    join_known,
    parse_note,
    split_label,
    split_other_label,
)
from ingest.parsing.blocks import Block, BlockKind, Item, List
from storage.model import Note

NOTE = "Ombudsman satisfied with council's response: 23 September 2016"
OPENER = "The Ombudsman's final decision:"


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        ("Investigator's decision on behalf of the Ombudsman", True),
        ("Investigator’s final decision\non behalf of the Ombudsmen.", True),
        ("decision on behalf of the Local Government and Social Care Ombudsman", True),
        ("DECISION ON BEHALF OF THE Ombudsman", True),
        (f"{'x' * 80} decision on behalf of the Ombudsman", False),
        (f"{'x' * 79} decision on behalf of the Ombudsman", True),
        ("The decision on behalf of the Ombudsman was late", False),
        ("The decision on behalf of the council's Ombudsman", False),
        ("The decision on behalf of the council", False),
    ],
)
def test_the_closing_line_is_a_decision_on_behalf_of_the_ombudsman(line: str, closes: bool) -> None:
    assert is_closing(line) is closes


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        *(("Back to top", True), ("↑ BACK TO TOP ^", True), ("Print this page", True), ("LGO logogram", True)),
        *(
            ("Back to top of page", False),
            ("Back", False),
            (f"{'^' * 12}Back to top", True),
            ("^" * 13 + "Back to top", False),
        ),
    ],
)
def test_a_known_phrase_is_the_whole_block_except_arrows(text: str, is_known: bool) -> None:
    assert is_phrase(text) is is_known


def test_headings_of_further_reports_and_of_summaries_are_recognised() -> None:
    assert is_further_report("Further Report on an investigation")
    assert not is_further_report(f"Further report {'x' * 60}")
    assert not is_further_report("A further report")
    assert not is_further_report("Further reports")
    assert [is_summary_heading(text) for text in ("Summary", "SUMMARY", "Summary:")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (NOTE, date(2016, 9, 23)),
        ("The Ombudsmen are dissatisfied, 2016-09-23", date(2016, 9, 23)),
        (f"{NOTE}{' x' * 69}", date(2016, 9, 23)),
        (f"{NOTE}{' x' * 70}", None),
        (NOTE.replace("satisfied", "unsatisfied"), None),
        (NOTE.replace("satisfied", "happy"), None),
        (NOTE.replace("Ombudsman", "Council"), None),
        (NOTE.replace("23 September 2016", "September 2016"), None),
    ],
)
def test_a_note_names_the_ombudsman_satisfied_or_not_on_a_full_date(text: str, day: date | None) -> None:
    assert is_note(text) is (day is not None)
    assert parse_note(text) == (Note(day, text) if day else None)


def test_a_note_of_an_impossible_time_has_no_day() -> None:
    early = NOTE.replace("2016", "1916")
    assert is_note(early)
    assert parse_note(early) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Category : Housing > Other", ("Category :", "Category", "Housing > Other")),
        ("CATEGORY:Housing", ("CATEGORY:", "Category", "Housing")),
        ("Final decision : Upheld", ("Final decision :", "Decision", "Upheld")),
        ("Date of decision : 6 May 2025", ("Date of decision :", "Decision date", "6 May 2025")),
        ("Decision date", ("Decision date", "Decision date", "")),
        ("Decision :", ("Decision :", "Decision", "")),
        ("Category : one\ntwo", ("Category :", "Category", "one\ntwo")),
        ("Decision upheld", None),
        ("The decision : Upheld", None),
    ],
)
def test_a_known_label_is_split_from_its_value(text: str, parts: tuple[str, str, str] | None) -> None:
    assert split_label(text) == parts
    assert has_label(text) is (parts is not None and bool(parts[2]))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Service area : Adults", ("Service area :", "Adults")),
        ("Service area:", ("Service area:", "")),
        ("A b c d : x", ("A b c d :", "x")),
        ("Service area", ("Service area", "")),
        ("A b c d e : x", None),
        ("Service area Adults and more words", None),
        ("Summary : x", None),
        ("OVERVIEW: x", None),
    ],
)
def test_an_unknown_label_has_at_most_four_words(text: str, parts: tuple[str, str] | None) -> None:
    assert split_other_label(text) == parts


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        *(
            ("Category : Housing\nmore", True),
            ("Category\nHousing", True),
            ("Anytown Council (25 004 901)\nmore", True),
        ),
        *(
            ("Service area : Adults\nmore", True),
            ("Service area\nAdults", False),
            ("Words.\nCategory : Housing", False),
        ),
    ],
)
def test_a_block_begins_with_a_label_if_its_first_line_does(text: str, begins: bool) -> None:
    assert begins_with_label(text) is begins


@pytest.mark.parametrize(
    "text",
    [
        "The Ombudsman's\nfinal decision:",
        "Back to\ntop",
        "Further\nreport on it",
        "Date of\ndecision : x",
        "Decision\n:",
    ],
)
def test_a_line_break_inside_a_known_phrase_is_a_space(text: str) -> None:
    assert join_known(Block("paragraph", text)).text == text.replace("\n", " ")


@pytest.mark.parametrize("text", ["One\ntwo", "Category : one\ntwo", "Category : x", "Back to the\ntop"])
def test_other_line_breaks_stay(text: str) -> None:
    block = Block("paragraph", text)
    assert join_known(block) is block


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (OPENER, 0),
        ("THE OMBUDSMEN’S FINAL DECISION", 0),
        ("Overview:", 0),
        ("Overview", None),
        ("Overview : Summary : It was late", 0),
        (f"Category : Housing\nAnytown Council (25 004 901)\n{OPENER}\nmore", 2),
        (f"Words.\n{OPENER}", None),
        ("The final decision", None),
        (f"{OPENER} Upheld", None),
    ],
)
def test_the_opener_is_alone_or_below_labelled_lines(text: str, line: int | None) -> None:
    block = Block("paragraph", text)
    assert find_opening_line(block) == line
    assert is_opener(block) is (line is not None)


def test_an_item_a_hidden_block_and_a_row_are_not_opener() -> None:
    def opens(kind: BlockKind = "heading", **more: Any) -> bool:
        return is_opener(Block(kind, OPENER, **more))

    assert opens()
    assert opens(cells=(OPENER,))
    assert not opens("item", item=Item(List("•", None, None), 0, None))
    assert not opens(is_hidden=True)
    assert not opens(cells=(OPENER, "x"))
