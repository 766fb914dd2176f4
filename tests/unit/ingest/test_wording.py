"""Tests that the words after a number agree with it."""

from __future__ import annotations

import pytest

from ingest.wording import agree, count_of


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
