"""Creates the first tables: decisions, revisions, raw pages, listing entries, windows, queue, runs and requests."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

APPLICATION_ID = 0x6C67_736F  # "lgso"

SCRIPT = """
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


def migrate(db: Database) -> None:
    """Migrates a file from version 0 to version 1."""
    execute_script(db, SCRIPT)
    db.execute("PRAGMA user_version = 1")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
