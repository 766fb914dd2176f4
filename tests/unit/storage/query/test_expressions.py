from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage.query.expressions import Match, is_plain, make_match, make_near, make_printed
from storage.query.parser import parse_query
from storage.query.tree import Near, QueryError

FORMS = {"delay": ("delay", "delays"), "school": ("school",)}


def forms(word: str) -> Sequence[str]:
    return FORMS.get(word, ())


@pytest.mark.parametrize(
    ("query", "expression", "negated"),
    [
        ("delay", '("delay" OR "delays")', False),
        ("absent", '"absent"', False),
        ("school delay", '("school" AND ("delay" OR "delays"))', False),
        ("school OR absent", '("school" OR "absent")', False),
        ("school NOT delay", '("school" NOT ("delay" OR "delays"))', False),
        ("NOT school", '"school"', True),
        ("NOT school NOT absent", '("school" OR "absent")', True),
        ("school OR NOT absent", '("absent" NOT "school")', True),
        ('"the delay"', '"the delay"', False),
        ("assess*", '"assess"*', False),
        ("school school", '"school"', False),
        ("mr", '"mr"', False),
    ],
)
def test_a_query_becomes_one_expression(query: str, expression: str, negated: bool) -> None:
    assert make_match(parse_query(query), forms) == Match(expression, negated)


def test_near_lists_each_way_to_print_its_parts() -> None:
    node = parse_query("NEAR(school delay, 3)")
    assert isinstance(node, Near)
    assert make_near(node, forms) == '(NEAR("school" "delay", 3) OR NEAR("school" "delays", 3))'
    assert make_printed(node).expression == 'NEAR("school" "delay", 3)'


def test_near_with_too_many_ways_asks_for_all_its_words() -> None:
    node = parse_query("NEAR(delay school, 3)")
    assert isinstance(node, Near)
    many = make_near(node, lambda word: [f"{word}{number}" for number in range(9)])
    assert "NEAR" not in many
    assert '"delay8"' in many
    assert ") AND (" in many


@pytest.mark.parametrize(
    ("query", "plain"), [("a OR (b NOT c)", True), ("a from:2024", False), ("NOT NEAR(a b)", False)]
)
def test_filters_and_near_need_more_than_the_index(query: str, plain: bool) -> None:
    assert is_plain(parse_query(query)) == plain


def test_a_filter_has_no_expression() -> None:
    with pytest.raises(QueryError, match="is a filter of the search page"):
        make_printed(parse_query("delay outcome:upheld"))
