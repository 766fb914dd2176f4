"""Adds the identity of the archive, the command that made it, and the state of the fill."""

from __future__ import annotations

from uuid import uuid4

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 15
"""The version of a file after this migration."""

SCRIPT = """
CREATE TABLE archive (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid TEXT NOT NULL,
  made_by TEXT CHECK (made_by IN ('init', 'backfill', 'import', 'demo', 'snapshot'))
) STRICT;

CREATE TABLE fill_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  turned_off_at TEXT,
  progressed_at TEXT,
  suspensions INTEGER NOT NULL DEFAULT 0,
  suspended_at TEXT,
  suspended_until TEXT,
  reason TEXT,
  CHECK ((suspended_at IS NULL) = (suspended_until IS NULL))
) STRICT;
INSERT INTO fill_state (id) VALUES (1);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute("INSERT INTO archive (id, uuid) VALUES (1, ?)", [str(uuid4())])
    db.execute(f"PRAGMA user_version = {VERSION}")
