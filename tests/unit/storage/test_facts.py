from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.facts import Count, Facts
from storage.query.tree import Filter

ROWS = (
    (1, "Kent County Council", "Upheld", "Housing", "2024-03-01"),
    (2, "Kent", "Not upheld", "Housing", "2024-03-01"),
    (5, None, None, None, None),
    (4, "Leeds City Council", "Upheld", "Education", "2025-01-01"),
)


def test_counts_are_of_the_decisions_found_and_leave_out_missing_facts() -> None:
    counts = Facts(ROWS).count({1, 4, 5})
    assert counts.outcome == (Count("Upheld", 2),)
    assert counts.category == (Count("Education", 1), Count("Housing", 1))
    assert counts.authority == (Count("Kent County Council", 1), Count("Leeds City Council", 1))


def test_a_filter_looks_at_the_decisions_given_or_at_all() -> None:
    facts = Facts(ROWS)
    assert facts.keep(Filter("authority", "council")) == {1, 4}
    assert facts.keep(Filter("authority", "kent")) == {2}, "a whole name means only that"
    assert facts.keep(Filter("outcome", "upheld"), {2, 4, 5}) == {4}
    assert facts.keep(Filter("category", "no such")) == set()
    assert facts.keep(Filter("from", "2024-03-01")) == {1, 2, 4}
    assert facts.keep(Filter("to", "2024-12-31")) == {1, 2}, "a decision without a date is in no range"


def test_names_are_sorted_and_the_newest_come_first() -> None:
    facts = Facts(ROWS)
    assert facts.find_names("authority") == ["Kent", "Kent County Council", "Leeds City Council"]
    assert facts.find_names("outcome") == ["Not upheld", "Upheld"]
    assert facts.find_newest({1, 2, 4, 5}, 9) == [4, 2, 1, 5]
    assert facts.find_newest({1, 2, 5}, 2) == [2, 1]
    assert facts.find_all() == {1, 2, 4, 5}
    assert Facts(()).count(set()).outcome == ()


@pytest.mark.parametrize("few", [0, 300])
def test_the_newest_of_few_are_those_of_many(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr("storage.facts._FEW", few)
    facts = Facts((number, None, None, None, day) for number, day in enumerate(["b", None, "a", "b", "c", None], 1))
    assert facts.find_newest({1, 2, 3, 4, 6}, 9) == [4, 1, 3, 6, 2]
    assert facts.find_newest({1, 2, 3, 4, 6}, 2) == [4, 1]
    assert facts.find_newest({6, 2}, 0) == []


NAMES = st.sampled_from([None, "A", "B", "C"])


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=20), st.data())
def test_counts_are_those_of_a_plain_count(
    rows: list[tuple[str | None, str | None, str | None]], data: st.DataObject
) -> None:
    numbered = {place + 1: row for place, row in enumerate(rows)}
    found = data.draw(st.sets(st.sampled_from(sorted(numbered)))) if numbered else set()
    counts = Facts((number, *row, None) for number, row in numbered.items()).count(found)
    for place, counted in enumerate((counts.authority, counts.outcome, counts.category)):
        expected = Counter(numbered[number][place] for number in found)
        expected.pop(None, None)
        assert {one.name: one.decisions for one in counted} == dict(expected)
