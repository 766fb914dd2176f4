"""The ledger benchmark on a small site: what the usual ways find and miss, and how its figures are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from math import ceil, log2
from pathlib import Path

import pytest

from bench.archive import Counted
from bench.figures import Figure
from bench.ledger import FOUR_MONTHS, OURS, TODAY, Bench, bound, corpus, measure, published, runs
from bench.naive import every_month, until_known, until_page_known
from lgsco.replica.sample import Sample
from lgsco.replica.site import Site

MONDAY = date(2026, 9, 7)


@pytest.fixture(scope="module")
def shown() -> list[Sample]:
    return corpus(300, 2)[0]


@pytest.fixture
def counted(shown: list[Sample]) -> Counted:
    return Counted(Site(shown, today=TODAY))


def references(samples: Sequence[Sample]) -> set[str]:
    return {sample.reference for sample in samples}


def new_on(shown: Sequence[Sample], *days: date) -> list[Sample]:
    return [
        replace(shown[0], reference=f"99 000 {number:03}", decision_date=day, published=TODAY)
        for number, day in enumerate(days)
    ]


# ---------------------------------------------------------------- the usual ways


def test_every_month_finds_all_and_requests_every_page_and_empty_month(counted: Counted) -> None:
    listed = counted.site.listed()
    first = min(sample.decision_date for sample in listed) - timedelta(days=70)
    assert every_month(counted.ask, first, TODAY) == references(listed)
    months = Counter((sample.decision_date.year, sample.decision_date.month) for sample in listed)
    all_months = 12 * (TODAY.year - first.year) + TODAY.month - first.month + 1
    assert all_months > len(months)
    assert counted.listing == sum(ceil(count / 10) for count in months.values()) + all_months - len(months)


def test_newest_first_finds_decisions_at_the_top(counted: Counted) -> None:
    known = references(counted.site.listed())
    new = new_on(counted.site.listed(), *[TODAY] * 24)
    with published(counted.site, new):
        for way in (until_known, until_page_known):
            before = counted.listing
            assert way(counted.ask, known, TODAY) == references(new)
            assert counted.listing - before == (3 if way is until_known else 4)


def test_newest_first_misses_decisions_below_the_first_known_one(counted: Counted) -> None:
    listed = counted.site.listed()
    known = references(listed)
    top, after_a_page, late = new_on(listed, TODAY, listed[14].decision_date, listed[200].decision_date)
    with published(counted.site, [top, after_a_page, late]):
        assert until_known(counted.ask, known, TODAY) == {top.reference}
        assert counted.listing == 1
        assert until_page_known(counted.ask, known, TODAY) == {top.reference, after_a_page.reference}
        assert counted.listing == 1 + 3


def test_newest_first_with_nothing_known_walks_every_page(counted: Counted) -> None:
    for times, way in enumerate((until_known, until_page_known), 1):
        assert way(counted.ask, frozenset(), TODAY) == references(counted.site.listed())
        assert counted.listing == times * 30


def test_empty_site_takes_one_request() -> None:
    counted = Counted(Site([], today=TODAY))
    assert until_known(counted.ask, frozenset(), TODAY) == set()
    assert until_page_known(counted.ask, frozenset(), TODAY) == set()
    assert counted.listing == 2


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize(
    ("days_after", "count"),
    [([], 0), ([0, 0], 1), ([0, 1, 2], 1), ([0, 2], 2), ([4, 7], 1), ([3, 7], 2), ([11, 4, 7, 0], 3)],
)
def test_runs_are_of_weekdays(days_after: list[int], count: int) -> None:
    assert runs(MONDAY + timedelta(days=after) for after in days_after) == count


def test_bound_counts_the_pages_with_new_decisions(shown: list[Sample]) -> None:
    new = new_on(shown, MONDAY, MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=3))
    listed = [new[3], *shown[:9], new[2], *shown[9:30], new[0], new[1]]  # on pages 1, 2 and 4, the last twice
    assert bound(listed, new, 128) == 1.5 * 3 + 2 * log2(128) * 2
    assert bound(listed, [], 128) == 0


# ---------------------------------------------------------------- the corpus and the figures


def test_coming_decisions_are_similar_and_not_listed_yet(shown: list[Sample]) -> None:
    again, coming = corpus(300, 2)
    assert again == shown
    new = list(islice(coming, 500))
    assert len(references(new)) == 500
    assert not references(new) & references(shown)
    assert {sample.published for sample in new} == {TODAY}
    assert [sample for sample in new if not (TODAY - timedelta(days=731) <= sample.decision_date <= TODAY)] == []


def test_decisions_published_for_a_trial_are_withdrawn_after_it(shown: list[Sample], tmp_path: Path) -> None:
    site = Site(shown, today=TODAY)
    bench = Bench(site, tmp_path)
    assert bench.backfill()[OURS].missed == 0
    before = bench.look([])
    (new,) = new_on(shown, MONDAY)
    with published(site, [new]):
        assert bench.look([new])[OURS].missed == 0
    assert bench.look([]) == before
    assert {way: trial.missed for way, trial in bench.look([new]).items()} == dict.fromkeys(before, 1)
    assert site.listed() == Site(shown, today=TODAY).listed()


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    """The figures for 2,000 decisions over two years."""
    return {figure.name: figure for figure in measure(2_000, years=2, late=4, draws=2, days=40)}


@pytest.mark.thorough
def test_ours_misses_nothing_and_reaches_the_targets(figures: dict[str, Figure]) -> None:
    ours = [figure for name, figure in figures.items() if name.endswith(f"{OURS}: missed")]
    assert [(figure.values, figure.unit) for figure in ours] == [((0,), "of 2,000"), ((0,), "of 4"), ((0,), "of 200")]
    assert figures["nothing new, lgsco"].value == 2
    assert [figure for figure in figures.values() if not figure.reached] == []


@pytest.mark.thorough
def test_newest_first_misses_late_decisions_and_most_of_a_large_batch(figures: dict[str, Figure]) -> None:
    assert figures["one 14 months late, every month again: missed"].value == 0
    assert figures["100 in four months, every month again: missed"].value == 0
    for way in ("newest until known", "newest until a page is known"):
        assert figures[f"nothing new, {way}"].value == 1
        assert figures[f"one 14 months late, {way}: missed"].value == 4
        assert 0 < figures[f"100 in four months, {way}: missed"].value < 200
    known, page = (figures[f"100 in four months, newest until {end}: missed"] for end in ("known", "a page is known"))
    assert known.value > page.value


@pytest.mark.thorough
def test_maximum_of_the_late_decisions_is_compared_with_the_target(figures: dict[str, Figure]) -> None:
    asked, most = figures["one 14 months late, lgsco"], figures["one 14 months late, lgsco, maximum"]
    assert len(asked.values) == 4
    assert most.values == (max(asked.values),)
    assert asked.target is None
    assert most.target == 15


@pytest.mark.thorough
def test_share_of_the_bound_is_reported_for_every_draw(figures: dict[str, Figure]) -> None:
    asked, shares = figures["100 in four months, lgsco"], figures["100 in four months, lgsco, relative to the bound"]
    assert len(asked.values) == len(shares.values) == 2
    for requests, share in zip(asked.values, shares.values, strict=True):
        assert requests / share >= 1.5 * 10 + 2 * log2(120), "100 decisions need at least ten pages and one run of days"


def test_four_months_have_the_number_of_days_in_the_bound() -> None:
    assert (FOUR_MONTHS.last - FOUR_MONTHS.first).days + 1 == 120


@pytest.mark.thorough
def test_day_at_rest_makes_the_requests_of_the_cadence(figures: dict[str, Figure]) -> None:
    rest = figures["a day at rest with the default cadence"]
    assert len(rest.values) == 40
    assert figures["a day at rest with the default cadence, mean of 40"].value == sum(rest.values) / 40
    assert min(rest.values) >= 2
    assert sum(rest.values) >= 40 * 2 + 200  # two years are walked within 30 days
