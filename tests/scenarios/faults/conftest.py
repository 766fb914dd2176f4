"""The served site that all fault tests share, and a database of the day before."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.sample import Sample
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.faults import DAY, NEW, OLD, Stage, picture
from support.world import TODAY, Time, World


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("faults")
    site = Site([*OLD, *NEW], today=TODAY)
    site.prepare()
    with serve(Site(OLD, today=TODAY)) as server:
        held = World(server.site, server, folder / "held.db", Time(), Stop())
        assert held.run(Backfill()).state == "complete"
        server.site = site
        fresh = World(site, server, folder / "undisturbed.db", Time(), Stop())
        assert fresh.run(Backfill()).state == "complete"
        yield Stage(server, site, held.database, picture(fresh))
    assert not server.errors


@pytest.fixture
def fresh(stage: Stage, tmp_path: Path, time: Time) -> Iterator[World]:
    """The site, and no database yet."""
    yield from staged(stage, tmp_path, time)


@pytest.fixture
def held(stage: Stage, tmp_path: Path, time: Time) -> Iterator[World]:
    """A database with all decisions of the day before; since then the site has published some more."""
    shutil.copy(stage.held, tmp_path / "lgsco.db")
    time.at += DAY
    yield from staged(stage, tmp_path, time)


def staged(stage: Stage, folder: Path, time: Time) -> Iterator[World]:
    stage.server.log.clear()
    stage.server.faults = None
    stage.server.listen()
    yield World(stage.site, stage.server, folder / "lgsco.db", time, Stop())
    stage.server.faults = None
    stage.server.listen()
    assert not stage.server.errors


Hosts = set[tuple[str, int]]


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Iterator[Hosts]:
    """Records the hosts and ports that are looked up, before any connection: only the site's."""
    looked_up: Hosts = set()
    getaddrinfo = socket.getaddrinfo

    def watched(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        looked_up.add((str(host), int(port)))
        return getaddrinfo(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    yield looked_up
    assert {host for host, _ in looked_up} <= {"127.0.0.1"}, "a host was looked up that only a page names"


@pytest.fixture
def left(stage: Stage) -> Iterator[list[Sample]]:
    """Withdraws decisions that were stored."""
    withdrawn = [sample for sample in OLD if sample.kind == "statement"][:8]
    for sample in withdrawn:
        stage.site.withdraw(sample.reference)
    yield withdrawn
    for sample in withdrawn:
        stage.site.restore(sample.reference)
