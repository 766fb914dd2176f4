"""Prepares the full-text search: breaks between paragraphs, the list of words, a wider index of the facts.

`decisions_fts` gets a break (`␤`) between the lines of a text, so that no phrase is found across two paragraphs. Its
content is then the view `decisions_lines`, where `char` is in quotes for DuckDB (`m019_views_for_duckdb`).
`decisions_words` lists its words, and takes no space. The index `decisions_by_authority` gets the category, so that it
has all facts that a search filters and counts.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 23
"""The version of a file after this migration."""

SCRIPT = """
DROP TRIGGER decisions_fts_insert;
DROP TRIGGER decisions_fts_delete;
DROP TRIGGER decisions_fts_update;
DROP TABLE decisions_fts;

CREATE VIEW decisions_lines AS
SELECT rowid, authority, summary, replace(text, "char"(10), ' ␤ ') AS text FROM decisions;
CREATE VIRTUAL TABLE decisions_fts USING fts5 (
  authority, summary, text, content="decisions_lines", /* sqlite-utils looks for: content="decisions" */
  content_rowid="rowid", tokenize="unicode61 remove_diacritics 2 tokenchars '␤'"
);
INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('hashsize', 33554432);
INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild');
CREATE VIRTUAL TABLE decisions_words USING fts5vocab (decisions_fts, instance);

CREATE TRIGGER decisions_fts_insert AFTER INSERT ON decisions BEGIN
  INSERT INTO decisions_fts (rowid, authority, summary, text)
  VALUES (new.rowid, new.authority, new.summary, replace(new.text, char(10), ' ␤ '));
END;
CREATE TRIGGER decisions_fts_delete AFTER DELETE ON decisions BEGIN
  INSERT INTO decisions_fts (decisions_fts, rowid, authority, summary, text)
  VALUES ('delete', old.rowid, old.authority, old.summary, replace(old.text, char(10), ' ␤ '));
END;
CREATE TRIGGER decisions_fts_update AFTER UPDATE OF authority, summary, text ON decisions BEGIN
  INSERT INTO decisions_fts (decisions_fts, rowid, authority, summary, text)
  VALUES ('delete', old.rowid, old.authority, old.summary, replace(old.text, char(10), ' ␤ '));
  INSERT INTO decisions_fts (rowid, authority, summary, text)
  VALUES (new.rowid, new.authority, new.summary, replace(new.text, char(10), ' ␤ '));
END;

DROP INDEX decisions_by_authority;
CREATE INDEX decisions_by_authority ON decisions (authority, decision_date, outcome, category);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
