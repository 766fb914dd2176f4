"""Tests the words about a related decision."""

from __future__ import annotations

import pytest

from ingest.reports.related import describe_related
from storage.related import Related


@pytest.mark.parametrize(
    ("similarity", "is_stored", "words"),
    [
        (None, True, ""),
        (1.0, True, ""),  # the same text: the reason says so
        (0.8349, True, ", 83.5 % alike"),
        (None, False, ", not stored"),
        (0.999, False, ", 99.9 % alike, not stored"),
    ],
)
def test_a_related_decision_has_its_reason_its_likeness_and_whether_it_is_stored(
    similarity: float | None, is_stored: bool, words: str
) -> None:
    one = Related("24 001 234", "similar text", similarity, is_stored)
    assert describe_related(one) == f"24 001 234 (similar text{words})"
