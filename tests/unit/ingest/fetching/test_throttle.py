"""The throttle, with a wall clock that is set back and forth and a monotonic clock."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import Stop
from ingest.errors import HeldOff, OutOfBudget, Stopped
from storage.database import atomic
from storage.writer import writing
from support.politeness import A_RUN, TwoClocks, a_process, emptied

JUMPS = st.sampled_from([0.0, 0.0, 0.0, 0.5, -0.5, 3_600.0, -3_600.0, 7_200.0, -7_200.0, 86_400.0, -86_400.0])

STEPS = st.lists(st.tuples(JUMPS, st.floats(0, 0.4), st.floats(0, 3)), min_size=2, max_size=12)


@given(STEPS)
def test_setting_the_clock_neither_shortens_nor_extends_waits(steps: list[tuple[float, float, float]]) -> None:
    """By the monotonic clock, requests are at least the pace apart, and none waits longer than the gap."""
    clocks = TwoClocks()
    throttle = a_process(emptied(), clocks, pace=1)
    last = -1.0
    for jump, answer, idle in steps:
        clocks.own += idle
        clocks.ahead += jump
        clocks.patience = clocks.own + 1
        throttle.begin_request("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        clocks.patience = 1e9
        throttle.record_answer(200, 1, answer, None, None)


@given(STEPS, st.randoms(use_true_random=False))
def test_consecutive_processes_share_one_pace(steps: list[tuple[float, float, float]], chance: random.Random) -> None:
    clocks = TwoClocks()
    db = emptied()
    throttle = a_process(db, clocks, pace=1)
    last = -1.0
    for _, answer, idle in steps:
        if chance.random() < 0.5:
            with atomic(db):
                throttle.save()
            throttle = a_process(db, clocks, pace=1)
        clocks.own += idle
        throttle.begin_request("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        throttle.record_answer(200, 1, answer, None, None)


@given(STEPS, st.randoms(use_true_random=False))
def test_concurrent_processes_share_one_pace(steps: list[tuple[float, float, float]], chance: random.Random) -> None:
    """Two processes at once; each knows the pace as of its last request."""
    clocks = TwoClocks()
    db = emptied()
    both = [a_process(db, clocks, pace=1) for _ in range(2)]
    last = -1.0
    for _, answer, idle in steps:
        clocks.own += idle
        throttle = chance.choice(both)
        throttle.begin_request("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        throttle.record_answer(200, 1, answer, None, None)


@pytest.mark.parametrize("back", [3_600.0, 86_400.0, 3 * 365 * 86_400.0])
def test_a_process_that_starts_after_the_clock_was_set_back_waits_no_longer_than_the_gap(back: float) -> None:
    clocks = TwoClocks()
    db = emptied()
    throttle = a_process(db, clocks, pace=1)
    throttle.begin_request("/x", 1)
    throttle.record_answer(200, 1, 0.1, None, None)
    with atomic(db):
        throttle.save()
    clocks.ahead -= back
    clocks.patience = clocks.own + 1
    a_process(db, clocks, pace=1).begin_request("/x", 1)


@pytest.mark.parametrize("back", [3_600.0, 86_400.0])
def test_a_requested_wait_does_not_grow_when_the_clock_is_set_back(back: float) -> None:
    clocks = TwoClocks()
    throttle = a_process(emptied(), clocks, pace=1)
    throttle.begin_request("/x", 1)
    throttle.record_answer(503, 1, 0.1, None, 60.0)
    clocks.ahead -= back
    before, clocks.patience = clocks.own, clocks.own + 60
    throttle.begin_request("/x", 2)
    assert clocks.own - before >= 59.9


@given(st.lists(st.sampled_from([200, 200, 200, 404, 429, 500, None]), min_size=1, max_size=40))
def test_the_gap_is_at_least_the_pace_and_bounded(statuses: list[int | None]) -> None:
    clocks = TwoClocks()
    throttle = a_process(emptied(), clocks, pace=2)
    last = -2.0
    for status in statuses:
        throttle.begin_request("/x", 1)
        assert 2 - 1e-6 <= clocks.own - last <= 2 * 64
        last = clocks.own
        throttle.record_answer(status, 1, 0.1, None, None)
    for _ in range(20):
        throttle.begin_request("/x", 1)
        last, apart = clocks.own, clocks.own - last
        throttle.record_answer(200, 1, 0.1, None, None)
    assert apart == pytest.approx(2), "after twenty good responses the slowdown is over"


def test_after_a_kill_during_a_slow_connection_the_next_process_waits_the_full_gap() -> None:
    clocks = TwoClocks()
    db = emptied()
    throttle = a_process(db, clocks, pace=1)
    throttle.begin_request("/x", 1)
    clocks.own += 0.8
    throttle.record_sent()
    went = clocks.own
    a_process(db, clocks, pace=1).begin_request("/x", 1)
    assert clocks.own - went >= 1


def test_a_request_sent_after_midnight_counts_for_that_day() -> None:
    clocks = TwoClocks(own=12 * 3_600 - 0.1)
    db = emptied()
    throttle = a_process(db, clocks, pace=0, daily_requests=3)
    for _ in range(3):
        throttle.begin_request("/x", 1)
        clocks.own += 0.2
        throttle.record_sent()
        throttle.record_answer(200, 1, 0.1, None, None)
    with pytest.raises(OutOfBudget):
        throttle.begin_request("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (3,)
    with atomic(db):
        throttle.save()
    assert {row[0][:10] for row in db.execute("SELECT at FROM requests")} == {"2026-11-03"}


def test_a_stop_ends_a_wait_and_no_request_is_made() -> None:
    clocks, stop = TwoClocks(), Stop()
    db = emptied()
    throttle = a_process(db, clocks, stop, pace=1)
    throttle.begin_request("/x", 1)
    stop.set()
    with pytest.raises(Stopped):
        throttle.begin_request("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (1,)


def test_a_refused_request_is_not_journalled() -> None:
    clocks = TwoClocks()
    db = emptied()
    throttle = a_process(db, clocks, pace=0, daily_requests=3)
    for _ in range(3):
        throttle.begin_request("/x", 1)
    with pytest.raises(OutOfBudget):
        throttle.begin_request("/x", 1)
    held = a_process(db, clocks, pace=0)
    held.record_answer(503, 0, 0.0, None, 1_000.0)
    with pytest.raises(HeldOff):
        held.begin_request("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (3,)


def test_throttle_gap_starts_when_the_lock_is_acquired(tmp_path: Path) -> None:
    """Another program locks the file during a turn. After a kill at that time the next process waits the full gap."""
    clocks = TwoClocks()
    with writing(tmp_path / "lgsco.db") as db:
        db.execute(A_RUN)
        waited: list[float] = []

        class Locked:
            """A database with a lock that takes three seconds to acquire."""

            def __getattr__(self, name: str) -> Any:
                return getattr(db, name)

            def execute(self, sql: str, *values: Any) -> Any:
                if sql == "BEGIN IMMEDIATE" and not waited:
                    clocks.own += 3
                    waited.append(3)
                return db.execute(sql, *values)

        a_process(Locked(), clocks, pace=1).begin_request("/x", 1)  # type: ignore[arg-type]
        assert waited
        began = clocks.own
        a_process(db, clocks, pace=1).begin_request("/y", 1)  # the first one was killed
        assert clocks.own - began >= 1
        (first, second) = [row[0] for row in db.execute("SELECT at FROM requests ORDER BY id")]
    assert first == "2026-11-02T12:00:03.000Z"
    assert second >= "2026-11-02T12:00:04.000Z"


def test_requests_of_another_process_count_for_the_day() -> None:
    db, clocks = emptied(), TwoClocks()
    ours, theirs = (a_process(db, clocks, pace=1, daily_requests=5) for _ in range(2))
    for process in (ours, theirs, theirs, ours):
        process.begin_request("/x", 1)
    (count,) = db.execute("SELECT count(*) FROM requests").fetchone()
    assert count == 4
    ours.begin_request("/x", 1)
    with pytest.raises(Exception, match="the daily limit of 5 requests"):
        theirs.begin_request("/x", 1)
