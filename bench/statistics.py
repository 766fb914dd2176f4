"""Statistics: CPU time of two questions in SQLite, relative to DuckDB on the Parquet files of `lgsco export`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.client import spend
from bench.figures import Figure, in_turns, ratios
from bench.filled import find_short
from storage.database import reading

_FULL = 60_000
_GOAL = 3.0
QUESTIONS = {
    "uphold rate by authority": "SELECT authority, count(*) FILTER (WHERE outcome = 'Upheld') AS upheld, "
    "count(*) FILTER (WHERE outcome IN ('Upheld', 'Not upheld')) AS investigated FROM {} GROUP BY authority ORDER BY 1",
    "outcome by year": "SELECT substr(CAST(decision_date AS TEXT), 1, 4) AS year, outcome, count(*) AS decisions "
    "FROM {} GROUP BY 1, 2 ORDER BY 1, 2",
}


def measure(decisions: int = 20_000, rounds: int = 7, full: bool = False) -> list[Figure]:
    """Measures both in turns in one process, DuckDB with one thread. Both answer the same. `full`: 60,000 decisions."""
    size = _FULL if full else decisions
    with TemporaryDirectory() as folder:
        out = Path(folder, "out")
        path = find_short(Path(folder), size)
        with reading(path) as db, duckdb.connect() as duck:
            spend([sys.executable, "-m", "lgsco", "export", "--format", "parquet", "--db", str(path), str(out)])
            parquet = out / "parquet" / "decisions" / "*" / "*.parquet"  # a file for each year
            duck.execute("SET threads = 1")
            sides: dict[str, Callable[[], object]] = {}
            for name, question in QUESTIONS.items():
                ours, theirs = question.format("decisions"), question.format(f"'{parquet}'")
                assert db.execute(ours).fetchall() == duck.execute(theirs).fetchall(), name
                sides |= {name: partial(_ask, db, ours), f"{name}, DuckDB": partial(_ask, duck, theirs)}
            spent = in_turns(sides, rounds)
    return [
        figure
        for name in QUESTIONS
        for figure in (
            Figure(
                f"{name} at {size:,}, of DuckDB on our Parquet",
                ratios(spent[name], spent[f"{name}, DuckDB"]),
                target=_GOAL,
                bound="at most",
            ),
            Figure(f"{name} at {size:,}, SQLite", tuple(seconds * 1e3 for seconds in spent[name]), "ms"),
        )
    ]


def _ask(db: sqlite3.Connection | duckdb.DuckDBPyConnection, question: str) -> None:
    db.execute(question).fetchall()
