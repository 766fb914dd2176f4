"""Adds the status `gone` (left the site, reason unknown), and the evidence of each verdict to `absences`.

SQLite cannot change a CHECK in place, so both tables are rebuilt. In `decisions` the short columns now come before
summary and text: SQLite reads a column after a long text through the text's overflow pages.

Before, age alone decided `expired`, and every report past the retention age became `withdrawn`. Neither was known. So
those that have not returned become `gone`, and the next sync decides by what happened to other statements of their age.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from storage.errors import StoreFailed
from storage.migrations.script import execute_script

VERSION = 10

DECISIONS_COLUMNS = (
    *("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind", "url", "status"),
    *("first_seen", "last_seen", "updated_at", "text_sha256", "normaliser", "source", "summary", "text"),
)

DECISIONS = """
CREATE TABLE decisions (
  reference TEXT NOT NULL PRIMARY KEY,
  authority TEXT,
  category TEXT,
  subcategory TEXT,
  outcome TEXT,
  decision_date TEXT,
  kind TEXT CHECK (kind IN ('statement', 'report')),
  url TEXT,
  status TEXT CHECK (status IN ('published', 'expired', 'withdrawn', 'gone')),
  first_seen TEXT NOT NULL,
  last_seen TEXT,
  updated_at TEXT NOT NULL,
  text_sha256 TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('site', 'import')),
  summary TEXT,
  text TEXT NOT NULL
) STRICT
"""

ABSENCES = """
CREATE TABLE absences (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  noticed_at TEXT NOT NULL,
  stood_on TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  gone INTEGER NOT NULL DEFAULT 0,
  gone_first_at TEXT,
  gone_last_at TEXT,
  next_at TEXT NOT NULL,
  answer TEXT,
  answer_status INTEGER,
  answer_words TEXT,
  ended_at TEXT,
  ending TEXT CHECK (ending IN ('expired', 'withdrawn', 'gone')),
  judged_at TEXT,
  age_seen INTEGER,
  age_gone INTEGER,
  as_old_known INTEGER,
  as_old_gone INTEGER,
  as_old_listed INTEGER,
  returned_at TEXT,
  PRIMARY KEY (reference, noticed_at)
) STRICT, WITHOUT ROWID
"""

ABSENCES_COLUMNS = (
    *("reference", "noticed_at", "stood_on", "run", "gone", "gone_first_at", "gone_last_at", "next_at", "answer"),
    *("ended_at", "ending", "returned_at"),
)
"""The columns that `absences` had before."""

VERDICTS = """
UPDATE absences SET judged_at = ended_at;
UPDATE absences SET ending = 'gone'
 WHERE returned_at IS NULL
   AND (ending = 'expired' OR (ending = 'withdrawn' AND reference IN
     (SELECT reference FROM decisions WHERE kind IS NOT 'statement')));
UPDATE decisions SET status = 'gone'
 WHERE status IN ('expired', 'withdrawn') AND reference IN
   (SELECT reference FROM absences WHERE ending = 'gone' AND returned_at IS NULL);
"""


SCRIPT = DECISIONS + ABSENCES + VERDICTS
"""All SQL of this migration, except the file's own indexes and triggers, which it creates again."""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`. Needs `PRAGMA foreign_keys = OFF`.

    Raises StoreFailed if one of the two tables has a column that no version of lgsco made; then nothing is changed.
    """
    assert db.execute("PRAGMA foreign_keys").fetchone() == (0,), "with foreign keys on, the references would follow"
    _rebuild(db, "decisions", DECISIONS, ("rowid", *DECISIONS_COLUMNS))  # the full-text index refers to row ids
    _rebuild(db, "absences", ABSENCES, ABSENCES_COLUMNS)
    execute_script(db, VERDICTS)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _rebuild(db: Database, table: str, definition: str, columns: Sequence[str]) -> None:
    """Copies a table into one with a new definition, and keeps its rows, indexes and triggers.

    References from other tables and views keep their meaning, since the new table has the same name.
    """
    _require_known_columns(db, table, columns)
    dependents = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger') "
        "AND sql IS NOT NULL ORDER BY rowid",
        (table,),
    ).fetchall()
    for kind, name, _ in dependents:
        db.execute(f'DROP {kind} "{name}"')
    db.execute("PRAGMA legacy_alter_table = ON")  # otherwise views would refer to the renamed old table
    try:
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    finally:
        db.execute("PRAGMA legacy_alter_table = OFF")
    db.execute(definition)
    listed = ", ".join(columns)
    db.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {table}_before ORDER BY {columns[0]}")
    db.execute(f"DROP TABLE {table}_before")
    for _, _, sql in dependents:
        db.execute(sql)


def _require_known_columns(db: Database, table: str, columns: Sequence[str]) -> None:
    found = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    unknown = [name for name in found if name not in columns]
    if unknown:
        (path,) = db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
        raise StoreFailed(
            f"{path}: the table {table} has a column that lgsco did not make ({', '.join(unknown)}); move it to "
            "another table, then run the same command again"
        )
