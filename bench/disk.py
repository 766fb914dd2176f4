"""Compares the bytes of the finished file, with raw pages, paragraphs and full-text index, with the fetched HTML."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import run, served
from bench.figures import Figure

_LARGE = ("decisions", "pages")
"""The beginnings of the names of the tables whose size has a target of its own, after an `optimize` of the index."""


def measure(decisions: int = 2_000) -> list[Figure]:
    """Measures the file after a clean end, when its WAL has been merged, and then each table."""
    with TemporaryDirectory() as folder, served(decisions) as url:
        file = Path(folder, "ours.db")
        run("lgsco", url, file)
        beside = [path.name for path in Path(folder).iterdir() if path.name.endswith("-wal") and path.stat().st_size]
        assert not beside, f"the log is not folded in: {beside}"
        size = file.stat().st_size
        with closing(sqlite3.connect(file)) as db:
            (html,) = db.execute("SELECT sum(bytes) FROM pages").fetchone()
            count, text = db.execute("SELECT count(*), sum(length(CAST(text AS BLOB))) FROM decisions").fetchone()
            tables = _tables(db)
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            db.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('optimize')")
            optimized = sum(taken for name, taken in _tables(db) if name.startswith(_LARGE))
    assert count == decisions, f"{count} decisions of {decisions}"
    return [
        Figure("decisions, pages and full-text index, of the raw HTML", (optimized / html,), "×", 0.42, "at most"),
        Figure("file, relative to the raw HTML", (size / html,), target=0.4, bound="at most"),
        Figure("file, relative to the text", (size / text,)),
        Figure("file, a decision", (size / count,), "bytes"),
        Figure("raw HTML, a decision", (html / count,), "bytes"),
        Figure("text, a decision", (text / count,), "bytes"),
        *(Figure(f"of it: {name}", (taken / count,), "bytes") for name, taken in tables),
    ]


def _tables(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """Returns the bytes of each table with its indexes, largest first; empty if SQLite was built without dbstat."""
    try:
        return db.execute(
            "SELECT coalesce(s.tbl_name, d.name) AS name, sum(d.pgsize) AS taken FROM dbstat AS d "
            "LEFT JOIN sqlite_schema AS s ON s.name = d.name GROUP BY 1 ORDER BY taken DESC"
        ).fetchall()
    except sqlite3.OperationalError:
        return []
