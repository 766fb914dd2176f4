"""Records which dates a task asks for before its first request, and at its end which of them are left."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from ingest.crawling.asked_for import (
    UNFINISHED,
    AskedFor,
    find_asked_dates,
    find_proven,
    sort_asked_for,
    subtract,
)
from ingest.crawling.windows import EVERYTHING, gaps
from storage import intents, ledger, queue
from storage.model import Intent, IntentState, Window

SIGHUP_EXIT = 129
"""The exit code of a run that SIGHUP ended: the terminal or session closed, and nobody chose to stop the run."""


def record_backfill(db: sqlite3.Connection, window: Window, at: str, run: int) -> None:
    """Records that a run backfills a range. Call it inside the transaction that begins the run."""
    intents.record_backfill(db, window, at, run)
    _record_unseen(db, window, at, run)


def record_sync(db: sqlite3.Connection, today: date, sync_days: int, at: str, run: int) -> None:
    """Records the range that sync covers. Call it inside the transaction that begins the run."""
    window = Window(today - timedelta(days=sync_days), EVERYTHING.last)
    _record_unseen(db, intents.record_sync(db, window, at, run), at, run)


def record_fill(db: sqlite3.Connection, at: str, run: int, *, is_on: bool) -> None:
    """Records that the daemon fills the dates that nobody else covers, or that it no longer does.

    Call it inside the transaction that begins a run of the daemon.
    """
    if not is_on:
        withdraw_fill(db, at, run)
    elif not find_fills(db) and gaps(EVERYTHING, find_asked_for(db).answered):
        intents.record_fill(db, EVERYTHING, at, run)
        _record_unseen(db, EVERYTHING, at, run)


def withdraw_fill(db: sqlite3.Connection, at: str, run: int) -> int:
    """Drops what is left of the fill, which then counts as not asked for.

    Returns how many decisions were queued there and will not be fetched. Call it inside a transaction.
    """
    fills = find_fills(db)
    if not fills:
        return 0
    dropped = find_asked_for(db).filling
    _end(db, fills, "withdrawn", at, run, None)
    for part in subtract(dropped, find_asked_dates(intents.find_intents(db))):
        ledger.drop_unproven(db, part)
    return queue.drop_never_fetched(db, subtract(dropped, find_asked_for(db).unfinished))


def find_fills(db: sqlite3.Connection) -> list[Intent]:
    """Returns the fill in a list if something is left of it, else an empty list."""
    return [intent for intent in intents.find_intents(db) if intent.kind == "fill" and intent.state in UNFINISHED]


def _record_unseen(db: sqlite3.Connection, window: Window, at: str, run: int) -> None:
    ledger.cut_at(db, [window])
    known = [proof.window for proof in ledger.find_windows(db, window)]
    ledger.record_unseen(db, gaps(window, known), at, run)


def interrupt_killed(db: sqlite3.Connection, at: str, run: int) -> None:
    """Records that backfills that are still marked as running were killed.

    Call it inside the transaction that begins a run: the caller holds the writer's lock, so no other run is alive.
    """
    killed = [intent for intent in find_unfinished(db) if intent.state == "running"]
    _end(db, killed, "interrupted", at, run, "it was killed")


def end_backfill(db: sqlite3.Connection, run: int, state: IntentState, at: str, reason: str | None) -> None:
    """Records how the run's own backfill ended. Call it inside the transaction that ends the run."""
    its = [intent for intent in find_unfinished(db) if intent.state == "running" and intent.run == run]
    _end(db, its, state, at, run, reason)


def record_proven_meanwhile(db: sqlite3.Connection, at: str, run: int) -> None:
    """Records what other runs, such as one with --limit, proved of the fill and of unfinished backfills.

    Sync covers those dates from then on. Call it inside a transaction.
    """
    for intent in [*find_unfinished(db), *find_fills(db)]:
        proven = find_proven(intent.window, ledger.find_windows(db, intent.window))
        if subtract(proven, find_asked_for(db).answered):
            _end(db, [intent], intent.state, at, run, None)


def record_progress(db: sqlite3.Connection, windows: Sequence[Window], at: str, run: int) -> None:
    """Records that a slice reached the end of some windows, and what else it proved.

    The slice is one of interrupted backfills or of the fill. Call it inside a transaction.
    """
    intents.record_finished(db, windows, at, run)
    left = [intent for intent in find_unfinished(db) if intent.state == "interrupted"]
    _end(db, left, "interrupted", at, run, None)
    _end(db, find_fills(db), "running", at, run, None)


def _end(
    db: sqlite3.Connection, ended: Sequence[Intent], state: IntentState, at: str, run: int, reason: str | None
) -> None:
    """Ends backfills in a state.

    Of a backfill that is not finished, the proven dates count as finished all the same. If nothing else is left, all of
    it is finished. Rows of the ledger that reach beyond the dates that sync covers are cut there first.
    """
    ledger.cut_at(db, find_asked_for(db).answered)
    ledger.prove(db, at, run)
    for intent in ended:
        if state == "finished":
            intents.set_state(db, intent, state, at)
            continue
        asked = find_asked_for(db)
        proven = find_proven(intent.window, ledger.find_windows(db, intent.window))
        left = gaps(intent.window, [*asked.answered, *proven])
        intents.set_state(db, intent, state if left else "finished", at, reason or intent.reason)
        if left:
            intents.record_finished(db, subtract(proven, asked.answered), at, run)


def find_asked_for(db: sqlite3.Connection) -> AskedFor:
    """Returns the dates that were asked for, by who fetches them."""
    return sort_asked_for(intents.find_intents(db), ledger.find_windows(db))


def find_unfinished(db: sqlite3.Connection) -> list[Intent]:
    """Returns the unfinished backfills, in the order in which they were asked for."""
    return [intent for intent in intents.find_intents(db) if intent.kind == "backfill" and intent.state in UNFINISHED]


EndingState = Literal["finished", "interrupted", "paused"]


def judge_ending(state: str, exit_code: int, *, reached_the_end: bool) -> EndingState:
    """Decides the state of a backfill's range after its run. Pure.

    `reached_the_end`: the run walked the whole range. Sync then fetches what is still missing.
    """
    if reached_the_end:
        return "finished"
    return "paused" if state == "stopped" and exit_code != SIGHUP_EXIT else "interrupted"
