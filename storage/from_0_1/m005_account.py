"""Adds the user agent of each run, and the number of waits asked for by the site that exceeded the cap."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
ALTER TABLE runs ADD COLUMN user_agent TEXT;
ALTER TABLE request_days ADD COLUMN holds_capped INTEGER NOT NULL DEFAULT 0;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 4 to version 5."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 5")
