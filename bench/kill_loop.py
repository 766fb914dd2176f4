"""Kills one command again and again on one database. Each run continues where the last one was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Timer
from typing import Literal

from bench.client import ROOT
from bench.stored_rows import find_faults
from lgsco.replica.messages import Request
from lgsco.replica.server import Server

BATCH, WALK_MOST = 12, 25
_PATIENCE = 120
"""Seconds after which a process that should have ended counts as hung."""
_LOOK_EVERY = 20
"""After every nth kill at a commit, the file is checked as a reader would see it."""

Way = Literal["starting", "request", "answer", "instant"]
WAYS: tuple[Way, ...] = ("request", "instant", "answer", "instant", "request", "starting")
"""How a run is killed.

Request: before the answer. Answer: just after it. Instant: up to 0.1 s after the first request. Starting: up to 0.5 s
after the start of the process.
"""


class Killer:
    """The fault hook that kills a process at one of its requests."""

    def __init__(self) -> None:
        self.reached = Event()
        """Set at the first request of a run."""
        self._left = 0
        self._delay: float | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def aim(self, process: subprocess.Popen[bytes], request: int, delay: float | None) -> None:
        """Kills a process at its nth request, before the answer or `delay` seconds after it; 0: never."""
        self._left, self._delay, self._process = request, delay, process

    def __call__(self, _request: Request) -> None:
        self.reached.set()
        self._left -= 1
        if self._left != 0 or self._process is None:
            return
        if self._delay is None:
            self._process.kill()
            self._process.wait()
        else:
            Timer(self._delay, self._process.kill).start()


@dataclass
class KillLoop:
    """One command on one database, run until one run is not killed."""

    command: str
    server: Server
    folder: Path
    expected: Counter[str]
    """The number of requests for each page by a command without kills; "" is the canary, which is chosen at random."""
    kills: Counter[str] = field(default_factory=Counter)
    again: Counter[int] = field(default_factory=Counter)
    """Pages requested again, by the killed run that had requested them; for the canary, by the run before."""
    gone_again: Counter[int] = field(default_factory=Counter)
    """The same for pages that were gone. Their answers count only after a canary was shown."""
    faults: list[str] = field(default_factory=list)
    _life: int = 0
    _asked: dict[str, int] = field(default_factory=dict)
    """The last run that requested each page, and the canary ("")."""

    def __post_init__(self) -> None:
        self._budget = self.expected.copy()
        self._seen = len(self.server.log)
        self._killer = Killer()
        self.server.faults = self._killer

    @property
    def database(self) -> Path:
        return self.folder / "kept.db"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.server, self.database)

    def at_commits(self, each: int) -> None:
        """Kills at commits until a run ends by itself.

        A run dies at the first new commit, or with `each` at every nth one. Before and after a commit count separately;
        see `bench.self_kill new`.
        """
        moment = ["new", f"{each}:{self.folder / 'known.txt'}", self.command]
        with fork_server(self.folder, self.environment) as live:
            while self._judge("at a commit", live(moment), look=self.kills.total() % _LOOK_EVERY == 0):
                pass

    def at_any_moment(self, chance: Random, ways: Iterator[Way], most: int) -> None:
        """Kills at random moments until a run ends by itself; after `most` kills the next run is left alone."""
        while self.kills.total() < most:
            way = next(ways)
            if not self._judge(way, self._live(way, chance), look=True):
                return
        self._judge("let live", self._live(None, chance), look=False)

    def _live(self, way: Way | None, chance: Random) -> int:
        self._killer.reached.clear()
        with (self.folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "lgsco", self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            if way == "request":
                self._killer.aim(process, chance.randint(1, 6), None)
            elif way == "answer":
                self._killer.aim(process, chance.randint(1, 6), chance.uniform(0, 0.004))
            elif way is None:
                self._killer.aim(process, 0, None)
            else:
                self._killer.aim(process, 0, None)
                if way == "instant":
                    self._killer.reached.wait(_PATIENCE)
                _wait(process, chance.uniform(0, 0.1 if way == "instant" else 0.5))
                process.kill()
            return process.wait(_PATIENCE)

    def _judge(self, way: str, code: int, *, look: bool) -> bool:
        """Records one run, and returns whether it was killed."""
        self._life += 1
        known = self.expected[""] > 0  # a sync begins with the canary, before any request of the listing
        for entry in self.server.log[self._seen :]:
            gone = entry.status in (404, 410)
            if entry.target.startswith("/decisions/"):
                self._count(entry.target, known=known and not gone, gone=gone)
                known = gone  # after pages that are gone, the canary is fetched
            elif "?" in entry.target:
                known = False
        self._seen = len(self.server.log)
        if code == -signal.SIGKILL:
            self.kills[way] += 1
            if look:
                self.faults += self._look()
            return True
        if code:
            output = (self.folder / "output.txt").read_text("utf-8")[-2_000:]
            raise RuntimeError(f"{self.command} ended with {code}: {output}")
        return False

    def _count(self, target: str, *, known: bool, gone: bool) -> None:
        """Counts a request of a page. `known`: whether it was for the canary."""
        name = "" if known else target
        self._budget[name] -= 1
        if self._budget[name] < 0:
            before = self._asked.get(name)
            again = self.gone_again if gone else self.again
            again[before or self._life - 1] += 1
        self._asked[name] = self._life

    def _look(self) -> list[str]:
        """Returns the faults that a reader finds after a kill. Checks a copy, to repair nothing in the original."""
        copy = self.folder / "looked-at" / "kept.db"
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        for path in (self.database, self.database.with_name("kept.db-wal")):
            if path.exists():
                shutil.copyfile(path, copy.parent / path.name)
        return find_faults(copy) if copy.exists() else []


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def environment(server: Server, database: Path) -> dict[str, str]:
    """Returns the environment of a command."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LGSCO_SITE_BASE_URL": server.url,
        "LGSCO_STORAGE_DATABASE": str(database),
        "LGSCO_STORAGE_BATCH": str(BATCH),
        "LGSCO_LISTING_WALK_MOST": str(WALK_MOST),
        "LGSCO_FETCH_PACE": "0",
    }


@contextmanager
def fork_server(folder: Path, its: dict[str, str]) -> Iterator[Callable[[Sequence[str]], int]]:
    """Yields a function that runs `bench.self_kill` in a forked process, and returns the exit code."""
    with (folder / "output.txt").open("wb") as output:
        command = [sys.executable, "-m", "bench.self_kill"]
        process = subprocess.Popen(
            command, cwd=folder, env=its, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output
        )

        def live(arguments: Sequence[str]) -> int:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{json.dumps(arguments)}\n".encode())
            process.stdin.flush()
            return int(process.stdout.readline())

        try:
            yield live
        finally:
            process.communicate(timeout=_PATIENCE)
