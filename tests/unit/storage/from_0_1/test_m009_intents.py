"""Tests the migration that adds intents, from a file of the version before it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.writer import writing
from support.older_files import create_tables

THIS = "m009_intents"
AT = "2026-10-01T06:00:00Z"
LATER = "2026-10-02T06:00:00Z"

Run = tuple[int, str, dict[str, object], str]


def older(path: Path, *, windows: list[tuple[str, str, str]], runs: list[Run]) -> None:
    """Makes a file of the version before, with these ledger rows and runs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        db.execute("PRAGMA journal_mode = WAL")
        for number, task, arguments, state in runs:
            db.execute(
                "INSERT INTO runs (id, task, arguments, started_at, state, process, message) "
                "VALUES (?, ?, ?, ?, ?, 1, 'how it ended')",
                (number, task, json.dumps(arguments), AT, state),
            )
        for first, last, state in windows:
            db.execute(
                "INSERT INTO windows (first, last, total, listed, state, counted_at, walked_at, proven_at, asked, run) "
                "VALUES (?, ?, 3, 3, ?, ?, ?, ?, 't=both', 1)",
                (first, last, state, LATER, AT, LATER if state == "proven" else None),
            )


def migrated(path: Path, sql: str) -> list[tuple[object, ...]]:
    with writing(path) as db:
        return db.execute(sql).fetchall()


INTENTS = "SELECT kind, first, last, state, run, reason FROM intents ORDER BY id"


def test_dates_in_the_ledger_become_intents_and_touching_rows_one_range(tmp_path: Path) -> None:
    windows = [
        *(("2025-01-01", "2025-01-31", "proven"), ("2025-02-01", "2025-02-28", "short")),
        *(("2025-06-01", "2025-06-30", "proven"), ("2025-07-01", "9999-12-31", "proven")),
    ]
    older(tmp_path / "lgsco.db", windows=windows, runs=[(1, "sync", {}, "complete")])
    assert migrated(tmp_path / "lgsco.db", INTENTS) == [
        ("backfill", "2025-01-01", "2025-02-28", "finished", 1, None),
        ("backfill", "2025-06-01", "9999-12-31", "finished", 1, None),
    ]


def test_ledger_rows_stay_and_unproven_ones_get_an_unproven_since(tmp_path: Path) -> None:
    windows = [("2025-01-01", "2025-01-31", "proven"), ("2025-02-01", "2025-02-28", "drifting")]
    older(tmp_path / "lgsco.db", windows=windows, runs=[(1, "sync", {}, "complete")])
    found = migrated(
        tmp_path / "lgsco.db",
        "SELECT first, last, total, listed, state, counted_at, walked_at, proven_at, unproven_since, asked, run "
        "FROM windows ORDER BY first",
    )
    assert found == [
        ("2025-01-01", "2025-01-31", 3, 3, "proven", LATER, AT, LATER, None, "t=both", 1),
        ("2025-02-01", "2025-02-28", 3, 3, "drifting", LATER, AT, None, LATER, "t=both", 1),
    ]


@pytest.mark.parametrize(
    ("state", "now"),
    [("stopped", "paused"), ("died", "interrupted"), ("running", "interrupted"), ("blocked", "interrupted")],
)
def test_an_unfinished_backfill_becomes_an_intent_from_its_run(tmp_path: Path, state: str, now: str) -> None:
    everything: dict[str, object] = {"first": None, "last": None, "limit": None}
    older(tmp_path / "lgsco.db", windows=[], runs=[(1, "backfill", everything, state)])
    assert migrated(tmp_path / "lgsco.db", INTENTS) == [
        ("backfill", "0001-01-01", "9999-12-31", now, 1, "how it ended")
    ]


@pytest.mark.parametrize(
    "runs",
    [
        [(1, "backfill", {"first": "2025-01-01", "last": None, "limit": None}, "complete")],
        [(1, "backfill", {"first": None, "last": None, "limit": 5}, "stopped")],
        [(1, "sync", {}, "died")],
        [
            (1, "backfill", {"first": "2025-01-01", "last": "2025-02-01", "limit": None}, "died"),
            (2, "backfill", {"first": "2024-01-01", "last": None, "limit": None}, "complete"),
        ],
    ],
    ids=["complete", "with a limit", "a sync", "covered by a later one"],
)
def test_only_unfinished_backfills_are_taken_over(tmp_path: Path, runs: list[Run]) -> None:
    older(tmp_path / "lgsco.db", windows=[], runs=runs)
    assert migrated(tmp_path / "lgsco.db", INTENTS) == []
