"""Sorting the dates that were asked for by who fetches their decisions."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.asked_for import (
    AskedFor,
    find_asked_dates,
    find_dates_but_filling,
    find_proven,
    intersect,
    sort_asked_for,
    subtract,
)
from ingest.crawling.windows import EVERYTHING
from storage.model import Intent, IntentState, Proof, Window
from support.claims import intent, proof, window

BEGIN = date(2026, 1, 1)
STATES: tuple[IntentState, ...] = ("standing", "running", "interrupted", "paused", "finished")


def test_sync_covers_finished_backfills_and_the_last_days() -> None:
    asked = sort_asked_for([intent("2025-01-01", "2025-03-31"), intent("2026-07-01", "9999-12-31", "standing")], [])
    assert asked.answered == [window("2025-01-01", "2025-03-31"), window("2026-07-01", "9999-12-31")]
    assert asked.unfinished == []


def test_an_interrupted_backfill_leaves_dates_neither_proven_nor_covered_by_sync() -> None:
    asked = sort_asked_for(
        [intent("2025-01-01", "2025-12-31", "interrupted"), intent("2025-10-01", "9999-12-31", "standing")],
        [proof("2025-01-01", "2025-03-31"), proof("2025-04-01", "2025-06-30", "short")],
    )
    assert asked.interrupted == [window("2025-04-01", "2025-09-30")]


def test_a_date_that_is_paused_and_interrupted_counts_as_interrupted() -> None:
    asked = sort_asked_for(
        [intent("2025-01-01", "2025-12-31", "paused"), intent("2025-06-01", "2025-06-30", "running")], []
    )
    assert asked.interrupted == [window("2025-06-01", "2025-06-30")]
    assert asked.paused == [window("2025-01-01", "2025-05-31"), window("2025-07-01", "2025-12-31")]


def test_unproven_dates_of_the_fill_that_nobody_else_covers_are_filling() -> None:
    fill = intent("0001-01-01", "9999-12-31", "running")._replace(kind="fill")
    standing = intent("2026-07-01", "9999-12-31", "standing")
    interrupted, paused = (
        intent("2025-01-01", "2025-06-30", "interrupted"),
        intent("2024-01-01", "2024-06-30", "paused"),
    )
    asked = sort_asked_for([standing, interrupted, paused, fill], [proof("2020-01-01", "2020-12-31")])
    assert asked.interrupted == [window("2025-01-01", "2025-06-30")]
    assert asked.paused == [], "the daemon fetches them"
    assert asked.filling == [
        *(window("0001-01-01", "2019-12-31"), window("2021-01-01", "2024-12-31")),
        window("2025-07-01", "2026-06-30"),
    ]
    assert sort_asked_for([fill, fill._replace(state="finished")], []).filling == []
    assert find_dates_but_filling([standing, fill]) == [standing.window]


def test_no_dates_are_asked_for_without_an_intent() -> None:
    assert sort_asked_for([], [proof("2025-01-01", "2025-12-31")]) == AskedFor([], [], [], [])


def test_find_proven_returns_the_proven_parts_of_a_window() -> None:
    ledger = [proof("2025-01-01", "2025-01-10"), proof("2025-01-11", "2025-01-20", "short")]
    month = window("2025-01-05", "2025-01-31")
    assert find_proven(month, ledger) == [window("2025-01-05", "2025-01-10")]


def days(windows: list[Window]) -> set[int]:
    return {n for n in range(40) if any(w.first <= BEGIN + timedelta(days=n) <= w.last for w in windows)}


windows = st.tuples(st.integers(0, 39), st.integers(0, 39)).map(
    lambda pair: Window(BEGIN + timedelta(days=min(pair)), BEGIN + timedelta(days=max(pair)))
)
intents = st.builds(
    lambda asked, state: intent(str(asked.first), str(asked.last), state), windows, st.sampled_from(STATES)
)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Proof]:
    edges = sorted(draw(st.sets(st.integers(0, 40), min_size=2, max_size=8)))
    return [
        proof(
            str(BEGIN + timedelta(days=first)),
            str(BEGIN + timedelta(days=end - 1)),
            draw(st.sampled_from(("proven", "short", "unseen"))),
        )
        for first, end in pairwise(edges)
    ]


@given(asked=st.lists(intents, max_size=6), ledger=ledgers())
def test_a_date_in_several_ranges_has_one_state(asked: list[Intent], ledger: list[Proof]) -> None:
    found = sort_asked_for(asked, ledger)
    proven = days([one.window for one in ledger if one.state == "proven"])
    by_state = {state: days([one.window for one in asked if one.state == state]) for state in STATES}
    answered = by_state["standing"] | by_state["finished"]
    broken_off = (by_state["running"] | by_state["interrupted"]) - answered
    assert days(found.answered) == answered
    assert days(found.interrupted) == broken_off - proven
    assert days(found.paused) == by_state["paused"] - answered - broken_off - proven
    assert days(find_asked_dates(asked)) == set().union(*by_state.values())


@given(st.lists(windows, max_size=4), st.lists(windows, max_size=4))
def test_subtract_and_intersect_agree_day_by_day(some: list[Window], others: list[Window]) -> None:
    assert days(subtract(some, others)) == days(some) - days(others)
    assert days(intersect(some, others)) == days(some) & days(others)
    assert intersect([EVERYTHING], others) == others
