"""Quiet hours are London hours, across both changes of its clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.config import parse_hours
from ingest.fetching.quiet_hours import find_seconds_left, was_in_quiet_hours
from support.journal import LONDON


def span(begin: int, end: int) -> str:
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


SPANS = st.tuples(st.integers(0, 1_439), st.integers(0, 1_440)).filter(lambda its: (its[1] - its[0]) % 1_440 != 0)

INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(SPANS, INSTANTS)
def test_quiet_hours_are_london_hours_and_the_wait_ends_outside_them(its: tuple[int, int], at: datetime) -> None:
    begin, end = its
    hours = span(begin, end)
    assert parse_hours(hours) == its
    here = at.astimezone(LONDON)
    now = here.hour * 60 + here.minute
    inside = begin <= now < end if begin < end else (now >= begin or now < end)
    wait = find_seconds_left([hours], at)
    assert (wait > 0) == inside
    assert wait <= 86_400
    if inside and (end - begin) % 1_440:
        then = at + timedelta(seconds=wait)
        for _ in range(3):  # if the clocks change meanwhile, the end is an hour earlier or later
            then += timedelta(seconds=find_seconds_left([hours], then))
        assert find_seconds_left([hours], then) == 0
        assert then - at <= timedelta(days=1, hours=1)


@given(st.lists(SPANS, max_size=4), INSTANTS)
def test_the_longest_of_several_quiet_hours_decides_the_wait(many: list[tuple[int, int]], at: datetime) -> None:
    every = [span(*its) for its in many]
    assert find_seconds_left(every, at) == max((find_seconds_left([hours], at) for hours in every), default=0.0)


@pytest.mark.parametrize(
    "words",
    ["", "8-18", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00", "08:00-24:01", "08:00–18:00", "٠٨:00-09:00"],
)
def test_invalid_hours_are_refused_with_an_example(words: str) -> None:
    with pytest.raises(ValueError, match="08:00-18:00"):
        parse_hours(words)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-02T08:59:59.999Z", False),
        ("2026-11-02T09:00:14.999Z", False),  # it began before them
        ("2026-11-02T09:00:15.000Z", True),
        ("2026-11-02T11:59:59.999Z", True),
        ("2026-11-02T12:00:00.000Z", False),
        ("2026-07-02T08:00:15.000Z", True),  # of London's summer
        ("2026-07-02T11:00:00.000Z", False),
        ("2026-11-02T23:30:00Z", True),
    ],
)
def test_a_request_sent_just_before_quiet_hours_was_not_in_them(at: str, *, inside: bool) -> None:
    assert was_in_quiet_hours("09:00-12:00 22:00-06:00", at) == inside
    assert not was_in_quiet_hours("", at)
