"""Refusals of one page, or of all pages."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from ingest.run import Backfill, Sync, Task
from lgsco.replica.faults import Respond
from lgsco.replica.sample import Sample
from lgsco.replica.script import on
from storage.database import reading
from storage.status import find_unexplained
from support.faults import DAY, NEW, PAGES, Stage, picture, require_recovery
from support.world import World


@pytest.mark.parametrize("status", [401, 403, 407, 451])
def test_one_refused_page_stops_no_other(stage: Stage, held: World, status: int) -> None:
    refused = NEW[1]
    held.server.faults = on(refused.address, Respond(status))
    for attempts in (1, 2):
        outcome = held.run(Sync())
        assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
        assert held.ask("SELECT reference, attempts, error_kind FROM queue") == [
            (refused.reference, attempts, "Denied")
        ]
        held.time.at += timedelta(days=2)
    require_recovery(held, Sync(), stage.undisturbed)


@pytest.mark.parametrize("mode", ["fresh", "held"])
def test_no_page_is_blamed_if_every_page_is_refused(request: pytest.FixtureRequest, stage: Stage, mode: str) -> None:
    world: World = request.getfixturevalue(mode)
    task: Task = Backfill() if mode == "fresh" else Sync()
    world.server.faults = on(PAGES, Respond(403))
    for _ in range(3):
        outcome = world.run(task)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert set(world.ask("SELECT attempts FROM queue")) <= {0}
        world.time.at += timedelta(hours=1)
    world.server.faults = None
    assert world.run(task).state == "complete", "at once: no page has a retry time of its own"
    assert picture(world) == stage.undisturbed


def test_refused_unlisted_pages_are_not_concluded_and_stop_nothing(held: World, left: list[Sample]) -> None:
    addresses = {sample.address for sample in left}
    held.server.faults = on("|".join(addresses), Respond(403))
    for day in range(40):
        outcome = held.run(Sync())
        assert outcome.state == "complete" or outcome.state == "blocked", f"day {day}: {outcome.message}"
        held.time.at += DAY
    assert outcome.state == "complete"
    with reading(held.database) as db:
        unexplained = find_unexplained(db)
    assert {one.reference for one in unexplained} == {sample.reference for sample in left}
    assert [one for one in unexplained if "403" not in one.answer] == []
    assert held.ask("SELECT DISTINCT status FROM decisions") == ["published"]
    asked = Counter(target for target in held.targets() if target in addresses)
    assert all(3 <= count <= 12 for count in asked.values()), "less and less often, but for ever"
