"""Runs commands as a user does: in a separate process and folder, with a site to request."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time as wall
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.faults import Act, Fault
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from support.paths import ROOT

PATIENCE = 60
"""Seconds until a process that should have ended is called hung."""
HANG = 10
"""Seconds after a signal after which a process counts as hung. It ends at once, but the machine may be busy."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one error line on stderr."""
        assert "Traceback" not in self.err
        errors = [line for line in self.err.splitlines() if line.startswith("lgsco: ")]
        assert len(errors) == 1, self.err
        assert self.err.splitlines()[-1] == errors[0], "the error is the last line"
        return errors[0]


@dataclass
class Desk:
    """A folder in which commands run, with their environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, *arguments: str | Path, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        return self.python("-m", "lgsco", *arguments, stdout=stdout, stderr=stderr)

    def python(
        self, *arguments: str | Path, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        return self.launch(sys.executable, *arguments, stdout=stdout, stderr=stderr)

    def launch(
        self, *command: str | Path, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def variables(self) -> dict[str, str]:
        """Returns the environment of commands, which import this checkout in any folder."""
        paths = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)
        return {**os.environ, "PYTHONPATH": paths, "COLUMNS": "120", **self.environment}

    def leave(self) -> None:
        """Kills the processes that a failed test left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def run(self, *arguments: str | Path, code: int = 0) -> Ran:
        ran = ended(self.start(*arguments))
        assert ran.code == code, f"lgsco {shlex.join(map(str, arguments))} exits {ran.code}, not {code}:\n{ran.err}"
        assert "Traceback" not in ran.err
        return ran


def ended(process: subprocess.Popen[str]) -> Ran:
    """Waits until a command ends."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"the command hung; its output: {out}{err}")
    return Ran(process.returncode, out or "", err or "")


def read_off(terminal: int) -> bytes:
    """Returns what processes write to the other side of a terminal until they end."""
    shown = b""
    with suppress(OSError):  # the other side is closed: the processes have ended
        while chunk := os.read(terminal, 65_536):
            shown += chunk
    os.close(terminal)
    return shown


def ask(database: Path, sql: str) -> list[Any]:
    """Queries a database with plain sqlite3, without lgsco."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        return [row[0] if len(row) == 1 else row for row in db.execute(sql).fetchall()]


def sound(database: Path) -> bool:
    """Whether the file and its full-text index are sound."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@dataclass
class Hold:
    """A fault: the right answer once `go` is set. `here` is set while a request waits for it."""

    here: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        self.here.set()
        while not self.go.is_set():
            yield 0.01
        yield answer().wire


def reached(hold: Hold, process: subprocess.Popen[str]) -> None:
    """Waits until a request of the process is held; fails the test if the process ends first."""
    while not hold.here.wait(0.02):
        assert process.poll() is None, ended(process).err


def held_at(server: Server, number: int) -> Hold:
    """Holds only the request for decision number `number`."""
    hold = Hold()
    count = 0

    def fault(request: Request) -> Fault | None:
        nonlocal count
        count += request.path.startswith("/decisions/")
        return hold if count == number and request.path.startswith("/decisions/") else None

    server.faults = fault
    return hold


Here = Callable[..., Ran]


@dataclass
class Shop(Desk):
    """A desk with a site; `--db` and `--site` come from the environment."""

    site: Site = field(default_factory=Site)
    server: Server = field(default_factory=lambda: Server(Site()))

    @property
    def database(self) -> Path:
        return self.folder / "kept.db"

    def pages(self) -> list[str]:
        """Returns the decision pages that were requested."""
        return [entry.target for entry in self.server.log if entry.target.startswith("/decisions/")]

    def truth(self) -> dict[str, str]:
        return {sample.reference: expected_text(sample) for sample in self.site.listed()}

    def held(self) -> dict[str, str]:
        return dict(ask(self.database, "SELECT reference, text FROM decisions"))


@contextmanager
def open_shop(folder: Path, site: Site) -> Iterator[Shop]:
    """Opens a desk in a folder, with a site that is requested without a pace."""
    with serve(site) as server:
        environment = {
            "LGSCO_SCHEDULE_FILL": "off",  # the fill would depend on the hour at which the tests run
            "LGSCO_SITE_BASE_URL": server.url,
            "LGSCO_STORAGE_DATABASE": str(folder / "kept.db"),
            "LGSCO_FETCH_PACE": "0",
        }
        shop = Shop(folder, environment, site=site, server=server)
        try:
            yield shop
        finally:
            shop.leave()
    assert not server.errors


def small_site() -> Site:
    """Makes a site of the seeds and twenty invented decisions."""
    return Site([*seeds(), *generate(20, seed=11, first=date(2024, 1, 1), last=date(2025, 9, 30))])


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mounts a small file system; skips the test if none can be mounted."""
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    if subprocess.run([mount, "-t", "tmpfs", *options, "none", folder], capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([umount, folder], check=True)


def until(process: subprocess.Popen[str], happened: Callable[[], Any]) -> None:
    """Waits until something happens while a process runs."""
    for _ in range(PATIENCE * 50):
        if happened():
            return
        assert process.poll() is None, ended(process)
        wall.sleep(0.02)
    pytest.fail("it never happened")


def ended_promptly(process: subprocess.Popen[str]) -> Ran:
    """Waits for the end of a process that received a signal; it may take a few seconds."""
    try:
        process.wait(HANG)
    except subprocess.TimeoutExpired:
        pytest.fail("the process ignored the signal")
    return ended(process)


def short_site(decisions: int) -> Site:
    """Makes a site of short decisions."""
    return Site(generate(decisions, seed=11, first=date(2024, 1, 1), last=date(2025, 9, 30), body=False))


def rows(shop: Shop, sql: str) -> list[Any]:
    """Queries the database of a shop; returns an empty list if it does not exist yet."""
    try:
        return ask(shop.database, sql)
    except sqlite3.Error:
        return []
