"""Adds the seconds without requests after a Retry-After answer, if they differ from what it asked for."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
ALTER TABLE requests ADD COLUMN hold REAL;
ALTER TABLE request_days ADD COLUMN holds_shortened INTEGER NOT NULL DEFAULT 0;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 5 to version 6."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 6")
