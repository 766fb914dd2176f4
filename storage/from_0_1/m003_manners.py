"""Adds the shared pace of requests, the robots.txt files, the sums of past days and the validators of pages."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
ALTER TABLE requests ADD COLUMN retry_after REAL;

CREATE TABLE request_days (
  day TEXT NOT NULL PRIMARY KEY,
  requests INTEGER NOT NULL,
  unanswered INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  received INTEGER NOT NULL,
  seconds REAL NOT NULL,
  most_in_a_minute INTEGER NOT NULL,
  least_gap REAL,
  holds INTEGER NOT NULL,
  holds_kept INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pace (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  next_at REAL NOT NULL,
  gap REAL NOT NULL,
  hold_until REAL NOT NULL,
  hold REAL NOT NULL,
  ease REAL NOT NULL,
  latency REAL NOT NULL
) STRICT;

CREATE TABLE robots (
  site TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  status INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (site, fetched_at)
) STRICT;

ALTER TABLE pages ADD COLUMN etag TEXT;
ALTER TABLE pages ADD COLUMN last_modified TEXT;
ALTER TABLE pages ADD COLUMN checked_at TEXT;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 2 to version 3."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 3")
