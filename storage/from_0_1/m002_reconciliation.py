"""Rebuilds the ledger so that windows never overlap; adds tables for moved, vanished and excluded decisions.

The windows of version 1 may overlap, and do not say when they were walked. So all the dates they covered become
`unknown`.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
ALTER TABLE entries ADD COLUMN stands_on TEXT NOT NULL DEFAULT '0001-01-01';
ALTER TABLE entries ADD COLUMN unlisted_at TEXT;
UPDATE entries SET stands_on = coalesce(decision_date,
  (SELECT d.decision_date FROM decisions AS d WHERE d.reference = entries.reference), stands_on);
CREATE INDEX entries_by_day ON entries (stands_on) WHERE unlisted_at IS NULL;

DROP TABLE windows;
CREATE TABLE windows (
  first TEXT NOT NULL PRIMARY KEY,
  last TEXT NOT NULL CHECK (last >= first),
  total INTEGER,
  listed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proven', 'short', 'unknown', 'drifting')),
  counted_at TEXT NOT NULL,
  walked_at TEXT,
  proven_at TEXT,
  asked TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  CHECK (state <> 'proven' OR (total = listed AND proven_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

ALTER TABLE queue RENAME TO queue_before;
CREATE TABLE queue (
  reference TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  decision_date TEXT,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'kept', 'failed', 'excluded')),
  reason TEXT NOT NULL CHECK (reason IN ('listed', 'changed', 'reread')),
  added_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at TEXT NOT NULL,
  error_kind TEXT,
  error TEXT,
  gone INTEGER NOT NULL DEFAULT 0,
  gone_first_at TEXT,
  gone_last_at TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO queue (reference, url, decision_date, state, reason, added_at, attempts, next_at, error_kind, error)
  SELECT reference, url, decision_date, state, 'listed', added_at, attempts, next_at, error_kind, error
  FROM queue_before;
DROP TABLE queue_before;

CREATE TABLE moves (
  reference TEXT NOT NULL,
  at TEXT NOT NULL,
  field TEXT NOT NULL CHECK (field IN ('decision_date', 'url', 'outcome', 'subcategory', 'kind')),
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (reference, at, field)
) STRICT, WITHOUT ROWID;

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
  ended_at TEXT,
  ending TEXT CHECK (ending IN ('expired', 'withdrawn')),
  returned_at TEXT,
  PRIMARY KEY (reference, noticed_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE checks (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  kind TEXT NOT NULL CHECK (kind IN ('canary', 'filters')),
  subject TEXT NOT NULL,
  passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
  why TEXT NOT NULL,
  finding TEXT NOT NULL
) STRICT;

CREATE VIEW missing AS
SELECT e.reference, e.stands_on AS decision_date, e.authority, e.url, coalesce(q.state, 'wanted') AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM entries AS e LEFT JOIN queue AS q USING (reference)
 WHERE e.unlisted_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM decisions AS d WHERE d.reference = e.reference AND d.source = 'site');

CREATE VIEW coverage AS
SELECT w.first, w.last, w.state, w.total, w.listed,
       (SELECT count(*) FROM entries AS e JOIN decisions AS d ON d.reference = e.reference AND d.source = 'site'
         WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN w.first AND w.last) AS held,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state <> 'excluded') AS missing,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state = 'failed') AS failed,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state = 'excluded') AS excluded,
       w.counted_at, w.walked_at, w.proven_at, w.asked, w.run
  FROM windows AS w;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 1 to version 2."""
    before = db.execute("SELECT first, last, counted_at, asked, run FROM windows ORDER BY first").fetchall()
    execute_script(db, SCRIPT)
    until = ""
    for first, last, counted_at, asked, run in before:
        if first > until:
            db.execute(
                "INSERT INTO windows (first, last, listed, state, counted_at, asked, run) "
                "VALUES (?, ?, 0, 'unknown', ?, ?, ?)",
                (first, last, counted_at, asked, run),
            )
        elif last > until:
            db.execute("UPDATE windows SET last = ? WHERE first = (SELECT max(first) FROM windows)", (last,))
        until = max(until, last)
    db.execute("PRAGMA user_version = 2")
