"""Adds tables for what parsing finds in addition to the text.

These are oddities, dated notes, references named together, unreadable pages, and the kinds of blocks outside decisions.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 13
"""The version of a file after this migration."""

SCRIPT = """
CREATE TABLE oddities (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  what TEXT NOT NULL,
  example TEXT NOT NULL,
  found_at TEXT NOT NULL,
  sha256 TEXT,
  PRIMARY KEY (reference, what, example)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  position INTEGER NOT NULL,
  date TEXT NOT NULL,
  text TEXT NOT NULL,
  sha256 TEXT,
  PRIMARY KEY (reference, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE related (
  reference TEXT NOT NULL,
  other TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('joint', 'same text', 'similar text', 'named in title', 'cites')),
  similarity REAL,
  sha256 TEXT,
  PRIMARY KEY (reference, other, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE unreadable (
  reference TEXT NOT NULL PRIMARY KEY,
  since TEXT NOT NULL,
  checked_at TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  error TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outside_blocks (
  hash TEXT NOT NULL PRIMARY KEY,
  masked TEXT NOT NULL,
  example TEXT NOT NULL,
  reference TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  decisions INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_blocks_by_time ON outside_blocks (first_seen);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
