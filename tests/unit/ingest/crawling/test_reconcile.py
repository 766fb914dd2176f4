"""Windows and reconciliation: for any site, the plan makes the right queries, ends, and makes few of them."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.crawling.reconcile import (
    Ask,
    Cadence,
    Contradiction,
    Empty,
    Silent,
    Step,
    Walk,
    WalkSettings,
    find_due_ranges,
    make_ranges,
    plan,
)
from ingest.crawling.windows import EVERYTHING, days, gaps, merge_windows, split, split_at
from ingest.lgo.source import PAGE_SIZE
from storage.model import KnownListing, Proof, Window, WindowState
from support.few_cases import examples

TODAY = date(2026, 11, 2)
BEGIN = date(2020, 1, 1)

Answers = Callable[[Window], int | None]


def day(n: int) -> date:
    return BEGIN + timedelta(days=n)


def days_of(window: Window) -> Iterator[date]:
    return (window.first + timedelta(days=n) for n in range(days(window)))


def inside(inner: Window, outer: Window) -> bool:
    return outer.first <= inner.first <= inner.last <= outer.last


def within(counts: Counter[date], window: Window) -> int:
    return sum(count for at, count in counts.items() if window.first <= at <= window.last)


def pages(total: int) -> int:
    """Returns the cost of walking a window: its full pages, and the page that ends it."""
    return total // PAGE_SIZE + 1


@dataclass
class Play:
    """Runs one plan against a site with any answers. The ledger records each walk."""

    window: Window
    answers: Answers
    books: Counter[date]
    walk_most: int = 30
    recent: date = date.max
    horizon: date = date.max
    owing: int = 0
    """Decisions that the ledger expects in the window beyond its entries."""
    learns: Counter[date] | None = None
    """The entries that a walk finds; None: the ledger records nothing."""
    lately: Window | None = None
    """The windows that were walked so recently that the plan must skip them."""
    oldest_first: bool = False
    most: int = 20_000
    steps: list[tuple[Step, int | None]] = field(default_factory=list)
    found: int | None = None

    def standing(self, window: Window) -> KnownListing:
        held = sorted((at, count) for at, count in self.books.items() if window.first <= at <= window.last and count)
        owing = self.owing if window == self.window else 0
        seen = self.lately is not None and inside(window, self.lately)
        return KnownListing(sum(count for _, count in held) + owing, tuple(held), seen)

    def go(self, *, again: bool, total: int | None = None) -> Play:
        settings = WalkSettings(walk_most=self.walk_most, horizon=self.horizon, recent=self.recent)
        doing = plan(*(self.window, self.standing, settings), again=again, total=total, oldest_first=self.oldest_first)
        answer: int | None = None
        started = False
        while True:
            try:
                step = doing.send(answer) if started else next(doing)
            except StopIteration as end:
                self.found = end.value
                return self
            started = True
            assert len(self.steps) < self.most, "the plan does not end"
            answer = self.answers(step.window) if isinstance(step, Ask | Walk) else None
            self.steps.append((step, answer))
            walked_all = isinstance(step, Walk) and answer is not None
            if self.learns is not None and (walked_all or isinstance(step, Empty)):
                self._learn(step.window, self.learns)

    def _learn(self, window: Window, truth: Counter[date]) -> None:
        for at in [at for at in self.books if window.first <= at <= window.last]:
            del self.books[at]
        self.books.update({at: count for at, count in truth.items() if window.first <= at <= window.last})

    def of(self, *kinds: type[Step]) -> list[Window]:
        return [step.window for step, _ in self.steps if isinstance(step, kinds)]

    @property
    def asked(self) -> list[Window]:
        return self.of(Ask)

    @property
    def walked(self) -> list[Window]:
        return self.of(Walk)

    @property
    def seen(self) -> list[Window]:
        """Returns the windows that were walked to a total, and those that the plan called empty."""
        return [
            step.window
            for step, answer in self.steps
            if isinstance(step, Empty) or (isinstance(step, Walk) and answer is not None)
        ]

    @property
    def requests(self) -> int:
        """Counts the listing requests. A page requested for its total is also the first page of the next walk."""
        count = 0
        before: Window | None = None
        for step, answer in self.steps:
            if isinstance(step, Ask):
                count += 1
                before = step.window
            elif isinstance(step, Walk):
                count += pages(answer or 0) - (before == step.window)
                before = None
        return count


def stated(truth: Counter[date], *, silent: bool) -> Answers:
    """A site that does not change. With `silent` it states no total for an empty window."""
    return lambda window: within(truth, window) or (None if silent else 0)


def keeps_invariants(play: Play) -> None:
    """Checks what must be true of every plan, whatever the site answers."""
    for step, _ in play.steps:
        assert inside(step.window, play.window), f"{step} is outside {play.window}"
    walked = sorted(play.walked, key=lambda one: one.first)
    assert all(before.last < after.first for before, after in pairwise(walked)), "a day is walked twice"


def tiles(parts: list[Window], window: Window) -> bool:
    ordered = sorted(parts, key=lambda one: one.first)
    meets = all(before.last + timedelta(days=1) == after.first for before, after in pairwise(ordered))
    return bool(ordered) and meets and ordered[0].first == window.first and ordered[-1].last == window.last


# ---------------------------------------------------------------- generated data

SPAN = 200
windows = st.tuples(st.integers(0, SPAN), st.integers(0, SPAN)).map(lambda ends: Window(day(min(ends)), day(max(ends))))
counts = st.dictionaries(
    st.integers(0, SPAN).map(day), st.one_of(st.integers(1, 4), st.integers(1, 60)), max_size=40
).map(Counter[date])
walk_mosts = st.sampled_from([10, 11, 30, 100, 1_000])
recents = st.one_of(st.just(date.max), st.integers(0, SPAN).map(day))
booleans = st.booleans()


@st.composite
def differing(draw: st.DrawFn, sign: int) -> tuple[Counter[date], Counter[date]]:
    """A ledger, and a site that has more (1) or fewer (-1) decisions on some days."""
    books = draw(counts)
    if sign > 0:
        more = draw(st.dictionaries(st.integers(0, SPAN).map(day), st.integers(1, 5), max_size=8))
        return books, books + Counter(more)
    less = draw(st.lists(st.sampled_from(sorted(books)), max_size=8, unique=True)) if books else []
    return books, books - Counter({at: draw(st.integers(1, books[at])) for at in less})


# ---------------------------------------------------------------- a site that does not change


@given(windows, counts, counts, walk_mosts, recents, booleans)
def test_after_a_plan_the_ledger_has_the_sites_total(
    window: Window, books: Counter[date], truth: Counter[date], walk_most: int, recent: date, silent: bool
) -> None:
    play = Play(window, stated(truth, silent=silent), books.copy(), walk_most, recent, learns=truth).go(again=False)
    keeps_invariants(play)
    if play.found is None:
        assert silent and within(truth, window) == 0
        assert [type(step) for step, _ in play.steps] == [Ask], "a window without a total is left to the caller"
        return
    assert play.found == within(truth, window)
    assert within(play.books, window) == within(truth, window)
    assert not play.of(Silent, Contradiction)


@given(st.sampled_from([1, -1]).flatmap(differing), windows, walk_mosts, recents, booleans)
def test_every_changed_day_is_seen_if_all_changes_go_one_way(
    both: tuple[Counter[date], Counter[date]], window: Window, walk_most: int, recent: date, silent: bool
) -> None:
    books, truth = both
    play = Play(window, stated(truth, silent=silent), books.copy(), walk_most, recent, learns=truth).go(again=False)
    if play.found is None:
        return
    changed = [at for at in days_of(window) if books[at] != truth[at]]
    assert all(any(one.first <= at <= one.last for one in play.seen) for at in changed)


@given(windows, counts, counts, walk_mosts, recents, booleans)
def test_a_part_with_the_expected_total_is_not_walked(
    window: Window, books: Counter[date], truth: Counter[date], walk_most: int, recent: date, silent: bool
) -> None:
    """So every walked part had another total than the ledger, whether it was requested or computed."""
    play = Play(window, stated(truth, silent=silent), books.copy(), walk_most, recent).go(again=False)
    for one in play.walked:
        assert within(books, one) != within(truth, one)
    for one in play.of(Empty):
        assert within(truth, one) == 0 < within(books, one)


@given(windows, counts, walk_mosts, recents, st.integers(-3, 3))
def test_an_equal_total_needs_no_further_request(
    window: Window, books: Counter[date], walk_most: int, recent: date, owing: int
) -> None:
    expected = within(books, window) + owing
    if expected < 0:
        return
    play = Play(window, lambda _: expected, books.copy(), walk_most, recent, owing=owing).go(again=False)
    assert [step for step, _ in play.steps] == [Ask(window)]
    assert play.found == expected


@given(windows, counts, walk_mosts)
def test_a_known_total_is_not_requested(window: Window, books: Counter[date], walk_most: int) -> None:
    known = within(books, window)
    play = Play(window, stated(books, silent=False), books.copy(), walk_most).go(again=False, total=known)
    assert (play.steps, play.found) == ([], known)


@given(windows, counts, counts, walk_mosts, booleans)
def test_a_plan_with_again_covers_the_window_without_overlap(
    window: Window, books: Counter[date], truth: Counter[date], walk_most: int, silent: bool
) -> None:
    horizon = max([*truth, window.first])
    play = Play(window, stated(truth, silent=silent), books.copy(), walk_most, horizon=horizon, learns=truth)
    play.go(again=True)
    keeps_invariants(play)
    if play.found is None:
        assert silent and within(truth, window) == 0
        return
    assert tiles(play.seen, window)
    assert not play.of(Silent, Contradiction)
    assert play.found == within(truth, window)
    assert {at: count for at, count in play.books.items() if window.first <= at <= window.last} == {
        at: count for at, count in truth.items() if window.first <= at <= window.last
    }


@given(windows, windows, counts, walk_mosts, booleans)
def test_recently_walked_windows_are_skipped_and_the_rest_is_walked(
    window: Window, lately: Window, truth: Counter[date], walk_most: int, silent: bool
) -> None:
    play = Play(window, stated(truth, silent=silent), truth.copy(), walk_most, learns=truth, lately=lately)
    play.go(again=True)
    keeps_invariants(play)
    assert not any(inside(step.window, lately) for step, _ in play.steps)
    if play.found is None:
        assert silent and within(truth, window) == 0
        return
    assert play.found == within(truth, window)
    assert not play.of(Silent, Contradiction)
    unseen = [at for part in gaps(window, play.seen) for at in days_of(part)]
    assert all(lately.first <= at <= lately.last for at in unseen)


@given(windows, counts, walk_mosts)
def test_a_walked_window_has_at_most_walk_most_decisions_unless_it_is_one_day(
    window: Window, truth: Counter[date], walk_most: int
) -> None:
    play = Play(window, stated(truth, silent=True), Counter(), walk_most).go(again=True)
    for one in play.walked:
        assert within(truth, one) <= walk_most or days(one) == 1


# ---------------------------------------------------------------- no total stated


@given(windows, counts, counts, walk_mosts, booleans, booleans, st.randoms(use_true_random=False), st.floats(0, 1))
def test_a_window_with_decisions_is_never_called_empty_whatever_totals_are_missing(
    window: Window,
    books: Counter[date],
    truth: Counter[date],
    walk_most: int,
    again: bool,
    oldest_first: bool,
    chance: random.Random,
    rate: float,
) -> None:
    """The site does not change, and any answer may lack its total, as from a search shell."""

    def answers(asked: Window) -> int | None:
        return None if chance.random() < rate else within(truth, asked) or None

    play = Play(window, answers, books.copy(), walk_most, oldest_first=oldest_first).go(again=again)
    keeps_invariants(play)
    for one in play.of(Empty):
        assert within(truth, one) == 0, f"{one} is called empty and has {within(truth, one)}"
    if again and play.found is not None:
        named = {step.window for step, _ in play.steps if isinstance(step, Empty | Silent)}
        walked = [step.window for step, answer in play.steps if isinstance(step, Walk) and answer is not None]
        unseen = [at for part in gaps(window, walked) for at in days_of(part)]
        assert all(any(one.first <= at <= one.last for one in named) for at in unseen), (
            "a day was skipped without a step"
        )


@given(windows, counts, counts, walk_mosts)
def test_a_window_without_a_total_is_empty_only_if_other_parts_have_the_whole_total(
    window: Window, books: Counter[date], truth: Counter[date], walk_most: int
) -> None:
    play = Play(window, stated(truth, silent=True), books.copy(), walk_most, learns=truth).go(again=True)
    totals = {step.window: answer for step, answer in play.steps if answer is not None}
    for one in play.of(Empty):
        assert one not in totals
        around = [wider for wider in totals if inside(one, wider)]
        assert around, "no range around the window ever stated a total"


def test_a_window_without_a_total_is_left_to_the_caller() -> None:
    play = Play(Window(day(0), day(9)), lambda _: None, Counter({day(3): 4})).go(again=True)
    assert play.found is None
    assert [step for step, _ in play.steps] == [Ask(play.window)]


def test_a_window_with_parts_that_state_no_totals_is_silent_not_empty() -> None:
    window = Window(day(0), day(99))
    play = Play(window, lambda asked: 50 if asked == window else None, Counter({day(3): 4})).go(again=True)
    assert not play.of(Empty)
    assert tiles(play.of(Silent), window)


@pytest.mark.parametrize("again", [True, False])
def test_a_part_with_more_than_the_whole_says_nothing_about_the_other_part(again: bool) -> None:
    """The whole had 50 decisions, and later its newest day has 70. The oldest day, without a total, is not empty."""
    window = Window(day(0), day(9))

    def answers(asked: Window) -> int | None:
        return 50 if asked == window else 70 if asked.last == day(9) else None

    play = Play(window, answers, Counter({day(1): 2, day(8): 4}), walk_most=10).go(again=again)
    assert not any(one.first == day(0) for one in play.of(Empty)), "70 is not 50"


def test_cards_on_the_page_with_the_total_are_in_the_ledger_before_it_is_compared() -> None:
    window = Window(day(0), day(9))
    play = Play(window, lambda _: 3, Counter({day(1): 2}))
    steps = plan(window, play.standing, WalkSettings(walk_most=10, horizon=date.max, recent=date.max))
    assert next(steps) == Ask(window)
    play.books[day(9)] += 1
    with pytest.raises(StopIteration):
        steps.send(3)


# ---------------------------------------------------------------- a site that changes, or lies

answers_of_a_liar = st.one_of(st.none(), st.integers(0, 40), st.integers(0, 10_000))


@settings(max_examples=examples(quick=50, full=150))
@given(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda ends: Window(day(min(ends)), day(max(ends)))),
    counts,
    st.integers(-5, 5),
    walk_mosts,
    recents,
    recents,
    booleans,
    st.data(),
)
def test_requests_are_bounded_by_the_days_whatever_a_site_answers(
    window: Window,
    books: Counter[date],
    owing: int,
    walk_most: int,
    recent: date,
    horizon: date,
    again: bool,
    data: st.DataObject,
) -> None:
    """Splitting ends at single days, so there are at most as many leaves as days, and one split fewer.

    A leaf is walked once. A split requests at most two totals and, once more, its own.
    """
    play = Play(
        window,
        lambda _: data.draw(answers_of_a_liar),
        books.copy(),
        walk_most,
        recent,
        horizon,
        owing,
        most=7 * days(window),
    ).go(again=again)
    keeps_invariants(play)
    assert len(play.walked) <= days(window)
    assert len(play.asked) <= 1 + 3 * (days(window) - 1)
    assert play.found is None or play.found >= 0
    if again and play.found is not None:
        seen = play.seen + play.of(Silent)
        assert all(any(one.first <= at <= one.last for one in seen) for at in days_of(window))


@given(windows, counts, walk_mosts, st.randoms(use_true_random=False), booleans)
def test_a_site_that_changes_between_any_two_requests_is_walked_without_overlap(
    window: Window, truth: Counter[date], walk_most: int, chance: random.Random, silent: bool
) -> None:
    now = truth.copy()

    def answers(asked: Window) -> int | None:
        if chance.random() < 0.5:
            at = day(chance.randrange(SPAN + 1))
            now[at] = max(0, now[at] + chance.choice([-1, 1, 7]))
        return within(now, asked) or (None if silent else 0)

    play = Play(window, answers, Counter(), walk_most).go(again=True)
    keeps_invariants(play)
    if play.found is not None:
        assert tiles([*play.seen, *(one for one in play.of(Silent) if one not in play.seen)], window)
    for step, answer in play.steps:
        if isinstance(step, Contradiction):
            assert answer is None and step.total != step.parts


def test_decisions_added_during_the_walk_of_the_parts_are_not_a_contradiction() -> None:
    """The total of the whole is requested again, and equals that of its parts."""
    truth = Counter({day(n): 3 for n in range(40)})
    asked = 0

    def answers(window: Window) -> int:
        nonlocal asked
        asked += 1
        if asked == 2:
            truth[day(35)] += 1
        return within(truth, window)

    play = Play(Window(day(0), day(39)), answers, Counter(), 100).go(again=True)
    assert play.found == 121
    assert not play.of(Contradiction)


def test_a_total_that_never_matches_its_parts_is_a_contradiction() -> None:
    truth = Counter({day(n): 3 for n in range(40)})
    whole = Window(day(0), day(39))

    play = Play(whole, lambda window: 125 if window == whole else within(truth, window), Counter(), 100).go(again=True)
    assert [step for step, _ in play.steps if isinstance(step, Contradiction)] == [Contradiction(whole, 125, 120)]
    assert play.found == 120


# ---------------------------------------------------------------- which windows are walked or split


def decide(
    window: Window,
    books: dict[int, int],
    total: int,
    *,
    again: bool = False,
    walk_most: int = 30,
    recent: date = date.max,
    may_begin: Callable[[date], bool] = lambda _: True,
) -> Step:
    """Returns the step after the site stated a window's total. `books`: entries by day."""
    known = Play(window, lambda _: None, Counter({day(n): count for n, count in books.items()})).standing
    limits = WalkSettings(walk_most=walk_most, horizon=date.max, recent=recent, may_begin=may_begin)
    steps = plan(window, known, limits, again=again)
    assert next(steps) == Ask(window)
    return steps.send(total)


def newer_part(window: Window, begin: int) -> Ask:
    """Returns the step for the newer part of a window that is split: its total is requested first."""
    return Ask(Window(day(begin), window.last))


TEN_DAYS = Window(day(0), day(9))


def test_a_window_to_be_seen_again_is_walked_up_to_walk_most_decisions_and_split_by_days_above_that() -> None:
    books = dict.fromkeys(range(10), 20)
    assert decide(TEN_DAYS, books, 200, again=True, walk_most=200) == Walk(TEN_DAYS), "also where a search costs less"
    assert decide(TEN_DAYS, {8: 29}, 29, again=True, walk_most=28) == newer_part(TEN_DAYS, 5)


@pytest.mark.parametrize(
    ("books", "total", "is_walked"),
    [
        ({1: 20, 3: 19}, 40, True),  # one change among four stretches: two splits and half of four pages; four pages
        ({1: 20, 3: 20}, 41, False),  # two splits and half of five pages are less than five pages
        ({0: 10, 1: 9, 2: 9, 3: 9}, 40, True),  # three changes among four days: nearly every day is seen
        ({0: 15, 1: 14, 2: 14, 3: 14}, 60, False),  # of six pages, the one day without a change can be left out
        ({3: 200}, 201, True),  # all pages are of one day
    ],
)
def test_a_window_is_walked_if_that_costs_no_more_than_a_search(
    books: dict[int, int], total: int, is_walked: bool
) -> None:
    window = Window(day(0), day(3))
    step = decide(window, books, total, walk_most=1_000)
    assert (step == Walk(window)) is is_walked, step


def test_a_walk_costs_a_request_for_each_ten_decisions() -> None:
    assert decide(TEN_DAYS, {**dict.fromkeys(range(10), 2), 9: 1}, 20) == Walk(TEN_DAYS)


def test_a_window_is_split_where_a_change_is_equally_likely_in_both_parts() -> None:
    """A day weighs one more than its entries, and the days between two of them one."""
    eight = Window(day(0), day(7))
    assert decide(eight, {0: 1, 1: 2, 3: 1, 4: 5}, 99) == newer_part(eight, 4), "weights 2 3 1 2 and 6 1"
    assert decide(TEN_DAYS, {0: 50}, 51) == newer_part(TEN_DAYS, 1), "weights 51 and 1"
    assert decide(TEN_DAYS, {0: 7, 9: 2}, 99) == newer_part(TEN_DAYS, 1), "weights 8 and 1 3"
    assert decide(TEN_DAYS, {0: 7, 9: 2}, 99, recent=day(9)) == newer_part(TEN_DAYS, 9), "weights 8 1 and four times 3"


def test_a_window_is_split_beside_a_day_on_which_none_may_begin() -> None:
    def but(n: int) -> Callable[[date], bool]:
        return lambda at: at != day(n)

    assert decide(TEN_DAYS, {}, 99, again=True, may_begin=but(5)) == newer_part(TEN_DAYS, 6)
    three = Window(day(0), day(2))
    assert decide(three, {2: 5}, 99, may_begin=but(2)) == newer_part(three, 1), "no day is after the last"
    assert decide(three, {0: 5}, 99, may_begin=but(1)) == newer_part(three, 2)


def test_two_days_are_walked_together_if_none_may_begin_on_the_second() -> None:
    two = Window(day(0), day(1))
    assert decide(two, {}, 99, again=True, may_begin=lambda at: at != day(1)) == Walk(two)
    assert decide(two, {}, 99, again=True, may_begin=lambda at: at != day(0)) == newer_part(two, 1)


# ---------------------------------------------------------------- how many requests


def stretches(books: Counter[date], window: Window) -> int:
    """Counts the days of a window that have entries, and the gaps between them."""
    held = sum(1 for at in books if window.first <= at <= window.last and books[at])
    return min(days(window), 2 * held + 1)


@given(st.sampled_from([1, -1]).flatmap(differing), windows, walk_mosts, recents, booleans)
def test_k_changes_among_n_decisions_cost_about_k_log_n_requests(
    both: tuple[Counter[date], Counter[date]], window: Window, walk_most: int, recent: date, silent: bool
) -> None:
    """Why this bound: a plan splits at the best place by weight.

    The weight of a stretch is one more than its entries, four times that if it is recent. A stretch of weight 1 of W is
    at most log2(W) + 2 splits deep (bisection). Each split requests one total, that of its newer part, or two if that
    states none. A range is split only if something in it changed, so each of k changes pays for the splits above it. A
    gap with more new decisions than `walk_most` is split by days. A walk is chosen over a split only if its pages cost
    no more than the further splits for each change and the pages of an average day. A single day is walked whatever it
    costs.
    """
    books, truth = both
    changes = sum(abs(books[at] - truth[at]) for at in days_of(window))
    play = Play(window, stated(truth, silent=silent), books.copy(), walk_most, recent, learns=truth).go(again=False)
    if play.found is None:
        return
    places = stretches(books, window)
    weight = 4 * (within(books, window) + places)
    deep = math.log2(weight) + 2 + (math.log2(days(window)) + 2 if changes > walk_most else 0)
    assert len(play.asked) <= 1 + changes * deep * (2 if silent else 1)
    of_a_day = max((pages(max(books[at], truth[at])) for at in days_of(window)), default=1)
    walked = sum(pages(within(truth, one)) for one in play.walked)
    assert walked <= changes * (math.log2(max(2, places)) + 1 + of_a_day)


@given(counts, windows, walk_mosts, booleans)
def test_a_first_plan_requests_few_totals_beyond_the_pages(
    truth: Counter[date], window: Window, walk_most: int, silent: bool
) -> None:
    """Why this bound: only a range with more than `walk_most` decisions is split.

    So at each depth there are at most n / walk_most splits, and splitting by days ends after log2(days) + 1. Each split
    requests one total, or two if one part states none.
    """
    play = Play(window, stated(truth, silent=silent), Counter(), walk_most).go(again=True)
    total = within(truth, window)
    splits = total / walk_most * (math.log2(days(window)) + 1)
    assert len(play.asked) <= 1 + 2 * splits


@given(windows, counts, walk_mosts, booleans, booleans)
def test_the_parts_of_a_first_plan_come_newest_first_or_oldest_first(
    window: Window, truth: Counter[date], walk_most: int, silent: bool, oldest_first: bool
) -> None:
    play = Play(window, stated(truth, silent=silent), Counter(), walk_most, oldest_first=oldest_first).go(again=True)
    assert play.walked == sorted(play.walked, key=lambda one: one.first, reverse=not oldest_first)
    if play.found is not None:
        assert play.found == within(truth, window)
        assert all(any(one.first <= at <= one.last for one in play.walked) for at in days_of(window) if truth[at])


@given(counts, walk_mosts, booleans)
def test_a_first_plan_of_all_dates_requests_few_totals(
    truth: Counter[date], walk_most: int, oldest_first: bool
) -> None:
    play = Play(EVERYTHING, stated(truth, silent=True), Counter(), walk_most, oldest_first=oldest_first).go(again=True)
    splits = sum(truth.values()) / walk_most * (math.log2(days(EVERYTHING)) + 2)
    assert len(play.asked) <= 1 + 2 * splits
    if truth:
        assert tiles(play.seen, EVERYTHING)


def archive(count: int = 60_000, seed: int = 5) -> Counter[date]:
    """Ten years of decisions on working days, as the site has them."""
    chance = random.Random(seed)
    span = [TODAY - timedelta(days=n) for n in range(45, 3_650)]
    return Counter(chance.choices([at for at in span if at.weekday() < 5], k=count))


def test_sixty_thousand_decisions_are_listed_within_6150_requests() -> None:
    truth = archive()
    play = Play(EVERYTHING, stated(truth, silent=True), Counter(), 1_000, horizon=date(TODAY.year, 12, 31))
    play.go(again=True)
    assert tiles(play.seen, EVERYTHING)
    assert play.requests <= 6_150


@pytest.mark.parametrize("seed", range(10))
def test_one_late_decision_fourteen_months_deep_is_found_within_fifteen_requests(seed: int) -> None:
    books = archive(seed=seed)
    late = TODAY - timedelta(days=425 + seed)
    truth = books + Counter([late])
    inner = make_ranges(EVERYTHING, TODAY - timedelta(days=1_766)).inside
    assert inner is not None
    play = Play(inner, stated(truth, silent=True), books.copy(), 1_000, TODAY - timedelta(days=730), learns=truth)
    play.go(again=False, total=within(truth, inner))
    assert play.books[late] == truth[late]
    assert 2 + play.requests <= 15, "including the two totals that every sync requests"


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_new_decisions_of_four_months_cost_little_more_than_their_pages(seed: int) -> None:
    books = archive(seed=seed)
    chance = random.Random(seed)
    working = [at for n in range(45, 120) if (at := TODAY - timedelta(days=n)).weekday() < 5]
    new = Counter(chance.choices(working, k=100))
    truth = books + new
    inner = make_ranges(EVERYTHING, TODAY - timedelta(days=1_766)).inside
    assert inner is not None
    play = Play(inner, stated(truth, silent=True), books.copy(), 1_000, TODAY - timedelta(days=730), learns=truth)
    play.go(again=False, total=within(truth, inner))
    assert all(play.books[at] == truth[at] for at in new)
    stands_on: set[int] = set()
    place = 0
    for at in sorted(truth, reverse=True):
        mine = set(chance.sample(range(truth[at]), new[at]))
        stands_on |= {(place + n) // PAGE_SIZE for n in mine}
        place += truth[at]
    runs = merge_windows(Window(at, at) for at in new)
    bound = 1.5 * len(stands_on) + 2 * math.log2((TODAY - inner.first).days) * len(runs)
    assert 2 + play.requests <= bound


# ---------------------------------------------------------------- windows


@given(windows, st.lists(windows, max_size=6))
def test_gaps_are_the_days_that_no_window_covers(window: Window, covered: list[Window]) -> None:
    left = gaps(window, covered)
    expected = {at for at in days_of(window) if not any(one.first <= at <= one.last for one in covered)}
    assert [at for part in left for at in days_of(part)] == sorted(expected)
    assert all(before.last + timedelta(days=1) < after.first for before, after in pairwise(left)), "they do not touch"


def test_gaps_of_all_dates_reach_to_the_first_and_last_date() -> None:
    middle = Window(day(0), day(9))
    assert gaps(EVERYTHING, [middle]) == [Window(date.min, day(-1)), Window(day(10), date.max)]
    assert gaps(EVERYTHING, [EVERYTHING]) == []
    assert gaps(EVERYTHING, []) == [EVERYTHING]


@given(st.lists(windows, max_size=6))
def test_merged_windows_have_the_same_days_and_do_not_touch(parts: list[Window]) -> None:
    found = merge_windows(parts)
    assert [at for one in found for at in days_of(one)] == sorted({at for one in parts for at in days_of(one)})
    assert all(before.last + timedelta(days=1) < after.first for before, after in pairwise(found))


def test_windows_that_touch_the_last_date_are_merged_too() -> None:
    last = Window(day(5), date.max)
    assert merge_windows([last, Window(day(0), day(4)), Window(date.max, date.max)]) == [Window(day(0), date.max)]
    assert merge_windows([EVERYTHING, last]) == [EVERYTHING]
    assert merge_windows([]) == []


@given(windows, st.integers(-5, SPAN + 5))
def test_a_window_can_be_split_at_any_day_except_its_first(window: Window, n: int) -> None:
    if window.first < day(n) <= window.last:
        older, newer = split_at(window, day(n))
        assert newer.first == day(n)
        assert tiles([older, newer], window)
    else:
        with pytest.raises(ValueError, match="cannot be split"):
            split_at(window, day(n))


@given(st.dates(), st.dates())
def test_halves_have_equal_length_except_where_the_site_begins(one: date, other: date) -> None:
    window = Window(min(one, other), max(one, other))
    if days(window) < 2:
        with pytest.raises(ValueError, match="cannot be split"):
            split(window)
        return
    older, newer = split(window)
    assert older.last + timedelta(days=1) == newer.first
    assert (older.first, newer.last) == (window.first, window.last)
    if newer.first != date(2010, 1, 1):
        assert abs(days(older) - days(newer)) <= 1


@given(windows, windows)
def test_without_returns_the_rest_of_a_window(one: Window, other: Window) -> None:
    if other.first <= one.last and one.first <= other.last:
        left = one.without(other)
        assert [at for part in left for at in days_of(part)] == [
            at for at in days_of(one) if not other.first <= at <= other.last
        ]


@given(windows, st.integers(-5, SPAN + 5).map(day))
def test_the_two_ranges_of_a_scope_meet_at_the_edge(scope: Window, edge: date) -> None:
    found = make_ranges(scope, edge)
    assert found.whole == scope
    parts = [part for part in (found.beyond, found.inside) if part is not None]
    assert tiles(parts, scope)
    assert found.inside is None or found.inside.first >= edge
    assert found.beyond is None or found.beyond.last < edge


# ---------------------------------------------------------------- what is due by the cadence

CADENCES = (Cadence(0, 1, 7), Cadence(120, 7, 30), Cadence(730, 30, 90))
SOUND: tuple[WindowState, ...] = ("proven", "short")


def proof(
    window: Window,
    total: int | None = 5,
    *,
    counted: int = 0,
    walked: int | None = 0,
    state: WindowState = "proven",
    listed: int | None = None,
) -> Proof:
    """Makes a ledger row that was counted and walked some days ago."""
    counted_at = f"{TODAY - timedelta(days=counted)}T12:00:00Z"
    walked_at = None if walked is None else f"{TODAY - timedelta(days=walked)}T12:00:00Z"
    return Proof(
        window, total, (total or 0) if listed is None else listed, state, counted_at, walked_at, None, "t=both"
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[Proof]:
    """Rows that do not overlap, some touching, of any state and age."""
    first = TODAY - timedelta(days=draw(st.integers(0, 1_500)))
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        last = first + timedelta(days=draw(st.integers(0, 90)))
        odd = draw(st.booleans()) and draw(st.booleans())
        rows.append(
            proof(
                Window(first, last),
                draw(st.one_of(st.none(), st.integers(0, 30))) if odd else draw(st.integers(0, 30)),
                counted=draw(st.integers(0, 120)),
                walked=draw(st.integers(0, 120)),
                state=draw(st.sampled_from(["proven", "short", "unknown", "drifting"])) if odd else "proven",
                listed=draw(st.one_of(st.none(), st.integers(0, 30))) if odd else None,
            )
        )
        first = last + timedelta(days=draw(st.sampled_from([1, 1, 1, 2, 40])))
    return rows


def band(window: Window) -> Cadence:
    age = max(0, (TODAY - window.last).days)
    return CADENCES[0] if age < 120 else CADENCES[1] if age < 730 else CADENCES[2]


def ago(at: str | None) -> int:
    assert at is not None
    return (TODAY - date.fromisoformat(at[:10])).days


def is_due(row: Proof) -> bool:
    return row.state in SOUND and row.total == row.listed and bool(row.total)


@given(ledgers(), st.integers(1, 100))
def test_due_ranges_follow_the_cadence(rows: list[Proof], walk_most: int) -> None:
    due_counts, due_walks = find_due_ranges(rows, TODAY, CADENCES, walk_most)
    for row in rows:
        walked = any(inside(row.window, one) for one in due_walks)
        counted = any(inside(row.window, one) for one in due_counts)
        assert not (walked and counted), "a window to walk is not counted as well"
        if not is_due(row):
            assert not any(
                one.first <= row.window.last and row.window.first <= one.last for one in [*due_walks, *due_counts]
            ), "unsound and empty windows are never due"
            continue
        cadence = band(row.window)
        if ago(row.walked_at) >= cadence.walk:
            assert walked, "it has waited the full time"
        if ago(row.walked_at) < cadence.walk / 2:
            assert not walked, "it has not waited half its time"
        if ago(row.counted_at) >= cadence.count:
            assert counted or walked
        if ago(row.counted_at) < cadence.count / 2:
            assert not counted
    for groups in (due_counts, due_walks):
        assert groups == sorted(groups, key=lambda one: one.first, reverse=True), "newest first"
        for group in groups:
            members = [row for row in rows if inside(row.window, group)]
            assert tiles([row.window for row in members], group)
            assert len(members) == 1 or sum(row.total or 0 for row in members) <= walk_most


@pytest.mark.parametrize(("age", "cadence"), [(0, 0), (119, 0), (120, 1), (729, 1), (730, 2), (3_000, 2)])
def test_the_cadence_follows_the_age_of_the_newest_day(age: int, cadence: int) -> None:
    window = Window(TODAY - timedelta(days=age + 500), TODAY - timedelta(days=age))
    most = CADENCES[cadence].walk
    assert find_due_ranges([proof(window, walked=most)], TODAY, CADENCES, 100)[1] == [window]
    assert find_due_ranges([proof(window, walked=math.ceil(most / 2) - 1)], TODAY, CADENCES, 100)[1] == []


def test_a_cadence_applies_from_its_age_on() -> None:
    cadences = (Cadence(0, 1, 40), Cadence(1, 1, 2))
    today, yesterday = Window(TODAY, TODAY), Window(TODAY - timedelta(1), TODAY - timedelta(1))
    rows = [proof(yesterday, walked=2), proof(today, walked=2)]
    assert find_due_ranges(rows, TODAY, cadences, 100)[1] == [yesterday]


def test_neighbours_that_are_due_become_one_range_up_to_walk_most_decisions() -> None:
    days_ago = [Window(TODAY - timedelta(n), TODAY - timedelta(n)) for n in (5, 4, 3, 1)]
    rows = [proof(window, 10, counted=9) for window in days_ago]

    def counted(walk_most: int) -> list[Window]:
        return find_due_ranges(rows, TODAY, (Cadence(0, 1, 90),), walk_most)[0]

    two = Window(days_ago[0].first, days_ago[1].last)
    assert counted(20) == [days_ago[3], days_ago[2], two]
    assert counted(29) == [days_ago[3], days_ago[2], two]
    assert counted(30) == [days_ago[3], Window(days_ago[0].first, days_ago[2].last)], "the last is no neighbour"
    assert counted(19) == days_ago[::-1]


def test_a_window_that_reaches_into_the_future_is_recent() -> None:
    assert find_due_ranges([proof(EVERYTHING, counted=1)], TODAY, CADENCES, 100)[0] == [EVERYTHING]


def test_a_window_counted_today_is_not_due_today() -> None:
    assert find_due_ranges([proof(Window(TODAY, TODAY))], TODAY, (Cadence(0, 1, 1),), 100) == ([], [])


def test_a_cadence_of_one_day_makes_every_window_due_every_day() -> None:
    rows = [proof(Window(TODAY - timedelta(days=n), TODAY - timedelta(days=n)), counted=1) for n in range(0, 100, 2)]
    assert len(find_due_ranges(rows, TODAY, (Cadence(0, 1, 100),), 1_000)[0]) == 50


def test_windows_proven_together_are_not_all_due_together() -> None:
    rows = [proof(Window(TODAY - timedelta(days=n), TODAY - timedelta(days=n))) for n in range(800, 1_000)]
    dues = [
        sum(days(one) for one in find_due_ranges(rows, TODAY + timedelta(days=later), CADENCES, 10)[1])
        for later in range(90)
    ]
    assert dues[44] == 0
    first = next(n for n, due in enumerate(dues) if due)
    assert first < 60 and dues[first] < 50 and dues[-1] >= 190
