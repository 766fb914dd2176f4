"""A daemon whose archive vanishes, is replaced or loses decisions while it runs, and after a restart."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.errors import ArchiveLost, NoDatabase
from storage.restore import restore
from storage.snapshot import snapshot
from storage.writer import create_database, writing
from support.command_line import Here
from support.daemon import make_alert, read_alerts, run_daemon
from support.world import TODAY, Time, World, holds_the_truth


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    samples = generate(14, seed=7, first=date(2026, 8, 1), last=date(2026, 9, 30), body=False)
    folder = tmp_path / "volume"
    folder.mkdir()
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, folder / "lgsco.db", time, Stop())
    assert not server.errors


def files(world: World) -> list[Path]:
    return sorted(world.database.parent.glob("lgsco.db*")) if world.database.parent.exists() else []


def remove(world: World) -> None:
    for path in files(world):
        path.unlink()


def unmount(world: World) -> None:
    world.database.parent.rename(world.database.parent.with_name("elsewhere"))


def empty(world: World) -> None:
    world.database.write_bytes(b"")


def overwrite(world: World) -> None:
    world.database.write_bytes(b"no database, and longer than the header of one would be\n" * 200)


def move_another_there(world: World) -> None:
    other = world.database.with_name("other.db")
    create_database(other)
    other.replace(world.database)


def copy_older_there(world: World) -> None:
    """Copies an older state over the file with cp: the same inode, with fewer rows."""
    for end in ("-wal", "-shm"):
        Path(f"{world.database}{end}").unlink(missing_ok=True)
    shutil.copyfile(world.database.with_name("before.db"), world.database)


def delete_decisions(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as db, db:
        db.execute("DELETE FROM layouts")
        db.execute("DELETE FROM decisions")


LOSSES: dict[Callable[[World], None], str] = {
    remove: "vanished",
    unmount: "vanished",
    empty: "was replaced",
    overwrite: "was replaced",
    move_another_there: "was replaced by another archive",
    copy_older_there: "lost decisions: it has 0, and had 9",
    delete_decisions: "lost decisions: it has 0, and had 9",
}


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_daemon_ends_with_14_and_one_alert_when_its_archive_is_lost(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lose: Callable[[World], None]
) -> None:
    create_database(world.database)
    shutil.copyfile(world.database, world.database.with_name("before.db"))
    waits = 0
    after: list[Path] = []

    def at_wait(_stop: Stop) -> None:
        nonlocal waits
        waits += 1
        assert waits < 10, "the daemon does not end"
        if waits == 3:
            assert world.ask("SELECT state FROM runs") == ["complete"]
            lose(world)
            after.extend(files(world))

    with pytest.raises(ArchiveLost, match=LOSSES[lose]) as lost:
        run_daemon(world, monkeypatch, at_wait, alerts__command=make_alert(tmp_path / "alerts"))
    assert lost.value.exit_code == 14
    assert read_alerts(tmp_path / "alerts") == [str(lost.value)]
    assert [path for path in files(world) if "lock" not in path.name] == [
        path for path in after if "lock" not in path.name and not path.name.endswith(("-wal", "-shm"))
    ], "no file was created"


@pytest.mark.parametrize("lose", [remove, unmount, move_another_there], ids=lambda lose: lose.__name__)
def test_an_archive_lost_during_a_sync_is_detected_when_the_sync_ends(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lose: Callable[[World], None]
) -> None:
    create_database(world.database)
    world.server.faults = lambda _request: lose(world) if len(world.targets()) == 6 else None
    with pytest.raises(ArchiveLost) as lost:
        run_daemon(world, monkeypatch, Stop.set, alerts__command=make_alert(tmp_path / "alerts"))
    assert read_alerts(tmp_path / "alerts") == [str(lost.value)]
    if lose is move_another_there:
        assert world.ask("SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM daemon)") == [(0, 0)]
    else:
        assert files(world) == []


def test_a_heartbeat_ends_a_long_sync_if_the_archive_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create_database(world.database)
    monkeypatch.setattr("scheduler._HEARTBEAT_SECONDS", 0.01)

    def lose_and_wait(_request: object) -> None:
        if len(world.targets()) == 6:
            remove(world)
        if len(world.targets()) >= 6:
            Time.pause()

    world.server.faults = lose_and_wait
    with pytest.raises(ArchiveLost, match="vanished"):
        run_daemon(world, monkeypatch, Stop.set)
    assert len(world.targets()) < 16, "the sync would have asked for 9 pages and the listing"
    assert files(world) == []


def test_an_older_copy_with_as_many_decisions_is_detected_by_its_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(Sync())
    shutil.copyfile(world.database, world.database.with_name("before.db"))
    world.time.at += timedelta(days=1)
    world.run(Sync())

    def at_wait(_stop: Stop) -> None:
        copy_older_there(world)

    with pytest.raises(ArchiveLost, match="was replaced by an older copy: it ends with run 1, and had run"):
        run_daemon(world, monkeypatch, at_wait)


def test_a_copy_without_losses_may_replace_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create_database(world.database)
    waits = 0

    def at_wait(stop: Stop) -> None:
        nonlocal waits
        waits += 1
        if waits == 2:
            copy = world.database.with_name("copy.db")
            with reading(world.database) as db:
                snapshot(db, copy, public=False)
            for end in ("-wal", "-shm"):
                Path(f"{world.database}{end}").unlink(missing_ok=True)
            copy.replace(world.database)
        if waits == 8:
            stop.set()

    assert run_daemon(world, monkeypatch, at_wait) == 0


def test_a_restored_backup_is_accepted_after_a_restart_and_its_dates_are_unproven(
    world: World, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    create_database(world.database)
    backup = world.database.with_name("backup.db")
    with reading(world.database) as db:
        snapshot(db, backup, public=False)
    assert run_daemon(world, monkeypatch, Stop.set) == 0
    world.run(Backfill(last=date(2026, 8, 15)))
    asked = ("coverage", "--from", "2026-08-01", "--db", world.database)
    here(*asked)

    restore(world.database, backup, world.time.clock().stamp())
    ran = here(*asked, code=10)
    assert "2026-08-01 to today: not proven" in ran.out
    assert "(not checked yet)" in ran.out
    assert run_daemon(world, monkeypatch, Stop.set) == 0
    assert holds_the_truth(world)


@pytest.mark.parametrize("database", ["lgsco.db", "not mounted/lgsco.db"])
def test_a_daemon_without_a_database_does_not_start_and_makes_no_file(here: Here, database: str) -> None:
    ran = here("daemon", "--db", database, "--site", "http://127.0.0.1:9", code=2)
    assert f"no database at {Path(database).absolute()}" in ran.sentence
    assert list(Path().iterdir()) == []


def test_a_file_that_vanishes_before_it_is_opened_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lgsco.db"
    create_database(path)
    monkeypatch.setattr("storage.writer.check_log", lambda _path: path.unlink())
    with pytest.raises(NoDatabase), writing(path, create=False):
        pass
    assert not path.exists()


def test_a_sync_by_hand_with_a_vanished_archive_exits_14_and_claims_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    create_database(world.database)
    world.server.faults = lambda _request: remove(world) if len(world.targets()) == 6 else None
    with pytest.raises(ArchiveLost, match="vanished") as lost:
        world.run(Sync())
    assert lost.value.exit_code == 14
    assert files(world) == []
    assert "in the archive" not in caplog.text
