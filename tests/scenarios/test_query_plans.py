"""No statement of a backfill, an import or a sync reads a whole table that grows with the archive, or sorts its texts.

The statements are those that really run, each with SQLite's plan for it (https://www.sqlite.org/eqp.html). The plan
does not depend on the number of rows, since lgsco never runs ANALYZE.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import Stop
from ingest.crawling.asked_for import find_asked_dates
from ingest.lgo.normaliser import NORMALISER
from ingest.run import Backfill, Import, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.faults import too_many_requests
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.model import PENDING
from storage.reports import find_status
from storage.status import find_coverage
from storage.writer import create_database, writing
from support.paths import ROOT, SEEDS
from support.politeness import PAGES
from support.world import TODAY, Time, World

GROWING = frozenset(
    {
        *("decisions", "layouts", "paragraphs", "pages", "revisions", "entries", "queue", "requests", "moves"),
        *("absences", "oddities", "notes", "related", "text_sketches", "unrelated", "unchecked", "unreadable"),
        *("template_sightings", "held_texts", "outside_blocks", "rereads", "decisions_fts"),
    }
)
"""Tables with rows for each decision, page or request. `windows` and `runs` do not grow with the archive."""

LONG = re.compile(r"\b(?:text|body|summary|masked|fields|data)\b")
"""Columns with long values."""

SMALL_INDEXES = frozenset({"queue_failed", "template_changes_open", "template_answers_open"})
"""Partial indexes, with the few rows that wait for something."""

ALLOWED = {
    "SELECT reference FROM unchecked ORDER BY reference LIMIT": "stops at its limit; empty after the first run",
    "SELECT reference FROM unrelated LIMIT": "stops at its limit; empty after the first run",
    "FROM outside_blocks ORDER BY first_seen DESC, decisions, hash LIMIT": "walks an index and stops at its limit",
    "FROM held_texts AS h JOIN template_changes AS c": "has rows only while a change of the template is open",
    "SELECT count(*) FROM (SELECT 1 FROM held_from_site LIMIT": "stops at its limit",
    "SELECT id, body FROM pages WHERE dictionary IS NULL ORDER BY id LIMIT": "stops at its limit; runs until there is "
    "a dictionary",
    "FROM rereads": "has a row for each check that a page did not change, some hundreds a year",
    "FROM absences AS a JOIN decisions AS d": "has a row for each decision that left the listing",
    "FROM pages WHERE reference = ? AND state = 'kept' ORDER BY chapter": "sorts the chapters of one report",
    "FROM pages WHERE reference = ?1 AND id >= ?2": "sorts the chapters of one report",
    "FROM robots WHERE site = ?1 OR ?1 IS NULL": "has a row for each change of one file",
    "INSERT INTO unstored (reference, stands_on) SELECT e.reference": "runs once, in a migration",
    "INSERT INTO listed_days (day, listed, reports) SELECT stands_on": "runs once, in a migration",
    "UPDATE entries SET page_seen_at = (SELECT max": "runs once, in a migration",
    "SELECT id FROM pages WHERE dictionary IS NULL": "runs once, when there are enough pages for a dictionary",
    "AND p.reference IN (SELECT reference FROM queue WHERE state = 'kept' LIMIT": "reads a few rows of a partial index",
    "FROM queue WHERE state <> 'kept' AND (next_at <= :now": "the queue has only what waits to be fetched",
}
"""Parts of statements that may read or sort in full, each with the reason."""

_SOURCE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+AS\s+(\w+))?", re.IGNORECASE)
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")


class Recorded(sqlite3.Connection):
    """A connection that records what it executes, each statement with the values that it has first."""

    statements: dict[str, Any] = {}  # noqa: RUF012  # a new one for each test

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.statements.setdefault(" ".join(sql.split()), parameters)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        values = list(parameters)
        if values:
            self.statements.setdefault(" ".join(sql.split()), values[0])
        return super().executemany(sql, values)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The statements of a backfill, an import, and syncs that find new, changed and removed decisions and a refusal."""
    path = tmp_path_factory.mktemp("executed") / "lgsco.db"
    samples = list(generate(24, seed=11, first=date(2024, 1, 1), last=date(2026, 10, 30), body=False))
    site, time = Site(samples[:20], today=TODAY), Time()
    statements: dict[str, Any] = {}
    connect = sqlite3.connect
    with pytest.MonkeyPatch.context() as patch, serve(site) as server:
        patch.setattr(Recorded, "statements", statements)
        patch.setattr(sqlite3, "connect", lambda *at, **options: connect(*at, **{"factory": Recorded, **options}))
        create_database(path)  # not a copy of one: the statements of migrations count too
        world = World(site, server, path, time, Stop())
        world.run(Backfill())
        world.run(Import((SEEDS,)))
        for sample in samples[20:]:
            site.publish(sample)
        site.amend(samples[0].reference, replace(samples[0], outcome="Not upheld", summary="Other words"))
        site.withdraw(samples[1].reference)
        server.faults = on(PAGES, too_many_requests(1), times=1)
        for _ in range(3):
            time.at += timedelta(days=40)
            site.today = time.at.date()
            world.run(Sync())
    return path, statements


def find_reads(db: sqlite3.Connection, sql: str, parameters: Any) -> Iterator[str]:
    """Yields what a statement reads or sorts in full: the names of growing tables, and `texts, sorted`."""
    plan = explain(db, sql, parameters)
    views = " ".join(text for (text,) in db.execute("SELECT sql FROM sqlite_schema WHERE type = 'view'"))
    names: dict[str, set[str]] = {}
    for source in (sql, views):  # an alias of the statement itself hides the same alias in a view
        for table, alias in _SOURCE.findall(source):
            names.setdefault(alias or table, set()).add(table)
    for parent, step in plan:
        scan = _SCAN.match(step)
        if scan and scan[2] not in SMALL_INDEXES:
            yield from names.get(scan[1], set()) & GROWING
        if not parent and step.startswith("USE TEMP B-TREE FOR ORDER BY") and LONG.search(sql[: sql.index(" FROM ")]):
            yield "texts, sorted"


def explain(db: sqlite3.Connection, sql: str, parameters: Any) -> list[tuple[int, str]]:
    """Returns the steps of SQLite's plan, each with the step that it belongs to, 0 for the statement itself."""
    try:
        return [(row[1], row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    except sqlite3.OperationalError as error:
        missing = re.fullmatch(r"no such function: (\w+)", str(error))
        if missing is None:
            raise
        db.create_function(missing[1], -1, lambda *_values: None)
        return explain(db, sql, parameters)


def test_no_statement_reads_or_sorts_a_growing_table_in_full(executed: tuple[Path, dict[str, Any]]) -> None:
    path, statements = executed
    used: set[str] = set()
    unexpected: dict[str, set[str]] = {}
    with closing(sqlite3.connect(path)) as db:
        for sql, parameters in statements.items():
            if re.match(r"SELECT|INSERT|UPDATE|DELETE|WITH", sql) and "sqlite_" not in sql:
                found = set(find_reads(db, sql, parameters))
                expected = [part for part in ALLOWED if part in sql]
                used.update(expected if found else [])
                if found and not expected:
                    unexpected[sql] = found
    assert len(statements) > 200, "the statements are recorded at all"
    assert not unexpected, "these read or sort all rows; use an index, or add them to ALLOWED with the reason"
    assert ALLOWED.keys() - used == set(), "these no longer do; remove them"


COUNTED_IN_FULL = {
    "SELECT count(*) FROM decisions": "SQLite counts the entries of the smallest index",
    "SELECT count(*) FROM pages": "SQLite counts the entries of the smallest index",
    "SELECT count(*) FROM revisions": "counts rows of the table; each is short, because the current text is elsewhere",
    "SELECT uuid, (SELECT count(*) FROM decisions)": "counts the entries of an index",
    "FROM oddities": "has a row for each decision with something odd",
    "FROM absences": "has a row for each decision that left the listing",
    "FROM entries AS e WHERE unlisted_at IS NOT NULL": "walks an index of the decisions that left the listing",
    "FROM unreadable": "has a row for each page that does not parse",
    "FROM outside_blocks ORDER BY first_seen DESC": "walks an index and stops at its limit",
    "FROM queue": "has a row for each decision that waits",
    "FROM held_texts": "has rows only while a change of the template is open",
}
"""Parts of the statements of `status` and `coverage` that read a table in full, each with the reason."""


def test_status_and_coverage_read_no_growing_table_in_full_but_to_count_it(
    executed: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: dict[str, Any] = {}
    monkeypatch.setattr(Recorded, "statements", statements)
    with closing(sqlite3.connect(executed[0], factory=Recorded, isolation_level=None)) as db:
        find_status(db, 120, "2026-11-30T00:00:00Z", find_asked_dates, NORMALISER, PENDING)
        find_coverage(db, find_asked_dates)
    unexpected = {}
    with closing(sqlite3.connect(executed[0])) as db:
        for sql, parameters in statements.items():
            if not re.match(r"SELECT|WITH", sql):
                continue
            found = set(find_reads(db, sql, parameters))
            if found and not any(part in sql for part in COUNTED_IN_FULL):
                unexpected[sql] = found
            by_day = [step for _, step in explain(db, sql, parameters) if "entries_by_day" in step]
            assert all("COVERING INDEX" in step for step in by_day), sql
    assert len(statements) > 20
    assert not unexpected


def test_the_documented_statistics_read_no_row_of_decisions(executed: tuple[Path, dict[str, Any]]) -> None:
    page = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
    section = page.split("\n## Uphold rates\n")[1].split("\n## ")[0]
    queries = re.findall(r"```sql\n(.*?);?\n```", section, re.DOTALL)
    assert len(queries) == 2
    with closing(sqlite3.connect(executed[0])) as db:
        for query in [*queries, "SELECT substr(decision_date, 1, 4), outcome, count(*) FROM decisions GROUP BY 1, 2"]:
            assert any("SCAN decisions USING COVERING INDEX" in step for _, step in explain(db, query, ())), query


def test_a_scan_of_a_table_and_a_sort_of_texts_are_found(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        assert [*find_reads(db, "SELECT reference FROM pages WHERE bytes > ?", (1,))] == ["pages"]
        assert [*find_reads(db, "SELECT count(*) FROM held_from_site WHERE last_seen > 1", ())] == ["decisions"]
        sorting = "SELECT reference, text FROM decisions WHERE authority = ? ORDER BY last_seen"
        assert [*find_reads(db, sorting, ("x",))] == ["texts, sorted"]
        for sound in (
            "SELECT text FROM decisions WHERE reference = ?",
            "SELECT text FROM decisions WHERE reference = (SELECT reference FROM entries WHERE reference = ? LIMIT 1)",
        ):
            assert [*find_reads(db, sound, ("x",))] == []
