"""Adds the table `unstored` and covering indexes, so that reports do not read each entry and each decision.

`unstored` has a row for each entry of the listing that is not stored from the site. Triggers keep it, also
if another program writes the tables. The columns and rows of the views `missing`, `failures` and `coverage` do not
change; they now start from `unstored` and from the few failed rows of the queue.

`entries_by_day` gets `unlisted_at`, although it has only rows where that is NULL: without the column SQLite reads the
table too. `decisions_by_date` and `decisions_by_authority` get the columns that statistics need, for the same reason.
`decisions_by_parser` counts the decisions of another parser version, and imports.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 22

SCRIPT = """
DROP VIEW held_from_site;
CREATE VIEW held_from_site AS
SELECT reference, authority, decision_date, kind, url, last_seen, normaliser FROM decisions WHERE source = 'site';

CREATE TABLE unstored (
  reference TEXT NOT NULL PRIMARY KEY,
  stands_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unstored_by_day ON unstored (stands_on);
INSERT INTO unstored (reference, stands_on)
SELECT e.reference, e.stands_on FROM entries AS e
 WHERE NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference);

CREATE TRIGGER unstored_entry_insert AFTER INSERT ON entries
WHEN NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = new.reference) BEGIN
  INSERT OR REPLACE INTO unstored (reference, stands_on) VALUES (new.reference, new.stands_on);
END;
CREATE TRIGGER unstored_entry_update AFTER UPDATE OF stands_on ON entries WHEN new.stands_on <> old.stands_on BEGIN
  UPDATE unstored SET stands_on = new.stands_on WHERE reference = new.reference;
END;
CREATE TRIGGER unstored_entry_delete AFTER DELETE ON entries BEGIN
  DELETE FROM unstored WHERE reference = old.reference;
END;
CREATE TRIGGER unstored_decision_insert AFTER INSERT ON decisions WHEN new.source = 'site' BEGIN
  DELETE FROM unstored WHERE reference = new.reference;
END;
CREATE TRIGGER unstored_decision_update AFTER UPDATE OF source ON decisions WHEN new.source <> old.source BEGIN
  DELETE FROM unstored WHERE reference = new.reference;
  INSERT INTO unstored (reference, stands_on)
  SELECT reference, stands_on FROM entries WHERE reference = new.reference AND new.source <> 'site';
END;
CREATE TRIGGER unstored_decision_delete AFTER DELETE ON decisions WHEN old.source = 'site' BEGIN
  INSERT OR REPLACE INTO unstored (reference, stands_on)
  SELECT reference, stands_on FROM entries WHERE reference = old.reference;
END;

CREATE INDEX queue_failed ON queue (reference) WHERE state = 'failed';

DROP VIEW coverage;
DROP VIEW failures;
DROP VIEW missing;
CREATE VIEW missing AS
SELECT s.reference, s.stands_on AS decision_date, e.authority, e.url,
       iif(t.reference IS NULL, coalesce(q.state, 'wanted'), 'held back') AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM unstored AS s CROSS JOIN entries AS e ON e.reference = s.reference
  LEFT JOIN queue AS q ON q.reference = s.reference LEFT JOIN held_texts AS t ON t.reference = s.reference
 WHERE e.unlisted_at IS NULL;
CREATE VIEW failures AS
SELECT q.reference, e.stands_on AS decision_date, e.authority, q.url, q.attempts, q.next_at, q.error_kind, q.error
  FROM queue AS q CROSS JOIN entries AS e ON e.reference = q.reference
 WHERE q.state = 'failed' AND e.unlisted_at IS NULL;
CREATE VIEW coverage AS
SELECT w.first, w.last, w.state, w.total, w.listed,
       (SELECT count(*) FROM entries AS e
         WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN w.first AND w.last)
       - (SELECT count(*) FROM missing AS m WHERE m.decision_date BETWEEN w.first AND w.last) AS held,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state <> 'excluded') AS missing,
       (SELECT count(*) FROM failures AS f
         WHERE f.decision_date BETWEEN w.first AND w.last) AS failed,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state = 'excluded') AS excluded,
       w.counted_at, w.walked_at, w.proven_at, w.unproven_since, w.asked, w.run
  FROM windows AS w;

DROP INDEX entries_by_day;
CREATE INDEX entries_by_day ON entries (stands_on, unlisted_at) WHERE unlisted_at IS NULL;
DROP INDEX decisions_by_date;
DROP INDEX decisions_by_authority;
CREATE INDEX decisions_by_date ON decisions (decision_date, outcome, category);
CREATE INDEX decisions_by_authority ON decisions (authority, decision_date, outcome);
CREATE INDEX decisions_by_parser ON decisions (normaliser, source);
"""


def migrate(db: Database) -> None:
    """Migrates a file of schema 21."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
