"""Tests that the words after a number agree with it."""

from __future__ import annotations

import pytest

from ingest.wording import agree, count_of, describe_duration


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 decisions"), (1, "1 decision"), (2, "2 decisions"), (21, "21 decisions"), (2_000, "2,000 decisions")],
)
def test_only_one_is_followed_by_a_singular(number: int, words: str) -> None:
    assert count_of(number, "decision") == words


def test_a_plural_without_an_s_at_its_end_is_named() -> None:
    assert count_of(1, "folder or file", "folders or files") == "1 folder or file"
    assert count_of(3, "folder or file", "folders or files") == "3 folders or files"


def test_a_verb_agrees_with_its_number() -> None:
    assert [agree(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 minutes"),
        (60, "1 minute"),
        (5_400, "1 hour 30 minutes"),
        (86_399.999994, "1 day"),
        (2 * 86_400 + 60, "2 days 1 minute"),
        (400 * 86_400 + 2 * 3_600, "400 days 2 hours"),
    ],
)
def test_a_duration_is_given_to_the_minute(seconds: float, words: str) -> None:
    assert describe_duration(seconds) == words
