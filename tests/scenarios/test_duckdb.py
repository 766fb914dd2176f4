"""DuckDB attaches the SQLite file, and reads only the needed part of an export to Parquet."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.database import reading
from storage.export import export
from storage.parquet import write
from storage.writer import writing
from support.attached import attach
from support.command_line import Shop

parquet = pytest.importorskip("pyarrow.parquet")
INDEX_TABLES = re.compile(r"decisions_fts(_\w+)?|sqlite_\w+")


def read_all(db: Any, names: list[str]) -> dict[str, Counter[str]]:
    return {name: Counter(map(repr, db.execute(f"SELECT * FROM {name}").fetchall())) for name in names}


FOR_SQLITE = frozenset({"text_lines", "decisions_lines", "decisions_words"})
"""Views and a table that SQLite itself reads; DuckDB gets all their values as text."""


def test_an_attached_file_has_the_tables_and_views_of_sqlite_with_their_rows(filled: Shop, tmp_path: Path) -> None:
    path = tmp_path / "lgsco.db"
    shutil.copy(filled.database, path)
    with writing(path) as db:
        db.execute(
            "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
            "VALUES ('25 000 001', '/x', '2026-10-01T06:00:00Z', '2026-10-01T06:00:00Z', '2025-05-01')"
        )
    with closing(sqlite3.connect(path)) as db:
        names = sorted(name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"))
        read = [name for name in names if not INDEX_TABLES.fullmatch(name) and name not in FOR_SQLITE]
        expected = read_all(db, read)
    assert len(expected["paragraphs"]) > 1_000
    assert len(expected["missing"]) == 1
    with closing(duckdb.connect()) as db:
        attach(db, path)
        listing = "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views()"
        listed = {name for (name,) in db.execute(listing).fetchall()}
        assert {name for name in names if not name.startswith("sqlite_")} <= listed
        assert read_all(db, read) == expected
        (kind,) = db.execute("SELECT DISTINCT typeof(position) FROM paragraphs").fetchone() or ()
        assert kind == "INTEGER", "text would be sorted 0, 1, 10, 2"


@pytest.fixture(scope="module")
def tables(filled: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with a row group for each decision."""
    out = tmp_path_factory.mktemp("skipped")
    with pytest.MonkeyPatch.context() as patch, reading(filled.database) as db:
        patch.setattr("storage.parquet._GROUP_BYTES", 1)
        export(db, out, "parquet", write)
    return out / "parquet"


def scan(tables: Path) -> str:
    return f"read_parquet('{tables}/decisions/*/*.parquet')"


def test_the_plan_reads_the_files_of_the_asked_years_and_filters_in_the_scan(tables: Path) -> None:
    with closing(duckdb.connect()) as db:
        years = len(list((tables / "decisions").iterdir()))
        ((_, plan),) = db.execute(
            f"EXPLAIN SELECT text FROM {scan(tables)} WHERE decision_year = 2025 AND authority = 'A' "
            "AND decision_date >= '2025-06-01'"
        ).fetchall()
    words = re.sub(r"[\s│]+", " ", plan)
    assert f"Scanning Files: 1/{years}" in words
    assert re.search(r"READ_PARQUET .* Filters: authority='A' decision_date>='2025-06-01 ?'::DATE", words)
    assert "FILTER" not in words.replace("READ_PARQUET", "").split("Filters:")[0]


@pytest.mark.parametrize("column", ["authority", "decision_date"])
def test_row_groups_of_other_values_are_not_read(tables: Path, tmp_path: Path, column: str) -> None:
    """Data pages without the value are overwritten: only a query that reads them notices."""
    with closing(duckdb.connect()) as db:
        query = f"SELECT reference, text FROM {scan(tables)} WHERE {column} = ? ORDER BY reference"
        (value, count) = db.execute(
            f"SELECT {column}, count(*) FROM {scan(tables)} GROUP BY 1 ORDER BY 2, 1 LIMIT 1"
        ).fetchone() or (None, 0)
        expected = db.execute(query, (value,)).fetchall()
        assert count == len(expected) >= 1
        broken = tmp_path / "parquet"
        overwritten = sum(copy_with_damage(tables, path, broken, column, value) for path in tables.rglob("*.parquet"))
        assert overwritten > 10
        assert db.execute(query.replace(str(tables), str(broken)), (value,)).fetchall() == expected
        with pytest.raises(duckdb.Error):
            db.execute(f"SELECT sum(length(text)) FROM {scan(broken)}").fetchall()


def copy_with_damage(tables: Path, path: Path, to: Path, column: str, value: str | date) -> int:
    """Copies a file and overwrites the row groups that lack a value, by their statistics; returns their number."""
    body = bytearray(path.read_bytes())
    count = 0
    with parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            columns = [group.column(place) for place in range(group.num_columns)]
            of = {one.path_in_schema: one for one in columns}
            if column not in of or ((low := of[column].statistics).min is not None and low.min <= value <= low.max):
                continue
            count += 1
            for one in columns:
                start = one.dictionary_page_offset or one.data_page_offset
                body[start : start + one.total_compressed_size] = b"\xff" * one.total_compressed_size
    target = to / path.relative_to(tables)
    target.parent.mkdir(parents=True)
    target.write_bytes(body)
    return count
