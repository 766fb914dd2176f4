"""`lgsco serve` answers an address, method or Host that is wrong with 400, 404 or 405 and a sentence, never 500.

The addresses are drawn with a fixed seed: some hundreds here, and 10,000 with

    FUZZ_ADDRESSES=10000 pytest -m fuzz tests/scenarios/test_serve_bad_addresses.py --timeout 1800
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_from_bytes

import pytest

from lgsco.web.metadata import COPYRIGHT, NAME, describe
from lgsco.web.queries import QUERIES
from support.serving import Served, backfill, serving

ADDRESSES = int(os.environ.get("FUZZ_ADDRESSES", "400"))
SEED = int(os.environ.get("FUZZ_SEED", "20"))
LONGEST = 900_000
"""The most bytes of an address. From 1,000,000 on the server closes the connection."""
SECONDS = 45
"""Seconds that an answer may take: longer than the queries of a page may, so that only a hang fails."""


class Request(NamedTuple):
    target: bytes
    method: bytes = b"GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass
class Answer:
    status: int
    kind: str
    body: bytes


def ask(port: int, request: Request) -> Answer:
    """Sends a request unchanged and returns the answer. Raises HTTPException if the answer breaks off."""
    headers = dict(request.headers)
    headers.setdefault(b"Host", b"127.0.0.1:%d" % port)
    head = b"".join(b"%s: %s\r\n" % header for header in headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.sendall(b"%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (request.method, request.target, head))
        with closing(HTTPResponse(connection, method=request.method.decode("ascii"))) as response:
            response.begin()
            return Answer(response.status, response.headers.get("content-type", ""), response.read())


def check(request: Request, answer: Answer) -> None:
    """Checks that an answer is not a 5xx, and that an error has a sentence."""
    assert answer.status < 500, answer.body[-500:]
    assert b"Traceback" not in answer.body
    if answer.status < 400 or request.method == b"HEAD":
        return
    if answer.kind.startswith("application/json"):
        body = json.loads(answer.body)
        assert body["ok"] is False
        assert str(body["error"]).strip(" .'\"")
    else:
        assert len(answer.body.strip()) > 3
        if answer.kind.startswith("text/html") and not request.target.startswith((b"/-/static", b"/-/lgsco")):
            assert COPYRIGHT in answer.body.decode("utf-8")


# ---------------------------------------------------------------- random addresses

TABLES = [
    *describe()["databases"][NAME]["tables"],
    "decisions_fts_data",
    "decisions_fts_idx",
    "sqlite_master",
    "nowhere",
]
COLUMNS = (
    "reference",
    "decision_date",
    "outcome",
    "text",
    "rowid",
    "id",
    "body",
    "rank",
    "position",
    "nowhere",
    "kind",
)
LOOKUPS = (
    *("exact", "not", "contains", "endswith", "startswith", "gt", "gte", "lt", "lte", "like", "notlike", "glob", "in"),
    *("notin", "arraycontains", "arraynotcontains", "date", "isnull", "notnull", "isblank", "notblank", "", "nope"),
)
PARAMETERS = (
    *("_sort", "_sort_desc", "_sort_by_desc", "_next", "_size", "_facet", "_facet_array", "_facet_date", "_facet_size"),
    *("_facets", "_col", "_nocol", "_where", "_json", "_json_infinity", "_labels", "_label", "_shape", "_trace", "_dl"),
    *("_stream", "_header", "_searchmode", "_search", "_searches", "_search_text", "_search_", "_fts_table", "_fts_pk"),
    *("_extra", "_extras", "_nl", "_nosuggest", "_nocount", "_nofacet", "_through", "_timelimit", "_ttl", "_filter_op"),
    *("_filter_column", "_filter_value", "_filter_column_1", "_filter_op_1", "_filter_value_1", "_blob_column", "sql"),
    *("_blob_hash", "_hide_sql", "_show_sql", "_show_hidden", "_context", "query", "from_date", "at_least", "number"),
    *("p0", "after_0", "search", "token", "actor", "allow", "_", "__", "__in", "_x_y", "", "\0", "é", "a]b", "(", "'"),
)
VALUES = (
    *("", "0", "1", "-1", "-0", "50", "max", "1001", "9" * 20, "9" * 5000, "1e3", "1.5", "0x10", "²", "٣", "①"),
    *("nan", "inf"),
    *("on", "off", "true", "null", "None", "\0", "a\0b", "%", "%zz", "%00", "é", "\u202e", "\U0001f600", "\ufffd"),
    *(" " * 2000,),
    *("[", "]", "[]", "{}", "{", '["a", 1]', "[[1]]", "[1" + "0" * 30 + "]", "[1e999]", "[NaN]", '["\\ud800"]'),
    *("[" * 3000,),
    *('{"column": "outcome"}', '{"column": 1}', '{"simple": "nowhere"}', '{"a": 1}', '{"column": "\\ud800"}'),
    *('{"table": "revisions", "column": "change", "value": "first"}', '{"table": 1}'),
    *('{"table": "a]b", "column": "", "value": 1}',),
    *('{"table": "nowhere", "column": "a", "value": "b"}', '{"table": "\\u0000", "column": "a", "value": [1]}'),
    *("'", '"', "'; drop table decisions; --", "1; select 2", "1=1 or 1=1", "1 --", "1)", "(1", ":x", "?", "?1", "*"),
    *("a*",),
    *("select 1", "select 1; select 2", "select :p", "select :_now_x", "select '\0'", "select zeroblob(2000000000)"),
    *("select",),
    *("select load_extension('x')", "with x as (select 1) delete from decisions", "explain select 1"),
    *("select " + "(" * 500,),
    *("select json('[')", "select * from pages", "select x'00ff' as a", "select randomblob(9) as a"),
    *("select " + "1," * 2500 + "1",),
    *("/**/" + " " * 30000 + "x", "select " + "/* " * 20000, "pragma user_version", "select 1 as a, 2 as a"),
    *("delete from runs",),
    *("array", "arrays", "object", "objects", "arrayfirst", "raw", "escaped", "exact", "contains__x", "in", "__"),
    *("t2025-01-01,t25+004+920", "n,t25+004+920", "i1", "i" + "9" * 20, "r1.5,i1", "rnan", "bff,i1", "bf"),
    *("h" + "0" * 64 + ",t25+004+920",),
    *("zzz", "$null,1", "1,2,3", ",", ",,,,", "~", "~00", "~ff", "t~ff,t~00", "25 004 920", "25-004-920", "../.."),
    *("//", "a/b"),
    *COLUMNS,
)
SEGMENTS = (
    *("", ".", "..", "-", "~", "~00", "~ff", "~2F", "%00", "%ff", "%zz", "%2F", "a]b", "a%5Db", "+", "é"),
    *("25-004-920", "x" * 300),
    *("25+004+920", "25+004+920,1", "1", "1,2", "-1", "999999999999999999999", "1.5", "a,b,c,d", ",", "x" * 5000),
    *("nowhere",),
)
FORMS = ("", "", "", ".json", ".json", ".csv", ".jsono", ".blob", ".db", ".html", ".JSON", ".", ".json.json", "/")
SPECIAL = (
    *("", "-", "-/metadata", "-/versions", "-/plugins", "-/settings", "-/config", "-/threads", "-/databases"),
    *("-/actor",),
    *("-/auth-token", "-/logout", "-/permissions", "-/messages", "-/allow-debug", "-/patterns", "-/static/"),
    *("-/static/app.css",),
    *("-/static/../app.css", "-/static/" + "x" * 300, "-/lgsco/lgsco.css", "-/lgsco/", "-/lgsco/%00"),
    *("-/static-plugins/x/y", "-/nowhere"),
    *("favicon.ico", ":memory:/x", "_memory", "_internal", "25-004-920", "25004920", "25+004+920", "99-999-999"),
    *("25 004 920",),
    *("25-004-920a", "/", "//", "//example.org/", "/" * 50, "\\", "%", "%%", "%c3%28", "~7E", "lgsco/", "LGSCO"),
    *("lgsco//decisions",),
)
METHODS = (
    *(b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"get", b"FOO", b"X" * 200),
    *(b"DISPATCH_REQUEST", b"DATA", b"DS", b"NAME", b"RENDER", b"REDIRECT", b"AS_CSV", b"__INIT__"),
)
HEADERS = (
    *((b"Host", value) for value in (b"", b"[", b"]", b"[::1]", b"a b", b"example.org:99999", b"\xff", b"a/b")),
    *((b"Host", value) for value in (b"a@b", b"'\"")),
    *((b"Cookie", value) for value in (b"a/b=1", b"\xff\xfe=\xff", b"ds_actor=x")),
    *((b"Cookie", value) for value in (b"ds_messages=x; ds_csrftoken=\xff", b";;;=")),
    *((b"Authorization", value) for value in (b"Bearer x", b"Basic \xff", b"")),
    *((b"Accept", value) for value in (b"application/json", b"\xff")),
    (b"X-Forwarded-Host", b"["),
    (b"Upgrade", b"websocket"),
    (b"If-None-Match", b"*"),
    (b"Content-Type", b"multipart/form-data"),
    (b"Range", b"bytes=-1"),
)


def written(chance: random.Random, text: str) -> bytes:
    """Draws text for a query or a path: encoded, and sometimes not valid UTF-8 or not valid percent-encoding."""
    match chance.randrange(12):
        case 0:
            return quote_from_bytes(text.encode("latin-1", "replace")).encode()
        case 1:
            return b"%" + quote(text, safe="").encode()[:20]
        case _:
            return quote(text, safe="").encode()


def drawn(chance: random.Random) -> Request:
    """Draws a request that may or may not be valid."""
    name = chance.choice
    match chance.randrange(10):
        case 0:
            path = quote(name(SPECIAL), safe="/%~+,:\\").encode() + name(FORMS).encode()
        case 1 | 2:
            segments = [name((NAME, NAME, *SEGMENTS)), name((*TABLES, *SEGMENTS)), name(SEGMENTS)]
            path = quote("/".join(segments[: chance.randint(1, 3)]), safe="/%~+,").encode() + name(FORMS).encode()
        case 3:
            path = f"{NAME}/{name(list(QUERIES))}{name(FORMS)}".encode()
        case 4:
            path = f"{NAME}{name(FORMS)}".encode()
        case _:
            path = f"{NAME}/{name(TABLES)}{name(FORMS)}".encode()
    pairs = []
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 5, 250))):
        key = f"{name(COLUMNS)}__{name(LOOKUPS)}" if chance.random() < 0.3 else name(PARAMETERS)
        pairs.append(written(chance, key) + b"=" + written(chance, name(VALUES)))
    query = name((b"&", b"&", b"&", b";", b"&&")).join(pairs)
    method = name(METHODS) if chance.random() < 0.05 else b"GET"
    headers = (name(HEADERS),) if chance.random() < 0.08 else ()
    return Request((b"/" + path + (b"?" + query if query else b""))[:LONGEST], method, headers)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad") / "lgsco.db"
    backfill(path, 20)
    return path


@pytest.mark.fuzz
def test_no_random_address_gives_500(database: Path) -> None:
    chance = random.Random(SEED)
    answers: Counter[int] = Counter()
    wrong = []
    with serving(database) as server:
        for _ in range(ADDRESSES):
            request = drawn(chance)
            try:
                answer = ask(server.port, request)
                check(request, answer)
            except (AssertionError, HTTPException, OSError, ValueError) as error:
                wrong.append((request, error))
            else:
                answers[answer.status] += 1
        assert server.process.poll() is None
        assert server.client.get("/").status_code == 200
    assert wrong == []
    assert [line for line in server.log if "Traceback" in line or "Exception" in line] == []
    assert answers.keys() <= {200, 301, 302, 400, 403, 404, 405, 421}
    assert answers[200] > ADDRESSES / 20
    assert answers[400] > ADDRESSES / 20
    assert answers[404] > ADDRESSES / 20


# ---------------------------------------------------------------- kinds by name


@pytest.fixture(scope="module")
def served(database: Path) -> Iterator[Served]:
    with serving(database) as server:
        yield server


def status(served: Served, target: str) -> int:
    request = Request(target.encode())
    answer = ask(served.port, request)
    check(request, answer)
    return answer.status


@pytest.mark.parametrize(
    "query",
    [
        *("_sort=nope", "_sort=a&_sort_desc=b", "_sort=reference&_sort_desc=outcome", "_sort=text%00", "_next=zzz"),
        *("_next=t2025-01-01", "_next=t1,t2,t3", "_size=abc", "_size=-1", "_size=1001", "_through=x", "_through=[]"),
        *("_through=%7B%22table%22%3A%22runs%22%2C%22column%22%3A%22id%22%2C%22value%22%3A1%7D", "reference__in=%5B"),
        *("reference__in=%5B%5B1%5D%5D", "reference__in=%5B1e400%2C1000000000000000000000%5D", "_facet=%7B"),
        *("_facet=nope", "_facet_array=text", "_facets=1", "_col=nope", "_nocol=nope", "_where=nope", "_where=:x"),
        *("_where=1%3B+select+2", "_where=%00", "_where=length(zeroblob(1000000000))", "_timelimit=abc", "_ttl=%C2%B2"),
        *("decision_date__gt=%C2%B2", "decision_date__gt=99999999999999999999", "_facet_size=%C2%B2", "_searches=1"),
        *(
            "_search_nope=1",
            "_fts_table=nope&_search=a",
            "a%00b=1",
            "_shape=nope",
            "_json_infinity=nope",
            "_json_infinity=",
            "_through=",
        ),
    ],
)
def test_a_faulty_parameter_of_a_table_gives_400_in_html_and_json(served: Served, query: str) -> None:
    if not query.startswith(("_shape", "_json_infinity")):  # only in JSON; the page ignores it
        assert status(served, f"/{NAME}/decisions?{query}") == 400
    assert status(served, f"/{NAME}/decisions.json?{query}") == 400


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (f"/{NAME}/revisions/25+004+920", 404),
        (f"/{NAME}/decisions/25+004+920,1", 404),
        (f"/{NAME}/nowhere/1", 404),
        (f"/{NAME}/~00/1", 404),
        (f"/{NAME}/a]b/1", 404),
        (f"/{NAME}/paragraphs/1", 404),
        (f"/{NAME}/decisions/~ff~fe.json", 404),
        (f"/{NAME}/runs/1.blob?_blob_column=id", 404),
        (f"/{NAME}/decisions.blob?_blob_column=text", 404),
        (f"/{NAME}/decisions.blob?_blob_column=nope", 400),
        (f"/{NAME}.blob?sql=select+1+as+a&_blob_column=a", 404),
        (f"/{NAME}/decisions.html", 404),
        (f"/{NAME}.xml", 404),
        (f"/{NAME}.csv", 400),
        (f"/{NAME}.json?_shape=array", 400),
        (f"/{NAME}.json?_stream=1", 400),
        (f"/{NAME}.csv?sql=select+nonsense", 400),
        (f"/{NAME}.json?sql=select+1%3B+select+2", 400),
        (f"/{NAME}?sql=select+%27%00%27", 400),
        (f"/{NAME}?sql=select+zeroblob(1000000000)", 400),
        (f"/{NAME}?_timelimit=x&sql=select+1", 400),
        (f"/{NAME}/search?_timelimit=x", 400),
        (f"/{NAME}/decisions?{'x' * 70_000}", 400),
        (f"/{'x' * 70_000}", 400),
        (f"/{NAME}/decisions?{'_facet=kind&' * 500}", 400),
        (f"/-/static/{'x' * 300}", 404),
        ("/-/auth-token?token=%C3%A9", 404),
        ("/-/allow-debug?actor=1", 404),
        ("/-/nowhere", 404),
        ("//", 404),
        ("/25-004-920x1", 404),
    ],
)
def test_a_faulty_address_gives_400_or_404(served: Served, target: str, code: int) -> None:
    assert status(served, target) == code


KINDS = {
    "home": "/",
    "archive": f"/{NAME}",
    "query": f"/{NAME}?sql=select+1+as+a",
    "canned query": f"/{NAME}/new",
    "canned query with parameters": f"/{NAME}/paragraph",
    "table": f"/{NAME}/decisions",
    "table with JSON": f"/{NAME}/oddities",
    "view": f"/{NAME}/paragraphs",
    "row": f"/{NAME}/decisions/25+004+920",
    "decision": "/25-004-920",
    "search page": f"/{NAME}/search",
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_on_every_kind_of_page_gives_no_500(served: Served, kind: str) -> None:
    address, _, query = KINDS[kind].partition("?")
    wrong = []
    for form in ("", ".json", ".csv"):
        for name in PARAMETERS:
            for value in ("1", "on", "[]", "é"):
                pairs = "&".join(filter(None, [query, f"{quote(name)}={quote(value)}"]))
                request = Request(f"{address}{form if address != '/' else ''}?{pairs}".encode())
                try:
                    check(request, ask(served.port, request))
                except (AssertionError, HTTPException, OSError, ValueError) as error:
                    wrong.append((request.target, error))
    assert wrong == []


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_row_can_be_downloaded_like_a_table(served: Served, form: str) -> None:
    answer = ask(served.port, Request(f"/{NAME}/decisions/25+004+920.{form}?_stream=1".encode()))
    assert answer.status == 200
    rows = json.loads(answer.body) if form == "json" else list(csv.DictReader(answer.body.decode().splitlines()))
    assert [row["reference"] for row in rows] == ["25 004 920"]


def test_a_binary_value_is_still_a_file(served: Served) -> None:
    answer = served.client.get(f"/{NAME}/pages/1.blob?_blob_column=body")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/binary"
    assert len(answer.content) > 100


@pytest.mark.parametrize("method", [b"POST", b"DELETE", b"OPTIONS", b"FOO", b"DISPATCH_REQUEST", b"DATA", b"get"])
@pytest.mark.parametrize("path", [b"/", b"/lgsco/decisions", b"/lgsco/decisions/25+004+920", b"/-/metadata.json"])
def test_other_methods_give_405(served: Served, method: bytes, path: bytes) -> None:
    request = Request(path, method)
    answer = ask(served.port, request)
    check(request, answer)
    assert answer.status == 405


def test_head_answers_with_the_status_of_get_and_no_body(served: Served) -> None:
    for target, code in ((b"/lgsco/decisions", 200), (b"/lgsco/decisions?_sort=nope", 400), (b"/lgsco/nowhere", 404)):
        answer = ask(served.port, Request(target, b"HEAD"))
        assert (answer.status, answer.body) == (code, b"")


@pytest.mark.parametrize("host", [b"[", b"a b", b"\xff", b"http://x", b"x:y", b"[::1", b"a,b"])
def test_an_invalid_host_header_gives_400(served: Served, host: bytes) -> None:
    request = Request(b"/lgsco/decisions.json", headers=((b"Host", host),))
    answer = ask(served.port, request)
    check(request, answer)
    assert answer.status == 400


@pytest.mark.parametrize("cookie", [b"a/b=1", b"\xff=\xff", b"ds_actor=x", b"ds_messages=x"])
def test_cookies_change_nothing(served: Served, cookie: bytes) -> None:
    assert ask(served.port, Request(b"/lgsco", headers=((b"Cookie", cookie),))).status == 200


def test_slow_sql_does_not_delay_other_requests(served: Served) -> None:
    for sql in ("/**/" + " " * 50_000 + "x", "select " + "/* " * 15_000):
        assert status(served, f"/{NAME}?sql={quote(sql, safe='/*')[:59_000]}") == 400


def test_a_fault_of_the_file_is_logged_and_gives_500(database: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(database, tmp_path))
    with serving(path) as server:
        with path.open("r+b") as file:  # the schema is in the first pages
            file.seek(4096 * 8)
            file.write(b"\xff" * (path.stat().st_size - 4096 * 8))
        answer = server.client.get(f"/{NAME}/decisions.json?_size=max")
        assert answer.status_code == 500
        assert server.client.get("/-/metadata.json").status_code == 200
    assert any(line.startswith("lgsco: ") and "malformed" in line for line in server.log), server.log[-5:]
    assert not any("Traceback" in line for line in server.log)
