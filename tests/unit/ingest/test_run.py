"""How a task begins: it waits for a running slice of the daemon, and an archive is filled from one kind of site."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from ingest.errors import UsageError
from ingest.run import Backfill, Demo, Fill, Import, SwitchFill, Sync, Task, perform
from storage.database import atomic
from storage.errors import Busy
from storage.identity import record_made_by
from storage.journal import Robots, record_robots
from storage.writer import create_database, writing
from support.paths import SEEDS
from support.world import World


def run(world: World, task: Import | Fill, sleep: object) -> str:
    clock = replace(world.time.clock(), sleep=sleep)  # type: ignore[arg-type]
    return perform(task, world.config(), world.database, clock, world.stop, lambda _tally: None).state


@pytest.mark.parametrize("slice_name", ["fill", "resume"])
def test_a_command_waits_until_a_running_slice_ends(world: World, slice_name: str) -> None:
    create_database(world.database)
    writer = writing(world.database, doing=slice_name)
    writer.__enter__()
    waits: list[float] = []

    def sleep(seconds: float, _stop: Event) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            writer.__exit__(None, None, None)

    assert run(world, Import((Path(SEEDS),)), sleep) == "complete"
    assert waits == [0.2] * 3, "it checks more often than slices begin"


def test_a_command_that_waits_for_a_slice_is_stopped_by_a_signal(world: World) -> None:
    create_database(world.database)
    with writing(world.database, doing="fill"):
        assert run(world, Import((Path(SEEDS),)), lambda _seconds, stop: stop.set()) == "stopped"


@pytest.mark.parametrize("doing", ["backfill", "sync", ""])
def test_another_command_is_not_waited_for(world: World, doing: str) -> None:
    create_database(world.database)
    with writing(world.database, doing=doing), pytest.raises(Busy):
        run(world, Import((Path(SEEDS),)), lambda _seconds, _stop: pytest.fail("it waits"))


def test_the_run_of_the_fill_command_is_logged_and_recorded(world: World, caplog: pytest.LogCaptureFixture) -> None:
    create_database(world.database)
    with caplog.at_level("INFO", logger="lgsco"):
        perform(SwitchFill("off"), world.config(), world.database, world.time.clock(), world.stop, lambda _tally: None)
    assert "fill off started (run 1)" in caplog.messages
    assert world.ask("SELECT task FROM runs") == ["switchfill"], "old files have this name too"


def test_a_command_waits_ten_minutes_for_a_slice_and_a_slice_waits_for_none(world: World) -> None:
    create_database(world.database)
    begun = world.time.at
    with writing(world.database, doing="fill"):
        with pytest.raises(Busy):
            run(world, Import((Path(SEEDS),)), world.time.sleep)
        assert 600 <= (world.time.at - begun).total_seconds() < 601
        with pytest.raises(Busy):
            run(world, Fill(), lambda _seconds, _stop: pytest.fail("it waits"))


def test_a_slice_of_the_daemon_that_is_stopped_names_the_daemon(world: World) -> None:
    world.server.faults = lambda _request: world.stop.set()
    outcome = world.run(Fill(), schedule__fill="on")
    assert (outcome.state, outcome.message) == ("stopped", "the work done so far is saved; `lgsco daemon` continues it")


PUBLISHER, LOOK_ALIKE = "https://www.lgo.org.uk", "http://127.0.0.1:8000"


def fill_from(world: World, site: str) -> None:
    """Makes an archive in which a site's robots.txt is stored: it is fetched before anything else."""
    create_database(world.database)
    with writing(world.database) as db, atomic(db):
        record_robots(db, Robots(site, "2026-11-01T12:00:00Z", 404, ""))


@pytest.mark.parametrize("task", [Backfill(), Sync(), Fill()])
@pytest.mark.parametrize(("before", "now"), [(PUBLISHER, LOOK_ALIKE), (LOOK_ALIKE, PUBLISHER)])
def test_a_look_alike_and_the_publishers_site_never_fill_one_archive(
    world: World, task: Task, before: str, now: str
) -> None:
    fill_from(world, before)
    config = world.config(site__base_url=now, site__contact="me@example.org", fetch__pace=1)
    with pytest.raises(UsageError) as error:
        perform(task, config, world.database, world.time.clock(), world.stop, lambda _tally: None)
    assert str(error.value) == (
        f"{world.database} was filled from {before}, so nothing is fetched into it from {now}: {LOOK_ALIKE} is on this "
        "machine, and an archive never mixes a look-alike with the publisher's site. Name another file with --db"
    )
    assert world.ask("SELECT count(*) FROM runs") == [0]
    assert world.ask("SELECT count(*) FROM requests") == [0]


@pytest.mark.parametrize("task", [Backfill(), Sync(), Fill()])
def test_nothing_is_fetched_into_the_archive_of_a_demo_from_another_site(world: World, task: Task) -> None:
    fill_from(world, LOOK_ALIKE)
    with writing(world.database) as db, atomic(db):
        record_made_by(db, "demo")
    with pytest.raises(UsageError, match="has the invented decisions of a demo, so nothing is fetched into it from"):
        world.run(task)
    assert world.ask("SELECT count(*) FROM requests") == [0]
    assert world.run(Demo(look_alike="another port")).exit_code == 0, "a demo that was stopped goes on at another port"


def test_an_archive_of_a_look_alike_goes_on_at_another_port(world: World) -> None:
    fill_from(world, "http://localhost:1")
    assert world.run(Backfill(), site__base_url=world.server.url).exit_code == 0


def test_documents_can_be_imported_beside_either_site(world: World) -> None:
    fill_from(world, PUBLISHER)
    assert world.run(Import((Path(SEEDS),))).exit_code == 0
