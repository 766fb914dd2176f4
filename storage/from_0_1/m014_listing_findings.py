"""Adds a table for what is found out about the site's listing.

That is the form that shows most, the dates that its filter includes, and whether it needs a session.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 14
"""The version of a file after this migration."""

SCRIPT = """
CREATE TABLE listing_findings (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('form', 'use', 'dates', 'session')),
  subject TEXT NOT NULL,
  at TEXT NOT NULL,
  run INTEGER REFERENCES runs (id),
  verdict TEXT NOT NULL,
  evidence TEXT NOT NULL,
  first_shift INTEGER,
  last_shift INTEGER
) STRICT;
CREATE INDEX listing_findings_by_subject ON listing_findings (site, kind, subject);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
