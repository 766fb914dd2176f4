"""The text and the numbers that a sample has, and its address."""

from __future__ import annotations

from dataclasses import replace

from lgsco.replica.corpus import Written, expected_numbers, expected_text, seeds
from lgsco.replica.sample import Heading, Item, Items, Table


def test_text_and_numbers_follow_from_the_structure() -> None:
    body = (
        Heading("The complaint"),
        Items("1", (Item("One 21st:", (Items("a", (Item("x"), Item("y", (Items("1", (Item("deep"),)),)))), "after")),)),
        "between",
        Table((("a", "b"), ("c", "d"))),
        Items("1", (Item("Two:", (Items("•", (Item("p"),), split=True),)), Item("Three"))),
    )
    sample = replace(seeds()[0], source=Written((body,)), closing=None)
    lines = list(zip(expected_text(sample).split("\n")[6:], expected_numbers(sample)[6:], strict=True))
    items = [("- One 21st:", "1"), ("- x", "1.a"), ("- y", "1.b"), ("- deep", "1.b.1"), ("after", "1")]
    rest = [("between", None), ("a | b", None), ("c | d", None), ("- Two:", "2"), ("- p", "2.•1"), ("- Three", "3")]
    assert lines == [("The complaint", None), *items, *rest]


def test_a_statement_has_header_lines_and_a_report_without_header_none() -> None:
    sample = seeds()[0]
    assert [label for label, _ in sample.headers] == ["Category", "Decision", "Decision date"]
    assert replace(sample, header=False).headers == ()
    assert replace(sample, layout="overview").opening == ("Overview:",)
    assert replace(sample, layout="old").opening == ()


def test_the_address_is_made_from_the_categories() -> None:
    sample = replace(seeds()[0], category="Children's care services", subcategory="COVID-19")
    assert sample.address == "/decisions/children-s-care-services/covid-19/25-004-920"
    assert replace(sample, bare=True).title == "25 004 920"
