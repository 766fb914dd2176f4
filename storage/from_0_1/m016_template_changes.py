"""Adds the tables of the template guard: changes of the site's template, their edits, and the texts they hold back.

A raw page can be `held`: parsed, but not recorded, because a template change waits for a decision. `revisions.change`
has two more reasons: `template` and `set back`. The view `missing` includes decisions that have only a held page.

In addition, `renormalising` has the position of an unfinished renormalise, `text_sketches` finds decisions with nearly
the same text, and `unrelated` lists decisions that have no sketch yet: the command that runs the migration makes them.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.from_0_1.revisions_table import set_revision_reasons
from storage.migrations.script import execute_script

VERSION = 16
"""The version of a file after this migration."""

REASONS = (
    *("first", "amended", "same characters", "on the site", "renormalised", "imported again", "beside"),
    *("template", "set back"),
)

_STATES = "CHECK (state IN ('kept', 'read', 'unreadable'))"
_STATES_NOW = "CHECK (state IN ('kept', 'read', 'held', 'unreadable'))"

SCRIPT = """
CREATE TABLE template_changes (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN
    ('single', 'asking', 'too few', 'template', 'accepted', 'rejected', 'released', 'ended')),
  since TEXT NOT NULL,
  found_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  kind TEXT,
  example TEXT NOT NULL,
  decided_on TEXT,
  diff TEXT NOT NULL
) STRICT;
CREATE INDEX template_changes_open ON template_changes (state) WHERE state NOT IN ('accepted', 'released', 'ended');

CREATE TABLE template_edits (
  change INTEGER NOT NULL REFERENCES template_changes (id),
  kind TEXT NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (change, kind, words)
) STRICT, WITHOUT ROWID;
CREATE INDEX template_edits_by_words ON template_edits (kind, words);

CREATE TABLE template_sightings (
  kind TEXT NOT NULL,
  words TEXT NOT NULL,
  reference TEXT NOT NULL,
  change INTEGER NOT NULL REFERENCES template_changes (id),
  family TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  page INTEGER NOT NULL,
  PRIMARY KEY (kind, words, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX template_sightings_by_change ON template_sightings (change);

CREATE TABLE template_answers (
  change INTEGER NOT NULL REFERENCES template_changes (id),
  reference TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  answer TEXT CHECK (answer IN ('same change', 'other change', 'unchanged')),
  edits TEXT,
  PRIMARY KEY (change, reference)
) STRICT, WITHOUT ROWID;

CREATE INDEX template_answers_open ON template_answers (reference) WHERE answer IS NULL;

CREATE TABLE held_texts (
  reference TEXT NOT NULL PRIMARY KEY,
  change INTEGER NOT NULL REFERENCES template_changes (id),
  page INTEGER NOT NULL,
  held_at TEXT NOT NULL,
  is_new INTEGER NOT NULL,
  is_amended INTEGER NOT NULL,
  released INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX held_texts_by_change ON held_texts (change);

CREATE TABLE rereads (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL,
  family TEXT NOT NULL,
  kind TEXT,
  at TEXT NOT NULL,
  run INTEGER NOT NULL,
  changed INTEGER NOT NULL
) STRICT;

CREATE TABLE renormalising (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  normaliser TEXT NOT NULL,
  position TEXT NOT NULL
) STRICT;

CREATE INDEX related_by_other ON related (other);
CREATE TABLE text_sketches (
  hash INTEGER NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (hash, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE unrelated (reference TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO unrelated SELECT reference FROM decisions;

DROP VIEW missing;
CREATE VIEW missing AS
SELECT e.reference, e.stands_on AS decision_date, e.authority, e.url,
       iif(t.reference IS NULL, coalesce(q.state, 'wanted'), 'held back') AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM entries AS e LEFT JOIN queue AS q USING (reference) LEFT JOIN held_texts AS t USING (reference)
 WHERE e.unlisted_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference);
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    set_revision_reasons(db, REASONS)
    _let_pages_be_held(db)
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _let_pages_be_held(db: Database) -> None:
    """Changes a constraint in the stored schema, which avoids writing every raw page again.

    All rows stay valid, since the new constraint only allows more (https://sqlite.org/lang_altertable.html, section 7).
    """
    (version,) = db.execute("PRAGMA schema_version").fetchone()
    (definition,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'pages' AND type = 'table'").fetchone()
    assert _STATES in definition, definition
    db.execute("PRAGMA writable_schema = ON")
    try:
        db.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'pages' AND type = 'table'",
            (_STATES, _STATES_NOW),
        )
    finally:
        db.execute("PRAGMA writable_schema = OFF")
    db.execute(f"PRAGMA schema_version = {version + 1}")  # makes all connections read the schema again
