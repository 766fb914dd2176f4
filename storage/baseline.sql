-- The tables, indexes, triggers and views of a new file: schema 17, the baseline of version 0.2.
-- storage/baseline.py says why they are as they are. Once released, this file is never edited.

-- ---------------- Each decision as it reads now, the kind and number of each of its lines, and the full-text index.

CREATE TABLE decisions (
  reference TEXT NOT NULL PRIMARY KEY,
  authority TEXT,
  category TEXT,
  subcategory TEXT,
  outcome TEXT,
  decision_date TEXT,
  kind TEXT CHECK (kind IN ('statement', 'report')),
  url TEXT,
  status TEXT CHECK (status IN ('published', 'expired', 'withdrawn', 'gone')),
  first_seen TEXT NOT NULL,
  last_seen TEXT,
  updated_at TEXT NOT NULL,
  text_sha256 TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('site', 'import')),
  summary TEXT,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_date ON decisions (decision_date);
CREATE INDEX decisions_by_authority ON decisions (authority, decision_date);

CREATE VIEW held_from_site AS
SELECT reference, authority, decision_date, kind, url, last_seen FROM decisions WHERE source = 'site';

CREATE TABLE layouts (
  reference TEXT NOT NULL PRIMARY KEY REFERENCES decisions (reference),
  sha256 TEXT,
  kinds TEXT NOT NULL,
  numbers TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unchecked (reference TEXT NOT NULL PRIMARY KEY REFERENCES decisions (reference)) STRICT, WITHOUT ROWID;

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
       json_each('["' || replace(replace(replace(d.text, '\', '\\'), '"', '\"'), char(10), '","') || '"]') AS line;

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

-- ---------------- Where each decision comes from: the raw pages, and every reading of them.

CREATE TABLE dictionaries (
  id INTEGER PRIMARY KEY,
  trained_at TEXT NOT NULL,
  pages INTEGER NOT NULL,
  sha256 TEXT,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL,
  chapter INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('kept', 'read', 'held', 'unreadable')),
  fetched_at TEXT NOT NULL,
  checked_at TEXT,
  bytes INTEGER NOT NULL,
  dictionary INTEGER REFERENCES dictionaries (id),
  sha256 TEXT,
  charset TEXT,
  url TEXT NOT NULL,
  etag TEXT,
  last_modified TEXT,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX pages_by_reference ON pages (reference);
CREATE INDEX pages_kept ON pages (reference) WHERE state = 'kept';

CREATE TABLE unreadable (
  reference TEXT NOT NULL PRIMARY KEY,
  since TEXT NOT NULL,
  checked_at TEXT NOT NULL,
  normaliser TEXT NOT NULL,
  error TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  revision INTEGER NOT NULL,
  recorded_at TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('site', 'import')),
  change TEXT NOT NULL CHECK (change IN ('first', 'amended', 'same characters', 'on the site', 'renormalised',
    'imported again', 'beside', 'template', 'set back')),
  normaliser TEXT NOT NULL,
  page INTEGER REFERENCES pages (id),
  run INTEGER REFERENCES runs (id),
  text_sha256 TEXT NOT NULL,
  sha256 TEXT,
  document TEXT,
  fields TEXT,
  text TEXT,
  PRIMARY KEY (reference, revision)
) STRICT, WITHOUT ROWID;

-- ---------------- What parsing finds beside the text.

CREATE TABLE oddities (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  what TEXT NOT NULL,
  example TEXT NOT NULL,
  found_at TEXT NOT NULL,
  sha256 TEXT,
  PRIMARY KEY (reference, what, example)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
  reference TEXT NOT NULL REFERENCES decisions (reference),
  position INTEGER NOT NULL,
  date TEXT NOT NULL,
  sha256 TEXT,
  text TEXT NOT NULL,
  PRIMARY KEY (reference, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE related (
  reference TEXT NOT NULL,
  other TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('joint', 'same text', 'similar text', 'named in title', 'cites')),
  similarity REAL,
  sha256 TEXT,
  PRIMARY KEY (reference, other, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX related_by_other ON related (other);

CREATE TABLE text_sketches (
  hash INTEGER NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (hash, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE unrelated (reference TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE outside_blocks (
  hash TEXT NOT NULL PRIMARY KEY,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  decisions INTEGER NOT NULL,
  reference TEXT NOT NULL,
  masked TEXT NOT NULL,
  example TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_blocks_by_time ON outside_blocks (first_seen);

-- ---------------- Changes of the site's template, and the texts that they hold back.

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

-- ---------------- What the site lists, which of its dates are proven, and what waits to be fetched.

CREATE TABLE entries (
  reference TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  authority TEXT,
  outcome TEXT,
  subcategory TEXT,
  decision_date TEXT,
  kind TEXT,
  first_listed TEXT NOT NULL,
  last_listed TEXT NOT NULL,
  stands_on TEXT NOT NULL DEFAULT '0001-01-01',
  unlisted_at TEXT,
  title TEXT,
  summary TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_day ON entries (stands_on) WHERE unlisted_at IS NULL;

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

CREATE TABLE queue (
  reference TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL,
  decision_date TEXT,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'kept', 'failed', 'excluded')),
  reason TEXT NOT NULL CHECK (reason IN ('listed', 'changed', 'reread')),
  added_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at TEXT NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0,
  gone_first_at TEXT,
  gone_last_at TEXT,
  error_kind TEXT,
  error TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE moves (
  reference TEXT NOT NULL,
  at TEXT NOT NULL,
  field TEXT NOT NULL CHECK (field IN
    ('decision_date', 'url', 'outcome', 'subcategory', 'kind', 'authority', 'title', 'summary')),
  run INTEGER NOT NULL REFERENCES runs (id),
  before TEXT NOT NULL,
  after TEXT NOT NULL,
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
  ended_at TEXT,
  ending TEXT CHECK (ending IN ('expired', 'withdrawn', 'gone')),
  judged_at TEXT,
  age_seen INTEGER,
  age_gone INTEGER,
  as_old_known INTEGER,
  as_old_gone INTEGER,
  as_old_listed INTEGER,
  returned_at TEXT,
  answer_status INTEGER,
  answer TEXT,
  answer_words TEXT,
  PRIMARY KEY (reference, noticed_at)
) STRICT, WITHOUT ROWID;

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
  total INTEGER,
  reason TEXT,
  CHECK (first <= last)
) STRICT;

CREATE TABLE site_totals (
  run INTEGER NOT NULL PRIMARY KEY REFERENCES runs (id),
  at TEXT NOT NULL,
  total INTEGER NOT NULL
) STRICT;

CREATE VIEW missing AS
SELECT e.reference, e.stands_on AS decision_date, e.authority, e.url,
       iif(t.reference IS NULL, coalesce(q.state, 'wanted'), 'held back') AS state,
       coalesce(q.attempts, 0) AS attempts, q.error, q.next_at, e.first_listed
  FROM entries AS e LEFT JOIN queue AS q USING (reference) LEFT JOIN held_texts AS t USING (reference)
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
       w.counted_at, w.walked_at, w.proven_at, w.unproven_since, w.asked, w.run
  FROM windows AS w;

-- ---------------- The program's own work: runs, requests and what it found out about the site.

CREATE TABLE archive (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  uuid TEXT NOT NULL,
  made_by TEXT CHECK (made_by IN ('init', 'backfill', 'import', 'demo', 'snapshot'))
) STRICT;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  arguments TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  state TEXT NOT NULL,
  exit_code INTEGER,
  process INTEGER NOT NULL,
  user_agent TEXT,
  tally TEXT,
  message TEXT
) STRICT;

CREATE TABLE daemon (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  process INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  next_at TEXT,
  stopped_at TEXT
) STRICT;

CREATE TABLE fill_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  turned_off_at TEXT,
  progressed_at TEXT,
  suspensions INTEGER NOT NULL DEFAULT 0,
  suspended_at TEXT,
  suspended_until TEXT,
  reason TEXT,
  CHECK ((suspended_at IS NULL) = (suspended_until IS NULL))
) STRICT;
INSERT INTO fill_state (id) VALUES (1);

CREATE TABLE renormalising (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  normaliser TEXT NOT NULL,
  position TEXT NOT NULL
) STRICT;

CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  run INTEGER REFERENCES runs (id),
  at TEXT NOT NULL,
  target TEXT NOT NULL,
  status INTEGER,
  received INTEGER NOT NULL,
  seconds REAL NOT NULL,
  attempt INTEGER NOT NULL,
  retry_after REAL,
  promise INTEGER REFERENCES promises (id),
  hold REAL,
  error TEXT
) STRICT;
CREATE INDEX requests_by_time ON requests (at);

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
  holds_kept INTEGER NOT NULL,
  promised INTEGER NOT NULL DEFAULT 0,
  too_soon INTEGER NOT NULL DEFAULT 0,
  too_many INTEGER NOT NULL DEFAULT 0,
  in_quiet_hours INTEGER NOT NULL DEFAULT 0,
  holds_capped INTEGER NOT NULL DEFAULT 0,
  holds_shortened INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE promises (
  id INTEGER PRIMARY KEY,
  gap REAL NOT NULL,
  a_day INTEGER NOT NULL,
  quiet_hours TEXT NOT NULL,
  UNIQUE (gap, a_day, quiet_hours)
) STRICT;

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

CREATE TABLE listing_findings (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('form', 'use', 'dates', 'session')),
  subject TEXT NOT NULL,
  at TEXT NOT NULL,
  run INTEGER REFERENCES runs (id),
  first_shift INTEGER,
  last_shift INTEGER,
  verdict TEXT NOT NULL,
  evidence TEXT NOT NULL
) STRICT;
CREATE INDEX listing_findings_by_subject ON listing_findings (site, kind, subject);
