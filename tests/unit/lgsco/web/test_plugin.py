"""The plugin in Datasette itself: an archive is shown as in `lgsco serve`, and no other database is touched."""

from __future__ import annotations

import html
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import StartupError

from lgsco.web import plugin
from lgsco.web.metadata import COPYRIGHT, NAME
from lgsco.web.server import CannotServe, Options, make_datasette
from storage.database import SCHEMA_VERSION
from support.archives import AMENDED, make_archive, requested

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugin")
    make_archive(folder / "lgsco.db")
    make_archive(folder / "second archive.db", 6)
    with closing(sqlite3.connect(folder / "other.db")) as db:
        db.execute("CREATE TABLE decisions (reference TEXT PRIMARY KEY, text)")
        db.execute("INSERT INTO decisions VALUES ('25 000 000', 'mine')")
        db.execute("CREATE TABLE revisions (reference, other)")
        db.commit()
    if not pm.is_registered(plugin):
        pm.register(plugin)
    return folder


@pytest.fixture
def plain(folder: Path) -> Iterator[Callable[..., Any]]:
    """Builds Datasette as its command line does."""
    with_pages: list[Any] = []

    def build(*names: str, **options: Any) -> Get:
        context = requested(Datasette([str(folder / name) for name in names], **options))
        with_pages.append(context)
        return context.__enter__()

    yield build
    for context in with_pages:
        context.__exit__(None, None, None)


def words_of(page: str) -> str:
    """Returns the words of a page, without the times that queries took."""
    words = html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", " ", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", re.sub(r"[Qq]ueries took [0-9.]+ ?ms", "", words))


def test_datasette_shows_the_same_pages_as_serve(folder: Path, plain: Callable[..., Get]) -> None:
    get = plain("lgsco.db", settings={"suggest_facets": False, "default_page_size": 50, "default_facet_size": 15})
    with requested(make_datasette(folder / "lgsco.db")) as serve:
        for path in (
            *("/", f"/{NAME}/revisions", f"/{NAME}/decisions/{AMENDED.replace(' ', '+')}"),
            *(f"/{NAME}/uphold_rate", f"/{NAME}/search?query=council", "/nowhere", f"/{NAME}/nowhere"),
        ):
            mine, theirs = serve(path), get(path)
            assert mine.status_code == theirs.status_code
            assert words_of(mine.text) == words_of(theirs.text), path
            assert COPYRIGHT in theirs.text
        assert set(get(f"/{NAME}.json").json()["queries"][0]) == set(serve(f"/{NAME}.json").json()["queries"][0])
        assert get("/25-000-001").headers["location"] == serve("/25-000-001").headers["location"]


def test_an_archive_of_any_name_is_recognised(plain: Callable[..., Get]) -> None:
    get = plain("second archive.db")
    assert 'action="/second+archive/search"' in get("/").text
    found = get("/second+archive/search?query=amended").text
    assert 'href="/second+archive/decisions/25+000+001?q=amended#' in found
    assert "?query=amended" in get("/second+archive/decisions/25+000+001?q=amended").text
    assert "(25 000 001)</h1>" in get("/second+archive/decisions/25+000+001").text


def test_another_database_is_shown_as_without_the_plugin(folder: Path, plain: Callable[..., Get]) -> None:
    pages = ("/", "/other", "/other/decisions", "/other/decisions/25~20000~20000", "/other/nowhere", "/-/metadata")
    alone = plain("other.db")
    with_plugin = {path: alone(path) for path in pages}
    beside = plain("other.db", "lgsco.db")
    pm.unregister(plugin)
    try:
        without = plain("other.db")
        for path in pages:
            answer = without(path)
            assert "content-security-policy" not in with_plugin[path].headers
            assert with_plugin[path].status_code == answer.status_code, path
            assert words_of(with_plugin[path].text) == words_of(answer.text), path
            assert "lgsco" not in with_plugin[path].text
    finally:
        pm.register(plugin)
    for path in pages[1:5]:
        assert words_of(beside(path).text) == words_of(with_plugin[path].text), path
        assert "content-security-policy" not in beside(path).headers
    assert beside("/other/decisions", {"Host": "example.org"}).status_code == 200


def test_several_databases_each_have_their_own_pages(plain: Callable[..., Get]) -> None:
    get = plain("other.db", "lgsco.db", "second archive.db")
    assert "Collected by lgsco" not in get("/").text
    assert get("/25-000-001").status_code == 404
    assert "(25 000 001)</h1>" in get("/lgsco/decisions/25+000+001").text
    assert COPYRIGHT in get("/lgsco/decisions").text
    assert get("/lgsco/uphold_rate").status_code == 200
    assert get("/other/uphold_rate").status_code == 404
    assert "content-security-policy" in get("/lgsco").headers
    assert get("/lgsco", {"Host": "attacker.example"}).status_code == 421
    assert get("/lgsco/decisions/25-000-001").headers["location"] == "/lgsco/decisions/25+000+001"


def test_metadata_and_templates_of_the_user_go_before_ours(folder: Path, plain: Callable[..., Get]) -> None:
    templates = folder / "templates"
    templates.mkdir(exist_ok=True)
    (templates / "row-lgsco-decisions.html").write_text("my own page of {{ rows[0].reference }}")
    (templates / "index.html").write_text("my own home")
    metadata = {"title": "My title", "databases": {"lgsco": {"tables": {"decisions": {"title": "My decisions"}}}}}
    get = plain("lgsco.db", template_dir=str(templates), metadata=metadata)
    assert get("/").text == "my own home"
    assert get("/lgsco/decisions/25+000+001").text == "my own page of 25 000 001"
    page = get("/lgsco/decisions").text
    assert "My decisions" in page
    assert "One row for each stored decision" in page, "the rest of our description"


def test_an_archive_of_another_schema_is_named_and_shown_plainly(
    folder: Path, plain: Callable[..., Get], capfd: pytest.CaptureFixture[str]
) -> None:
    make_archive(folder / "older.db", 6)
    with closing(sqlite3.connect(folder / "older.db")) as db:
        db.execute("DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)")
        db.commit()
    get = plain("older.db")
    assert get("/older/decisions").status_code == 200
    assert "Collected by lgsco" not in get("/").text
    error = capfd.readouterr().err
    assert re.search(r"older\.db is an archive of schema \d+", error)
    assert f"schema {SCHEMA_VERSION}" not in error
    (command,) = re.findall("`lgsco ([^`]*)` migrates", error)
    *words, file = shlex.split(command)
    assert words == ["renormalise", "--dry-run", "--db"]
    assert Path(file).samefile(folder / "older.db")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"publik": True}, "unknown setting publik"),
        ({"public": "yes"}, "public is true or false"),
        ({"hosts": ["a b"]}, "'a b' is not a host name"),
        ({"hosts": 3}, "hosts is text"),
        ({"content_security_policy": "x"}, "maps directives"),
        ({"content_security_policy": {"script": "x"}}, "script is not one of"),
        ({"content_security_policy": {"script-src": ["a; b"]}}, "not a source"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, config: dict[str, Any], message: str) -> None:
    with pytest.raises(StartupError, match=message):
        Datasette([str(folder / "lgsco.db")], metadata={"plugins": {"lgsco": config}})


def test_settings_allow_a_host_and_widen_the_policy(plain: Callable[..., Get]) -> None:
    settings = {
        "hosts": "archive.example Other.example",
        "content_security_policy": {
            "script-src": "'unsafe-eval' 'unsafe-inline'",
            "img-src": ["https://tiles.example"],
        },
    }
    get = plain("lgsco.db", metadata={"plugins": {"lgsco": settings}})
    assert get("/", {"Host": "ARCHIVE.example:8443"}).status_code == 200
    assert get("/", {"Host": "other.example"}).status_code == 200
    assert get("/", {"Host": "attacker.example"}).status_code == 421
    policy = dict(part.split(" ", 1) for part in get("/").headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self' 'unsafe-eval' 'unsafe-inline'", "hashes would switch 'unsafe-inline' off"
    assert policy["img-src"] == "'self' data: https://tiles.example"
    assert policy["default-src"] == "'none'"


# ---------------------------------------------------------------- options of Datasette


def test_options_of_datasette_are_passed_on(folder: Path) -> None:
    file = folder / "metadata.json"
    file.write_text('{"databases": {"lgsco": {"queries": {"mine": {"sql": "select 1", "title": "My query"}}}}}')
    given = ("--setting", "default_page_size", "3", "--cors", "--metadata", str(file), str(folder / "other.db"))
    datasette = make_datasette(folder / "lgsco.db", Options(datasette=given))
    assert datasette.setting("default_page_size") == 3
    assert datasette.setting("sql_time_limit_ms") == 10_000, "ours, where the user gives none"
    with requested(datasette) as get:
        answer = get("/lgsco/decisions.json")
        assert len(answer.json()["rows"]) == 3
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "My query" in get("/lgsco").text
        assert get("/other/decisions").status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port", "80"), "--port after -- cannot be used: give it before --"),
        (("--nonsense",), "after -- cannot be used: No such option"),
        (("--setting", "nonsense", "1"), "after -- cannot be used"),
        (("--reload",), "--reload after --"),
        (("/nowhere.db",), "does not exist"),
    ],
)
def test_an_option_that_cannot_be_passed_on_is_named(folder: Path, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(CannotServe, match=message):
        make_datasette(folder / "lgsco.db", Options(datasette=options))


def test_a_memory_database_has_the_same_limits(folder: Path) -> None:
    with requested(make_datasette(folder / "lgsco.db", Options(datasette=("--memory",)))) as get:
        assert get("/_memory.json", sql="select 1", _shape="arrays").json()["rows"] == [[1]]
        assert get("/_memory.json", sql="select zeroblob(49000000)").status_code == 400


def test_root_may_log_in_and_nobody_else_has_accounts(folder: Path) -> None:
    datasette = make_datasette(folder / "lgsco.db", Options(datasette=("--root",)))
    with requested(datasette) as get:
        answer = get("/-/auth-token", token=datasette._root_token)
        assert answer.status_code == 302
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        assert get("/-/actor.json", cookie).json() == {"actor": {"id": "root"}}
        assert get("/-/actor.json", {"Cookie": "a/b=1"}).json() == {"actor": None}
    with requested(make_datasette(folder / "lgsco.db")) as get:
        assert get("/-/auth-token").status_code == 404
        assert get("/-/actor.json", cookie).json() == {"actor": None}


# ---------------------------------------------------------------- base_url


def _form_of(link: str) -> tuple[str, frozenset[str]]:
    """Returns the path of a link without digits, and the names of its parameters: such links lead to one view."""
    path, _, query = link.partition("?")
    return re.sub(r"\d+", "0", path), frozenset(re.findall(r"(?:^|&)([^=&]*)", query))


@pytest.mark.parametrize("prefix", ["", "/some/path"])
def test_links_work_behind_a_path(folder: Path, prefix: str) -> None:
    """A proxy may remove the path from the address (prefix "") or leave it there."""
    below = "/some/path/"
    with requested(make_datasette(folder / "lgsco.db", Options(datasette=("--setting", "base_url", below)))) as get:
        seen: set[str] = set()
        for page in (
            *("/", "/lgsco", "/lgsco/decisions?_size=2", "/lgsco/decisions?_where=1=1&_facet=reference&_facet_size=2"),
            *("/lgsco/decisions/25+000+001", "/lgsco/search?query=council", "/lgsco?sql=select+x'00'+as+a"),
        ):
            answer = get(f"{prefix}{page}")
            assert answer.status_code == 200, page
            for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', answer.text):
                assert link.startswith(below), (page, link)
                assert not link.startswith(f"{below}some/"), (page, link)
                seen.add(html.unescape(link))
        assert len(seen) > 50
        for link in {_form_of(link): link for link in sorted(seen)}.values():
            target = link if prefix else link.removeprefix("/some/path")
            assert get(target).status_code in {200, 302}, link
        moved = get(f"{prefix}/25-000-001")
        assert moved.headers["location"] == f"{below}lgsco/decisions/25+000+001"
        assert get(f"{prefix}/search?query=x").headers["location"] == f"{below}lgsco/search?query=x"
        assert get(f"{prefix}/lgsco/").headers["location"] == f"{below}lgsco"
        following = get(f"{prefix}/lgsco/decisions.json?_size=2").json()["next_url"]
        assert following.startswith(f"http://localhost{below}lgsco/decisions.json?")
