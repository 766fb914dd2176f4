"""`lgsco serve --public`: nothing private can be reached, by SQL or by any address."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import httpx
import pytest
from datasette.app import Datasette

from lgsco.web.metadata import NAME, describe
from lgsco.web.queries import QUERIES
from lgsco.web.server import CannotServe, Options, make_datasette
from storage.database import atomic, reading
from storage.errors import NotPublic
from storage.intents import record_site_total
from storage.private import PRIVATE
from storage.snapshot import snapshot
from storage.suppressions import suppress
from storage.writer import writing
from support.archives import AMENDED, AT, WITHDRAWN, make_archive, requested
from support.rows import list_decision

Get = Callable[..., httpx.Response]

SECRETS = ("secret", "operator", "4711", "names a child", "25 000 006")
"""Words of the full archive that are not for the public."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("public") / "full.db"
    make_archive(path)
    with writing(path) as db:
        suppress(db, "25 000 006", "names a child", AT)
        with atomic(db):
            for key in ("25 000 000", "25 000 004", "25 000 006", "25 000 099"):
                list_decision(db, key)
            record_site_total(db, 1, AT, 547)
    return path


@pytest.fixture(scope="module")
def published(full: Path) -> Path:
    target = full.with_name("published-by-operator.db")
    with reading(full) as db:
        assert snapshot(db, target, public=True) == []
    return target


@pytest.fixture(scope="module")
def get(published: Path) -> Iterator[Get]:
    with requested(make_datasette(published, Options(public=True, hosts=("archive.example",)))) as get:
        yield get


def ask(path: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute(sql)]


def test_no_byte_of_the_snapshot_has_a_secret(full: Path, published: Path) -> None:
    whole, public = full.read_bytes(), published.read_bytes()
    for secret in {*SECRETS, WITHDRAWN} - {"4711"}:
        assert secret.encode() in whole, secret
        assert secret.encode() not in public, secret
    assert ask(published, "SELECT count(*) FROM decisions") == [10]


@pytest.mark.parametrize(
    "sql",
    [
        *(f"select * from {table}" for table in sorted(PRIVATE - {"suppressions"})),
        *(f"select count(*) from (select rowid from {table})" for table in ("pages", "requests", "runs")),
        *("select user_agent from runs", "select message from main.runs", 'select "message" from "RUNS"'),
        *("select r.* from decisions as d join runs as r", "with x as (select * from runs) select * from x"),
        *("select (select max(message) from runs)", "select 1 where exists (select user_agent from runs)"),
        *("select * from pragma_database_list()", "select file from pragma_database_list"),
        *("select readfile('/etc/passwd')", "select load_extension('x')", "explain query plan select * from runs"),
    ],
)
def test_sql_cannot_read_what_is_private(get: Get, sql: str) -> None:
    for form in ("", ".json", ".csv"):
        answer = get(f"/{NAME}{form}", sql=sql)
        assert answer.status_code == 400
        for secret in SECRETS:
            assert secret not in answer.text.replace(sql, "")


def test_no_address_shows_what_is_private(get: Get, published: Path) -> None:
    seen = [f"/{NAME}", "/", f"/{NAME}?_show_hidden=1", "/robots.txt", "/.json", "/-/lgsco/lgsco.css"]
    seen += [f"/{NAME}/{table}{form}" for table in describe()["databases"][NAME]["tables"] for form in ("", ".json")]
    seen += [f"/{NAME}/{query}" for query in QUERIES]
    seen += [f"/-/{page}" for page in ("databases.json", "versions", "plugins", "threads", "settings", "metadata")]
    seen += ["/_internal", "/_internal/databases", f"/{NAME}.db", f"/{NAME}/runs/1", f"/{NAME}/requests/1.json"]
    for path in seen:
        answer = get(path)
        assert answer.status_code < 500, path
        for secret in (*SECRETS, WITHDRAWN, str(published), published.name):
            # the digits of the process number may be in the microseconds of a migration
            assert not re.search(rf"(?<!\d){re.escape(secret)}(?!\d)", answer.text), (path, secret)
    for table in PRIVATE:
        assert get(f"/{NAME}/{table}").status_code in {403, 404}, table
        assert f'/{NAME}/{table}"' not in get(f"/{NAME}").text
    for path in ("/-/databases.json", "/-/threads", "/-/plugins", "/_internal"):
        assert get(path).status_code == 404
    assert get(f"/{NAME}/not_fetched").status_code == 404


def test_public_pages_are_shown(get: Get) -> None:
    for path in ("/", f"/{NAME}", f"/{NAME}/decisions", f"/{NAME}/coverage", f"/{NAME}/missing", f"/{NAME}/search"):
        assert get(path).status_code == 200, path
    for query in set(QUERIES) - {"not_fetched"}:
        assert get(f"/{NAME}/{query}").status_code == 200, query
    page = get(f"/{NAME}/decisions/{AMENDED.replace(' ', '+')}").text
    assert "Amended: the site changed this decision" in page
    assert "Amended:" not in get(f"/{NAME}/decisions/25+000+000").text
    home = get("/").text
    assert "<strong>10</strong> decisions" in home
    assert (
        "The archive has 2 decisions of the site, which stated a total of 547 on 2026-11-02 12:00 UTC (0.3 %)" in home
    )


def test_caches_may_keep_pages_and_search_engines_see_decisions(get: Get) -> None:
    assert get("/").headers["cache-control"] == "public, max-age=600"
    assert get(f"/{NAME}/decisions").headers["cache-control"] == "public, max-age=600"
    assert get(f"/{NAME}/nowhere").headers["cache-control"] == "no-store"
    assert "set-cookie" not in get(f"/{NAME}").headers
    robots = get("/robots.txt").text
    assert "Disallow: /*?" in robots
    assert "Allow: /\n" in robots


def test_a_server_that_is_not_public_asks_search_engines_to_stay_away(full: Path) -> None:
    with requested(make_datasette(full)) as get:
        assert get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
        assert "cache-control" not in get("/").headers


def test_only_known_hosts_are_answered(get: Get) -> None:
    assert get("/", {"Host": "archive.example"}).status_code == 200
    answer = get(f"/{NAME}/decisions.json?_size=1", {"Host": "attacker.example"})
    assert answer.status_code == 421
    assert "--allow-host attacker.example" in answer.json()["error"]


def test_an_unexpected_error_shows_no_path(published: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "moved.db"
    file.write_bytes(published.read_bytes())
    with requested(make_datasette(file, Options(public=True))) as get:
        file.unlink()
        answer = get(f"/{NAME}/decisions")
        assert answer.status_code == 500
        assert "moved" not in answer.text
    assert "moved.db" in capfd.readouterr().err


def test_a_full_archive_is_not_served_to_the_public(full: Path, published: Path, tmp_path: Path) -> None:
    with pytest.raises(NotPublic, match=r"not a public snapshot .*`lgsco snapshot --public"):
        make_datasette(full, Options(public=True))
    file = tmp_path / "replaced.db"
    file.write_bytes(published.read_bytes())
    with requested(make_datasette(file, Options(public=True))) as get:
        assert get(f"/{NAME}/decisions").status_code == 200
        new = tmp_path / "new.db"
        new.write_bytes(full.read_bytes())
        new.replace(file)
        assert get(f"/{NAME}/decisions").status_code == 500
    for given in (("--root",), ("--memory",), ("--crossdb",), (str(full),), ("--immutable", str(full))):
        with pytest.raises(CannotServe, match="with --public"):
            make_datasette(published, Options(public=True, datasette=given))


def test_datasette_itself_serves_a_public_snapshot_only_if_the_setting_says_so(full: Path, published: Path) -> None:
    metadata = {"plugins": {"lgsco": {"public": True}}}
    with requested(Datasette([str(published)], metadata=metadata)) as get:
        assert get("/-/databases.json").status_code == 404
        assert get("/published-by-operator/runs").status_code == 403
        assert get("/published-by-operator.json", sql="select * from runs").status_code == 400
    for options in ({"files": [str(full)]}, {"files": [str(published)], "crossdb": True}):
        datasette = Datasette(**options, metadata=metadata)
        with pytest.raises(click.ClickException, match=r"not a public snapshot|--crossdb"):
            asyncio.run(datasette.invoke_startup())
        datasette.executor.shutdown()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE runs SET user_agent = 'x'",
        "UPDATE runs SET arguments = '{\"a\": 1}'",
        "UPDATE revisions SET document = '/x' WHERE reference = '25 000 001'",
        "INSERT INTO suppressions VALUES ('25 000 001', '2026-11-02T12:00:00Z', 'x', NULL)",
    ],
)
def test_any_private_row_is_found(published: Path, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(published.read_bytes())
    with closing(sqlite3.connect(file)) as db:
        db.execute(sql)
        db.commit()
    with pytest.raises(NotPublic, match="not a public snapshot"):
        make_datasette(file, Options(public=True))


def test_withdrawn_decisions_are_published_only_when_asked_for(full: Path, tmp_path: Path) -> None:
    target = tmp_path / "with.db"
    with reading(full) as db:
        snapshot(db, target, public=True, with_withdrawn=True)
    assert WITHDRAWN in ask(target, "SELECT reference FROM decisions")
    with pytest.raises(NotPublic, match="--with-withdrawn"):
        make_datasette(target, Options(public=True))
    with requested(make_datasette(target, Options(public=True, with_withdrawn=True))) as get:
        assert get(f"/{NAME}/decisions/{WITHDRAWN.replace(' ', '+')}").status_code == 200


def test_the_search_finds_what_is_public_and_counts_nothing_else(get: Get) -> None:
    answer = get(f"/{NAME}/search.json?query=complains").json()
    assert (
        answer["total"] == len(answer["rows"]) == sum(one["decisions"] for one in answer["counts"]["authority"]) == 10
    )
    for hidden in (WITHDRAWN, "25 000 006"):
        assert get(f"/{NAME}/search.json?query={hidden.replace(' ', '-')}").json()["total"] == 0
    page = get(f"/{NAME}/search?query=complains&outcome=upheld&from=2020&sort=date").text
    assert "<mark>complains</mark>" in page
