"""Undocumented behaviour of Datasette that this program relies on, checked with Datasette 0.65.5."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette
from storage import decisions
from storage.decisions import Reading
from storage.model import Decision, Line
from storage.writer import writing

AT = "2026-11-02T12:00:00Z"
LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000) SELECT max(i) FROM n"


@pytest.fixture
def datasette(tmp_path: Path) -> Iterator[Datasette]:
    """Two decisions, one of which names the other."""
    path = tmp_path / "lgsco.db"
    texts = {"24 011 791": "A well-known delay.", "25 000 002": "As in 24 011 791, nothing was known so well."}
    with writing(path) as db:
        for key, text in texts.items():
            line = Line("paragraph", text)
            decision = Decision(key, "A Council", None, None, None, date(2025, 4, 1), "statement", None, (line,), True)
            decisions.record_first(db, [Reading(decision, text, "site", AT, "1", "/x")], None)
    datasette = make_datasette(path)
    yield datasette
    datasette.databases[NAME].close()
    datasette.executor.shutdown()


def found(datasette: Datasette, **parameters: str) -> list[str]:
    answer: Any = asyncio.run(
        datasette.client.get(f"/{NAME}/decisions.json", params={"_shape": "array", "_sort": "reference", **parameters})
    )
    assert answer.status_code == 200, answer.text
    return [row["reference"] for row in answer.json()]


@pytest.mark.parametrize("box", ["_search", "_search_text"])
def test_search_box_of_a_table_uses_our_search_syntax(datasette: Datasette, box: str) -> None:
    """Datasette's own function would search for `24-011-791` as typed, and for `know*` as a word."""
    assert found(datasette, **{box: "24-011-791"}) == ["25 000 002"]
    assert found(datasette, **{box: "know*"}) == ["24 011 791", "25 000 002"]
    assert found(datasette, **{box: "well-known"}) == ["24 011 791"]
    assert found(datasette, **{box: "known NOT delay"}) == ["25 000 002"]
    assert found(datasette, **{box: "delay OR nothing"}) == ["24 011 791", "25 000 002"]


@pytest.mark.parametrize("box", ["_search", "_search_text"])
@pytest.mark.parametrize(
    ("query", "explained"),
    [
        ('"unclosed', "the quotation mark at character 1 has no partner"),
        ("known AND", "AND at character 7 has nothing after it"),
        ("NOT known", "this box needs a word to find"),
        ("outcome:upheld", "outcome: is a filter of the search page"),
    ],
)
def test_search_box_of_a_table_explains_what_is_wrong(
    datasette: Datasette, box: str, query: str, explained: str
) -> None:
    answer = asyncio.run(datasette.client.get(f"/{NAME}/decisions.json", params={box: query}))
    assert (answer.status_code, explained in answer.json()["error"]) == (400, True)


def test_interrupt_ends_a_running_query(datasette: Datasette) -> None:
    database = datasette.databases[NAME]
    running = threading.Event()

    def long(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(running.set, 1_000)
        connection.execute(LONG).fetchone()

    async def interrupted() -> None:
        query = asyncio.ensure_future(database.execute_fn(long))
        await asyncio.to_thread(running.wait, 30)
        database.interrupt()
        await query

    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        asyncio.run(interrupted())


def test_closing_the_database_closes_its_connections(datasette: Datasette) -> None:
    database = datasette.databases[NAME]
    connections: list[sqlite3.Connection] = []
    asyncio.run(database.execute_fn(connections.append))
    database.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")


def test_datasette_opens_no_write_connection_to_show_pages(datasette: Datasette) -> None:
    for page in ("/", f"/{NAME}", f"/{NAME}/decisions", f"/{NAME}/decisions/24+011+791", f"/{NAME}/failures"):
        assert asyncio.run(datasette.client.get(page)).status_code == 200, page
    with pytest.raises(sqlite3.OperationalError, match="read only"):
        datasette.databases[NAME].connect(write=True)


@pytest.mark.parametrize(
    "form", ["decisions.csv", "decisions.csv?_stream=on", "decisions.json?_stream=on", "decisions"]
)
@pytest.mark.parametrize("column", ["%28", "%22", "%25x__gt"])
def test_unknown_column_is_named_whatever_its_characters(datasette: Datasette, form: str, column: str) -> None:
    mark = "&" if "?" in form else "?"
    answer: Any = asyncio.run(datasette.client.get(f"/{NAME}/{form}{mark}{column}=a"))
    assert (answer.status_code, "no such column: " in answer.text) == (400, True), answer.text[:200]
