"""Adds the promises of politeness that were in force when a request was made.

For earlier requests the promises are not known, so the report does not judge them.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
CREATE TABLE promises (
  id INTEGER PRIMARY KEY,
  gap REAL NOT NULL,
  a_day INTEGER NOT NULL,
  quiet_hours TEXT NOT NULL,
  UNIQUE (gap, a_day, quiet_hours)
) STRICT;

ALTER TABLE requests ADD COLUMN promise INTEGER REFERENCES promises (id);

ALTER TABLE request_days ADD COLUMN promised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN too_soon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN too_many INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN in_quiet_hours INTEGER NOT NULL DEFAULT 0;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 3 to version 4."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 4")
