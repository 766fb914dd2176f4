"""The rows of CSV that a search prints and that the web interface answers."""

from __future__ import annotations

from lgsco.hit_rows import COLUMNS, as_object, describe_searched, list_rows
from storage.search import Hit, Paragraph

FACTS = ("25 000 001", "A Council", "2025-04-01", "Upheld", None, "In short.", "/decisions/1")


def test_each_paragraph_has_a_row_with_the_facts_of_its_decision() -> None:
    first = Paragraph(3, "4", "The complaint", "One, two.", (), "p4")
    second = Paragraph(9, None, None, "=1+1", (), "line9")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in list_rows(Hit(*FACTS, (first, second)))]
    assert [row["reference"] for row in rows] == ["25 000 001"] * 2
    assert (rows[0]["number"], rows[0]["section"], rows[0]["paragraph"]) == ("4", "The complaint", "One, two.")
    assert {row["source_url"] for row in rows} == {"https://www.lgo.org.uk/decisions/1"}
    assert (rows[1]["number"], rows[1]["section"], rows[1]["category"]) == ("", "", "")
    assert rows[1]["paragraph"] == "'=1+1", "no cell is a formula"


def test_a_decision_without_a_paragraph_has_one_row() -> None:
    (row,) = list_rows(Hit(*FACTS))
    assert row == [
        "25 000 001",
        "A Council",
        "2025-04-01",
        "Upheld",
        "",
        "https://www.lgo.org.uk/decisions/1",
        "",
        "",
        "",
    ]


def test_json_has_the_page_on_the_site_as_a_whole_address() -> None:
    first = Paragraph(3, "4", "The complaint", "One, two.", ((0, 3),), "p4")
    found = as_object(Hit(*FACTS, (first,)))
    assert found["source_url"] == "https://www.lgo.org.uk/decisions/1"
    assert [(one["text"], one["marks"], one["anchor"]) for one in found["paragraphs"]] == [
        ("One, two.", ((0, 3),), "p4")
    ]
    assert "path" not in found
    assert as_object(Hit("25 000 002", None, None, None, None, None))["source_url"] is None


def test_where_nothing_is_found_the_decisions_searched_are_counted_in_words() -> None:
    assert describe_searched(0) == "the archive has no decisions to search yet"
    assert describe_searched(1) == "the only stored decision does not match"
    assert describe_searched(60_123) == "none of the 60,123 stored decisions matches"
