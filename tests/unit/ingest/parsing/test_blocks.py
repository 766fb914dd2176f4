"""Tests the properties of blocks, and how text is folded."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.parsing.blocks import Block, Item, Link, List, fold, reads_as_heading


def test_the_outermost_item_is_that_of_the_top_level_list() -> None:
    outer = Item(List("1", None, None), 0, None)
    middle = Item(List("a", None, outer), 0, None)
    inner = Item(List("i", None, middle), 0, None)
    assert [item.outermost for item in (outer, middle, inner)] == [outer] * 3


@pytest.mark.parametrize(
    ("link", "is_whole"),
    [
        (Link("/a", blocks=6), True),
        (Link("/a", blocks=7), False),
        (Link("/a", blocks=1, is_open=True), False),
        (Link("", "button", blocks=1), True),
        (Link("", "button", blocks=2), False),
        (Link("", "select", " \n", blocks=9), True),
        (Link("", "select", "words", blocks=1), False),
    ],
)
def test_a_link_that_contains_more_than_a_link_can_is_not_whole(link: Link, is_whole: bool) -> None:
    assert link.is_whole is is_whole
    assert Block("paragraph", "a", links=(link,)).is_links is is_whole


def test_a_block_has_only_links_if_nothing_but_marks_is_between_whole_ones() -> None:
    one, long, open_link = Link("/a", blocks=1), Link("/b", blocks=2), Link("/c", blocks=1, is_open=True)
    assert Block("paragraph", "a | b", links=(one, long), around="|").is_links
    assert not Block("paragraph", "a and b", links=(one, long), around="and").is_links
    assert not Block("paragraph", "a b", links=(one, open_link)).is_links
    assert not Block("paragraph", "a").is_links


def test_links_are_a_blocks_own_if_none_extends_beyond_it() -> None:
    one, long, open_link = Link("/a", blocks=1), Link("/b", blocks=2), Link("/c", blocks=1, is_open=True)
    assert Block("paragraph", "a", links=(one, open_link), around="|").holds_own_links
    assert not Block("paragraph", "a", links=(one, long)).holds_own_links
    assert not Block("paragraph", "a", links=(one,), around="and").holds_own_links
    assert not Block("paragraph", "a").holds_own_links


GONE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u2060\ufeff]")
MARKS = st.sampled_from(" \n\t\xa0\x1c\x1f\x85\u2028\u3000\u200b\xad\ufeff\x00ab–é\U0001f600\ue000")


@given(st.text(MARKS) | st.text())
@example("a\u200b b")
@example(" a")
@example("a  b")
def test_folding_leaves_the_words_with_single_spaces(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert "  " not in folded
    assert folded == folded.strip()
    kept = [c for c in text if not GONE.match(c) and not c.isspace()]
    assert [c for c in folded if c != " "] == kept
    assert not any(unicodedata.category(c) == "Cc" for c in folded)


def test_white_space_separates_words_and_marks_without_width_join_them() -> None:
    assert fold("one\n two\xa0\u3000three ") == "one two three"
    assert fold("one\u200btwo\xadthree\ufeff") == "onetwothree"
    assert [fold(f"one{mark}two") for mark in "\x1c\x1d\x1e\x1f"] == ["onetwo"] * 4


@pytest.mark.parametrize(
    ("line", "is_heading"),
    [("x" * 120, True), ("x" * 121, False), *((f"Words{mark}", False) for mark in ".;:?!"), ("Words,", True)],
)
def test_a_short_line_without_a_sentence_mark_reads_as_a_heading(line: str, is_heading: bool) -> None:
    assert reads_as_heading(line) is is_heading
