"""Tests that withdrawing a backfill drops its rest and no other dates."""

from __future__ import annotations

from datetime import date

from ingest.tasks.task_run import TaskRun
from ingest.tasks.withdraw import Withdraw, withdraw
from storage import intents, queue
from support.claims import window
from support.rows import AT, DAY, KEY, OTHER, list_decision, store_decision

YEAR = window("2025-01-01", "2025-12-31")


def interrupt(run: TaskRun) -> None:
    intents.record_backfill(run.db, YEAR, AT, 1)
    (intent,) = intents.find_intents(run.db)
    intents.set_state(run.db, intent, "interrupted", AT, "503")


def test_the_rest_of_a_backfill_is_dropped_with_what_it_queued(run: TaskRun) -> None:
    interrupt(run)
    for key in (KEY, OTHER):
        list_decision(run.db, key)
    store_decision(run.db, OTHER)
    queue.remove(run.db, [OTHER])
    outcome = withdraw(Withdraw(None, None), run)
    assert outcome.exit_code == 0
    assert "1 decision listed there will not be fetched" in outcome.message
    assert intents.find_intents(run.db) == []
    assert queue.count(run.db) == 0


def test_only_the_dates_named_are_dropped(run: TaskRun) -> None:
    interrupt(run)
    list_decision(run.db)
    withdraw(Withdraw(date(2025, 7, 1), date(2025, 12, 31)), run)
    assert [(str(one.window), one.state) for one in intents.find_intents(run.db)] == [
        ("2025-01-01 to 2025-06-30", "interrupted")
    ]
    assert queue.count(run.db) == 1, f"the decision of {DAY} is still wanted"


def test_without_an_unfinished_backfill_nothing_is_dropped(run: TaskRun) -> None:
    intents.record_finished(run.db, [YEAR], AT, 1)
    assert "no backfill is unfinished" in withdraw(Withdraw(None, None), run).message
    assert [one.state for one in intents.find_intents(run.db)] == ["finished"]
