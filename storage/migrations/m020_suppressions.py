"""Adds the table of suppressed decisions, and leaves them out of the views of paragraphs."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 20
"""The version of a file after this migration."""

SCRIPT = """
CREATE TABLE suppressions (
  reference TEXT NOT NULL PRIMARY KEY,
  suppressed_at TEXT NOT NULL,
  reason TEXT NOT NULL,
  sha256 TEXT
) STRICT, WITHOUT ROWID;
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    (definition,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'text_lines' AND type = 'view'").fetchone()
    db.execute("DROP VIEW text_lines")
    # The view has no WHERE so far.
    db.execute(
        f"{definition}\n WHERE NOT EXISTS (SELECT 1 FROM suppressions AS hidden WHERE hidden.reference = d.reference)"
    )
    db.execute(f"PRAGMA user_version = {VERSION}")
