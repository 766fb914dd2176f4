"""Tests how plain texts are split into blocks: the text format, and page dumps with their indented items."""

from __future__ import annotations

from itertools import count

import pytest

from ingest.parsing.blocks import Block, Item
from ingest.parsing.text_blocks import is_dump, split_text


def shapes(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in split_text(text)]


def marks(*lines: str) -> list[tuple[str, int, int | None, int] | None]:
    """For each block of a dump: the marker of its list, its position, the list's start, and the depth of the list."""
    return [describe(block) for block in split_text("\n".join(["Intro.", "", *lines]))[1:]]


def describe(block: Block) -> tuple[str, int, int | None, int] | None:
    if block.item is None:
        return None
    return (block.item.list.marker, block.item.position, block.item.list.start, depth_of(block.item))


def depth_of(item: Item) -> int:
    parent: Item | None = item
    for depth in count():
        assert parent is not None
        parent = parent.list.parent
        if parent is None:
            return depth
    raise AssertionError


# ---------------------------------------------------------------- the two layouts


@pytest.mark.parametrize(
    ("text", "dump"),
    [
        ("One\n\nTwo", True),
        ("One\n  \nTwo", True),
        ("One\n  1. Two\nThree", True),
        ("One\r\rTwo", True),
        ("One\r\n\r\nTwo", True),
        ("One\nTwo\n", False),
        ("One\r\nTwo\r\n", False),
        ("One\n  1. Two", True),
        ("One\n  Two\nThree", False),
        ("\nOne\nTwo", False),
        ("One\nTwo\n\n", False),
        ("\r\n \r\nOne\r\nTwo\r\n\r\n", False),
        ("\nOne\n\nTwo\n", True),
        ("", False),
        ("One\n\n- Two", False),
        ("One\n\n -Two\n", True),
    ],
)
def test_blank_lines_between_others_or_indented_items_and_no_dashes_make_a_page_dump(text: str, dump: bool) -> None:
    assert is_dump(text) is dump


def test_each_line_of_the_text_format_is_a_block() -> None:
    assert shapes("A heading\nA sentence.\n- An item.\n-no item\n\n  \nEnd") == [
        *(("heading", "A heading"), ("paragraph", "A sentence."), ("item", "An item."), ("heading", "-no item")),
        ("heading", "End"),
    ]


def test_a_dash_without_words_is_a_line_only_if_no_space_follows_it() -> None:
    assert shapes("- item\n- \n-\n") == [("item", "item"), ("heading", "-")]


# ---------------------------------------------------------------- page dumps


def test_blocks_of_a_dump_are_separated_by_blank_lines_and_may_go_on_over_lines() -> None:
    assert shapes("A heading\n\nOne sentence\nthat goes\n on.\n\n  1. An item\nthat goes on\n  2. Another\n") == [
        *(("heading", "A heading"), ("paragraph", "One sentence that goes on.")),
        *(("item", "An item that goes on"), ("item", "Another")),
    ]


@pytest.mark.parametrize(
    ("line", "marker", "start"),
    [
        ("1. x", "1", None),
        ("7) x", "1", 7),
        ("a. x", "a", None),
        ("c) x", "a", 3),
        ("B. x", "A", 2),
        ("i. x", "i", None),
        ("iv. x", "i", 4),
        ("V) x", "I", 5),
        ("• x", "•", None),
        ("– x", "•", None),
        ("* x", "•", None),
    ],
)
def test_an_indented_line_with_a_marker_is_an_item_of_its_kind(line: str, marker: str, start: int | None) -> None:
    assert marks(f"  {line}") == [(marker, 0, start, 0)]
    assert marks(line) == [None], "it is not indented"


@pytest.mark.parametrize("line", ["12345. x", "1.x", "ab. x", "1.", "12 x"])
def test_an_indented_line_without_a_marker_is_a_paragraph(line: str) -> None:
    assert marks(f"  {line}") == [None]


def test_consecutive_markers_make_one_list_and_a_restart_another() -> None:
    assert marks("  1. x", "  2. x", "  3. x") == [("1", 0, None, 0), ("1", 1, None, 0), ("1", 2, None, 0)]
    assert marks("  1. x", "  3. x") == [("1", 0, None, 0), ("1", 0, 3, 0)]
    assert marks("  1. x", "  1. x") == [("1", 0, None, 0), ("1", 0, None, 0)]
    assert marks("  • x", "  ◦ x") == [("•", 0, None, 0), ("•", 1, None, 0)]
    assert marks("  1. x", "  • x") == [("1", 0, None, 0), ("•", 0, None, 0)]
    assert marks("  i. x", "  ii. x", "  iii. x") == [("i", 0, None, 0), ("i", 1, None, 0), ("i", 2, None, 0)]


def test_a_letter_that_goes_on_in_the_alphabet_is_not_a_roman_numeral() -> None:
    assert marks("  h. x", "  i. x", "  j. x") == [("a", 0, 8, 0), ("a", 1, 8, 0), ("a", 2, 8, 0)]
    assert marks("  u. x", "  v. x") == [("a", 0, 21, 0), ("a", 1, 21, 0)]
    assert marks("  a. x", "  i. x") == [("a", 0, None, 0), ("i", 0, None, 0)]
    assert marks("  H. x", "  I. x") == [("A", 0, 8, 0), ("A", 1, 8, 0)]


def test_deeper_items_belong_to_the_item_above_them_until_the_indent_ends() -> None:
    assert marks("  1. x", "    a. x", "      i. x", "    b. x", "  2. x") == [
        *(("1", 0, None, 0), ("a", 0, None, 1), ("i", 0, None, 2), ("a", 1, None, 1), ("1", 1, None, 0)),
    ]
    first, second, third = (block.item for block in split_text("Intro.\n\n  1. x\n    a. x\n    • x\n")[1:])
    assert second is not None and third is not None
    assert second.list.parent is first
    assert third.list.parent is first, "a list of another kind beside it has the same parent"


def test_an_indented_paragraph_belongs_to_the_item_it_is_under() -> None:
    blocks = split_text(
        "Intro.\n\n  1. x\n\n     More.\n\n    a. y\n\n      Deeper.\n\n    Back.\n\nOutside.\n\n  2. z\n"
    )
    assert [(block.kind, block.text) for block in blocks[2:]] == [
        *(("paragraph", "More."), ("item", "y"), ("paragraph", "Deeper."), ("paragraph", "Back.")),
        *(("paragraph", "Outside."), ("item", "z")),
    ]
    outer, more, inner, deeper, back, outside, after = (block.item for block in blocks[1:])
    assert (more, deeper, back, outside) == (outer, inner, outer, None)
    assert outer is not None and after is not None
    assert after.list is not outer.list, "a paragraph outside ends the list"


def test_an_indented_line_that_reads_as_a_heading_is_not_one_in_an_item() -> None:
    assert [kind for kind, _ in shapes("Intro.\n\n  1. x\n\n     More\n\nMore\n")] == [
        *("paragraph", "item", "paragraph", "heading"),
    ]
