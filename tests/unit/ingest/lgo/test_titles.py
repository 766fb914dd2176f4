"""Tests which lines are titles, and the references in them."""

from __future__ import annotations

import pytest

from ingest.lgo.titles import find_odd_spelling, parse_page_title, parse_title

OWN = "25 004 901"


@pytest.mark.parametrize(
    ("line", "authority", "references"),
    [
        ("Anytown Council (25 004 901)", "Anytown Council", (OWN,)),
        ("Anytown Council (25-004-901)", "Anytown Council", (OWN,)),
        ("Anytown Council(25004901)", "Anytown Council", (OWN,)),
        ("Anytown\nCouncil ( 25 004 901 )", "Anytown Council", (OWN,)),
        ("Anytown Council (Complaint reference no. 25 004 901)", "Anytown Council", (OWN,)),
        ("Anytown Council (ref: 25 004 901)", "Anytown Council", (OWN,)),
        ("Anytown Council (25 004 901 & 25 004 902)", "Anytown Council", (OWN, "25 004 902")),
        ("Anytown Council (25 004 901, and 25 004 901)", "Anytown Council", (OWN,)),
        ("NHS Trust (25 004 901a)", "NHS Trust", ("25 004 901a",)),
        ("25 004 901", None, (OWN,)),
        ("25 004 901 / 25 004 902", None, (OWN, "25 004 902")),
        ("(25 004 901)", None, (OWN,)),
        ("- - Anytown Council (25 004 901)", "Anytown Council", (OWN,)),
    ],
)
def test_a_line_that_ends_in_a_reference_is_a_title(
    line: str, authority: str | None, references: tuple[str, ...]
) -> None:
    title = parse_title(line)
    assert title is not None
    assert (title.authority, title.references, title.others) == (authority, references, ())


@pytest.mark.parametrize(
    "line",
    [
        *(
            "Anytown Council",
            "Anytown Council 25 004 901",
            "Anytown Council (25 004 90)",
            "Anytown Council (25 004 9011)",
        ),
        *("Anytown Council (25 004 901) news", "Anytown Council (page 25 004 901)", "(25 004 901ab)", "", "100 %"),
    ],
)
def test_another_line_is_not_a_title(line: str) -> None:
    assert parse_title(line) is None


def test_references_in_earlier_brackets_are_the_titles_other_ones() -> None:
    title = parse_title("Anytown Council (24 000 001) and Trust (25 004 901 & 24 000 001)")
    assert title is not None
    assert (title.references, title.others) == ((OWN, "24 000 001"), ())
    first = parse_title("Anytown Council (24 000 001) (25 004 901)")
    assert first is not None
    assert (first.authority, first.references, first.others) == (
        "Anytown Council (24 000 001)",
        (OWN,),
        ("24 000 001",),
    )
    assert [first.names(one) for one in (OWN, "24 000 001", "24 000 002")] == [True, True, False]


def test_a_title_may_be_a_bracket_only() -> None:
    assert [parse_title(line).is_bracket_only for line in ("(25 004 901)", "25 004 901", "A (25 004 901)")] == [  # type: ignore[union-attr]
        *(True, False, False),
    ]


def test_dashes_before_a_title_are_dropped() -> None:
    title = parse_title("- Anytown Council (25 004 901)")
    assert title is not None and title.text == "Anytown Council (25 004 901)"


def test_the_title_of_a_page_ends_where_the_name_of_the_site_begins() -> None:
    title = parse_page_title("Anytown Council (25 004 901) - Local Government and Social Care Ombudsman")
    assert title is not None and title.text == "Anytown Council (25 004 901)"
    assert parse_page_title("25 004 901 - Ombudsman") == parse_title("25 004 901")
    assert parse_page_title("25 004 901-2 - Ombudsman") is None
    assert parse_page_title("Page not found") is None


@pytest.mark.parametrize(
    ("source", "odd"),
    [
        *(("25 004 901", None), ("25-004-901", None), ("25004901", None), ("1 25 004 9011", None)),
        *(("x 25\u2013004-901", "25\u2013004-901"), ("25 004\u00a0901", "25 004\u00a0901")),
        ("25 004 901 and 25/004/902", "25/004/902"),
    ],
)
def test_the_first_reference_with_unusual_marks_is_found(source: str, odd: str | None) -> None:
    assert find_odd_spelling(source) == odd
