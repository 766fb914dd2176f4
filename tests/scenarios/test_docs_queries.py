"""Every example in docs/querying.md runs on an archive that was filled from the look-alike site."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx
import pytest

from bench.search_oracle import Library
from bench.search_proof import read_documents
from ingest.clock import Stop
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.faults import Respond
from lgsco.replica.sample import Sample, Written
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.export import export
from storage.parquet import write
from storage.query.parser import parse_query
from storage.search import search
from storage.writer import create_database
from support.attached import attach
from support.paths import ROOT
from support.web import served
from support.world import TODAY, Time, World

PAGE = ROOT / "docs" / "querying.md"
SERVED = "http://127.0.0.1:8001"
"""The address in the examples; the tests put that of a server in its place."""
AMENDED = "25 004 920"
LOST = "26 000 777"


class Example(NamedTuple):
    """A fenced block of the page."""

    language: str
    text: str
    line: int


def read_examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        Example(found[1], found[2], text[: found.start()].count("\n") + 1)
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


EXAMPLES = read_examples()


FIVE = [
    one.text
    for one in EXAMPLES
    if one.line > PAGE.read_text(encoding="utf-8").partition("## Five questions for any engine")[0].count("\n")
    and one.language == "sql"
]
"""The questions that give the same answers in every engine."""


def of(language: str) -> pytest.MarkDecorator:
    chosen = [one for one in EXAMPLES if one.language == language and "pyspark" not in one.text]
    assert chosen
    return pytest.mark.parametrize("example", chosen, ids=[f"line {one.line}" for one in chosen])


def amended(sample: Sample) -> Sample:
    """The decision with a longer summary and a dated note after its closing line."""
    *before, last = sample.chapters
    note = "Ombudsman satisfied with council’s response: 14 October 2026"
    source = Written((*before, (*last, str(sample.closing), note)))
    return replace(sample, summary=f"{sample.summary} The Council has apologised.", closing=None, source=source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive, in which one decision was amended and one that is listed could not be fetched."""
    folder = tmp_path_factory.mktemp("queries")
    samples = [*seeds(), *generate(40, seed=11, first=date(2023, 1, 1), last=date(2026, 8, 31))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        world = World(site, server, folder / "lgsco.db", Time(), Stop())
        assert world.run(Backfill()).exit_code == 0
        world.time.at += timedelta(days=3)
        site.amend(AMENDED, amended(site.sample(AMENDED)))
        newest = max((one for one in samples if one.kind == "statement"), key=lambda one: one.decision_date)
        site.publish(replace(newest, reference=LOST))
        server.faults = lambda request: Respond(404) if LOST.replace(" ", "-") in request.target else None
        assert world.run(Sync(), cadence__reread_days=1, fetch__tries=1).exit_code == 10
    assert not server.errors
    with reading(folder / "lgsco.db") as db:
        assert export(db, folder / "out", "parquet", write).left_out == []
    return folder


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[httpx.Client]:
    with served(folder / "lgsco.db") as (client, _):
        yield client


@of("sql")
def test_an_sql_example_finds_rows(folder: Path, example: Example) -> None:
    with closing(sqlite3.connect(f"{(folder / 'lgsco.db').as_uri()}?mode=ro", uri=True)) as db:
        assert db.execute(example.text).fetchall()


def test_the_example_about_proven_dates_needs_proven_rows_for_every_day(folder: Path, tmp_path: Path) -> None:
    (example,) = [one.text for one in EXAMPLES if "AS is_proven" in one.text]
    create_database(tmp_path / "empty.db")
    for database, expected in ((folder / "lgsco.db", 1), (tmp_path / "empty.db", 0)):
        with closing(sqlite3.connect(database)) as db:
            assert db.execute(example).fetchall() == [(expected,)]
    with closing(sqlite3.connect(tmp_path / "empty.db")) as db:
        add = "INSERT INTO windows VALUES (?, ?, 0, 0, 'proven', '', NULL, NULL, NULL, 'bare', 1)"
        db.executemany(add, [("0001-01-01", "2025-06-30"), ("2025-07-02", "2026-03-31")])
        assert db.execute(example).fetchall() == [(0,)], "one day is missing"
        db.execute(add, ("2025-07-01", "2025-07-01"))
        assert db.execute(example).fetchall() == [(1,)]


def test_every_match_expression_of_the_table_is_valid(folder: Path) -> None:
    expressions = re.findall(r"^\| `'(.+)'` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(expressions) == 7
    with closing(sqlite3.connect(folder / "lgsco.db")) as db:
        for expression in expressions:
            db.execute(f"SELECT count(*) FROM decisions_fts WHERE decisions_fts MATCH '{expression}'").fetchone()


def test_every_query_of_the_table_finds_what_it_says(folder: Path) -> None:
    """The right decisions are those that a slow evaluation finds, which shares no code with the search."""
    page = PAGE.read_text(encoding="utf-8")
    queries = re.findall(r"^\| `([^'`][^`]*)` \|", page[: page.index("### Full text in SQL")], re.MULTILINE)
    assert len(queries) > 15
    with reading(folder / "lgsco.db") as db:
        library = Library(read_documents(db))
        for query in queries:
            results = search(db, query, 1000)
            if query == "25-004-920":
                assert [hit.reference for hit in results.hits] == [AMENDED]
                continue
            expected = {library.documents[number].reference for number in library.evaluate(parse_query(query))}
            assert {hit.reference for hit in results.hits} == expected, query


@of("sh")
def test_a_shell_example_runs(folder: Path, example: Example) -> None:
    if "sqlite3 " in example.text and shutil.which("sqlite3") is None:
        pytest.skip("the sqlite3 command is not installed here")
    modules = {"lgsco": "lgsco", "sqlite-utils": "sqlite_utils"}
    program = "".join(f'{name}() {{ "{sys.executable}" -m {module} "$@"; }}\n' for name, module in modules.items())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "-euc", program + example.text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout or "> hertfordshire.csv" in example.text


@of("python")
def test_a_python_example_runs(folder: Path, web: httpx.Client, example: Example) -> None:
    text = example.text.replace(SERVED, str(web.base_url).rstrip("/"))
    ran = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


def test_the_example_of_a_difference_accepts_a_decision_with_one_version(folder: Path) -> None:
    (example,) = [one.text for one in EXAMPLES if "difflib" in one.text]
    text = example.replace(AMENDED, "18 009 360")
    ran = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Fewer than two versions are stored")


@of("url")
def test_an_address_answers_with_rows(web: httpx.Client, example: Example) -> None:
    for address in example.text.split():
        path, _, anchor = address.removeprefix(SERVED).partition("#")
        answer = web.get(path)
        assert answer.status_code == 200, address
        if ".json" in path:
            assert answer.json(), address
        elif ".csv" in path:
            assert len(answer.text.splitlines()) > 1, address
        else:
            assert f'id="{anchor}"' in answer.text, address


def test_no_example_is_left_out() -> None:
    assert {one.language for one in EXAMPLES} == {"sql", "sh", "python", "url", "r"}
    assert len([one for one in EXAMPLES if one.language == "r"]) == 1, "R is not run"


# ---------------------------------------------------------------- other engines


def as_in_sqlite(rows: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """Rows of any engine: SQLite stores a date as text."""
    return [tuple(value.isoformat() if isinstance(value, date) else value for value in row) for row in rows]


@pytest.fixture(scope="module")
def answers(folder: Path) -> list[list[tuple[Any, ...]]]:
    """SQLite's answers to the five questions."""
    with closing(sqlite3.connect(f"{(folder / 'lgsco.db').as_uri()}?mode=ro", uri=True)) as db:
        return [db.execute(question).fetchall() for question in FIVE]


def connect_duckdb(folder: Path, source: str) -> duckdb.DuckDBPyConnection:
    """DuckDB with the tables of the archive, from its Parquet files or from the attached file."""
    db = duckdb.connect()
    if source == "parquet":
        for table in ("decisions", "paragraphs", "revisions", "related"):
            db.execute(f"CREATE VIEW {table} AS FROM read_parquet('{folder}/out/parquet/{table}/*/*.parquet')")
    else:
        attach(db, folder / "lgsco.db")
    return db


@pytest.mark.parametrize("source", ["parquet", "attached"])
def test_the_five_questions_have_the_same_answers_in_duckdb(
    folder: Path, answers: list[list[tuple[Any, ...]]], source: str
) -> None:
    assert len(FIVE) == 5
    assert all(answers)
    with closing(connect_duckdb(folder, source)) as db:
        assert [as_in_sqlite(db.execute(question).fetchall()) for question in FIVE] == answers


@pytest.mark.thorough
def test_the_five_questions_have_the_same_answers_in_spark(
    folder: Path,
    answers: list[list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed here")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    (example,) = [one.text for one in EXAMPLES if "pyspark" in one.text]
    set_up, _, _ = example.partition("print(")
    names: dict[str, Any] = {}
    exec(set_up, names)
    spark = names["spark"]
    assert isinstance(spark, sql.SparkSession)
    try:
        for question, expected in zip(FIVE, answers, strict=True):
            found = as_in_sqlite(spark.sql(question.rstrip().rstrip(";")).collect())
            assert sorted(found, key=repr) == sorted(expected, key=repr), "Spark sorts NULL as SQLite does"
            assert found == expected
        exec(example.removeprefix(set_up), names)
        assert "decisions=" in capsys.readouterr().out
    finally:
        spark.stop()
