"""A database of an older schema keeps its rows, and sync still covers its dates."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from sqlite_utils import Database

from storage.database import SCHEMA_VERSION
from storage.from_0_1.steps import steps
from support.sync import sync
from support.world import World


def version_one(path: Path) -> None:
    """Makes a file of the first schema: two decisions stored, one of them listed without a date, and one queued."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        steps.apply(Database(db), stop_before="m002_reconciliation")
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        db.executescript(
            """
            INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES
              (1, 'backfill', '{}', '2026-10-01T06:00:00Z', 'incomplete', 1);
            INSERT INTO decisions (reference, decision_date, text, url, status, first_seen, updated_at, text_sha256,
              normaliser, source) VALUES
              ('25 000 001', '2025-05-01', 'One', '/decisions/education/other/25-000-001', 'published',
               '2026-10-01T06:00:00Z', '2026-10-01T06:00:00Z', 'x', '1', 'site'),
              ('25 000 002', NULL, 'Two', '/decisions/education/other/25-000-002', 'published',
               '2026-10-01T06:00:00Z', '2026-10-01T06:00:00Z', 'y', '1', 'site');
            INSERT INTO entries (reference, url, decision_date, first_listed, last_listed) VALUES
              ('25 000 001', '/decisions/education/other/25-000-001', '2025-05-01', '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z'),
              ('25 000 002', '/decisions/education/other/25-000-002', NULL, '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z'),
              ('25 000 003', '/decisions/education/other/25-000-003', '2025-05-02', '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z');
            INSERT INTO queue (reference, url, decision_date, state, added_at, attempts, next_at, error_kind, error)
              VALUES ('25 000 003', '/decisions/education/other/25-000-003', '2025-05-02', 'failed',
                      '2026-10-01T06:00:00Z', 2, '2026-10-02T06:00:00Z', 'Gone', 'the site answers 404');
            INSERT INTO windows (first, last, total, listed, state, counted_at, proven_at, asked, run) VALUES
              ('2025-01-01', '2025-12-31', 3, 3, 'short', '2026-10-01T06:00:00Z', NULL, 't=both', 1),
              ('2025-04-01', '2025-06-30', 3, 3, 'short', '2026-10-01T06:00:00Z', NULL, 't=both', 1);
            """
        )


def test_a_file_of_the_first_schema_keeps_decisions_entries_and_queue(world: World) -> None:
    from storage.writer import writing

    version_one(world.database)
    with writing(world.database) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert world.ask("SELECT reference, text FROM decisions ORDER BY 1") == [
        ("25 000 001", "One"),
        ("25 000 002", "Two"),
    ]
    assert world.ask("SELECT reference, decision_date, unlisted_at FROM entries ORDER BY 1") == [
        ("25 000 001", "2025-05-01", None),
        ("25 000 002", None, None),
        ("25 000 003", "2025-05-02", None),
    ]
    assert world.ask("SELECT reference, state, attempts, error_kind, gone FROM queue") == [
        ("25 000 003", "failed", 2, "Gone", 0)
    ]
    assert world.ask("SELECT reference FROM missing") == ["25 000 003"]
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven'") == [0], "it must be proven again"


def test_sync_of_a_first_schema_file_covers_its_backfilled_dates(world: World) -> None:
    """Its ledger may become unproven, but sync must still cover the backfilled year 2025."""
    version_one(world.database)
    sync(world)
    wanted = {sample.reference for sample in world.site.listed(date(2025, 1, 1), date(2025, 12, 31))}
    assert wanted <= set(world.ask("SELECT reference FROM decisions"))
