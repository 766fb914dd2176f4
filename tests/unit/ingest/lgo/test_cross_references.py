"""Citations of a decision's own paragraphs, compared with the cited paragraphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.lgo.cross_references import Share, count_fitting, find_cross_references
from ingest.lgo.text_format import parse
from storage.model import Line

SEEDS = Path(__file__).parents[4] / "seeds"


def item(number: str | None, text: str) -> Line:
    return Line("item", text, number)


COMPLAINT = item("1", "Mr X complained about his school transport.")
FEES = item("2", "The care home raised its fees.")


def results(*lines: Line) -> list[tuple[str, str]]:
    return [(one.number, one.result) for one in find_cross_references(lines)]


def test_four_citations_of_a_published_decision_fit_their_paragraphs() -> None:
    (seed,) = SEEDS.glob("002_*")
    found = find_cross_references(parse(seed.read_bytes()).lines)
    assert [(one.number, one.result) for one in found] == [(number, "fits") for number in ("24", "44", "59", "52")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I considered school transport (see paragraph 1).", [("1", "fits")]),
        ("I considered school transport (see paragraph 2).", [("2", "other words")]),
        ("I considered school transport (see paragraph 9).", [("9", "no such paragraph")]),
        ("I considered the fees at paragraphs 2 to 3.", [("2", "fits")]),
        ("I considered the fees at paragraph 2(b).", [("2", "fits")]),
        ("I considered the fees in para two.", [("2", "fits")]),
        ("See paragraph 2.", [("2", "fits")]),
        ("This is described above (see paragraph 2).", [("2", "fits")]),
        ("Transport: see paragraph 1.", [("1", "fits")]),
        ("The home. Transport: see paragraph 1.", [("1", "fits")]),
        ("The fees for Mr X: see paragraph 1.", [("1", "other words")]),
        ("School transport: paragraph 1. The fees: paragraph 2.", [("1", "fits"), ("2", "fits")]),
    ],
)
def test_citation_is_compared_with_the_cited_paragraph(text: str, expected: list[tuple[str, str]]) -> None:
    assert results(COMPLAINT, FEES, item("3", text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Paragraph 9.2 of the Code says so.",
        "The SEND guidance says so at paragraph 1.",
        "Schedule 2, paragraph 1 applies.",
        "It broke paragraph 1 of the Code.",
        "The first paragraphs were lost.",
    ],
)
def test_citation_of_another_document_is_not_a_cross_reference(text: str) -> None:
    assert results(COMPLAINT, FEES, item("3", text)) == []


def test_header_and_the_paragraph_itself_are_not_cross_references() -> None:
    header = Line("header", "Category : Fees, see paragraph 9", None)
    assert results(header, COMPLAINT, FEES, item("3", "As paragraph 3 of this statement says.")) == []
    assert results(header, COMPLAINT, FEES, item("3.a", "As I say in paragraph 3.")) == []


def test_place_is_the_line_that_cites() -> None:
    lines = (COMPLAINT, FEES, item("3", "School transport (see paragraph 1)."), item("4", "The fees: paragraph 2."))
    assert [(one.place, one.number) for one in find_cross_references(lines)] == [(2, "1"), (3, "2")]


def test_cited_paragraph_includes_its_sub_items() -> None:
    sub_item = item("1.a", "He was refused a taxi.")
    assert results(COMPLAINT, sub_item, FEES, item("3", "The taxi (see paragraph 1).")) == [("1", "fits")]


def test_decision_without_numbers_has_no_cross_references() -> None:
    assert results(item(None, "Mr X complained."), item(None, "See paragraph 1.")) == []


def test_decision_fits_when_all_its_cross_references_fit() -> None:
    right = item("3", "School transport (see paragraph 1).")
    wrong = item("4", "School transport (see paragraph 2).")
    decisions = ([COMPLAINT, FEES, right], [COMPLAINT, FEES, right, wrong], [COMPLAINT, FEES])
    assert count_fitting(decisions) == Share(checked=2, fitting=1)
