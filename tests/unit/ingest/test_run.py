"""A command waits for a running slice of the daemon, and goes before the next one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from ingest.run import Fill, Import, SwitchFill, perform
from storage.errors import Busy
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
