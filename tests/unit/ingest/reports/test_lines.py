"""Tests which characters a line of output may have, and when items are counted instead of named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reports.lines import describe_size, name_ending, name_first, name_task, printable


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


def test_name_first_counts_the_rest_with_its_noun() -> None:
    assert name_first(["a", "b", "c"], 2, "and {}", "more range") == ["a", "b", "and 1 more range"]
    assert name_first(["x"] * 1_237, 2, "and {}", "more range")[-1] == "and 1,235 more ranges"


def test_a_run_of_the_fill_command_is_named_as_the_user_typed_it() -> None:
    assert name_task("switchfill", {"to": "off"}) == "fill off"
    assert name_task("switchfill", {"to": "resume"}) == "fill resume"
    assert name_task("switchfill", {}) == "fill off or resume"
    assert name_task("backfill", {"first": None}) == "backfill"


def test_a_run_that_ended_well_is_shown_as_done_and_never_as_complete() -> None:
    assert name_ending("complete") == "done"
    assert name_ending("incomplete") == "incomplete"
    assert name_ending("limited") == "limited"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        *((0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (12_345, "12 kB")),
        *((640_000, "640 kB"), (1_000_000, "1.0 MB"), (2_940_000, "2.9 MB"), (949_999_999, "950 MB")),
        *((950_000_000, "950 MB"), (960_000_000, "960 MB"), (999_999_999, "1,000 MB"), (1_000_000_000, "1.0 GB")),
        *((1_349_000_000, "1.3 GB"), (1_250_400_000_000, "1,250 GB")),
    ],
)
def test_a_size_is_given_in_the_largest_unit_that_it_reaches(size: int, words: str) -> None:
    assert describe_size(size) == words


@given(st.integers(1_000, 10**13))
def test_a_size_is_wrong_by_a_twentieth_at_most(size: int) -> None:
    number, unit = describe_size(size).split()
    shown = float(number.replace(",", "")) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
    assert abs(shown - size) <= size / 20
