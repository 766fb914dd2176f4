"""The words and filters that the tree of a query asks for. Trees are built here, without the parser."""

from __future__ import annotations

import pytest

from storage.errors import LgscoError
from storage.query.tree import (
    And,
    Filter,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    QueryError,
    Word,
    find_filters,
    find_parts,
    find_terms,
    has_not,
)

DELAY, COST, BEST, ASSESS = Word("delay"), Word("cost"), Phrase("best interests"), Prefix("assess")
NEAR = Near((DELAY, BEST), 5)
UPHELD, RECENT = Filter("outcome", "upheld"), Filter("from", "2025-01-01")

TREE = And((Or((COST, NEAR, UPHELD)), Not(Or((ASSESS, RECENT))), BEST))
"""Each kind of node; the prefix and the date are under NOT."""


def test_the_terms_are_in_order_without_those_under_not() -> None:
    assert list(find_terms(TREE)) == [COST, NEAR, BEST]


def test_the_parts_include_those_of_near_and_those_under_not() -> None:
    assert list(find_parts(TREE)) == [COST, DELAY, BEST, ASSESS, BEST]


def test_the_filters_include_those_under_not() -> None:
    assert find_filters(TREE) == [UPHELD, RECENT]


@pytest.mark.parametrize("node", [DELAY, BEST, ASSESS])
def test_a_single_part_is_its_own_only_term(node: Word | Phrase | Prefix) -> None:
    assert (list(find_terms(node)), list(find_parts(node)), find_filters(node)) == ([node], [node], [])


@pytest.mark.parametrize("node", [And(()), UPHELD, Not(UPHELD)])
def test_a_query_of_facts_only_has_no_terms_and_no_parts(node: Node) -> None:
    assert (list(find_terms(node)), list(find_parts(node))) == ([], [])


def test_what_not_leaves_out_twice_is_not_a_term() -> None:
    """No place in a text shows why NOT NOT holds, so nothing is marked for it."""
    assert list(find_terms(Not(Not(DELAY)))) == []
    assert list(find_parts(Not(Not(DELAY)))) == [DELAY]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (DELAY, False),
        (NEAR, False),
        (UPHELD, False),
        (And(()), False),
        (And((DELAY, Or((COST, UPHELD)))), False),
        (Not(DELAY), True),
        (And((DELAY, Or((COST, Not(UPHELD))))), True),
    ],
)
def test_not_is_found_at_any_depth(node: Node, expected: bool) -> None:
    assert has_not(node) == expected


def test_parts_at_different_places_of_the_query_are_different_terms() -> None:
    again = Word("delay", 6)
    assert again != DELAY
    assert list(find_terms(And((DELAY, again)))) == [DELAY, again]


def test_an_invalid_query_ends_a_command_as_wrong_usage() -> None:
    assert issubclass(QueryError, LgscoError)
    assert QueryError("no word").exit_code == 2
