"""Web interface: memory and the home page under attack, and 50 readers beside a backfill, against bare Datasette.

Bare Datasette runs in the same way on a copy of the file: the same pages, the same readers, a backfill beside it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import quote_plus

from bench.client import ROOT, served
from bench.figures import Figure

_ZEROS = "select zeroblob(49000000+rowid) from decisions"
_SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
_LEFT_BEHIND = 12
"""Slow queries with clients that leave after half a second."""
_HOMES = 60

_BARE = "import sys; sys._called_from_test = True; from datasette.cli import cli; cli()"
"""Datasette without the plugins that are installed."""

_CHOSEN = "select reference, authority, outcome, decision_date, summary from decisions order by decision_date limit 50"


@dataclass(slots=True)
class Load:
    """The answers that the readers got."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of each answer, by kind of page."""
    failed: int = 0
    """Answers with a status of 500 or more, and broken connections."""

    def p95(self, kind: str) -> float:
        """Returns the 95th percentile in milliseconds."""
        return quantiles(self.seconds[kind], n=20)[-1] * 1000


def measure(decisions: int = 2_000, seconds: float = 60, readers: int = 50) -> list[Figure]:
    """Measures the attack, then the readers with each server in turn."""
    with TemporaryDirectory() as name, served(decisions * 4) as site:
        folder = Path(name)
        subprocess.run(
            _backfill(site, folder / "lgsco.db", "--limit", str(decisions)),
            cwd=ROOT,
            env=os.environ | {"LGSCO_FETCH_PACE": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,  # it is not complete
        )
        with _serving(_ours(folder / "lgsco.db")) as (port, process):
            figures = asyncio.run(_attack(port, process.pid))
        (folder / "copy").mkdir()
        copy = Path(shutil.copy(folder / "lgsco.db", folder / "copy" / "lgsco.db"))
        shared, own = _list_pages(folder / "lgsco.db")
        bare, _ = _read(_bare(copy), copy, site, shared, seconds, readers)
        ours, memory = _read(_ours(folder / "lgsco.db"), folder / "lgsco.db", site, shared, seconds, readers)
        apart, other = _read(_ours(folder / "lgsco.db"), folder / "lgsco.db", site, own, seconds, readers)
    return [*figures, *_compare(bare, ours, apart, max(memory, other), readers)]


def _compare(bare: Load, ours: Load, apart: Load, memory: float, readers: int) -> list[Figure]:
    return [
        *(
            Figure(f"{kind}: p95 of bare Datasette's", (ours.p95(kind) / bare.p95(kind),), target=4, bound="at most")
            for kind in ours.seconds
        ),
        *(Figure(f"{kind}: p95", (ours.p95(kind),), "ms") for kind in ours.seconds),
        *(Figure(f"{kind}: p95 of bare Datasette", (bare.p95(kind),), "ms") for kind in bare.seconds),
        *(Figure(f"our own page: {kind}: p95", (apart.p95(kind),), "ms") for kind in apart.seconds),
        Figure(f"{readers} readers: failed answers", (ours.failed + apart.failed,), "", target=0, bound="at most"),
        Figure(f"{readers} readers: failed answers of bare Datasette", (bare.failed,), ""),
        Figure(f"{readers} readers: most memory", (memory,), "MB", target=300, bound="at most"),
    ]


# ---------------------------------------------------------------- servers


def _ours(file: Path) -> list[str]:
    return [sys.executable, "-m", "lgsco", "serve", "--db", str(file), "--port", "0"]


def _bare(file: Path) -> list[str]:
    return [sys.executable, "-c", _BARE, "serve", str(file), "--port", "{port}"]


@contextmanager
def _serving(command: list[str]) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    port = _find_free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    names_port = "{port}" not in command
    out = subprocess.PIPE if names_port else subprocess.DEVNULL  # bare Datasette writes a line for each request
    with subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, text=True) as process:
        if names_port:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2].strip(" /\n"))
        try:
            asyncio.run(_wait(port))
            yield port, process
        finally:
            process.terminate()


def _find_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def _wait(port: int) -> None:
    for _ in range(200):
        with suppress(OSError):
            await _get(port, "/")
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


def _peak(process: int) -> float:
    """Returns the most resident memory of a process so far, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1000


async def _get(port: int, target: str, host: str = "", seconds: float = 120) -> tuple[int, int]:
    """Requests a page on a connection of its own. Returns the status and the bytes of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        host = host or f"127.0.0.1:{port}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(seconds):
            head = await reader.readuntil(b"\r\n\r\n")
            size = 0
            while part := await reader.read(65_536):
                size += len(part)
        return int(head.split()[1]), size
    finally:
        writer.close()


# ---------------------------------------------------------------- the attack


async def _attack(port: int, process: int) -> list[Figure]:
    async def home() -> float:
        began = time.monotonic()
        status, _ = await _get(port, "/")
        assert status == 200, status
        return time.monotonic() - began

    async def leave(target: str) -> None:
        with suppress(TimeoutError):
            await _get(port, target, seconds=0.5)

    rest = [await home() for _ in range(_HOMES)]
    before = _peak(process)
    zeros, slow = (f"/lgsco?sql={quote_plus(sql)}" for sql in (_ZEROS, _SLOW))
    statuses = await asyncio.gather(*(_get(port, f"/lgsco.json?sql={quote_plus(_ZEROS)}") for _ in range(3)))
    foreign, _ = await _get(port, "/", host="attacker.example")
    left = [asyncio.ensure_future(leave(slow)) for _ in range(_LEFT_BEHIND)]
    stay = [asyncio.ensure_future(_get(port, target)) for target in (zeros, slow, zeros, slow, zeros, slow)]
    during = [await home() for _ in range(_HOMES)]
    await asyncio.gather(*left, *stay)
    assert foreign in {403, 421}, foreign
    assert all(status == 400 for status, _ in statuses), statuses
    return [
        Figure("attack: most memory", (_peak(process),), "MB", target=300, bound="at most"),
        Figure("attack: most memory before", (before,), "MB"),
        Figure("attack: home page, of its time at rest", (median(during) / median(rest),), target=5, bound="at most"),
        Figure("attack: slowest home page, of the median at rest", (max(during) / median(rest),)),
        Figure("attack: home page at rest", (median(rest) * 1000,), "ms"),
    ]


# ---------------------------------------------------------------- the readers


def _list_pages(file: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Returns the pages that both servers have, and our own, by kind."""
    db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    keys = [key.replace(" ", "+") for (key,) in db.execute("SELECT reference FROM decisions LIMIT 200")]
    db.close()
    shared = {
        "table": ["/lgsco/revisions", "/lgsco/entries", "/lgsco/revisions?_size=20&_sort=recorded_at"],
        "row": [f"/lgsco/revisions/{key},1" for key in keys],
        "query": [f"/lgsco?sql={quote_plus(_CHOSEN)}", "/lgsco?sql=select+count(*)+from+decisions"],
    }
    own = {
        "home": ["/"],
        "decision": [f"/lgsco/decisions/{key}" for key in keys],
        "decisions with facets": ["/lgsco/decisions"],
        "search": ["/lgsco/search?query=council", "/lgsco/search?query=hospital+discharge"],
    }
    return shared, own


def _backfill(site: str, file: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "lgsco", "backfill", "--site", site, "--db", str(file), *options]


def _read(
    command: list[str], file: Path, site: str, pages: Mapping[str, list[str]], seconds: float, readers: int
) -> tuple[Load, float]:
    environment = os.environ | {"LGSCO_FETCH_PACE": "0.05"}
    with _serving(command) as (port, process):
        with subprocess.Popen(
            _backfill(site, file), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as writer:
            load = asyncio.run(_load(port, pages, seconds, readers))
            wrote = writer.poll() is None
            writer.terminate()
        assert wrote, "the backfill ended before the readers did"
        return load, _peak(process.pid)


async def _load(port: int, pages: Mapping[str, list[str]], seconds: float, readers: int) -> Load:
    load = Load({kind: [] for kind in pages})
    until = time.monotonic() + seconds

    async def reader(number: int) -> None:
        for turn in itertools.count(number):
            kind = list(pages)[turn % len(pages)]
            target = pages[kind][(turn // len(pages)) % len(pages[kind])]
            began = time.monotonic()
            if began >= until:
                return
            try:
                status, _ = await _get(port, target)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                status = 599
            load.failed += status >= 500
            load.seconds[kind].append(time.monotonic() - began)

    await asyncio.gather(*(reader(number) for number in range(readers)))
    return load
