"""Words that were probably meant as operators."""

from __future__ import annotations

import pytest

from storage.query.meant_operators import explain_meant_operators

CAPITALS = "operators are in capital letters: write {} in place of {}"
AND_SIGN = "an & between words is left out, because a space already means AND"


@pytest.mark.parametrize(
    ("query", "explained"),
    [
        ("school or college", CAPITALS.format("OR", '"or"')),
        ("school and college", CAPITALS.format("AND", '"and"')),
        ("school not college", CAPITALS.format("NOT", '"not"')),
        ("School Or College oR none", CAPITALS.format("OR", '"Or", "oR"')),
        ("(school or college) and delay not housing", CAPITALS.format("OR, AND, NOT", '"or", "and", "not"')),
        ("not, delay", CAPITALS.format("NOT", '"not"')),
        ('"a phrase" or delay authority:kent', CAPITALS.format("OR", '"or"')),
        ("school & college", AND_SIGN),
        ("school && college", AND_SIGN),
        ("school & college or delay", CAPITALS.format("OR", '"or"') + "; " + AND_SIGN),
    ],
)
def test_words_and_signs_that_may_be_operators_are_explained(query: str, explained: str) -> None:
    assert explain_meant_operators(query) == explained


@pytest.mark.parametrize(
    "query",
    [
        *("", "school OR college", "delay AND NOT housing", "oral android knot", "A&E", "school college", "nor"),
        *('"school or college"', "“trial and error” delay", 'authority:"x and y"', "NEAR(trial and error, 5)"),
        *("authority:and", "and/or", "25 004 920"),
    ],
)
def test_other_queries_need_no_explanation(query: str) -> None:
    assert explain_meant_operators(query) is None
