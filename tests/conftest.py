"""Fixtures for all tests: no host but loopback, a clock that does not wait, a site to ask, a database to fill."""

from __future__ import annotations

import functools
import gc
import logging
import os
import shutil
import socket
import sqlite3
from collections.abc import Generator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

from ingest.clock import Stop
from ingest.reports.named_commands import remember_options
from ingest.run import Backfill
from lgsco.cli.main import main
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.sample import Sample
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.web import row_reader
from support import few_cases, workers
from support.command_line import Desk, Here, Ran, Shop, open_shop, short_site, small_site
from support.recovery import Watched
from support.world import TODAY, Time, World

# CI draws the same examples each time. HYPOTHESIS_PROFILE=random draws others.
settings.register_profile("thorough", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("lgsco", settings.get_profile("thorough"), max_examples=30)
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "mutation", settings.get_profile("lgsco"), max_examples=20, database=None, phases=(Phase.explicit, Phase.generate)
)

SHORTEST_SHOWN_SECONDS = 0.005
"""The default of pytest's `--durations-min`."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist starts no others
        workers.set_workers(config.option, config.args)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or few_cases.choose_profile(config.option.markexpr))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the million objects that a collection makes out of the garbage collector: a fifth of the CPU time.

    The tests then make few cycles of objects, so the collector runs less often, which saves another twentieth.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    few_cases.mark_thorough(items)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Sends two messages instead of six about a test that passes in a worker: they take more CPU time than most tests.

    Left out are the start, the end, and a set-up and a teardown that passed and are too short for `--durations`.
    """
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed or report.duration >= SHORTEST_SHOWN_SECONDS:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


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


@pytest.fixture(autouse=True, scope="session")
def memory_of_sqlite_unlimited() -> Iterator[None]:
    """Lets the plugin set no limit for all of SQLite in this process: it could not be raised again for other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_reader, "SQLITE_BYTES", 0)  # SQLite ignores a limit of 0
        yield


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Undoes the log handlers that a command set up in this process: they write to the stderr of their own test."""
    root, ours = logging.getLogger(), logging.getLogger("lgsco")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(autouse=True)
def forgotten_options() -> Iterator[None]:
    """Forgets the options of a command that ran in this process: messages would name commands with them."""
    yield
    remember_options({})


@pytest.fixture
def time() -> Time:
    return Time()


def make_site() -> Site:
    """Makes a site of the five seeds and thirty invented decisions."""
    return Site([*seeds(), *generate(30, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 30))], today=TODAY)


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """The five seeds and thirty invented decisions."""
    site = make_site()
    with serve(site) as server:
        yield World(site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@pytest.fixture(scope="session")
def complete_backfill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose backfill is complete. Copy it with `filled_world`; do not use it itself."""
    with serve(make_site()) as server:
        world = World(server.site, server, tmp_path_factory.mktemp("complete") / "lgsco.db", Time(), Stop())
        assert world.run(Backfill()).exit_code == 0
        yield world


@pytest.fixture
def filled_world(complete_backfill: World, tmp_path: Path, time: Time) -> Iterator[World]:
    """The same as `world` after `world.run(Backfill())`, without its requests: the log of the server is empty.

    The server is the one of the backfill, since the archive has findings about its address; its site is a new one.
    """
    server, time.at = complete_backfill.server, complete_backfill.time.at
    server.site, server.faults = make_site(), None
    server.log.clear()
    server.listen()
    database = Path(shutil.copy(complete_backfill.database, tmp_path / "lgsco.db"))
    yield World(server.site, server, database, time, Stop(), knows_listing=False)
    assert not server.errors


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.leave()


@pytest.fixture
def here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Here:
    """Runs commands in this process, where nothing but their words and exit codes is asked: a tenth of the time."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, code: int = 0) -> Ran:
        with pytest.raises(SystemExit) as end:
            main(list(map(str, arguments)))
        ran = Ran(int(end.value.code or 0), *capsys.readouterr())
        assert ran.code == code, ran.err
        return ran

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path, small_site()) as shop:
        yield shop


@pytest.fixture(scope="session")
def report_samples() -> list[Sample]:
    """Thirty decisions of few words, three of them reports of several chapters."""
    some = list(generate(400, seed=5, first=date(2024, 1, 1), last=date(2026, 9, 10), body=False))
    chaptered = [sample for sample in some if len(sample.chapters) > 1][:3]
    return [*[sample for sample in some if len(sample.chapters) == 1][:27], *chaptered]


@pytest.fixture
def reports_world(tmp_path: Path, time: Time, report_samples: list[Sample]) -> Iterator[World]:
    """Thirty decisions of few words, three of them reports of several chapters, on a site that sends validators."""
    with serve(Site(report_samples, today=TODAY, validators=True)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@pytest.fixture
def short_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with twelve decisions of few words."""
    with open_shop(tmp_path, short_site(12)) as shop:
        yield shop


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose backfill is complete, for tests that only read."""
    with open_shop(tmp_path_factory.mktemp("filled"), small_site()) as shop:
        shop.run("backfill")
        yield shop


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    """Every connection made meanwhile."""

    class Here(Watched):
        waits: list[tuple[str, int]] = []  # noqa: RUF012

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Here))
    return Here
