"""Tests which characters a line of output may have, and when items are counted instead of named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.reports.lines import name_ending, name_first, printable


def test_printable_leaves_letters_punctuation_and_emoji_as_they_are() -> None:
    assert printable("Council’s “café” – 25 004 920 🙂") == "Council’s “café” – 25 004 920 🙂"


def test_printable_puts_a_space_for_each_control_character_and_direction_mark() -> None:
    assert printable("a\x1b[2Jb\nc\td\u202ee\x9bf\u2028g") == "a [2Jb c d e f g"


@given(st.text())
def test_printable_makes_one_printable_line_of_the_same_length(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) == len(text)
    assert all(now in (before, " ") for before, now in zip(text, shown, strict=True))
    assert printable(shown) == shown


def test_name_first_names_all_up_to_the_limit() -> None:
    assert name_first([], 2, "{} more") == []
    assert name_first(["a", "b"], 2, "{} more") == ["a", "b"]


def test_name_first_counts_the_rest_in_the_format_given() -> None:
    assert name_first(["a", "b", "c"], 2, "… and {} more") == ["a", "b", "… and 1 more"]
    assert name_first(["x"] * 1_237, 2, "… and {:,} more") == ["x", "x", "… and 1,235 more"]


def test_a_run_that_ended_well_is_shown_as_done_and_never_as_complete() -> None:
    assert name_ending("complete") == "done"
    assert name_ending("incomplete") == "incomplete"
    assert name_ending("limited") == "limited"
