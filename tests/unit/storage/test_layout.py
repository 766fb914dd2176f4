"""Tests that the kinds and numbers of lines are stored and found again, and that a wrong layout is noticed."""

from __future__ import annotations

import pytest

from storage.errors import Damaged
from storage.layout import Layout, check_layout, make_layout, split_columns, split_lines
from storage.model import Line

LINES = (
    Line("header", "A Council (25 000 001)"),
    Line("heading", "The complaint", section="The complaint"),
    Line("paragraph", "Mr X complains of “delay”.", "1", "The complaint"),
    Line("item", "an apology", None, "The complaint"),
    Line("heading", "What I found", section="What I found"),
    Line("paragraph", "No fault.", "2.a", "What I found"),
)
TEXT = "A Council (25 000 001)\nThe complaint\nMr X complains of “delay”.\n- an apology\nWhat I found\nNo fault."


def test_lines_are_the_same_after_they_were_stored() -> None:
    assert split_lines(TEXT, make_layout(LINES)) == LINES


def test_columns_have_the_values_of_the_lines() -> None:
    layout = make_layout(LINES)
    columns = split_columns(TEXT.encode(), layout.kinds.encode(), layout.numbers.encode())
    found = [
        Line(kind.decode(), text.decode(), number and number.decode(), section and section.decode())  # type: ignore[arg-type]
        for section, number, kind, text in zip(*columns, strict=True)
    ]
    assert tuple(found) == LINES


@pytest.mark.parametrize(
    "layout",
    [
        Layout("thpih", make_layout(LINES).numbers),
        Layout("thpihx", make_layout(LINES).numbers),
        Layout("thpihp", '["","","1"]'),
        Layout("thpihp", "["),
        Layout("thpihp", "7"),
    ],
    ids=["too few kinds", "an unknown kind", "too few numbers", "not JSON", "not a list"],
)
def test_a_layout_that_does_not_match_its_text_is_damaged(layout: Layout) -> None:
    with pytest.raises(Damaged, match="layout does not match its text"):
        split_lines(TEXT, layout)
    with pytest.raises(Damaged, match="of its lines do not match its text"):
        split_columns(TEXT.encode(), layout.kinds.encode(), layout.numbers.encode())


def test_a_check_names_the_part_that_does_not_match() -> None:
    kinds, numbers = (part.encode() for part in make_layout(LINES))
    assert check_layout(TEXT.encode(), kinds, numbers) is None
    assert check_layout(TEXT.encode() + b"\nMore", kinds, numbers) == "the kinds of its lines do not match its text"
    assert check_layout(TEXT.encode(), kinds, numbers[1:]) == "the numbers of its lines do not match its text"
