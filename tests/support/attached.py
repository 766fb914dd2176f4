"""Attaches an SQLite file to DuckDB, with the extension from a package: tests reach no other host."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb


def attach(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attaches a file for reading, as the database whose tables need no prefix."""
    folder = files("duckdb_extension_sqlite_scanner") / "extensions" / f"v{duckdb.__version__}"
    db.execute(f"LOAD '{folder / 'sqlite_scanner.duckdb_extension'}'")
    db.execute(f"ATTACH '{path}' AS archive (TYPE sqlite, READ_ONLY)")
    db.execute("USE archive")
