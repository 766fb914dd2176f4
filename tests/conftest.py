"""What every test stands on: no host but loopback, a clock that does not wait, a site to ask, a database to fill."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ingest.clock import Stop
from lgsco.cli.main import main
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.command_line import Desk, Here, Ran, Shop, open_shop, small_site
from support.world import TODAY, Time, World

settings.register_profile("lgsco", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lgsco")


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Fails any test that opens a connection to another host."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reaches {host}; only loopback is allowed")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        for name in [name for name in os.environ if name.startswith("LGSCO_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """The five seeds and sixty invented decisions."""
    samples = [*seeds(), *generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        yield World(site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.leave()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """Runs commands in this process, where nothing but their words and exit codes is asked: a tenth of the time."""
    root, ours = logging.getLogger(), logging.getLogger("lgsco")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, code: int = 0) -> Ran:
        with pytest.raises(SystemExit) as end:
            main(list(map(str, arguments)))
        ran = Ran(int(end.value.code or 0), *capsys.readouterr())
        assert ran.code == code, ran.err
        return ran

    yield run
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path, small_site()) as shop:
        yield shop
