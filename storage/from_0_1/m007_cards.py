"""Adds the title and summary of listing cards, and records changes of these and of the authority.

The text of earlier cards is not known, so the next value of each does not count as a change.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
ALTER TABLE entries ADD COLUMN title TEXT;
ALTER TABLE entries ADD COLUMN summary TEXT;

ALTER TABLE moves RENAME TO moves_before;
CREATE TABLE moves (
  reference TEXT NOT NULL,
  at TEXT NOT NULL,
  field TEXT NOT NULL CHECK (field IN
    ('decision_date', 'url', 'outcome', 'subcategory', 'kind', 'authority', 'title', 'summary')),
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (reference, at, field)
) STRICT, WITHOUT ROWID;
INSERT INTO moves (reference, at, field, before, after, run)
  SELECT reference, at, field, before, after, run FROM moves_before;
DROP TABLE moves_before;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 6 to version 7."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 7")
