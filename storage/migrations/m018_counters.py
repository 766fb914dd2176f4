"""Adds counters and indexes with which proofs and syncs cost as much in a large archive as in a small one.

`listed_days` has the number of listed decisions of each day, `unstored` the listed decisions that are not stored from
the site, and `entries.page_seen_at` when a page of the decision was last fetched or reported as unchanged. Triggers
update them in the statement that changes what they count, so they are never behind it.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 18
"""The version of a file after this migration."""

FILL = """
DELETE FROM unstored;
INSERT INTO unstored (reference, stands_on)
  SELECT e.reference, e.stands_on FROM entries AS e WHERE e.unlisted_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference);
DELETE FROM listed_days;
INSERT INTO listed_days (day, listed, reports)
  SELECT stands_on, count(*), count(*) FILTER (WHERE kind IS 'report') FROM entries WHERE unlisted_at IS NULL
   GROUP BY stands_on;
"""
"""Makes both tables from what they count."""

SCRIPT = """
CREATE TABLE unstored (
  reference TEXT NOT NULL PRIMARY KEY,
  stands_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unstored_by_day ON unstored (stands_on);

CREATE TABLE listed_days (
  day TEXT NOT NULL PRIMARY KEY,
  listed INTEGER NOT NULL,
  reports INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE entries ADD COLUMN page_seen_at TEXT;
UPDATE entries SET page_seen_at =
  (SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p WHERE p.reference = entries.reference);
CREATE INDEX entries_by_page_seen ON entries (page_seen_at) WHERE unlisted_at IS NULL AND page_seen_at IS NOT NULL;

CREATE INDEX entries_unlisted ON entries (stands_on) WHERE unlisted_at IS NOT NULL;

CREATE TRIGGER entries_count_insert AFTER INSERT ON entries BEGIN
  INSERT INTO listed_days (day, listed, reports)
    SELECT new.stands_on, 1, new.kind IS 'report' WHERE new.unlisted_at IS NULL
    ON CONFLICT (day) DO UPDATE SET listed = listed + 1, reports = reports + excluded.reports;
  INSERT INTO unstored (reference, stands_on)
    SELECT new.reference, new.stands_on WHERE new.unlisted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = new.reference);
  UPDATE entries SET page_seen_at =
    (SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p WHERE p.reference = new.reference)
   WHERE reference = new.reference AND EXISTS (SELECT 1 FROM pages AS p WHERE p.reference = new.reference);
END;
CREATE TRIGGER entries_count_update AFTER UPDATE OF reference, stands_on, unlisted_at, kind ON entries
WHEN (old.reference, old.stands_on, old.unlisted_at IS NULL, old.kind IS 'report')
  <> (new.reference, new.stands_on, new.unlisted_at IS NULL, new.kind IS 'report') BEGIN
  UPDATE listed_days SET listed = listed - 1, reports = reports - (old.kind IS 'report')
   WHERE day = old.stands_on AND old.unlisted_at IS NULL;
  DELETE FROM listed_days WHERE day = old.stands_on AND listed = 0;
  INSERT INTO listed_days (day, listed, reports)
    SELECT new.stands_on, 1, new.kind IS 'report' WHERE new.unlisted_at IS NULL
    ON CONFLICT (day) DO UPDATE SET listed = listed + 1, reports = reports + excluded.reports;
  DELETE FROM unstored WHERE reference = old.reference;
  INSERT INTO unstored (reference, stands_on)
    SELECT new.reference, new.stands_on WHERE new.unlisted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = new.reference);
END;
CREATE TRIGGER entries_count_delete AFTER DELETE ON entries BEGIN
  UPDATE listed_days SET listed = listed - 1, reports = reports - (old.kind IS 'report')
   WHERE day = old.stands_on AND old.unlisted_at IS NULL;
  DELETE FROM listed_days WHERE day = old.stands_on AND listed = 0;
  DELETE FROM unstored WHERE reference = old.reference;
END;

CREATE TRIGGER decisions_unstored_insert AFTER INSERT ON decisions WHEN new.source = 'site' BEGIN
  DELETE FROM unstored WHERE reference = new.reference;
END;
CREATE TRIGGER decisions_unstored_update AFTER UPDATE OF reference, source ON decisions
WHEN (old.reference, old.source) <> (new.reference, new.source) BEGIN
  INSERT OR IGNORE INTO unstored (reference, stands_on)
    SELECT e.reference, e.stands_on FROM entries AS e WHERE e.reference = old.reference AND e.unlisted_at IS NULL;
  DELETE FROM unstored WHERE reference IN (old.reference, new.reference)
     AND EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = unstored.reference);
END;
CREATE TRIGGER decisions_unstored_delete AFTER DELETE ON decisions WHEN old.source = 'site' BEGIN
  INSERT OR IGNORE INTO unstored (reference, stands_on)
    SELECT e.reference, e.stands_on FROM entries AS e WHERE e.reference = old.reference AND e.unlisted_at IS NULL;
END;

CREATE TRIGGER pages_seen_insert AFTER INSERT ON pages BEGIN
  UPDATE entries SET page_seen_at = max(coalesce(page_seen_at, ''), coalesce(new.checked_at, new.fetched_at))
   WHERE reference = new.reference;
END;
CREATE TRIGGER pages_seen_update AFTER UPDATE OF fetched_at, checked_at ON pages BEGIN
  UPDATE entries SET page_seen_at =
    (SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p WHERE p.reference = new.reference)
   WHERE reference = new.reference;
END;

CREATE INDEX queue_kept ON queue (reference) WHERE state = 'kept';
CREATE INDEX queue_failed ON queue (reference) WHERE state = 'failed';
CREATE INDEX windows_short ON windows (first) WHERE state = 'short';
CREATE INDEX windows_owing ON windows (first) WHERE total <> listed;
CREATE INDEX absences_open ON absences (next_at) WHERE ended_at IS NULL AND returned_at IS NULL;
CREATE INDEX absences_gone ON absences (stood_on) WHERE ending = 'gone' AND returned_at IS NULL;
CREATE INDEX requests_to_wait ON requests (id) WHERE retry_after IS NOT NULL;
CREATE INDEX requests_of_robots ON requests (id) WHERE target = '/robots.txt';
CREATE INDEX runs_running ON runs (id) WHERE state = 'running';

DROP VIEW coverage;
DROP VIEW failures;
DROP VIEW missing;
CREATE VIEW missing AS
SELECT u.reference, u.stands_on AS decision_date, e.authority, e.url,
       CASE WHEN t.reference IS NULL THEN coalesce(q.state, 'wanted') ELSE 'held back' END AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM unstored AS u CROSS JOIN entries AS e
  LEFT JOIN queue AS q ON q.reference = u.reference LEFT JOIN held_texts AS t ON t.reference = u.reference
 WHERE e.reference = u.reference;

CREATE VIEW failures AS
SELECT q.reference, e.stands_on AS decision_date, e.authority, q.url, q.attempts, q.next_at, q.error_kind, q.error
  FROM queue AS q CROSS JOIN entries AS e
 WHERE e.reference = q.reference AND e.unlisted_at IS NULL AND q.state = 'failed';

CREATE VIEW coverage AS
SELECT w.first, w.last, w.state, w.total, w.listed,
       (SELECT coalesce(sum(d.listed), 0) FROM listed_days AS d WHERE d.day BETWEEN w.first AND w.last)
       - (SELECT count(*) FROM unstored AS u WHERE u.stands_on BETWEEN w.first AND w.last) AS held,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state <> 'excluded') AS missing,
       (SELECT count(*) FROM failures AS f
         WHERE f.decision_date BETWEEN w.first AND w.last) AS failed,
       (SELECT count(*) FROM missing AS m
         WHERE m.decision_date BETWEEN w.first AND w.last AND m.state = 'excluded') AS excluded,
       w.counted_at, w.walked_at, w.proven_at, w.unproven_since, w.asked, w.run
  FROM windows AS w;
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    execute_script(db, FILL)
    db.execute(f"PRAGMA user_version = {VERSION}")
