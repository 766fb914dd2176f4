"""Rewrites the view `paragraphs` so that DuckDB can attach the file. Columns and rows stay the same.

DuckDB lists the tables of a file only if it can parse each view. It could not parse `char(10)`, because `char` is the
name of a type there; quoted, the name is a function. DuckDB then binds a view to its own functions if it knows them
all, and lets SQLite run it otherwise. SQLite's rows arrive as text. Hence the two views of paragraphs: SQLite runs
`text_lines`, since DuckDB has no `iif` and its JSON differs, and DuckDB itself runs `paragraphs`, which makes the
position an integer.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 19
"""The version of a file after this migration."""

SCRIPT = r"""
DROP VIEW paragraphs;
CREATE VIEW text_lines AS
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
       json_each('["' || replace(replace(replace(d.text, '\', '\\'), '"', '\"'), "char"(10), '","') || '"]') AS line;
CREATE VIEW paragraphs AS
SELECT reference, CAST(position AS INTEGER) AS position, section, number, kind, text FROM text_lines;
"""


def migrate(db: Database) -> None:
    """Migrates a file from the version before to `VERSION`."""
    execute_script(db, SCRIPT)
    db.execute(f"PRAGMA user_version = {VERSION}")
