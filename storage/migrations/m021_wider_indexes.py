"""Widens indexes, so that reports and statistics do not read each entry and each decision.

`entries_by_day` gets `unlisted_at`, although it has only rows where that is NULL: without the column SQLite reads the
table too. `decisions_by_date` and `decisions_by_authority` get the columns that statistics need, for the same reason.
`decisions_by_parser` counts the decisions of another parser version, and imports; `held_from_site` has the column.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 21
"""The version of a file after this migration."""

SCRIPT = """
DROP VIEW held_from_site;
CREATE VIEW held_from_site AS
SELECT reference, authority, decision_date, kind, url, last_seen, normaliser FROM decisions WHERE source = 'site';

DROP INDEX entries_by_day;
CREATE INDEX entries_by_day ON entries (stands_on, unlisted_at) WHERE unlisted_at IS NULL;
DROP INDEX decisions_by_date;
DROP INDEX decisions_by_authority;
CREATE INDEX decisions_by_date ON decisions (decision_date, outcome, category);
CREATE INDEX decisions_by_authority ON decisions (authority, decision_date, outcome);
CREATE INDEX decisions_by_parser ON decisions (normaliser, source);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
