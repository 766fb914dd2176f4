"""Makes files of older schemas: empty ones, and the rows of a file of today in the tables of a version before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from storage.from_0_1.steps import steps
from storage.schema import migrations


@cache
def _tables(before: str | None) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        chain = steps if before in {step.name for step in steps.pending(Database(db))} else migrations
        chain.apply(Database(db), stop_before=before)
        return db.serialize()


def create_tables(db: sqlite3.Connection, *, before: str | None = None) -> None:
    """Gives an empty database the tables that it has before a migration, or those of today.

    A process makes them once and copies them: a migration takes longer than most tests of it.
    """
    with closing(sqlite3.connect(":memory:")) as made:
        made.deserialize(_tables(before))
        made.backup(db)


def make_older(path: Path, stop_before: str) -> None:
    """Replaces a file by one with the same rows at the schema before a step; what that schema lacks is left out."""
    older = path.with_name(f"{path.name}.older")
    with closing(sqlite3.connect(older, isolation_level=None)) as db:
        create_tables(db, before=stop_before)
        db.execute("ATTACH ? AS now", (str(path),))
        tables = "SELECT name FROM {}.sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE %' ESCAPE '!'"
        names = [name for (name,) in db.execute(f"{tables.format('main')} INTERSECT {tables.format('now')}")]
        for name in names:
            if name.startswith(("decisions_fts", "_sqlite", "sqlite")):
                continue
            columns = [
                column
                for (column,) in db.execute(
                    "SELECT name FROM pragma_table_info(?1, 'main') INTERSECT SELECT name "
                    "FROM pragma_table_info(?1, 'now')",
                    (name,),
                )
            ]
            listed = ", ".join(["rowid", *columns] if name == "decisions" else columns)
            db.execute(f"DELETE FROM main.{name}")
            db.execute(f"INSERT INTO main.{name} ({listed}) SELECT {listed} FROM now.{name}")
        db.execute("DETACH now")
    for side in ("-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    older.replace(path)
