"""How much a slice may list, and what its end records about the site."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.errors import Blocked
from ingest.lgo.source import PAGE_SIZE
from ingest.tasks.slices import _find_walk_most, _record_end
from ingest.tasks.task_run import TaskRun
from storage import fill_state
from storage.fill_state import FillState
from support.claims import window

YEAR = window("2025-01-01", "2025-12-31")


@pytest.mark.parametrize(
    ("gap", "seconds", "requests", "most"),
    [
        (10.0, 300.0, None, 15 * PAGE_SIZE),
        (10.0, 300.0, 8, 4 * PAGE_SIZE),
        (0.0, 300.0, 8, 4 * PAGE_SIZE),
        (0.0, 300.0, None, None),
        (500.0, 300.0, None, PAGE_SIZE),
    ],
    ids=["by time", "by requests", "without a pace", "without a limit", "at least a page"],
)
def test_a_walk_takes_at_most_half_a_slice(
    run: TaskRun, gap: float, seconds: float, requests: int | None, most: int | None
) -> None:
    throttle: Any = SimpleNamespace(usual_gap=gap)
    assert _find_walk_most(replace(run, throttle=throttle), seconds, requests) == most


def end(run: TaskRun, *, refused: Blocked | None = None, left: bool = True, served: bool = True) -> FillState:
    _record_end(run, [], [YEAR], lambda: [YEAR] if left else [], refused, is_served=served)
    return fill_state.find_fill_state(run.db)


def test_each_refusal_in_a_row_suspends_slices_for_longer(run: TaskRun) -> None:
    refused = Blocked("the site answers 403")
    first, second = end(run, refused=refused), end(run, refused=refused)
    assert (first.suspensions, first.suspended_until) == (1, "2026-11-03T12:00:00Z")
    assert (second.suspensions, second.suspended_until) == (2, "2026-11-04T12:00:00Z")
    assert second.reason == "the site answers 403"
    assert end(run, served=False).suspensions == 2, "a slice that was broken off says nothing about the site"
    assert end(run).suspensions == 0


def test_a_slice_made_progress_if_less_is_left_or_something_was_fetched(run: TaskRun) -> None:
    assert end(run).progressed_at is None
    assert end(run, left=False).progressed_at == run.clock.stamp()
