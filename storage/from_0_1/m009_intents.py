"""Adds the ranges of decision dates that were asked for, and the site's total for all dates.

The ledger can now have `unseen` ranges: asked for, and not looked at yet. Each unproven range records since when it is
unproven. In an older file, all dates in the ledger count as asked for. Unfinished backfills without --limit are taken
from the runs.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

SCRIPT = """
CREATE TABLE intents (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('backfill', 'sync', 'fill')),
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('standing', 'running', 'interrupted', 'paused', 'finished', 'replaced', 'withdrawn')),
  asked_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  run INTEGER REFERENCES runs (id),
  reason TEXT,
  total INTEGER,
  CHECK (first <= last)
) STRICT;

CREATE TABLE site_totals (
  run INTEGER NOT NULL PRIMARY KEY REFERENCES runs (id),
  at TEXT NOT NULL,
  total INTEGER NOT NULL
) STRICT;

DROP VIEW coverage;
ALTER TABLE windows RENAME TO windows_before;
CREATE TABLE windows (
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  total INTEGER,
  listed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proven', 'short', 'unknown', 'drifting', 'unseen')),
  counted_at TEXT CHECK (counted_at IS NOT NULL OR state = 'unseen'),
  walked_at TEXT,
  proven_at TEXT,
  unproven_since TEXT CHECK ((unproven_since IS NULL) = (state = 'proven')),
  asked TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (first, last)
) STRICT, WITHOUT ROWID;
INSERT INTO windows (first, last, total, listed, state, counted_at, walked_at, proven_at, unproven_since, asked, run)
  SELECT first, last, total, listed, state, counted_at, walked_at, proven_at, iif(state = 'proven', NULL, counted_at),
         asked, run
    FROM windows_before;
DROP TABLE windows_before;

CREATE VIEW coverage AS
SELECT w.first, w.last, w.state, w.total, w.listed,
       (SELECT count(*) FROM entries AS e JOIN held_from_site AS h USING (reference)
         WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN w.first AND w.last) AS held,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state <> 'excluded') AS missing,
       (SELECT count(*) FROM failures AS f
         WHERE f.decision_date BETWEEN w.first AND w.last) AS failed,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state = 'excluded') AS excluded,
       w.counted_at, w.walked_at, w.proven_at, w.unproven_since, w.asked, w.run
  FROM windows AS w;

INSERT INTO intents (kind, first, last, state, asked_at, changed_at, run)
WITH touching AS (
  SELECT first, last, counted_at, run,
         first > coalesce(date(lag(last) OVER (ORDER BY first), '+1 day'), '') AS begins
    FROM windows
), numbered AS (SELECT *, sum(begins) OVER (ORDER BY first) AS range FROM touching)
SELECT 'backfill', min(first), max(last), 'finished', min(counted_at), max(counted_at), max(run)
  FROM numbered GROUP BY range;

INSERT INTO intents (kind, first, last, state, asked_at, changed_at, run, reason)
SELECT 'backfill', b.first, b.last, iif(b.state = 'stopped', 'paused', 'interrupted'), b.started_at,
       coalesce(b.ended_at, b.started_at), b.id, b.message
  FROM (SELECT *, coalesce(json_extract(arguments, '$.first'), '0001-01-01') AS first,
               coalesce(json_extract(arguments, '$.last'), '9999-12-31') AS last
          FROM runs WHERE task IN ('backfill', 'demo') AND json_extract(arguments, '$.limit') IS NULL) AS b
 WHERE b.state NOT IN ('complete', 'limited')
   AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id > b.id AND r.task IN ('backfill', 'demo')
         AND json_extract(r.arguments, '$.limit') IS NULL
         AND coalesce(json_extract(r.arguments, '$.first'), '0001-01-01') <= b.first
         AND coalesce(json_extract(r.arguments, '$.last'), '9999-12-31') >= b.last);
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 8 to version 9."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 9")
