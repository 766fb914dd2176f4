"""Makes storing a page cheaper: fewer rows and index entries change in the transaction of each page.

`entries.page_seen_at` is set when a page has been parsed, together with its decision, and no longer when it is stored.
Until then the decision is in the queue, and what reads the column asks only about decisions that are not.

The index `pages_kept` is dropped: all that reads unparsed pages asks for those of one decision, which
`pages_by_reference` finds.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 22
"""The version of a file after this migration."""

SCRIPT = """
DROP INDEX pages_kept;

DROP TRIGGER pages_seen_insert;
DROP TRIGGER pages_seen_update;
CREATE TRIGGER pages_seen_insert AFTER INSERT ON pages WHEN new.state <> 'kept' BEGIN
  UPDATE entries SET page_seen_at = max(coalesce(page_seen_at, ''), coalesce(new.checked_at, new.fetched_at))
   WHERE reference = new.reference;
END;
CREATE TRIGGER pages_seen_parsed AFTER UPDATE OF state ON pages WHEN old.state = 'kept' AND new.state <> 'kept' BEGIN
  UPDATE entries SET page_seen_at = max(coalesce(page_seen_at, ''), coalesce(new.checked_at, new.fetched_at))
   WHERE reference = new.reference;
END;
CREATE TRIGGER pages_seen_update AFTER UPDATE OF fetched_at, checked_at ON pages WHEN new.state <> 'kept' BEGIN
  UPDATE entries SET page_seen_at =
    (SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p
      WHERE p.reference = new.reference AND p.state <> 'kept')
   WHERE reference = new.reference;
END;

DROP TRIGGER entries_count_insert;
CREATE TRIGGER entries_count_insert AFTER INSERT ON entries BEGIN
  INSERT INTO listed_days (day, listed, reports)
    SELECT new.stands_on, 1, new.kind IS 'report' WHERE new.unlisted_at IS NULL
    ON CONFLICT (day) DO UPDATE SET listed = listed + 1, reports = reports + excluded.reports;
  INSERT INTO unstored (reference, stands_on)
    SELECT new.reference, new.stands_on WHERE new.unlisted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = new.reference);
  UPDATE entries SET page_seen_at =
    (SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p
      WHERE p.reference = new.reference AND p.state <> 'kept')
   WHERE reference = new.reference
     AND EXISTS (SELECT 1 FROM pages AS p WHERE p.reference = new.reference AND p.state <> 'kept');
END;
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
