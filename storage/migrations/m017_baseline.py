"""Makes the tables of a new file, or gives a file of version 0.1 the same tables (`storage.baseline`).

A file of version 0.1 gets the steps of `storage.from_0_1` that it lacks. Then each table whose columns have another
order is copied into a new one, one at a time and row by row, so that the memory does not grow with the table.
`decisions` has the new order since step 10 and is not copied: the full-text index refers to its row ids.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from storage.baseline import VERSION, create_tables
from storage.errors import StoreFailed
from storage.from_0_1.steps import steps
from storage.room import find_free_bytes

_BYTES_A_ROW = 64
"""Added to the bytes of the values of each copied row, for its header and its entries in indexes."""

_COPIES = 2
"""Each copied row is written to the log first, and to the file when the log is merged into it."""

_SPARE_BYTES = 1_000_000
"""For the pages of small tables and of the schema."""


def migrate(db: Database) -> None:
    """Makes the tables of schema 17 in an empty file, or migrates a file from any version before to it.

    Needs `PRAGMA foreign_keys = OFF` if the file has tables. Raises StoreFailed if there is too little disk space for
    the copies, or a table to copy has a column that no version of lgsco made; then nothing is changed.
    """
    if not db["decisions"].exists():
        create_tables(db)
        return
    assert db.execute("PRAGMA foreign_keys").fetchone() == (0,), "with foreign keys on, the references would follow"
    steps.apply(db)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        new = Database(memory)
        create_tables(new)
        tables = [name for name in _find_tables(new) if _find_columns(db, name) != _find_columns(new, name)]
        _require_known_columns(db, new, tables)
        _require_room(db, tables)
        for name in tables:
            _rebuild(db, name, new[name].schema, _find_columns(new, name))
    db.execute(f"PRAGMA user_version = {VERSION}")


def _find_tables(db: Database) -> list[str]:
    return [name for name in db.table_names() if not name.startswith("decisions")]


def _find_columns(db: Database, table: str) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,))]


def _rebuild(db: Database, table: str, definition: str, columns: list[str]) -> None:
    """Copies a table into one with a new definition, and keeps its rows, their ids, its indexes and its triggers.

    References from other tables and views keep their meaning, since the new table has the same name.
    """
    dependents = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger') "
        "AND sql IS NOT NULL ORDER BY rowid",
        (table,),
    ).fetchall()
    for kind, name, _ in dependents:
        db.execute(f'DROP {kind} "{name}"')
    db.execute("PRAGMA legacy_alter_table = ON")  # otherwise views would refer to the renamed old table
    try:
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    finally:
        db.execute("PRAGMA legacy_alter_table = OFF")
    db.execute(definition)
    listed = ", ".join(columns)
    db.execute("PRAGMA ignore_check_constraints = ON")  # `lgsco verify` names a damaged row; it is not lost here
    try:
        db.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {table}_before")
    finally:
        db.execute("PRAGMA ignore_check_constraints = OFF")
    db.execute(f"DROP TABLE {table}_before")
    for _, _, sql in dependents:
        db.execute(sql)


def _require_known_columns(db: Database, new: Database, tables: list[str]) -> None:
    for table in tables:
        unknown = [name for name in _find_columns(db, table) if name not in _find_columns(new, table)]
        if unknown:
            raise StoreFailed(
                f"{_find_path(db)}: the table {table} has a column that lgsco did not make ({', '.join(unknown)}); "
                "move it to another table, then run the same command again"
            )


def _require_room(db: Database, tables: list[str]) -> None:
    path = _find_path(db)
    if not path:  # a database in memory
        return
    (overwrites,) = db.execute("PRAGMA secure_delete").fetchone()  # if 1, freed pages are also written to the log
    wanted = (_COPIES + (overwrites == 1)) * sum(_measure(db, table) for table in tables) + _SPARE_BYTES
    free = find_free_bytes(Path(path))
    if free < wanted:
        raise StoreFailed(
            f"{path}: this version of lgsco copies tables of the file once, which needs "
            f"{_megabytes(wanted)} MB of free disk space; {_megabytes(free)} MB are free. Nothing was changed; free "
            "disk space, then run the same command again"
        )


def _measure(db: Database, table: str) -> int:
    values = " + ".join(f"coalesce(length({name}), 0)" for name in _find_columns(db, table))
    (total,) = db.execute(f"SELECT coalesce(sum({values} + {_BYTES_A_ROW}), 0) FROM {table}").fetchone()
    return int(total)


def _megabytes(number: int) -> str:
    return f"{number / 1_000_000:,.1f}"


def _find_path(db: Database) -> str:
    (path,) = db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    return str(path)
