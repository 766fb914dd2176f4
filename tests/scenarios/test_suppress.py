"""A suppressed decision is in no page, search, export or public snapshot, and sync still fetches it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ingest.run import Sync
from lgsco.web.metadata import NAME, describe
from lgsco.web.queries import QUERIES
from lgsco.web.server import make_datasette
from storage.database import reading
from storage.export import export
from storage.search import search
from storage.snapshot import snapshot
from storage.suppressions import find_suppressions, is_suppressed, lift, suppress
from storage.writer import writing
from support.archives import AT, make_archive, requested
from support.world import World

HIDDEN = "25 000 001"
"""The amended decision; 25 000 004 cites it."""

Get = Callable[..., httpx.Response]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "lgsco.db"
    make_archive(path, 6)
    with writing(path) as db:
        db.execute("INSERT INTO related (reference, other, reason) VALUES ('25 000 004', ?, 'cites')", (HIDDEN,))
        db.execute("INSERT INTO oddities VALUES (?, 'date', '31 Sept', ?, NULL)", (HIDDEN, AT))
        db.execute(
            "INSERT INTO entries (reference, url, stands_on, first_listed, last_listed, authority) "
            "VALUES (?, '/x', '2025-04-02', ?, ?, 'Council B')",
            (HIDDEN, AT, AT),
        )
        assert suppress(db, HIDDEN, "names a child", AT)
    return path


@pytest.fixture
def get(archive: Path) -> Iterator[Get]:
    with requested(make_datasette(archive)) as get:
        yield get


def test_no_page_shows_it(get: Get) -> None:
    paths = [f"/{NAME}/{table}" for table in describe()["databases"][NAME]["tables"]]
    paths += [f"/{NAME}/{query}" for query in QUERIES]
    paths += [f"/{NAME}/search?query={words}" for words in ("amended", "complains", "25-000-001")]
    paths += [f"/{NAME}/paragraph?reference=25-000-001", f"/{NAME}/decisions?_search=amended", "/"]
    paths += [f"/{NAME}/authority_by_year?authority=Council", f"/{NAME}/decisions?_facet=reference"]
    for path in paths:
        for form in (path, path.replace("?", ".json?") if "?" in path else f"{path}.json"):
            if form.startswith("/.json"):
                continue
            answer = get(form)
            assert answer.status_code == 200, form
            rows = json.dumps(answer.json().get("rows")) if ".json" in form else answer.text
            asked_for = rows.count("25-000-001")
            for mark in ("<mark>", "</mark>", "«", "»", "\\u00ab", "\\u00bb"):
                rows = rows.replace(mark, "")
            assert HIDDEN not in rows.replace("as in 25 000 001", ""), form  # the words of another decision
            assert "25+000+001" not in rows, form
            shown = ('value="25-000-001"', "=25-000-001", "<title>25-000-001 ")  # as typed
            assert asked_for <= sum(map(rows.count, shown)), form
            assert "names a child" not in rows, form


@pytest.mark.parametrize(
    "path", ["decisions/25+000+001", "decisions/25+000+001.json", "revisions/25+000+001,1", "entries/25+000+001"]
)
def test_its_rows_have_no_page(get: Get, path: str) -> None:
    answer = get(f"/{NAME}/{path}")
    assert answer.status_code == 404
    assert "Mr X" not in answer.text


def test_downloads_leave_it_out_and_counts_add_up(get: Get) -> None:
    assert HIDDEN not in get(f"/{NAME}/decisions.csv?_col=authority").text
    assert len(get(f"/{NAME}/decisions.json?_stream=on").json()) == 5
    home = get("/").text
    assert "<strong>5</strong> decisions" in home
    assert "1 more is suppressed" in home
    assert get(f"/{NAME}/decisions.json").json()["filtered_table_rows_count"] == 5
    assert sum(row["decisions"] for row in get(f"/{NAME}/uphold_rate.json?_shape=array").json()) == 5


def test_other_decisions_do_not_link_to_it(get: Get) -> None:
    page = get(f"/{NAME}/decisions/25+000+004").text
    assert "Related decisions" not in page
    assert "It is as in 25 000 001." in page, "the words of another decision are not changed"


def test_sql_on_the_tables_of_the_operators_own_file_finds_it(archive: Path) -> None:
    with closing(sqlite3.connect(archive)) as db:
        assert db.execute("SELECT 1 FROM decisions WHERE reference = ?", (HIDDEN,)).fetchone()
        assert db.execute("SELECT 1 FROM paragraphs WHERE reference = ?", (HIDDEN,)).fetchone() is None


def test_search_and_exports_leave_it_out(archive: Path, tmp_path: Path) -> None:
    with reading(archive) as db:
        for query in ("amended", HIDDEN):
            found = search(db, query, 10, count=True)
            assert (found.total, found.hits, found.suggestion) == (0, (), None)
        found = search(db, "complains", 10, count=True)
        assert found.counts is not None
        assert len(found.hits) == found.total == sum(one.decisions for one in found.counts.authority) == 5
        for form in ("text", "jsonl", "csv"):
            exported = export(db, tmp_path / form, form)
            assert (exported.decisions, exported.suppressed) == (5, 1)
            written = "".join(path.read_text("utf-8") for path in (tmp_path / form).iterdir())
            assert "The text was amended" not in written
            assert not (tmp_path / form / "25-000-001.txt").exists()


def test_a_public_snapshot_has_no_trace_of_it_and_a_backup_has_it(archive: Path, tmp_path: Path) -> None:
    with reading(archive) as db:
        snapshot(db, tmp_path / "public.db", public=True)
        snapshot(db, tmp_path / "backup.db", public=False)
    public = (tmp_path / "public.db").read_bytes()
    for words in (b"The text was amended", b"names a child", b"31 Sept"):
        assert words in (tmp_path / "backup.db").read_bytes()
        assert words not in public
    with closing(sqlite3.connect(tmp_path / "public.db")) as db:
        tables = db.execute(
            "SELECT t.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE c.name = 'reference'"
        ).fetchall()
        assert len(tables) > 20
        for (table,) in tables:
            assert db.execute(f"SELECT 1 FROM {table} WHERE reference = ?", (HIDDEN,)).fetchone() is None, table
        assert db.execute("SELECT 1 FROM related").fetchone() is None
        assert db.execute("SELECT 1 FROM decisions_fts WHERE decisions_fts MATCH 'amended'").fetchone() is None
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
    with reading(tmp_path / "backup.db") as db:
        assert is_suppressed(db, HIDDEN)


def test_lifting_shows_it_again(archive: Path) -> None:
    with writing(archive) as db:
        assert lift(db, HIDDEN)
        assert not lift(db, HIDDEN)
    with requested(make_datasette(archive)) as get:
        assert "(25 000 001)</h1>" in get(f"/{NAME}/decisions/25+000+001").text
        assert "suppressed" not in get("/").text


def test_a_damaged_row_is_found(archive: Path) -> None:
    with closing(sqlite3.connect(archive)) as db:
        db.execute("UPDATE suppressions SET reason = 'other'")
        db.commit()
    from storage.row_checks import check_rows

    with reading(archive) as db:
        assert [damage.part for damage in check_rows(db)].count("fact") == 1


def test_sync_fetches_a_suppressed_decision_and_does_not_show_it(filled_world: World) -> None:
    key = filled_world.ask("SELECT max(reference) FROM decisions WHERE kind = 'statement'")[0]
    with writing(filled_world.database) as db:
        suppress(db, key, "names a child", AT)
    before = filled_world.ask("SELECT count(*) FROM decisions")
    proven = filled_world.ask("SELECT count(*) FROM coverage WHERE state = 'proven'")
    assert filled_world.run(Sync()).exit_code == 0
    assert filled_world.ask("SELECT count(*) FROM decisions") == before
    assert filled_world.ask("SELECT count(*) FROM coverage WHERE state = 'proven'") >= proven
    with reading(filled_world.database) as db:
        assert key not in [hit.reference for hit in search(db, "council", 1000).hits]
        assert [one.reference for one in find_suppressions(db)] == [key]
