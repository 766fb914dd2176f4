"""The order and the filters of the look-alike's listing, while decisions come and go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lgsco.replica.corpus import generate
from lgsco.replica.index import Filter, Index
from lgsco.replica.sample import Sample

FIRST, LAST = date(2020, 1, 1), date(2020, 3, 31)


def samples() -> list[Sample]:
    return list(generate(40, seed=3, first=FIRST, last=LAST, body=False))


def in_order(found: list[Sample]) -> list[Sample]:
    return sorted(found, key=lambda sample: (-sample.decision_date.toordinal(), sample.reference))


def test_the_newest_comes_first_and_ranges_include_both_ends() -> None:
    index = Index()
    index.fill(samples())
    assert list(index) == in_order(samples())
    day = samples()[0].decision_date
    assert index.count(day, day) == sum(sample.decision_date == day for sample in samples())
    assert index.count(LAST, FIRST) == 0, "a range that ends before it begins has no decision"


def test_a_page_of_results_is_cut_from_the_filtered_ones() -> None:
    index = Index()
    index.fill(samples())
    terms = Filter(outcomes=frozenset({"Upheld"}))
    upheld = in_order([sample for sample in samples() if sample.outcome == "Upheld"])
    assert len(upheld) > 3
    assert index.cut(FIRST, LAST, 1, 2, terms) == upheld[1:3]
    assert index.cut(FIRST, LAST, 999, 2, terms) == []


def test_a_filter_that_was_used_follows_later_changes() -> None:
    index = Index()
    index.fill(samples()[1:])
    new = replace(samples()[0], authority="Newtown Council")
    terms = Filter(authority="newtown")
    assert index.count(FIRST, LAST, terms) == 0
    index.add(new)
    assert index.count(FIRST, LAST, terms) == 1
    index.remove(new.reference)
    assert index.count(FIRST, LAST, terms) == 0
    assert new.reference not in index


def test_the_decisions_after_one_are_its_neighbours_in_the_listing() -> None:
    index = Index()
    index.fill(samples())
    listed = in_order(samples())
    assert index.after(listed[4], 2) == listed[5:7]
    assert index.after(listed[-1], 2) == []
