"""Tests the writer's lock with and without `flock`: one holder, named to others, freed however it ends."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
import time as wall
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import lock
from storage.errors import Busy, StoreFailed
from storage.lock import DAEMON, SILENT_SECONDS, find_holder, is_locked, is_process_running, locked, read_holder
from support.paths import ROOT

HOLD = """
import errno, fcntl, pathlib, sys, time
from storage.lock import locked
if sys.argv[2]:
    def refuse(*_):
        raise OSError(int(sys.argv[2]), "no flock")
    fcntl.flock = refuse
with locked(pathlib.Path(sys.argv[1]), doing="backfill"):
    print("held", flush=True)
    sys.stdin.read()
"""

WITHOUT_FLOCK = [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


@pytest.fixture(params=[0, *WITHOUT_FLOCK], ids=lambda number: errno.errorcode.get(number, "flock"))
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Returns 0 with `flock`, otherwise the error of a file system without it."""
    number = int(request.param)
    if number:

        def refuse(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", refuse)
    return number


@contextmanager
def held_by_another(database: Path, without: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(database), str(without or "")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def take(database: Path) -> None:
    with locked(database):
        pass


def test_a_held_lock_names_the_process_and_its_command(database: Path, without: int) -> None:
    with held_by_another(database, without) as process:
        with pytest.raises(Busy, match=rf"process {process.pid}, lgsco backfill, has held it since 2.*Z\); wait"):
            take(database)
        holder = find_holder(database)
        assert holder is not None
        assert holder.process == process.pid
        assert is_process_running(database, process.pid)
        assert not is_process_running(database, os.getpid()), "it holds no lock"


def test_a_suspended_holder_is_reported_and_keeps_the_lock(database: Path, without: int) -> None:
    with held_by_another(database, without) as process:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        with pytest.raises(Busy, match="and is suspended"):
            take(database)


def test_the_lock_of_a_killed_process_is_free_at_once(database: Path, without: int) -> None:
    with held_by_another(database, without) as process:
        process.kill()
        process.wait()
        assert find_holder(database) is None
        assert not is_process_running(database, process.pid)
        take(database)


def test_a_released_lock_can_be_taken_again(database: Path, without: int) -> None:
    for _ in range(3):
        with locked(database):
            assert find_holder(database) is not None
            with pytest.raises(Busy):
                take(database)
        assert find_holder(database) is None


def test_a_reused_process_number_holds_no_lock(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(database)
    rewrite(database.with_name("kept.db-lock"), released=False, ticks="1")
    assert find_holder(database) is None


def rewrite(file: Path, **changes: object) -> None:
    """Changes the holder in a lock file."""
    fields = json.loads(file.read_text())
    file.write_text(json.dumps({**fields, **changes}))


@pytest.fixture
def elsewhere(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes a lease left by a process of another host, whose number another process has here."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "no flock")

    monkeypatch.setattr(fcntl, "flock", refuse)
    lease = database.with_name("kept.db-lease")
    with locked(database):
        text = lease.read_text()
    lease.write_text(text)
    rewrite(lease, process=os.getpid(), place="another boot", host="attic", doing="sync", released=False)
    return lease


def test_a_lease_of_another_host_is_valid_while_it_is_touched(database: Path, elsewhere: Path) -> None:
    with pytest.raises(Busy, match=rf"process {os.getpid()} of attic, lgsco sync"):
        take(database)
    assert elsewhere.exists()


@pytest.mark.parametrize("direction", [-1, 1], ids=["silent", "from a clock that was ahead"])
def test_a_lease_of_another_host_ends_when_it_is_no_longer_touched(
    database: Path, elsewhere: Path, direction: int
) -> None:
    touched = elsewhere.stat().st_mtime + direction * (SILENT_SECONDS + 5)
    os.utime(elsewhere, (touched, touched))
    assert not is_process_running(database, os.getpid())
    with locked(database):
        holder = find_holder(database)
        assert holder is not None
        assert holder.host != "attic"
    assert not elsewhere.exists()


@pytest.mark.parametrize("text", ["", "{", "null", '{"process": 3}', "[]"])
def test_an_unreadable_lease_ends_when_it_is_no_longer_touched(database: Path, elsewhere: Path, text: str) -> None:
    elsewhere.write_text(text)
    assert read_holder(elsewhere) is None
    with pytest.raises(Busy):
        take(database)
    os.utime(elsewhere, (1, 1))
    take(database)


def test_the_lease_is_touched_while_it_is_held(database: Path, monkeypatch: pytest.MonkeyPatch, without: int) -> None:
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.02)
    with locked(database):
        file = database.with_name("kept.db-lease" if without else "kept.db-lock")
        os.utime(file, (1, 1))
        for _ in range(500):
            if file.stat().st_mtime > 1:
                break
            wall.sleep(0.02)
        assert file.stat().st_mtime > 1


def test_a_run_of_another_container_is_judged_by_its_heartbeat_and_not_by_its_number(database: Path) -> None:
    take(database)
    file = database.with_name("kept.db-lock")
    rewrite(file, place="another container", process=os.getpid(), released=False)
    assert is_process_running(database, os.getpid())
    os.utime(file, (1, 1))
    assert not is_process_running(database, os.getpid()), "its number is one of this container's"


def test_a_missing_folder_is_named(database: Path) -> None:
    with pytest.raises(StoreFailed, match="there is no folder"):
        take(database.parent / "nowhere" / "kept.db")


def test_a_lock_is_reported_only_while_it_is_held(tmp_path: Path) -> None:
    database = tmp_path / "lgsco.db"
    with locked(database, DAEMON):
        assert is_locked(database, DAEMON)
        assert not is_locked(database), "another purpose has another lock"
    assert not is_locked(database, DAEMON), "its file still exists"


def test_looking_for_a_lock_that_nobody_ever_held_makes_no_file(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lgsco.db", DAEMON)
    assert list(tmp_path.iterdir()) == []


def test_looking_for_a_lock_leaves_it_free(tmp_path: Path) -> None:
    database = tmp_path / "lgsco.db"
    with locked(database, DAEMON):
        pass
    assert not is_locked(database, DAEMON)
    with locked(database, DAEMON):
        pass
