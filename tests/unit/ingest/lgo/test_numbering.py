"""Tests which number a paragraph gets, and that it gets none without evidence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lgo.numbering import number_blocks
from ingest.parsing.blocks import Block, Item, List, Marker


def make_list(
    marker: Marker = "1", *, start: int | None = None, parent: Item | None = None, down: bool = False
) -> List:
    return List(marker, start, parent, is_reversed=down)


def items(of: List, count: int, *, value: dict[int, int] | None = None, skip: Sequence[int] = ()) -> list[Item]:
    """The items of a list, of which those at the positions in `skip` have no text and so no block."""
    of.seen = count
    values = value or {}
    return [Item(of, position, values.get(position)) for position in range(count) if position not in skip]


def numbers(*parts: Item | list[Item] | str | None, dump: bool = False) -> list[str | None]:
    """The numbers of the blocks of some items; a text is a paragraph outside lists, None one with the text "p"."""
    blocks = []
    for part in parts:
        if part is None or isinstance(part, str):
            blocks.append(Block("paragraph", part or "p"))
        else:
            blocks += [Block("item", "i", item) for item in ([part] if isinstance(part, Item) else part)]
    return number_blocks(blocks, starts_are_attributes=not dump)


# ---------------------------------------------------------------- lists of the top level


def test_lists_without_attributes_continue_the_count_through_the_decision() -> None:
    assert numbers(items(make_list(), 2), None, items(make_list(), 3)) == ["1", "2", None, "3", "4", "5"]


def test_attributes_of_lists_and_items_apply_as_they_are() -> None:
    assert numbers(items(make_list(start=7), 2), None, items(make_list(start=3), 2)) == ["7", "8", None, "3", "4"]
    assert numbers(items(make_list(start=7), 4, value={2: 20})) == ["7", "8", "20", "21"]
    assert numbers(items(make_list(), 3, value={0: 5})) == ["5", "6", "7"]


def test_items_without_text_count() -> None:
    assert numbers(items(make_list(), 4, skip=(0, 2)), None, items(make_list(), 1)) == ["1", "3", None, "4"]
    assert numbers(items(make_list(start=7), 4, skip=(0, 2))) == ["8", "10"]


def test_an_item_that_goes_on_after_an_item_inside_it_counts_once() -> None:
    """As in `<ol><li>One<section><li>Two</li></section>One</li></ol>`, where both items are of one list."""
    first, second = items(make_list(), 2)
    assert numbers(first, second, first, None, items(make_list(), 1)) == ["1", "2", "1", None, "3"]


def test_a_reversed_list_counts_down_to_one_or_from_its_start() -> None:
    assert numbers(items(make_list(down=True), 3)) == ["3", "2", "1"]
    assert numbers(items(make_list(start=9, down=True), 3)) == ["9", "8", "7"]
    assert numbers(items(make_list(start=9, down=True), 4, skip=(0, 2))) == ["8", "6"]


def test_a_list_without_attributes_is_numbered_if_the_next_attribute_confirms_the_count() -> None:
    assert numbers(items(make_list(), 2), None, items(make_list(start=3), 1)) == ["1", "2", None, "3"]
    assert numbers(items(make_list(start=4), 1), None, items(make_list(), 2), None, items(make_list(start=7), 1)) == [
        *("4", None, "5", "6", None, "7"),
    ]


@pytest.mark.parametrize("start", [2, 4, 9])
def test_a_list_without_attributes_has_no_number_if_the_next_attribute_contradicts_the_count(start: int) -> None:
    assert numbers(items(make_list(), 2), None, items(make_list(start=start), 1)) == [None, None, None, str(start)]


def test_a_list_after_the_last_attribute_has_no_number() -> None:
    assert numbers(items(make_list(start=4), 1), None, items(make_list(), 2)) == ["4", None, None, None]


def test_attributes_count_on_a_page_unless_they_are_called_printed_numbers() -> None:
    of, later = make_list(), make_list(start=7)
    blocks = [Block("item", "i", item) for item in (*items(of, 1), *items(later, 1))]
    assert number_blocks(blocks) == [None, "7"]
    assert number_blocks(blocks, starts_are_attributes=False) == [None, None]


def test_a_page_dump_whose_printed_numbers_contradict_the_count_has_no_numbers() -> None:
    first, second = items(make_list(), 2), items(make_list(start=7), 1)
    assert numbers(first, None, second, dump=True) == [None, None, None, None]
    assert numbers(first, None, items(make_list(start=3), 1), dump=True) == ["1", "2", None, "3"]


# ---------------------------------------------------------------- lists that adjoin


def test_nothing_after_two_adjoining_lists_is_numbered_without_an_attribute() -> None:
    assert numbers(items(make_list(), 2), items(make_list(), 1), None, items(make_list(), 1)) == [
        *("1", "2", None, None, None),
    ]


def test_a_list_that_adjoins_bullets_is_not_in_doubt() -> None:
    assert numbers(items(make_list(), 1), items(make_list("•"), 1), items(make_list(), 1)) == ["1", "1.•1", "2"]


def test_the_next_attribute_decides_whether_an_adjoining_list_is_counted() -> None:
    def of(start: int) -> list[str | None]:
        return numbers(items(make_list(), 2), items(make_list(), 1), None, items(make_list(start=start), 1))

    assert of(4) == ["1", "2", "3", None, "4"], "all are counted"
    assert of(3) == ["1", "2", None, None, "3"], "the adjoining list is a part of the one before"
    assert of(2) == [None, None, "1", None, "2"], "only the adjoining list fits"
    assert of(6) == [None, None, None, None, "6"]


def test_a_gap_that_two_readings_fill_gives_no_number() -> None:
    lists = [items(make_list(), 2), items(make_list(), 1), items(make_list(), 1)]
    assert numbers(*lists, None, items(make_list(start=4), 1)) == [None, None, None, None, None, "4"]
    assert numbers(*lists, None, items(make_list(start=5), 1)) == ["1", "2", "3", "4", None, "5"]
    assert numbers(*lists, None, items(make_list(start=3), 1)) == ["1", "2", None, None, None, "3"]


def test_twelve_lists_are_searched_and_thirteen_are_not() -> None:
    def of(lists: int) -> list[str | None]:
        """A list of one item, then lists of two, of which the next attribute leaves out all."""
        first, rest = items(make_list(), 1), [items(make_list(), 2) for _ in range(lists - 1)]
        return numbers(first, *rest, None, items(make_list(start=2), 1))[:1]

    assert (of(12), of(13)) == (["1"], [None])


# ---------------------------------------------------------------- sub-items


def test_sub_items_are_named_after_their_item() -> None:
    (first, second) = items(make_list(), 2)
    letters, romans = items(make_list("a", parent=first), 2), items(make_list("I", parent=second), 1)
    deeper = items(make_list("•", parent=letters[1]), 2)
    assert numbers(first, letters, deeper, second, romans) == ["1", "1.a", "1.b", "1.b.•1", "1.b.•2", "2", "2.I"]


@pytest.mark.parametrize(
    ("marker", "ordinal", "shown"),
    [
        *(("a", 1, "a"), ("a", 26, "z"), ("a", 27, "27"), ("A", 2, "B"), ("a", 0, "0")),
        *(("i", 1, "i"), ("i", 4, "iv"), ("i", 9, "ix"), ("i", 14, "xiv"), ("i", 38, "xxxviii"), ("i", 39, "xxxix")),
        *(("i", 40, "40"), ("i", 0, "0"), ("I", 6, "VI"), ("•", 3, "•3"), ("1", 12, "12")),
    ],
)
def test_a_sub_item_has_the_mark_that_the_page_shows(marker: Marker, ordinal: int, shown: str) -> None:
    (item,) = items(make_list(), 1)
    assert numbers(item, items(make_list(marker, start=ordinal, parent=item), 1)) == ["1", f"1.{shown}"]


def test_sub_lists_of_one_item_and_one_marker_continue_unless_an_attribute_says_otherwise() -> None:
    (item,) = items(make_list(), 1)

    def sub(marker: Marker, **of: int) -> list[Item]:
        return items(make_list(marker, parent=item, **of), 1)  # type: ignore[arg-type]

    assert numbers(item, sub("a"), sub("a"), sub("i"), sub("a", start=6), sub("a")) == [
        *("1", "1.a", "1.b", "1.i", "1.f", "1.g"),
    ]
    assert numbers(item, items(make_list("a", start=3, parent=item), 3, value={1: 7})) == ["1", "1.c", "1.g", "1.h"]


def test_an_item_below_one_without_a_number_has_none() -> None:
    dash, hidden = items(make_list("-"), 1)[0], Item(make_list(), 0, None, shows_marker=False)
    assert numbers(dash, items(make_list("a", parent=dash), 1)) == [None, None]
    assert numbers(hidden, items(make_list("a", parent=hidden), 1)) == [None, None]


def test_a_sub_item_is_named_even_if_the_items_around_it_have_no_text_of_their_own() -> None:
    (outer,) = items(make_list(), 1)
    (middle,) = items(make_list("a", parent=outer), 1)
    (deepest,) = items(make_list("i", parent=middle), 1)
    assert numbers(deepest) == ["1.a.i"]
    assert numbers(deepest, None, items(make_list(), 1)) == ["1.a.i", None, "2"]
    dash = items(make_list("-", parent=outer), 1)[0]
    assert numbers(items(make_list("a", parent=dash), 1)) == [None]


def test_a_further_block_of_an_item_has_its_number() -> None:
    (item,) = items(make_list(), 1)
    assert numbers(item, item, items(make_list("a", parent=item), 1), item) == ["1", "1", "1.a", "1"]


# ---------------------------------------------------------------- lists beside their item


def test_a_list_right_after_a_numbered_item_is_named_after_it() -> None:
    first, second = items(make_list(), 2)
    assert numbers(first, items(make_list("a"), 2), second, items(make_list("a"), 1)) == [
        *("1", "1.a", "1.b", "2", "2.a"),
    ]


def test_a_list_inside_a_numbered_item_does_not_separate_it_from_the_next_list() -> None:
    (item,) = items(make_list(), 1)
    for inner in (make_list("-", parent=item), make_list("1", parent=item)):
        hidden = Item(inner, 0, None, shows_marker=False)
        assert numbers(item, hidden, items(make_list("a"), 1)) == ["1", None, "1.a"]
    beside = Item(make_list("a"), 0, None, shows_marker=False)
    assert numbers(item, beside, items(make_list("i"), 1)) == ["1", None, "1.i"]


def test_sibling_lists_of_one_marker_continue_until_the_next_numbered_item() -> None:
    (item,) = items(make_list(), 1)
    assert numbers(item, items(make_list("a"), 1), items(make_list("i"), 1), items(make_list("a"), 1)) == [
        *("1", "1.a", "1.i", "1.b"),
    ]
    assert numbers(item, items(make_list("a", start=4), 2, value={1: 8})) == ["1", "1.d", "1.h"]


def test_bullets_are_named_only_directly_after_the_numbered_item() -> None:
    (item,) = items(make_list(), 1)
    assert numbers(item, items(make_list("•"), 2)) == ["1", "1.•1", "1.•2"]
    assert numbers(item, items(make_list("a"), 1), items(make_list("•"), 1)) == ["1", "1.a", None]
    assert numbers(item, items(make_list("•"), 1), items(make_list("•"), 1)) == ["1", "1.•1", "1.•2"]
    assert numbers(item, items(make_list("a"), 1), items(make_list("•"), 1), items(make_list("•"), 1)) == [
        *("1", "1.a", None, None),
    ]


def test_a_list_that_does_not_follow_a_numbered_item_has_no_numbers() -> None:
    assert numbers(items(make_list("a"), 2)) == [None, None]
    assert numbers(items(make_list("•"), 1), items(make_list("a"), 1)) == [None, None]
    (item,) = items(make_list(), 1)
    assert numbers(item, None, items(make_list("a"), 1)) == ["1", None, None]
    (dash,) = items(make_list("-", parent=item), 1)
    inside_dash = items(make_list("a", parent=dash), 1)
    assert numbers(inside_dash, items(make_list("a"), 1)) == [None, None], "no block shows the numbered item"
    assert numbers(item, items(make_list("-"), 1), items(make_list("a"), 1)) == ["1", None, None]
    unnumbered = Item(make_list(), 0, None, shows_marker=False)
    assert numbers(item, unnumbered, items(make_list("a"), 1)) == ["1", None, None]


def test_a_list_after_an_item_without_a_number_is_not_named_after_an_earlier_item() -> None:
    lists = [items(make_list(), 1), items(make_list(), 1), items(make_list("a"), 1)]
    assert numbers(*lists) == ["1", None, None]


# ---------------------------------------------------------------- numbers typed in paragraphs


def test_typed_numbers_count_if_they_run_from_one_without_a_gap_and_there_is_no_list() -> None:
    assert numbers("1. One", "More.", "2. Two", "3.Three") == ["1", None, "2", None]
    assert numbers("1. One", "3. Three") == [None, None]
    assert numbers("2. Two", "3. Three") == [None, None]
    assert numbers("1. One") == [None], "one number may be anything"
    assert numbers("1. One", "2. Two", items(make_list(), 1)) == [None, None, "1"]
    assert numbers("1. One", "2. Two", items(make_list("•"), 1)) == ["1", "2", None]


def test_headings_and_items_with_typed_numbers_do_not_count() -> None:
    bullet = items(make_list("•"), 1)[0]
    blocks = [
        Block("paragraph", "1. One"),
        Block("heading", "2. The law"),
        Block("paragraph", "2. An item's second paragraph", bullet),
        Block("paragraph", "2. Two"),
    ]
    assert number_blocks(blocks) == ["1", None, None, "2"]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=4), min_size=1, max_size=5))
def test_separate_lists_number_every_item_on_the_page_from_one(lists: list[list[bool]]) -> None:
    """Each flag is an item, and whether it has text."""
    parts: list[Item | list[Item] | str | None] = []
    expected: list[str | None] = []
    count = 0
    for flags in lists:
        shown = [position for position, has_text in enumerate(flags) if has_text]
        if not shown:
            continue
        parts += [items(make_list(), len(flags), skip=[n for n, has_text in enumerate(flags) if not has_text]), None]
        length = shown[-1] - shown[0] + 1
        expected += [*(str(count + 1 + position - shown[0]) for position in shown), None]
        count += length
    assert numbers(*parts) == expected
