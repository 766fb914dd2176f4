"""Answers: CPU time of commands against bare Python, of statistics against DuckDB, and the bytes on disk."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from bench.figures import Figure, in_turns, ratios
from bench.samples import stream_pages
from bench.write import AT, _parse, _record
from storage import ledger, runs
from storage.database import atomic
from storage.model import Proof, Window
from storage.writer import writing

_LGSCO = "from lgsco.cli.main import main; main()"
_SMALL_GOALS = {"help": 1.3, "show": 1.8, "status": 2.5}
_BIG_GOALS = {"status": 4.0, "coverage": 4.0}
_CHUNK = 1_000

STATISTICS = {
    "uphold rate by authority": "SELECT authority, count(*) FILTER (WHERE outcome = 'Upheld') AS upheld, "
    "count(*) FILTER (WHERE outcome = 'Not upheld') AS not_upheld FROM decisions GROUP BY authority ORDER BY upheld",
    "outcome by year and category": "SELECT {year} AS year, category, outcome, count(*) AS decisions FROM decisions "
    "GROUP BY year, category, outcome ORDER BY year DESC, decisions DESC",
}
"""The statistics of `docs/querying.md`; {year} stands for the year of `decision_date`."""


def measure(decisions: int = 20_000, rounds: int = 7) -> list[Figure]:
    """Measures all sides in turns. The commands run as processes, on 20 decisions and on as many as asked for.

    DuckDB reads the file of `lgsco export --format parquet`; both answer from a connection that is already open. The
    bytes are those of `decisions`, raw pages with dictionaries, and the full-text index after `optimize`, each with its
    indexes.
    """
    with TemporaryDirectory() as folder:
        small, big = Path(folder, "small.db"), Path(folder, "big.db")
        fill(small, 20)
        fill(big, decisions)
        return [
            *_commands(small, {"help": ["--help"], "show": ["show", _any(small)], "status": ["status"]}, rounds),
            *_commands(big, {"status": ["status"], "coverage": ["coverage"]}, rounds, f", {decisions:,} decisions"),
            *_statistics(big, Path(folder, "out"), rounds),
            *_bytes(big),
        ]


def fill(path: Path, count: int) -> None:
    """Records generated decisions with their pages, entries and a proven window for each month."""
    source = stream_pages(count)
    while some := [_parse(sample, body) for sample, body in islice(source, _CHUNK)]:
        _record(path, some)
    with writing(path) as db, atomic(db):
        run = runs.begin_run(db, "backfill", {}, AT)
        for number in range(120):
            first, following = (date(2016 + at // 12, at % 12 + 1, 1) for at in (number, number + 1))
            window = Window(first, date.fromordinal(following.toordinal() - 1))
            (listed,) = db.execute(
                "SELECT count(*) FROM entries WHERE stands_on BETWEEN ? AND ?", (str(window.first), str(window.last))
            ).fetchone()
            ledger.record_window(db, Proof(window, listed, listed, "proven", AT, AT, AT, ""), run)


def _any(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("SELECT reference FROM decisions").fetchone()[0])


def _commands(path: Path, commands: Mapping[str, list[str]], rounds: int, where: str = "") -> list[Figure]:
    lines = {name: ["-c", _LGSCO, *words] for name, words in commands.items()}
    for name in lines.keys() - {"help"}:
        lines[name] += ["--db", str(path)]
    spent: dict[str, list[float]] = {name: [] for name in ("python", *lines)}
    for _ in range(rounds):
        for name, words in {"python": ["-c", "import sqlite3, click"], **lines}.items():
            spent[name].append(_run(words))
    goals = _BIG_GOALS if where else _SMALL_GOALS
    return [
        Figure(f"{name}{where}, of python", ratios(spent[name], spent["python"]), target=goals[name], bound="at most")
        for name in lines
    ]


def _run(words: list[str]) -> float:
    """Runs Python with its output discarded, and returns the CPU seconds of the process."""
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    process = os.posix_spawn(sys.executable, [sys.executable, *words], os.environ, file_actions=silent)
    _, _, used = os.wait4(process, 0)
    return used.ru_utime + used.ru_stime


def _statistics(path: Path, out: Path, rounds: int) -> list[Figure]:
    _run(["-c", _LGSCO, "export", "--format", "parquet", "--db", str(path), str(out)])
    with closing(sqlite3.connect(path)) as db, duckdb.connect() as duck:
        duck.execute(f"CREATE VIEW decisions AS SELECT * FROM read_parquet('{out}/decisions.parquet')")
        figures = []
        for name, query in STATISTICS.items():
            ours = partial(_fetch, db, query.format(year="substr(decision_date, 1, 4)"))
            theirs = partial(_fetch, duck, query.format(year="year(decision_date)"))
            spent = in_turns({"sqlite": ours, "duckdb": theirs}, rounds)
            figures.append(
                Figure(f"{name}, of DuckDB", ratios(spent["sqlite"], spent["duckdb"]), target=3.0, bound="at most")
            )
        return figures


def _fetch(db: Any, query: str) -> None:
    db.execute(query).fetchall()


def _bytes(path: Path) -> list[Figure]:
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('optimize')")
        db.commit()
        (html,) = db.execute("SELECT sum(bytes) FROM pages").fetchone()
        parts = dict(
            db.execute(
                "SELECT CASE WHEN s.tbl_name LIKE 'decisions_fts%' THEN 'full-text index' "
                "WHEN s.tbl_name IN ('pages', 'dictionaries') THEN 'raw pages' ELSE s.tbl_name END AS part, "
                "sum(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name "
                "WHERE s.tbl_name IN ('decisions', 'pages', 'dictionaries') OR s.tbl_name LIKE 'decisions_fts%' "
                "GROUP BY part"
            )
        )
    whole = Figure(
        "decisions, raw pages and index, of the raw HTML", (sum(parts.values()) / html,), "×", 0.42, "at most"
    )
    return [whole, *(Figure(f"of it: {name}", (taken / html,)) for name, taken in sorted(parts.items()))]
