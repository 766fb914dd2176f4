"""Restricts `revisions.change` to known reasons; adds one view for what is stored from the site and one for failures.

Before, a postponed queue row stayed `wanted` although its fetch had failed. Such a row becomes `failed`.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.from_0_1.revisions_table import set_revision_reasons
from storage.migrations.script import execute_script

REASONS = ("first", "amended", "on the site", "renormalised", "imported again", "beside")

SCRIPT = """
UPDATE queue SET state = 'failed' WHERE state = 'wanted' AND error IS NOT NULL;

DROP VIEW coverage;
DROP VIEW missing;

CREATE VIEW held_from_site AS
SELECT reference, authority, decision_date, kind, url, last_seen FROM decisions WHERE source = 'site';

CREATE VIEW missing AS
SELECT e.reference, e.stands_on AS decision_date, e.authority, e.url, coalesce(q.state, 'wanted') AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM entries AS e LEFT JOIN queue AS q USING (reference)
 WHERE e.unlisted_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference);

CREATE VIEW failures AS
SELECT q.reference, e.stands_on AS decision_date, e.authority, q.url, q.attempts, q.next_at, q.error_kind, q.error
  FROM entries AS e JOIN queue AS q USING (reference)
 WHERE e.unlisted_at IS NULL AND q.state = 'failed';

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
       w.counted_at, w.walked_at, w.proven_at, w.asked, w.run
  FROM windows AS w;
"""


def migrate(db: Database) -> None:
    """Migrates a file from version 7 to version 8."""
    set_revision_reasons(db, REASONS)
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 8")
