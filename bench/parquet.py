"""Parquet: cost and memory of the export, its size, and how fast DuckDB answers from it, each beside SQLite."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.client import ROOT
from bench.figures import Figure, each, in_turns, ratios
from bench.write import _prepare, _record
from storage.database import reading
from storage.export import COLUMNS, export
from storage.parquet import write
from storage.sound_decisions import RELATED_COLUMNS, REVISION_COLUMNS

_MEGA = 1_000_000
_SELECTS = (
    f"SELECT {', '.join(COLUMNS)} FROM decisions ORDER BY reference",
    "SELECT * FROM paragraphs",
    f"SELECT {', '.join(REVISION_COLUMNS)} FROM revisions",
    f"SELECT {', '.join(RELATED_COLUMNS)} FROM related",
)
"""The rows of an export."""
_QUESTIONS = {
    "outcomes of each authority": "SELECT authority, outcome, count(*) FROM decisions GROUP BY authority, outcome",
    "words in all paragraphs": "SELECT count(*) FROM paragraphs WHERE instr(text, 'best interests') > 0",
    "one decision": "SELECT * FROM paragraphs WHERE reference = ?",
}


def measure(decisions: int = 20_000, rounds: int = 3) -> list[Figure]:
    """Measures the export in turns with a bare SELECT of its rows, whose result is dropped, then readers in turns.

    The peak memory is that of `lgsco export` as a process. pyarrow imports numpy where that is installed, as it is with
    the packages for development; without it the peak is about 11 MB lower.
    """
    with TemporaryDirectory() as folder:
        file, out = Path(folder, "file.db"), Path(folder, "out")
        maker = get_context("spawn").Process(target=_make, args=(file, decisions))  # keeps this process small
        maker.start()
        maker.join()
        assert not maker.exitcode
        peak = _measure_peak(file, out)
        sizes = {name: _measure_size(Path(folder, name)) / decisions for name in ("file.db", "out")}
        spent = _time_exports(file, Path(folder, "again"), rounds)
        asked = _time_readers(file, out / "parquet", rounds)
    return [
        Figure(
            "export, of a bare SELECT of its rows", ratios(spent["parquet"], spent["rows"]), target=6, bound="at most"
        ),
        Figure("export, of a bare SELECT of the decisions alone", ratios(spent["parquet"], spent["decisions"])),
        Figure(f"peak memory of the export at {decisions:,} decisions", (peak / _MEGA,), "MB", 100, "at most"),
        Figure("export, CPU a decision", each(spent["parquet"], decisions), "µs"),
        Figure("Parquet, bytes a decision", (sizes["out"],), "bytes"),
        Figure("SQLite file, bytes a decision", (sizes["file.db"],), "bytes"),
        *(Figure(name, tuple(second * 1_000 for second in seconds), "ms of CPU") for name, seconds in asked.items()),
    ]


def _make(file: Path, decisions: int) -> None:
    _record(file, _prepare(decisions))


_CHILD = """
import sys
from pathlib import Path
from lgsco.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(Path("/proc/self/status").read_text())
"""


def _measure_peak(file: Path, out: Path) -> int:
    """Runs the command in a process, and returns its peak resident bytes.

    `ru_maxrss` of a child starts with its parent's memory, and this process needs more than the export.
    """
    command = [sys.executable, "-c", _CHILD, "export", "--db", str(file), "--format", "parquet", str(out)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (kibibytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", said, re.MULTILINE)
    return int(kibibytes) * 1024


def _measure_size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())


def _time_exports(file: Path, out: Path, rounds: int) -> dict[str, list[float]]:
    with reading(file) as db:

        def select(queries: tuple[str, ...]) -> Callable[[], None]:
            def run() -> None:
                for query in queries:
                    for _ in db.execute(query):
                        pass

            return run

        sides = {
            "rows": select(_SELECTS),
            "decisions": select(_SELECTS[:1]),
            "parquet": lambda: export(db, out, "parquet", write),
            "clean": lambda: shutil.rmtree(out),
        }
        return in_turns(sides, rounds)


def _time_readers(file: Path, tables: Path, rounds: int) -> dict[str, list[float]]:
    with closing(sqlite3.connect(file)) as lite, closing(duckdb.connect()) as duck:
        for table in ("decisions", "paragraphs"):
            duck.execute(f"CREATE VIEW {table} AS FROM read_parquet('{tables}/{table}/*/*.parquet')")
        (key,) = lite.execute("SELECT reference FROM decisions ORDER BY reference LIMIT 1 OFFSET 100").fetchone()

        def ask(db: sqlite3.Connection | duckdb.DuckDBPyConnection, query: str) -> Callable[[], object]:
            return lambda: db.execute(query, (key,) if "?" in query else ()).fetchall()

        sides = {
            f"{what}, {engine}": ask(db, query)
            for what, query in _QUESTIONS.items()
            for engine, db in (("SQLite", lite), ("DuckDB on Parquet", duck))
        }
        return in_turns(sides, rounds)
