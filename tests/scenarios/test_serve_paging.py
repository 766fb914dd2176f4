"""`lgsco serve` shows every row once, page by page: with any sort, page size and filter, and beside a writer."""

from __future__ import annotations

import csv
import html
import io
import json
import random
import re
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from lgsco.web.metadata import NAME, describe
from storage.writer import writing
from support.serving import Served, backfill, serving

DECISIONS = 60

USERS = """
CREATE TABLE mixed (label, amount);
CREATE TABLE nullable (code TEXT PRIMARY KEY, size INTEGER);
CREATE TABLE compound (a INTEGER, b TEXT, "a column" REAL, PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE TABLE "odd name from x" ("order" TEXT, "select" INTEGER);
CREATE VIEW twice AS
  SELECT typeof(label) AS kind, amount FROM mixed WHERE typeof(amount) <> 'blob'
  UNION ALL SELECT 'again', amount FROM mixed WHERE amount = 1;
CREATE VIEW dated AS SELECT decision_date, outcome FROM decisions;
"""
"""Adds foreign tables: untyped columns, keys that may be NULL, names that need quotes, views."""


def add_users_tables(path: Path) -> None:
    chance = random.Random(3)
    values: tuple[object, ...] = (None, 0, 1, 2, 10, -1, 1.5, 1e300, "", "1", "a", "é,~ %", b"", b"\xff\x00", b"a")
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(USERS)
        db.executemany("INSERT INTO mixed VALUES (?, ?)", [chance.choices(values, k=2) for _ in range(90)])
        codes = [None] * 9 + [f"c{n}" for n in range(40)]
        db.executemany("INSERT INTO nullable VALUES (?, ?)", [(code, chance.randrange(3)) for code in codes])
        keys = [(a, b) for a in range(-3, 4) for b in ("", "x", "y,z", "~")]
        compound = [(*key, chance.choice([None, 0.1, 0.2])) for key in keys]
        db.executemany("INSERT INTO compound VALUES (?, ?, ?)", compound)
        odd = [(chance.choice(["x", "y", None]), chance.randrange(2)) for _ in range(30)]
        db.executemany('INSERT INTO "odd name from x" VALUES (?, ?)', odd)
        db.execute("UPDATE decisions SET outcome = NULL WHERE rowid % 5 = 0")
        db.execute("UPDATE decisions SET decision_date = NULL WHERE rowid % 7 = 0")
        db.execute("UPDATE decisions SET decision_date = '2025-02-0' || (rowid % 3) WHERE rowid % 7 > 2")
        db.execute("UPDATE decisions SET subcategory = '' WHERE rowid % 2 = 0")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "lgsco.db"
    backfill(path, DECISIONS)
    return path


@pytest.fixture(scope="module")
def database(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(filled, tmp_path_factory.mktemp("paging")))
    add_users_tables(path)
    return path


@pytest.fixture(scope="module")
def served(database: Path) -> Iterator[Served]:
    with serving(database) as server:
        yield server


def select(database: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(sql, values).fetchall()


def address(table: str, form: str = "json", **parameters: object) -> str:
    name = "".join(one if one.isalnum() or one in "_-" else f"~{ord(one):02X}" for one in table)
    return f"/{NAME}/{name}.{form}?{urlencode({key: str(value) for key, value in parameters.items()})}"


def walk(client: httpx.Client, path: str, between: Callable[[], None] = lambda: None) -> list[list[Any]]:
    """Returns the rows of all pages; `between` is called after each page."""
    rows: list[list[Any]] = []
    seen = set()
    following: str | None = path
    while following:
        assert following not in seen, "the pages repeat in a circle"
        seen.add(following)
        answer = client.get(following)
        assert answer.status_code == 200, (following, answer.text)
        found = answer.json()
        rows += found["rows"]
        following = found["next_url"]
        assert (found["next"] is None) == (following is None)
        between()
    return rows


def streamed(client: httpx.Client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[1:]


def plain(rows: list[Any]) -> list[list[Any]]:
    """Converts rows to their JSON form: bytes as text if they are UTF-8, else in base64."""
    return json.loads(json.dumps([list(row) for row in rows], default=_bytes))  # type: ignore[no-any-return]


def _bytes(value: bytes) -> object:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"$base64": True, "encoded": b64encode(value).decode()}


# ---------------------------------------------------------------- every table and view, in its own order


def test_every_table_and_view_can_be_read_in_pages_of_any_size(served: Served, database: Path) -> None:
    names = dict(select(database, "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
    assert {"decisions_fts", "decisions_fts_idx", "decisions_fts_data", "paragraphs", "mixed"} <= names.keys()
    for name, kind in names.items():
        described = select(database, "SELECT name, pk FROM pragma_table_info(?)", name)
        chosen = [f'"{column}"' for column, _ in described]
        if kind == "table" and not any(pk for _, pk in described):
            chosen.insert(0, "rowid")
        expected = sorted(map(repr, plain(select(database, f'SELECT {", ".join(chosen)} FROM "{name}"'))))
        width = len(chosen)  # without the hidden columns of FTS5
        for size in (min(max(1, len(expected) // 4), 1000), "max"):
            rows = walk(served.client, address(name, _size=size, _nofacet=1, _nocount=1))
            assert sorted(repr(row[:width]) for row in rows) == expected, (name, size)


@pytest.mark.parametrize(
    "name", ["decisions", "decisions_fts_idx", "mixed", "compound", "nullable", "paragraphs", "twice"]
)
def test_a_csv_stream_has_the_rows_of_the_table(served: Served, database: Path, name: str) -> None:
    rows = streamed(served.client, address(name, "csv", _stream="on"))
    ((count,),) = select(database, f"SELECT count(*) FROM {name}")
    assert len(rows) == count
    if name not in {"twice", "mixed", "nullable"}:
        assert len(set(map(tuple, rows))) == count


@pytest.mark.parametrize("name", ["paragraphs", "missing", "coverage"])
def test_the_key_of_a_view_identifies_one_row_and_is_never_null(database: Path, name: str) -> None:
    key = describe()["databases"][NAME]["tables"][name]["key"]
    rows = select(database, f"SELECT {', '.join(key)} FROM {name}")
    assert len(rows) == len(set(rows))
    assert [row for row in rows if None in row] == []
    assert select(database, f"SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = '{name}'")


def test_paragraphs_come_in_the_order_of_the_text(served: Served, database: Path) -> None:
    rows = walk(served.client, address("paragraphs", _size=700, _nocount=1))
    expected = plain(select(database, "SELECT reference, position FROM paragraphs ORDER BY 1, 2"))
    assert [row[:2] for row in rows] == expected
    headings = walk(served.client, address("paragraphs", _size=100, kind="heading"))
    assert [row[:2] for row in headings] == plain(
        select(database, "SELECT reference, position FROM paragraphs WHERE kind = 'heading' ORDER BY 1, 2")
    )


# ---------------------------------------------------------------- any sort


def columns(database: Path, table: str) -> list[str]:
    return [row[0] for row in select(database, "SELECT name FROM pragma_table_info(?)", table)]


@pytest.mark.parametrize("direction", ["_sort", "_sort_desc"])
def test_decisions_can_be_sorted_by_any_column(served: Served, database: Path, direction: str) -> None:
    for column in columns(database, "decisions"):
        rows = walk(served.client, address("decisions", _size=40, _nofacet=1, _col="reference", **{direction: column}))
        order = f"{column} {'DESC' if direction == '_sort_desc' else ''}, reference"
        expected = select(database, f"SELECT reference FROM decisions ORDER BY {order}")
        assert [row[:1] for row in rows] == plain(expected), column


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("revisions", "reference, revision"),
        ("compound", "b, a"),
        ("mixed", "rowid"),
        ("odd name from x", "rowid"),
        ("decisions_fts_idx", "segid, term"),
        ("decisions_fts", "rowid"),
        ("pages", "id"),
        ("paragraphs", "reference, position"),
        ("missing", "reference"),
    ],
)
@pytest.mark.parametrize("direction", ["_sort", "_sort_desc"])
def test_other_tables_and_views_can_be_sorted_by_any_column(
    served: Served, database: Path, table: str, key: str, direction: str
) -> None:
    for column in [*columns(database, table), *(["rowid"] if key == "rowid" else [])]:
        ((count,),) = select(database, f'SELECT count(*) FROM "{table}"')
        size = 1000 if count > 1000 else max(1, count // 5)
        rows = walk(served.client, address(table, _size=size, _nocount=1, _nofacet=1, **{direction: column}))
        name = f'"{column}"' if column != "rowid" else column
        order = f"{name} {'DESC' if direction == '_sort_desc' else ''}, {key}"
        expected = plain(select(database, f'SELECT {key} FROM "{table}" ORDER BY {order}'))
        named = served.client.get(address(table, _size=0, _nofacet=1, _nocount=1)).json()["columns"]
        places = [named.index(part) for part in key.split(", ")]
        assert [[row[place] for place in places] for row in rows] == expected, (table, column)


def test_a_nullable_key_identifies_no_row(served: Served, database: Path) -> None:
    for column in ("code", "size"):
        rows = walk(served.client, address("nullable", _size=4, _sort_desc=column))
        assert rows == plain(select(database, f"SELECT code, size FROM nullable ORDER BY {column} DESC, rowid"))


def test_hits_of_the_full_text_table_can_be_sorted_by_rank(served: Served, database: Path) -> None:
    asked = {"_where": "decisions_fts match 'council'", "_size": "7"}
    expected = plain(select(database, "SELECT rowid FROM decisions_fts('council') ORDER BY rank DESC, rowid"))
    assert len(expected) > 20
    assert [row[:1] for row in walk(served.client, address("decisions_fts", _sort_desc="rank", **asked))] == expected
    assert served.client.get(address("decisions_fts", _sort="decisions_fts")).status_code == 400


def test_pages_of_one_row_show_every_row_once(served: Served, database: Path) -> None:
    for direction in ("_sort", "_sort_desc"):
        rows = walk(served.client, address("decisions", _size=1, _nofacet=1, _nocount=1, **{direction: "outcome"}))
        order = f"outcome {'DESC' if direction == '_sort_desc' else ''}, reference"
        assert [row[:1] for row in rows] == plain(select(database, f"SELECT reference FROM decisions ORDER BY {order}"))


def test_the_default_view_is_newest_first_and_undated_last(served: Served, database: Path) -> None:
    expected = plain(select(database, "SELECT reference FROM decisions ORDER BY decision_date DESC, reference"))
    for size in (7, 50, 100, "max"):
        assert [row[:1] for row in walk(served.client, address("decisions", _size=size))] == expected
    assert [row[:1] for row in streamed(served.client, address("decisions", "csv", _stream=1))] == expected


def test_a_page_without_rows_has_no_next_page(served: Served) -> None:
    assert walk(served.client, address("decisions", _size=0)) == []


# ---------------------------------------------------------------- filters and what else an address may ask for


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"outcome": "Upheld"}, "outcome = 'Upheld'"),
        ({"outcome__isnull": ""}, "outcome IS NULL"),
        ({"subcategory": ""}, "subcategory = ''"),
        ({"subcategory__not": ""}, "subcategory <> ''"),
        ({"outcome__in": '["Upheld", "Not upheld"]'}, "outcome IN ('Upheld', 'Not upheld')"),
        ({"_where": "outcome = 'Upheld' or outcome is null"}, "outcome = 'Upheld' OR outcome IS NULL"),
        ({"_where": "outcome is null -- a comment"}, "outcome IS NULL"),
        ({"_where": "reference in (select reference from decisions order by 1 limit 30)"}, None),
        ({"_search": "council"}, "rowid IN (SELECT rowid FROM decisions_fts('council'))"),
        ({"_search_summary": "council"}, "rowid IN (SELECT rowid FROM decisions_fts WHERE summary MATCH 'council')"),
        ({"_facet": "outcome", "_facet_size": "3"}, "1"),
        ({"_nocol": "outcome"}, "1"),
        ({"_nocol": "decision_date"}, "1"),
        ({"_col": "summary"}, "1"),
        ({"_labels": "on"}, "1"),
        ({"_nl": "on", "_ttl": "9", "_dl": "on"}, "1"),
    ],
)
@pytest.mark.parametrize("sort", ["", "_sort", "_sort_desc"])
def test_filters_apply_on_every_page(
    served: Served, database: Path, parameters: dict[str, str], where: str | None, sort: str
) -> None:
    asked = parameters | ({sort: "outcome"} if sort else {})
    order = "outcome" + (" DESC" if sort == "_sort_desc" else "") if sort else "decision_date DESC"
    where = where or "reference IN (SELECT reference FROM decisions ORDER BY 1 LIMIT 30)"
    expected = plain(select(database, f"SELECT reference FROM decisions WHERE {where} ORDER BY {order}, reference"))
    assert len(expected) > 5
    assert [row[:1] for row in walk(served.client, address("decisions", _size=6, **asked))] == expected
    names = streamed(served.client, address("decisions", "csv", _stream="on", **asked))
    assert [row[:1] for row in names] == expected


def test_a_table_without_a_key_can_be_sorted_by_a_hidden_column(served: Served, database: Path) -> None:
    for parameters in ({"_nocol": "label"}, {"_col": "amount"}):
        rows = walk(served.client, address("mixed", _size=8, _sort_desc="label", **parameters))
        expected = plain(select(database, "SELECT rowid FROM mixed ORDER BY label DESC, rowid"))
        assert [row[:1] for row in rows] == expected


def test_labels_of_foreign_keys_do_not_disturb_the_pages(served: Served, database: Path) -> None:
    rows = walk(served.client, address("revisions", _size=9, _labels="on", _sort="reference", _shape="objects"))
    expected = select(database, "SELECT reference, revision FROM revisions ORDER BY 1, 2")
    assert [(row["reference"]["value"], row["revision"]) for row in rows] == expected  # type: ignore[call-overload]
    assert [row for row in rows if not row["reference"]["label"]] == []  # type: ignore[call-overload]


def test_counts_and_facets_are_of_all_rows_on_every_page(served: Served, database: Path) -> None:
    ((count,),) = select(database, "SELECT count(*) FROM decisions")
    first = served.client.get(address("decisions", _size=50)).json()
    second = served.client.get(first["next_url"]).json()
    assert first["filtered_table_rows_count"] == second["filtered_table_rows_count"] == count
    facets = [page["facet_results"]["outcome"]["results"] for page in (first, second)]
    counts = [[(one["value"], one["count"]) for one in facet] for facet in facets]
    assert counts[0] == counts[1]


def test_html_pages_link_to_one_another(served: Served, database: Path) -> None:
    found: list[str] = []
    following: str | None = f"/{NAME}/decisions?_size=30&_sort=outcome"
    while following:
        page = served.client.get(following)
        assert page.status_code == 200
        found += re.findall(rf'<td class="col-reference[^"]*"[^>]*><a href="/{NAME}/decisions/([^"]*)"', page.text)
        link = re.search(r'<a href="([^"]*)">Next page</a>', page.text)
        following = html.unescape(link[1]) if link else None
    expected = select(database, "SELECT replace(reference, ' ', '+') FROM decisions ORDER BY outcome, reference")
    assert found == [key for (key,) in expected]


def test_the_sql_shown_on_a_page_can_be_run(served: Served) -> None:
    first = served.client.get(address("decisions", _size=20, _sort="outcome", _where="kind is not null or 1")).json()
    second = served.client.get(first["next_url"]).json()
    for page in (first, second):
        query = page["query"]
        again = served.client.get(f"/{NAME}.json", params={"sql": query["sql"], **query["params"]}).json()
        assert again["rows"][:20] == page["rows"]
        assert again["columns"] == page["columns"]


def test_the_csv_link_of_a_later_page_streams_all_rows(served: Served, database: Path) -> None:
    first = served.client.get(address("decisions", _size=20)).json()
    rows = streamed(served.client, address("decisions", "csv", _stream="on", _next=first["next"]))
    assert len(rows) == len(select(database, "SELECT 1 FROM decisions"))


def test_any_sort_filter_and_page_size_show_every_row_once(served: Served, database: Path) -> None:
    chance = random.Random(8)
    filters: list[tuple[dict[str, str], str]] = [
        ({}, "1"),
        ({"subcategory": ""}, "subcategory = ''"),
        ({"_where": "0 or kind is not null"}, "kind IS NOT NULL"),
    ]
    names = columns(database, "decisions")
    for _ in range(60):
        column, size = chance.choice(names), chance.choice([3, 11, 25, 50, 64, 65, 66, 1000])
        direction = chance.choice(["_sort", "_sort_desc"])
        parameters, where = chance.choice(filters)
        hidden: dict[str, str] = chance.choice([{}, {"_nocol": "text"}, {"_col": "url"}])
        asked: dict[str, str] = {**parameters, **hidden, direction: column, "_size": str(size), "_nofacet": "1"}
        order = f"{column} {'DESC' if direction == '_sort_desc' else ''}, reference"
        expected = plain(select(database, f"SELECT reference FROM decisions WHERE {where} ORDER BY {order}"))
        assert [row[:1] for row in walk(served.client, address("decisions", **asked))] == expected, asked


# ---------------------------------------------------------------- long values in the sort column


def test_the_next_link_is_short_for_a_long_sort_column(served: Served) -> None:
    answer = served.client.get(address("decisions", _size=10, _sort="text"))
    assert len(answer.json()["next_url"]) < 500


def test_a_long_value_that_changed_meanwhile_is_reported(alone: tuple[Path, Served]) -> None:
    path, server = alone
    first = server.client.get(address("decisions", _size=10, _sort="text")).json()
    assert server.client.get(first["next_url"]).status_code == 200
    with writing(path) as db:
        db.execute("UPDATE decisions SET text = text || ' again' WHERE reference = ?", (first["rows"][-1][0],))
    answer = server.client.get(first["next_url"])
    assert answer.status_code == 400
    assert "changed" in answer.json()["error"]
    assert "start again" in answer.json()["error"]


# ---------------------------------------------------------------- beside a writer


@pytest.fixture
def alone(filled: Path, tmp_path: Path) -> Iterator[tuple[Path, Served]]:
    """A served database for one test."""
    path = Path(shutil.copy(filled, tmp_path))
    with serving(path) as server:
        yield path, server


def add_and_remove(path: Path, chance: random.Random, add: int) -> tuple[set[str], set[str]]:
    """Adds `add` decisions that equal others in every column except the key, and removes one."""
    added: set[str] = set()
    with writing(path) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(decisions)") if row[1] != "reference"]
        held = [key for (key,) in db.execute("SELECT reference FROM decisions ORDER BY reference")]
        while len(added) < add:
            digits = f"{chance.randrange(10_000_000, 40_000_000)}"
            key = f"{digits[:2]} {digits[2:5]} {digits[5:]}"
            if key not in held:
                chosen = f"SELECT ?, {', '.join(names)} FROM decisions WHERE reference = ?"
                db.execute(
                    f"INSERT INTO decisions (reference, {', '.join(names)}) {chosen}", (key, chance.choice(held))
                )
                added.add(key)
        removed = chance.choice(held)
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM decisions WHERE reference = ?", (removed,))
    return added, {removed}


def test_unchanged_rows_appear_once_while_a_writer_adds_and_removes_others(alone: tuple[Path, Served]) -> None:
    path, server = alone
    chance = random.Random(5)
    for sort in ({}, {"_sort": "outcome"}, {"_sort_desc": "outcome"}, {"_sort": "reference"}):
        before = {key for (key,) in select(path, "SELECT reference FROM decisions")}
        added: set[str] = set()
        removed: set[str] = set()

        def write(added: set[str] = added, removed: set[str] = removed) -> None:
            new, gone = add_and_remove(path, chance, add=4)
            added |= new
            removed |= gone

        rows = walk(server.client, address("decisions", _size="9", _nofacet="1", **sort), between=write)
        found = [row[0] for row in rows]
        assert len(found) == len(set(found)), sort
        assert before - removed <= set(found) <= before | added, sort
        assert len(removed) > 5


def test_a_page_may_follow_a_deleted_row(alone: tuple[Path, Served]) -> None:
    path, server = alone
    first = server.client.get(address("decisions", _size=10, _sort="outcome")).json()
    expected = select(path, "SELECT reference FROM decisions ORDER BY outcome, reference LIMIT 10 OFFSET 10")
    with writing(path) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM decisions WHERE reference = ?", (first["rows"][-1][0],))
    assert [row[:1] for row in server.client.get(first["next_url"]).json()["rows"]] == plain(expected)


def fill(path: Path, rows: int) -> None:
    """Adds a table with wide rows: its stream fills the buffers between the server and a slow client."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE wide (id INTEGER PRIMARY KEY, day TEXT, padding TEXT)")
        db.executemany("INSERT INTO wide VALUES (?, ?, ?)", ((2 * n, f"day {n % 3}", "x" * 8000) for n in range(rows)))


def test_a_csv_stream_has_every_row_once_beside_a_writer(alone: tuple[Path, Served]) -> None:
    path, server = alone
    fill(path, 4000)
    text = ""
    with server.client.stream("GET", address("wide", "csv", _stream="on", _sort_desc="day")) as answer:
        for number, chunk in enumerate(answer.iter_text(1 << 20)):
            text += chunk
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("INSERT INTO wide VALUES (?, ?, 'new')", (2 * number + 1, f"day {number % 3}"))
    keys = [int(row[0]) for row in list(csv.reader(io.StringIO(text)))[1:]]
    assert len(keys) == len(set(keys))
    assert set(range(0, 8000, 2)) <= set(keys)


def test_a_failing_csv_stream_is_aborted_and_not_ended(alone: tuple[Path, Served]) -> None:
    path, server = alone
    fill(path, 8000)

    def read_and_drop_the_table() -> None:
        with server.client.stream("GET", address("wide", "csv", _stream=1)) as answer:
            for number, _ in enumerate(answer.iter_bytes(1 << 16)):
                if number == 0:
                    with closing(sqlite3.connect(path, timeout=30)) as db, db:
                        db.execute("DROP TABLE wide")

    with pytest.raises(httpx.RemoteProtocolError):
        read_and_drop_the_table()
    assert server.client.get(f"/{NAME}").status_code == 200


@pytest.mark.thorough
def test_a_csv_of_more_than_100_megabytes_is_complete(alone: tuple[Path, Served]) -> None:
    path, server = alone
    fill(path, 14_000)
    lines = 0
    with server.client.stream("GET", address("wide", "csv", _stream="on")) as answer:
        for chunk in answer.iter_bytes():
            lines += chunk.count(b"\n")
    assert lines == 14_001
