"""Visitors' queries cannot exhaust the server, and end with their clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from datasette.app import Datasette

from lgsco.web import gate
from lgsco.web.entrance import Entrance
from lgsco.web.gate import Message
from lgsco.web.metadata import NAME
from lgsco.web.row_reader import COLUMNS
from lgsco.web.server import Options, make_datasette
from support.archives import make_archive, requested
from support.web import served

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT {} FROM n"
HEAVY = (
    *("select zeroblob(49000000 + rowid) from decisions", "select hex(zeroblob(24000000))"),
    MANY.format("zeroblob(1900000)"),
    MANY.format("hex(zeroblob(900000)) || i"),
    MANY.format(", ".join(["zeroblob(1900000 + i)"] * COLUMNS)),
    MANY.format(", ".join(["i"] * COLUMNS)),
    "select " + ", ".join(["hex(zeroblob(900000 + rowid))"] * COLUMNS) + " from decisions",
    "select group_concat(hex(zeroblob(900000))) from decisions as a, decisions as b",
    "select replace(hex(zeroblob(100000)), '0', hex(zeroblob(100000)))",
    "select json_group_array(zeroblob(5)) from decisions",
    MANY.format("hex(zeroblob(900000)) as a") + " order by a desc, i",
    MANY.format("printf('%.*c', 1900000, char(1))"),
)
MOST_MEGABYTES = 300


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("limits") / "lgsco.db"
    make_archive(path)
    return path


def find_peak(process: int) -> float:
    """Returns the most memory of a process so far, in megabytes."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1000


def test_no_queries_make_the_server_use_much_memory(archive: Path) -> None:
    with served(archive, "--setting", "sql_time_limit_ms", "1500") as (web, process), ThreadPoolExecutor(12) as pool:

        def ask(form: str, sql: str) -> tuple[int, int]:
            answer = web.get(f"/{NAME}{form}", params={"sql": sql, "_size": "1000"})
            return answer.status_code, len(answer.content)

        asked = [pool.submit(ask, form, sql) for sql in HEAVY for form in ("", ".json", ".csv")]
        statuses = [one.result()[0] for one in asked]
        assert set(statuses) <= {200, 400}
        assert statuses[:6] == [400] * 6
        assert web.get("/").status_code == 200
        assert find_peak(process.pid) < MOST_MEGABYTES


@pytest.fixture
def datasette(archive: Path) -> Iterator[Datasette]:
    """A query may take longer here than a test."""
    datasette = make_datasette(archive, Options(datasette=("--setting", "sql_time_limit_ms", "600000")))
    with requested(datasette):
        yield datasette


async def visit(
    entrance: Any, path: str, leaves: asyncio.Event, begun: asyncio.Event | None = None, **parameters: str
) -> list[Message]:
    """Requests a page; the client leaves when the event `leaves` is set. Sets `begun` when the answer begins."""
    sent: list[Message] = []

    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if begun is not None:
            begun.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(parameters).encode(),
        "headers": [(b"host", b"localhost")],
    }
    await entrance(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", [f"/{NAME}", f"/{NAME}.csv", f"/{NAME}.json"])
def test_queries_of_clients_that_have_left_end(datasette: Datasette, path: str) -> None:
    """If they did not, their threads would never be free for the last query."""

    async def scene() -> None:
        entrance = datasette.app()
        assert isinstance(entrance, Entrance)
        stays, leaves = asyncio.Event(), asyncio.Event()
        slow = [asyncio.ensure_future(visit(entrance, path, leaves, sql=ENDLESS)) for _ in range(8)]
        (answer, *_) = await visit(entrance, "/", stays)
        assert answer["status"] == 200, "other pages go on"
        leaves.set()
        assert await asyncio.gather(*slow) == [[]] * 8, "nothing is sent to a client that has left"
        (answer, *_) = await visit(entrance, path, stays, sql="select 1")
        assert answer["status"] == 200

    asyncio.run(scene())


def test_a_download_ends_when_its_client_leaves(datasette: Datasette) -> None:
    async def scene() -> None:
        entrance = datasette.app()
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        for _ in range(3):  # more than may run at once
            leaves, begun = asyncio.Event(), asyncio.Event()
            asked = asyncio.ensure_future(visit(entrance, f"/{NAME}.csv", leaves, begun, sql=endless))
            await begun.wait()
            leaves.set()
            (start, *rows) = await asked
            assert start["status"] == 200
            assert all(message.get("more_body") for message in rows), "it does not look complete"
        opened = datasette.databases[NAME]._opened
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while len(opened) > 4:  # a thread closes the connection of a download
                    await asyncio.sleep(0.01)
        assert len(opened) <= 4, "the connections of downloads are closed"

    asyncio.run(scene())


def test_a_refused_request_says_when_to_try_again(datasette: Datasette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gate.WAITING_MOST, "open", 0)

    async def scene() -> None:
        entrance = datasette.app()
        leaves = asyncio.Event()
        await visit(entrance, "/", asyncio.Event())
        slow = [
            asyncio.ensure_future(visit(entrance, f"/{NAME}", leaves, sql=ENDLESS))
            for _ in range(gate.PAGES_AT_ONCE["open"])
        ]
        await asyncio.sleep(0.05)
        (start, body) = await visit(entrance, f"/{NAME}.json", asyncio.Event(), sql="select 1")
        assert start["status"] == 503
        assert dict(start["headers"])[b"retry-after"] == b"5"
        assert b"try again" in body["body"]
        leaves.set()
        await asyncio.gather(*slow)

    asyncio.run(scene())
