"""The rows of CSV that a search prints and that the web interface answers."""

from __future__ import annotations

from lgsco.hit_rows import COLUMNS, list_rows
from storage.search import Hit, Paragraph

FACTS = ("25 000 001", "A Council", "2025-04-01", "Upheld", None, "In short.")


def link(hit: Hit, paragraph: Paragraph) -> str:
    return f"/{hit.reference}#{paragraph.anchor}"


def test_each_paragraph_has_a_row_with_the_facts_of_its_decision() -> None:
    first = Paragraph(3, "4", "The complaint", "One, two.", (), "p4")
    second = Paragraph(9, None, None, "=1+1", (), "line9")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in list_rows(Hit(*FACTS, (first, second)), link)]
    assert [row["reference"] for row in rows] == ["25 000 001"] * 2
    assert (rows[0]["number"], rows[0]["section"], rows[0]["paragraph"]) == ("4", "The complaint", "One, two.")
    assert rows[0]["link"] == "/25 000 001#p4"
    assert (rows[1]["number"], rows[1]["section"], rows[1]["category"]) == ("", "", "")
    assert rows[1]["paragraph"] == "'=1+1", "no cell is a formula"


def test_a_decision_without_a_paragraph_has_one_row() -> None:
    (row,) = list_rows(Hit(*FACTS), link)
    assert row == ["25 000 001", "A Council", "2025-04-01", "Upheld", "", "", "", "", ""]
