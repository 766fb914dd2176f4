"""Creates the tables of a new file from `baseline.sql`: schema 17, the baseline of version 0.2.

Short columns come before long ones, because SQLite reads a column after a long text through the text's overflow pages.
A table WITHOUT ROWID stores its key first, wherever the key is declared.

The tables are SQL and not calls of sqlite-utils, which has no CHECK, no WITHOUT ROWID and no partial index: most
statements would be SQL in strings all the same. Its full-text triggers write the index entry of a row again at every
update of the row, here also where a listing changes nothing but `last_seen`; and its `transform` loses CHECKs and
full-text triggers. sqlite-utils does apply and record the migrations (`storage.schema`), and reads the file well
(`docs/querying.md`).
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from sqlite_utils import Database

from storage.migrations.script import execute_script

VERSION = 17
"""The version of a file with these tables."""

APPLICATION_ID = 0x6C67_736F  # "lgso"

SCRIPT = Path(__file__).with_name("baseline.sql").read_text(encoding="utf-8")
"""The SQL of all tables, indexes, triggers and views. Once released it is never edited: a migration changes tables."""


def create_tables(db: Database) -> None:
    """Creates the tables in an empty file, inside the transaction that is open, and gives the archive its UUID."""
    execute_script(db, SCRIPT)
    db.execute("INSERT INTO archive (id, uuid) VALUES (1, ?)", [str(uuid4())])
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
