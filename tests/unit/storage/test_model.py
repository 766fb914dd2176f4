"""Tests the behaviour of the shared data types: windows, proofs, and how findings are shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.model import Edit, Oddity, Proof, Window, WindowState

DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 12))
WINDOWS = st.tuples(DAYS, DAYS).map(lambda ends: Window(min(ends), max(ends)))


def days_of(window: Window) -> set[date]:
    return {window.first + timedelta(days=n) for n in range((window.last - window.first).days + 1)}


@given(WINDOWS, WINDOWS)
def test_the_parts_around_another_window_have_exactly_the_other_days_in_order(one: Window, other: Window) -> None:
    parts = one.without(other)
    assert all(part.first <= part.last for part in parts)
    assert parts == sorted(parts, key=lambda part: part.first)
    days = [day for part in parts for day in days_of(part)]
    assert len(days) == len(set(days))
    assert set(days) == days_of(one) - days_of(other)


def test_the_parts_of_all_dates_end_next_to_the_window_between_them() -> None:
    march = Window(date(2026, 3, 1), date(2026, 3, 31))
    assert Window(date.min, date.max).without(march) == [
        Window(date.min, date(2026, 2, 28)),
        Window(date(2026, 4, 1), date.max),
    ]
    assert march.without(Window(date.min, date.max)) == []
    assert str(march) == "2026-03-01 to 2026-03-31"


def test_an_oddity_is_shown_with_its_example_and_an_encoding_as_its_phrase() -> None:
    assert str(Oddity("date", "31 Feb 2025")) == "date: 31 Feb 2025"
    assert str(Oddity("uncertain end", "")) == "uncertain end"
    assert str(Oddity("encoding", "2 bytes are not UTF-8")) == "2 bytes are not UTF-8"


def test_an_edit_is_shown_with_its_words_if_it_has_any() -> None:
    assert str(Edit("added", "Share this page")) == "added: Share this page"
    assert str(Edit("order", "")) == "order"


def proof(
    state: WindowState = "proven",
    total: int | None = 7,
    listed: int = 7,
    walked_at: str | None = "2026-02-02T00:00:00Z",
) -> Proof:
    return Proof(Window(date.min, date.max), total, listed, state, walked_at, walked_at, None, "bare")


@pytest.mark.parametrize(
    ("state", "total", "is_sound"),
    [
        ("proven", 7, True),
        ("short", 7, True),
        ("short", 8, False),
        ("proven", None, False),
        ("drifting", 7, False),
        ("unknown", 7, False),
        ("unseen", 7, False),
    ],
)
def test_a_listing_is_sound_if_one_walk_listed_the_total_whether_or_not_all_is_stored(
    state: WindowState, total: int | None, is_sound: bool
) -> None:
    assert proof(state, total).is_sound is is_sound
    assert proof(state, total).was_walked_between("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z") is is_sound


@pytest.mark.parametrize(
    ("walked_at", "counts"),
    [
        (None, False),
        ("2026-01-31T23:59:59Z", False),
        ("2026-02-01T00:00:00Z", True),
        ("2026-02-03T00:00:00Z", True),
        ("2026-02-03T00:00:01Z", False),  # by a clock that was ahead
    ],
)
def test_a_walk_counts_if_it_began_between_two_instants(walked_at: str | None, counts: bool) -> None:
    found = proof(walked_at=walked_at).was_walked_between("2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z")
    assert found is counts
