"""The tables, as numbered migrations; each is one transaction, and sets `user_version` to its number.

`decisions` holds every decision's current reading. Its words are held once: `layouts` says what each line of a text
is, `paragraphs` is the view that cuts the lines out, `decisions_fts` indexes the text in place and is kept in step by
triggers. `revisions` has a row for every reading that was ever recorded; the text of one that is no longer current
moves there.

Dates are ISO (`2025-10-06`), instants UTC (`2025-10-06T12:00:00Z`).
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

APPLICATION_ID = 0x6C67_736F  # "lgso"

migrations = Migrations("lgsco")

_TABLES = """
CREATE TABLE decisions (
  reference TEXT NOT NULL PRIMARY KEY,
  authority TEXT,
  category TEXT,
  subcategory TEXT,
  outcome TEXT,
  decision_date TEXT,
  kind TEXT CHECK (kind IN ('statement', 'report')),
  summary TEXT,
  text TEXT NOT NULL,
  url TEXT,
  status TEXT CHECK (status IN ('published', 'expired', 'withdrawn')),
  first_seen TEXT NOT NULL,
  last_seen TEXT,
  updated_at TEXT NOT NULL,
  text_sha256 TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('site', 'import'))
) STRICT;
CREATE INDEX decisions_by_date ON decisions (decision_date);
CREATE INDEX decisions_by_authority ON decisions (authority, decision_date);

CREATE TABLE layouts (
  reference TEXT NOT NULL PRIMARY KEY REFERENCES decisions (reference),
  kinds TEXT NOT NULL,
  numbers TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW paragraphs AS
SELECT d.reference AS reference,
       line.key AS position,
       CASE length(rtrim(substr(y.kinds, 1, line.key + 1), 'tpi')) WHEN 0 THEN NULL ELSE
         json_extract(line.json, '$[' || (length(rtrim(substr(y.kinds, 1, line.key + 1), 'tpi')) - 1) || ']')
       END AS section,
       nullif(json_extract(y.numbers, '$[' || line.key || ']'), '') AS number,
       CASE substr(y.kinds, line.key + 1, 1)
         WHEN 't' THEN 'header' WHEN 'h' THEN 'heading' WHEN 'p' THEN 'paragraph' ELSE 'item' END AS kind,
       iif(substr(y.kinds, line.key + 1, 1) = 'i', substr(line.value, 3), line.value) AS text
  FROM decisions AS d
  JOIN layouts AS y ON y.reference = d.reference,
       json_each('["' || replace(replace(replace(d.text, '\\', '\\\\'), '"', '\\"'), char(10), '","') || '"]') AS line;

CREATE VIRTUAL TABLE decisions_fts USING fts5 (
  authority, summary, text, content="decisions", tokenize='unicode61 remove_diacritics 2'
);
INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('hashsize', 33554432);
CREATE TRIGGER decisions_fts_insert AFTER INSERT ON decisions BEGIN
  INSERT INTO decisions_fts (rowid, authority, summary, text)
  VALUES (new.rowid, new.authority, new.summary, new.text);
END;
CREATE TRIGGER decisions_fts_delete AFTER DELETE ON decisions BEGIN
  INSERT INTO decisions_fts (decisions_fts, rowid, authority, summary, text)
  VALUES ('delete', old.rowid, old.authority, old.summary, old.text);
END;
CREATE TRIGGER decisions_fts_update AFTER UPDATE OF authority, summary, text ON decisions BEGIN
  INSERT INTO decisions_fts (decisions_fts, rowid, authority, summary, text)
  VALUES ('delete', old.rowid, old.authority, old.summary, old.text);
  INSERT INTO decisions_fts (rowid, authority, summary, text)
  VALUES (new.rowid, new.authority, new.summary, new.text);
END;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  arguments TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  state TEXT NOT NULL,
  exit_code INTEGER,
  message TEXT,
  tally TEXT,
  process INTEGER NOT NULL
) STRICT;

CREATE TABLE daemon (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  process INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  next_at TEXT,
  stopped_at TEXT
) STRICT;

CREATE TABLE dictionaries (
  id INTEGER PRIMARY KEY,
  trained_at TEXT NOT NULL,
  pages INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL,
  chapter INTEGER NOT NULL,
  url TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  charset TEXT,
  state TEXT NOT NULL CHECK (state IN ('kept', 'read', 'unreadable')),
  bytes INTEGER NOT NULL,
  dictionary INTEGER REFERENCES dictionaries (id),
  body BLOB NOT NULL
) STRICT;
CREATE INDEX pages_by_reference ON pages (reference);
CREATE INDEX pages_kept ON pages (reference) WHERE state = 'kept';

CREATE TABLE revisions (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  revision INTEGER NOT NULL,
  recorded_at TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('site', 'import')),
  change TEXT NOT NULL,
  text_sha256 TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  page INTEGER REFERENCES pages (id),
  document TEXT,
  run INTEGER REFERENCES runs (id),
  fields TEXT,
  text TEXT,
  PRIMARY KEY (reference, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
  reference TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  authority TEXT,
  outcome TEXT,
  subcategory TEXT,
  decision_date TEXT,
  kind TEXT,
  first_listed TEXT NOT NULL,
  last_listed TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE windows (
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  total INTEGER,
  listed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proven', 'short', 'unknown', 'drifting')),
  counted_at TEXT NOT NULL,
  proven_at TEXT,
  asked TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (first, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
  reference TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  decision_date TEXT,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'kept', 'failed')),
  added_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at TEXT NOT NULL,
  error_kind TEXT,
  error TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  run INTEGER REFERENCES runs (id),
  at TEXT NOT NULL,
  target TEXT NOT NULL,
  status INTEGER,
  received INTEGER NOT NULL,
  seconds REAL NOT NULL,
  attempt INTEGER NOT NULL,
  error TEXT
) STRICT;
CREATE INDEX requests_by_time ON requests (at);
"""


@migrations()
def m001_tables(db: Database) -> None:
    """Everything."""
    for statement in _statements(_TABLES):
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


_RECONCILIATION = """
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


@migrations()
def m002_reconciliation(db: Database) -> None:
    """A ledger whose windows never overlap, with what moved, disappeared or could never be had beside it.

    The windows of before may overlap and say nothing of when they were walked, so all they covered is unknown now.
    """
    before = db.execute("SELECT first, last, counted_at, asked, run FROM windows ORDER BY first").fetchall()
    for statement in _statements(_RECONCILIATION):
        db.execute(statement)
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


_MANNERS = """
ALTER TABLE requests ADD COLUMN retry_after REAL;

CREATE TABLE request_days (
  day TEXT NOT NULL PRIMARY KEY,
  requests INTEGER NOT NULL,
  unanswered INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  received INTEGER NOT NULL,
  seconds REAL NOT NULL,
  most_in_a_minute INTEGER NOT NULL,
  least_gap REAL,
  holds INTEGER NOT NULL,
  holds_kept INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pace (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  next_at REAL NOT NULL,
  gap REAL NOT NULL,
  hold_until REAL NOT NULL,
  hold REAL NOT NULL,
  ease REAL NOT NULL,
  latency REAL NOT NULL
) STRICT;

CREATE TABLE robots (
  site TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  status INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (site, fetched_at)
) STRICT;

ALTER TABLE pages ADD COLUMN etag TEXT;
ALTER TABLE pages ADD COLUMN last_modified TEXT;
ALTER TABLE pages ADD COLUMN checked_at TEXT;
"""


@migrations()
def m003_manners(db: Database) -> None:
    """The pace all processes share, robots.txt as it was, the journal of past days in sum, validators of pages."""
    for statement in _statements(_MANNERS):
        db.execute(statement)
    db.execute("PRAGMA user_version = 3")


_PROMISES = """
CREATE TABLE promises (
  id INTEGER PRIMARY KEY,
  gap REAL NOT NULL,
  a_day INTEGER NOT NULL,
  quiet_hours TEXT NOT NULL,
  UNIQUE (gap, a_day, quiet_hours)
) STRICT;

ALTER TABLE requests ADD COLUMN promise INTEGER REFERENCES promises (id);

ALTER TABLE request_days ADD COLUMN promised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN too_soon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN too_many INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_days ADD COLUMN in_quiet_hours INTEGER NOT NULL DEFAULT 0;
"""


@migrations()
def m004_promises(db: Database) -> None:
    """What was promised when a request was made. Of the requests of before it is not known, so none is judged."""
    for statement in _statements(_PROMISES):
        db.execute(statement)
    db.execute("PRAGMA user_version = 4")


_ACCOUNT = """
ALTER TABLE runs ADD COLUMN user_agent TEXT;
ALTER TABLE request_days ADD COLUMN holds_capped INTEGER NOT NULL DEFAULT 0;
"""


@migrations()
def m005_account(db: Database) -> None:
    """By which name each run asked, and how many waits asked for were longer than we wait."""
    for statement in _statements(_ACCOUNT):
        db.execute(statement)
    db.execute("PRAGMA user_version = 5")


_HOLDS = """
ALTER TABLE requests ADD COLUMN hold REAL;
ALTER TABLE request_days ADD COLUMN holds_shortened INTEGER NOT NULL DEFAULT 0;
"""


@migrations()
def m006_holds(db: Database) -> None:
    """For how long nothing was asked after an answer with Retry-After, where that is not all it asked for."""
    for statement in _statements(_HOLDS):
        db.execute(statement)
    db.execute("PRAGMA user_version = 6")


_CARDS = """
ALTER TABLE entries ADD COLUMN title TEXT;
ALTER TABLE entries ADD COLUMN summary TEXT;

ALTER TABLE moves RENAME TO moves_before;
CREATE TABLE moves (
  reference TEXT NOT NULL,
  at TEXT NOT NULL,
  field TEXT NOT NULL CHECK (field IN
    ('decision_date', 'url', 'outcome', 'subcategory', 'kind', 'authority', 'title', 'summary')),
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (reference, at, field)
) STRICT, WITHOUT ROWID;
INSERT INTO moves (reference, at, field, before, after, run)
  SELECT reference, at, field, before, after, run FROM moves_before;
DROP TABLE moves_before;
"""


@migrations()
def m007_cards(db: Database) -> None:
    """All that a card prints. What cards of before printed is not known, so the next sight of each is no change."""
    for statement in _statements(_CARDS):
        db.execute(statement)
    db.execute("PRAGMA user_version = 7")


def _statements(script: str) -> list[str]:
    """The script's statements one by one: `executescript` would commit, and a migration is one transaction."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        ends = pending.rstrip()
        if ends.endswith("END;") or (ends.endswith(";") and "CREATE TRIGGER" not in pending):
            statements.append(pending.strip())
            pending = ""
    return statements
