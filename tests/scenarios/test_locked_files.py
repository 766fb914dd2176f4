"""Hard times: no room, a file that is locked or must not be written, signals in the middle of a wait, a power cut,
a copy made meanwhile. What the user sees, that nothing is lost, and that the next run goes on. The clock has its own.
"""

from __future__ import annotations

import contextlib
import functools
import random
import shutil
import signal
import sqlite3
import time as wall
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

from bench.kept import Difference, compare, faults_of, kept
from ingest.run import Backfill
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Fault, Reset, unavailable
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from lgsco.replica.site import Site
from lgsco.web.metadata import NAME
from storage.database import connect, reading
from storage.errors import Busy, StoreError, StoreFailed
from storage.export import snapshot
from storage.writer import writing
from support.command_line import Hold, Ran, Shop, ask, ended, ended_promptly, open_shop, sound, until
from support.paths import SEEDS
from support.world import World

PATIENT = """
import sqlite3
import storage.database
storage.database.BUSY_SECONDS = 3600.0
connect = sqlite3.connect

def told(*arguments, **named):
    print("connects", flush=True)
    return connect(*arguments, **named)

sqlite3.connect = told
"""
"""Waits for a lock for an hour, and says when it opens the file."""

IN_ITS_OWN_WAY = "import runpy, sys\nsys.argv[0] = 'lgsco'\nrunpy.run_module('lgsco', run_name='__main__')\n"


def site_of(decisions: int) -> Site:
    """A small site of decisions of few words."""
    return Site(generate(decisions, seed=11, first=date(2024, 1, 1), last=date(2025, 9, 30), body=False))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path, site_of(12)) as shop:
        yield shop


def goes_on(shop: Shop, stops: int) -> None:
    """The next run completes; of all pages at most one for each stop was asked for again."""
    shop.server.faults = None
    shop.run("backfill")
    assert shop.held() == shop.truth()
    assert faults_of(shop.database) == []
    assert not list(shop.folder.glob("kept.db-wal")), "the log is folded into the file"
    pages = shop.pages()
    assert len(pages) <= len(set(pages)) + stops


def completes(world: World, stops: int) -> None:
    """As `goes_on`, in this process."""
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    held = world.ask("SELECT count(*) FROM decisions")
    assert held == [len(world.site)]
    assert faults_of(world.database) == []
    pages = [target for target in world.targets() if target.startswith("/decisions/")]
    assert len(pages) <= len(set(pages)) + stops


# ---------------------------------------------------------------- connections that are watched


class Watched(sqlite3.Connection):
    """A connection that may grow the file to so many pages only, and writes down how it waited for locks."""

    most: int | None = None
    waits: list[tuple[str, int]] = []  # noqa: RUF012  # a new one for each test
    """The statements that take the write lock, and the milliseconds they might wait for it."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith(("BEGIN IMMEDIATE", "PRAGMA wal_checkpoint")):
            self.waits.append((sql, super().execute("PRAGMA busy_timeout").fetchone()[0]))
        if self.most is not None and sql.startswith(("BEGIN", "PRAGMA journal_mode")):
            super().execute(f"PRAGMA max_page_count = {self.most}")
        return super().execute(sql, parameters)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    """Every connection made meanwhile."""

    class Here(Watched):
        waits: list[tuple[str, int]] = []  # noqa: RUF012

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Here))
    return Here


# ---------------------------------------------------------------- no room


def test_a_disk_that_is_full_again_and_again_loses_nothing(world: World, watched: type[Watched]) -> None:
    """With a little more room each time: from none for all of the tables to too little for the last pages."""
    before: dict[str, str] = {}
    times = recorded = 0
    for pages in range(10, 2_000, 70):
        watched.most = pages
        try:
            world.run(Backfill(), storage__batch=7)
        except StoreFailed as error:
            times += 1
            said = (str(error), error.exit_code)
            assert "the disk is full; free room and run the same command again" in said[0]
            with contextlib.suppress(StoreError):  # so little room that there is not even a table yet
                told = world.ask("SELECT message FROM runs WHERE state = 'failed'")
                assert all("the disk is full; free room" in message for message in told)
                recorded += len(told)
            assert said[1] == 1
        else:
            break
        watched.most = None
        assert faults_of(world.database) == []
        if pages > 80:
            now = dict(world.ask("SELECT reference, text FROM decisions"))
            assert before.items() <= now.items()
            before = now
    watched.most = None
    assert times >= 4
    assert recorded
    completes(world, times)


@pytest.mark.parametrize("room", [0, 10, 100, 350])
def test_a_file_that_may_not_grow_is_said_and_with_room_the_next_run_completes(shop: Shop, room: int) -> None:
    """`room`: KiB that any one file may have, kept by the kernel, whoever runs this. The tables alone are 180."""
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({room * 1024}, {room * 1024}))\n"
    ran = ended(shop.python("-c", limit + IN_ITS_OWN_WAY, "backfill"))
    assert ran.code == 1
    assert "kept.db" in ran.sentence
    assert "run the" in ran.sentence
    before = dict(ask(shop.database, "SELECT reference, text FROM decisions")) if room > 300 else {}
    assert before.items() <= shop.truth().items()
    goes_on(shop, 1)


# ---------------------------------------------------------------- locked by others


@contextmanager
def long_read(database: Path) -> Iterator[sqlite3.Connection]:
    """A reader who does not let go."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM decisions").fetchone()
        yield db


@contextmanager
def long_write(database: Path) -> Iterator[sqlite3.Connection]:
    """Another program that writes and does not let go; not one of ours, so it knows nothing of the lock file."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db


def test_a_reader_who_does_not_let_go_sees_one_moment_and_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.2)
    assert world.run(Backfill(limit=10)).state == "limited"
    with long_read(world.database) as db:
        assert world.run(Backfill()).state == "complete"
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (10,)
        assert world.database.with_name(f"{world.database.name}-wal").stat().st_size > 0, "it is still read from"
        assert world.ask("SELECT count(*) FROM decisions") == [len(world.site)]
        db.execute("ROLLBACK")
    completes(world, 0)
    assert not world.database.with_name(f"{world.database.name}-wal").exists()


def test_a_run_does_not_wait_for_readers_to_end(world: World, watched: type[Watched]) -> None:
    world.run(Backfill())
    assert [most <= 1_000 for sql, most in watched.waits if "checkpoint" in sql] == [True]


def test_a_writer_who_lets_go_in_time_is_waited_for(shop: Shop) -> None:
    shop.run("import", SEEDS)
    asked = 0
    with closing(sqlite3.connect(shop.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            nonlocal asked
            asked += 1
            if asked == 5:
                db.execute("BEGIN IMMEDIATE")
                Timer(0.7, db.execute, ["ROLLBACK"]).start()

        shop.server.faults = lock
        shop.run("backfill")
    assert asked > 12
    assert shop.held().items() >= shop.truth().items()


@pytest.mark.parametrize("at", [2, 7, 20, 60])
def test_a_writer_who_does_not_let_go_ends_the_run_and_the_next_one_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Held from the so-manyth request on, for longer than a statement waits."""
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.1)
    with writing(world.database):
        pass
    asked = 0
    with closing(sqlite3.connect(world.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            nonlocal asked
            asked += 1
            if asked == at:
                db.execute("BEGIN IMMEDIATE")

        world.server.faults = lock
        with pytest.raises(Busy, match="stayed locked by another program") as error:
            world.run(Backfill(), storage__batch=7)
        assert error.value.exit_code == 13
        db.execute("ROLLBACK")
    held = world.ask("SELECT count(*) FROM decisions")[0]
    assert (held > 0) == (at >= 20)
    completes(world, 1)
    assert world.ask("SELECT state FROM runs ORDER BY id") == ["died", "complete"]


def test_a_lock_is_waited_for_once_as_the_sentence_says(
    world: World, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.3)
    monkeypatch.setattr("storage.database.STEP_SECONDS", 0.1)
    monkeypatch.setattr("storage.writer.STEP_SECONDS", 0.1)
    with writing(world.database):
        pass
    with closing(sqlite3.connect(world.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(request: Request) -> None:
            if request.path.startswith("/decisions/") and not db.in_transaction:
                db.execute("BEGIN IMMEDIATE")
                watched.waits.clear()

        world.server.faults = lock
        with pytest.raises(Busy, match=r"for 0\.3 seconds"):
            world.run(Backfill())
    assert sum(most for _, most in watched.waits) == 300


def test_the_sentence_names_the_file_and_what_to_do(shop: Shop) -> None:
    shop.run("import", SEEDS)
    impatient = "import storage.database\nstorage.database.BUSY_SECONDS = 1.0\n"
    with long_write(shop.database):
        ran = ended(shop.python("-c", impatient + IN_ITS_OWN_WAY, "backfill"))
        assert ran.code == 13
        assert "kept.db stayed locked by another program for 1 seconds; close it and try again" in ran.sentence
        assert shop.run("show", "25 004 920").out, "who reads is not held up"
    goes_on_with_imports(shop)


def goes_on_with_imports(shop: Shop) -> None:
    shop.run("backfill")
    assert shop.held().items() >= shop.truth().items()


# ---------------------------------------------------------------- not to be written

AS_ANYBODY = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
for capability in (1, 2):  # what lets root write where nobody may
    libc.prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass
class Bound(Shop):
    """A shop whose commands are bound by the permissions of files, whoever runs them."""

    def bound(self, *arguments: str | Path) -> Ran:
        return ended(self.python("-c", AS_ANYBODY, "-m", "lgsco", *arguments))


@pytest.fixture
def bound(shop: Shop) -> Iterator[Bound]:
    """With a backfill that is complete, in a folder beside which there is room for a lock and for copies."""
    probe = shop.folder / "probe"
    probe.touch(mode=0o444)
    if ended(shop.python("-c", AS_ANYBODY, "-c", f"open({str(probe)!r}, 'a')")).code == 0:
        pytest.skip("permissions bind nobody here")
    folder = shop.folder / "held"
    folder.mkdir()
    shop.environment["LGSCO_STORAGE_DATABASE"] = str(folder / "kept.db")
    shop.run("backfill")
    try:
        yield Bound(shop.folder, shop.environment, shop.started, site=shop.site, server=shop.server)
    finally:
        folder.chmod(0o755)


def reads_all(bound: Bound) -> None:
    """Whoever only reads is not hindered, and leaves nothing behind."""
    reference = bound.site.listed()[0].reference
    before = sorted(path.name for path in (bound.folder / "held").iterdir())
    assert bound.bound("show", reference).out.startswith(bound.site.sample(reference).title)
    assert bound.bound("search", "council").out
    assert "12 decisions" in bound.bound("status").out
    assert bound.bound("coverage").code == 0
    copy = bound.folder / "copy.db"
    assert bound.bound("snapshot", copy).code == 0
    assert sound(copy)
    assert sorted(path.name for path in (bound.folder / "held").iterdir()) == before


def test_a_read_only_file_is_read_and_says_why_it_is_not_written(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    before = database.read_bytes()
    database.chmod(0o444)
    for command in (["backfill"], ["sync"], ["import", str(SEEDS)]):
        ran = bound.bound(*command)
        assert ran.code == 1
        assert "kept.db cannot be written" in ran.sentence
        assert "permissions" in ran.sentence
    reads_all(bound)
    assert database.read_bytes() == before


def test_a_file_that_may_be_written_again_is_written_again(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    database.chmod(0o444)
    assert bound.bound("sync").code == 1
    database.chmod(0o644)
    assert bound.bound("sync").code == 0


def test_a_read_only_folder_is_read_and_says_why_it_is_not_written(bound: Bound) -> None:
    folder = bound.folder / "held"
    for path in folder.glob("*-lock"):
        path.unlink()
    folder.chmod(0o555)
    for command in (["backfill"], ["daemon"], ["import", str(SEEDS)]):
        ran = bound.bound(*command)
        assert ran.code == 1
        assert "kept.db cannot be written: Permission denied" in ran.sentence
        assert "--db" in ran.sentence
    reads_all(bound)
    process = bound.python("-c", AS_ANYBODY, "-m", "lgsco", "serve", "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().strip().rstrip("/")
    said = httpx.get(f"{url}/{NAME}/decisions.json?_shape=array")
    assert len(said.json()) == 12, said.text
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 0
    folder.chmod(0o755)
    assert bound.bound("sync").code == 0


def test_the_daemon_says_at_once_that_it_cannot_write(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    database.chmod(0o444)
    ran = bound.bound("daemon")
    assert ran.code == 1
    assert "kept.db cannot be written" in ran.sentence


# ---------------------------------------------------------------- told to stop while it waits


@dataclass
class Wait:
    """Something that a run waits for."""

    environment: dict[str, str] = field(default_factory=dict)
    faults: Callable[[], Callable[[Request], Fault | None]] | None = None
    waits: Callable[[Shop], object] = lambda shop: shop.pages()
    """Whether it has come to the wait, or stands right before it."""


def _ran(shop: Shop, sql: str) -> list[Any]:
    try:
        return ask(shop.database, sql)
    except sqlite3.Error:  # not made yet
        return []


WAITS = {
    "a long Retry-After": Wait(
        faults=lambda: on("/decisions/", unavailable(100)),
        waits=lambda shop: _ran(shop, "SELECT 1 FROM pace WHERE hold = 100"),
    ),
    "quiet hours": Wait(
        {"LGSCO_FETCH_QUIET_HOURS": "00:00-12:00;12:00-24:00"}, waits=lambda shop: _ran(shop, "SELECT 1 FROM runs")
    ),
    "the pace": Wait({"LGSCO_FETCH_PACE": "30"}, waits=lambda shop: shop.server.log),
    "an answer that stalls": Wait(faults=lambda: on("/decisions/", Hold(), after=3)),
    "the next try": Wait({"LGSCO_FETCH_RETRY_WAIT": "60"}, faults=lambda: on("/decisions/", Reset(), after=2)),
}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("name", WAITS)
def test_a_signal_ends_any_wait(shop: Shop, name: str, number: signal.Signals, code: int) -> None:
    wait = WAITS[name]
    usual = dict(shop.environment)
    shop.environment.update(wait.environment)
    shop.server.faults = wait.faults() if wait.faults else None
    process = shop.start("backfill")
    until(process, lambda: wait.waits(shop))
    wall.sleep(0.2)
    process.send_signal(number)
    ran = ended_promptly(process)
    assert ran.code == code, ran.err
    assert ran.sentence == "lgsco: stopped: what was done is saved, run the same command again to go on"
    assert not list(shop.folder.glob("kept.db-wal")), "the log is folded into the file"
    assert ask(shop.database, "SELECT state, exit_code FROM runs") == [("stopped", code)]
    assert ask(shop.database, "SELECT count(*) FROM queue WHERE state = 'failed'") == [0], "nothing failed"

    shop.environment.clear()
    shop.environment.update(usual)
    with closing(sqlite3.connect(shop.database)) as db:  # the time passes that it was to wait
        db.execute("UPDATE pace SET next_at = 0, hold_until = 0")
        db.commit()
    goes_on(shop, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("begun", [False, True])
def test_a_signal_ends_the_wait_for_a_file_that_another_program_locked(
    shop: Shop, begun: bool, number: signal.Signals, code: int
) -> None:
    """Before the run is written down, or in the middle of it, however long the lock would be waited for."""
    shop.run("import", SEEDS)
    with closing(sqlite3.connect(shop.database, isolation_level=None, check_same_thread=False)) as db:

        def lock(_request: Request) -> None:
            if len(shop.pages()) == 5 and not db.in_transaction:
                db.execute("BEGIN IMMEDIATE")

        shop.server.faults = lock
        if not begun:
            db.execute("BEGIN IMMEDIATE")
        process = shop.python("-c", PATIENT + IN_ITS_OWN_WAY, "backfill")
        assert process.stdout is not None
        assert process.stdout.readline() == "connects\n"
        until(process, lambda: db.in_transaction)
        wall.sleep(0.3)  # for it to come to the wait; told before, it ends as well
        process.send_signal(number)
        ran = ended_promptly(process)
        shop.server.faults = None
        db.execute("ROLLBACK")
    assert ran.code == code, ran.err
    assert ran.sentence == "lgsco: stopped: what was done is saved, run the same command again to go on"
    goes_on_with_imports(shop)
    assert ask(shop.database, "SELECT state FROM runs WHERE task = 'backfill'") == ["died"] * begun + ["complete"]
    pages = shop.pages()
    assert len(pages) <= len(set(pages)) + 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_for_a_file_that_another_program_has_for_itself(
    shop: Shop, number: signal.Signals, code: int
) -> None:
    """So that it cannot even be opened."""
    shop.run("import", SEEDS)
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("UPDATE runs SET state = state")
        process = shop.python("-c", PATIENT + IN_ITS_OWN_WAY, "backfill")
        assert process.stdout is not None
        assert process.stdout.readline() == "connects\n"
        wall.sleep(0.3)
        process.send_signal(number)
        ran = ended_promptly(process)
    assert ran.code == code, ran.err
    goes_on_with_imports(shop)


def test_a_signal_ends_the_daemon_while_another_program_has_the_file(shop: Shop) -> None:
    shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    process = shop.start("daemon")
    until(process, lambda: _ran(shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    with long_write(shop.database):
        process.send_signal(signal.SIGTERM)
        ran = ended_promptly(process)
    assert ran.code == 0
    assert "Traceback" not in ran.err


def test_a_signal_ends_the_daemon_while_it_waits_for_its_time(shop: Shop) -> None:
    shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    for number in (signal.SIGTERM, signal.SIGINT):
        process = shop.start("daemon")
        until(process, lambda: _ran(shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
        until(process, functools.partial(_ran, shop, f"SELECT 1 FROM daemon WHERE process = {process.pid}"))
        process.send_signal(number)
        ran = ended_promptly(process)
        assert ran.code == 0
        assert "Traceback" not in ran.err
        assert _ran(shop, "SELECT stopped_at IS NOT NULL FROM daemon") == [1]
    assert _ran(shop, "SELECT DISTINCT state FROM runs") == ["complete"]


# ---------------------------------------------------------------- what the README promises of the file


def test_the_file_is_kept_as_the_readme_says(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    _off, normal, full = range(3)
    with writing(database) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (normal,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("INSERT INTO layouts (reference, kinds, numbers) VALUES ('nobody', '', '')")
    with reading(database) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA query_only").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM decisions")
    with closing(connect(database, "rw")) as db:  # the daemon's heartbeat
        assert db.execute("PRAGMA synchronous").fetchone()[0] in (normal, full)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Path]]:
    """What a backfill leaves that was killed in the middle: a file, and a log that holds most of it."""
    with open_shop(tmp_path_factory.mktemp("power"), site_of(40)) as shop:
        shop.environment["LGSCO_STORAGE_BATCH"] = "7"
        shop.run("backfill", "--limit", "5")
        process: Any = None

        def kill(request: Request) -> None:
            if len(shop.pages()) == 30:
                process.kill()
                process.wait()

        shop.server.faults = kill
        process = shop.start("backfill")
        assert ended(process).code == -signal.SIGKILL
        assert shop.database.with_name("kept.db-wal").stat().st_size > 100_000
        shop.server.faults = None
        yield shop, shop.database


HARMS: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "the end is lost": lambda log, chance: log[: chance.randrange(len(log))],
    "the end is zeros": lambda log, chance: log[: (at := chance.randrange(len(log)))] + bytearray(len(log) - at),
    "sectors in the middle are lost": lambda log, chance: bytearray(_without_sectors(log, chance)),
    "all is lost": lambda log, _: bytearray(),
}


def _without_sectors(log: bytearray, chance: random.Random) -> bytearray:
    for _ in range(3):
        at = chance.randrange(len(log)) // 512 * 512
        log[at : at + 512] = bytes(len(log[at : at + 512]))
    return log


@pytest.mark.parametrize("name", HARMS)
def test_a_power_cut_harms_no_file_and_what_is_lost_is_had_again(
    cut_short: tuple[Shop, Path], tmp_path: Path, name: str
) -> None:
    """The log is written without waiting for the disk (`synchronous=NORMAL`), which may have kept any part of it."""
    shop, left = cut_short
    chance = random.Random(f"{name} 1")
    log = left.with_name("kept.db-wal").read_bytes()
    copy = tmp_path / "kept.db"
    for _ in range(8):
        shutil.copyfile(left, copy)
        copy.with_name("kept.db-wal").write_bytes(HARMS[name](bytearray(log), chance))
        assert faults_of(copy) == []
        with closing(sqlite3.connect(copy)) as db:
            (alone,) = db.execute(
                "SELECT count(*) FROM pages AS p LEFT JOIN queue AS q USING (reference) "
                "WHERE p.state = 'kept' AND q.reference IS NULL"
            ).fetchone()
            held = dict(db.execute("SELECT reference, text FROM decisions"))
        assert alone == 0, "a page and the row that says it is to be read are lost together"
        assert 5 <= len(held) < 40
        assert held.items() <= shop.truth().items()
    shop.run("backfill", "--db", copy)
    shop.run("backfill", "--db", tmp_path / "undisturbed.db")
    assert compare(kept(tmp_path / "undisturbed.db"), kept(copy)) == Difference()


# ---------------------------------------------------------------- a copy in the middle


def test_copies_made_while_a_backfill_runs_are_each_of_one_moment(tmp_path: Path) -> None:
    with open_shop(tmp_path, site_of(150)) as shop:
        shop.environment |= {"LGSCO_STORAGE_BATCH": "9", "LGSCO_LISTING_WALK_MOST": "20"}
        process = shop.start("backfill")
        until(process, lambda: _ran(shop, "SELECT 1 FROM decisions"))
        sizes: list[int] = []
        while process.poll() is None:
            copy = tmp_path / f"{len(sizes)}.db"
            with reading(shop.database) as db:
                snapshot(db, copy, public=False)
            sizes.append(_of_one_moment(shop, copy))
        assert ended(process).code == 0
        assert sizes == sorted(sizes)
        assert sizes[0] < 150
        assert len(sizes) >= 2
        assert shop.held() == shop.truth()


def _of_one_moment(shop: Shop, copy: Path) -> int:
    assert faults_of(copy) == []
    held = dict(ask(copy, "SELECT reference, text FROM decisions"))
    assert held.items() <= shop.truth().items()
    assert ask(copy, "SELECT count(*) FROM revisions") == [len(held)]
    assert ask(copy, "SELECT count(*) FROM layouts") == [len(held)]
    lacking = set(ask(copy, "SELECT reference FROM entries")) - set(held)
    assert lacking == set(ask(copy, "SELECT reference FROM queue")), "what is listed is held, or waits"
    return len(held)
