"""Tests the printed form of references, and the form in addresses."""

from __future__ import annotations

import pytest

from storage.references import reference, slug


@pytest.mark.parametrize(
    ("spelling", "printed"),
    [
        ("25 004 920", "25 004 920"),
        ("25-004-920", "25 004 920"),
        ("25004920", "25 004 920"),
        (" 25\u00a0004\u2013920\n", "25 004 920"),
        ("24 001 411A", "24 001 411a"),
    ],
)
def test_any_spelling_gives_the_printed_form(spelling: str, printed: str) -> None:
    assert reference(spelling) == printed


@pytest.mark.parametrize(
    "spelling", ["", "25 004 92", "25 004 9200", "25 004 920 ab", "\u0662\u0665004920", "25_004_920"]
)
def test_anything_else_is_refused_and_quoted(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"is not a reference; one looks like 25 004 920") as refusal:
        reference(spelling)
    assert repr(spelling) in str(refusal.value)


def test_an_address_has_hyphens_and_keeps_the_letter() -> None:
    assert slug("24 001 411a") == "24-001-411a"
