"""The canary: a known decision is fetched once a day, and again after a failed check."""

from __future__ import annotations

from lgsco.replica.walls import COOKIE_WALL
from support.sync import later, on_decisions, settled, sync
from support.world import World


def test_the_canary_is_fetched_once_a_day(world: World) -> None:
    settled(world)

    def asked() -> int:
        found: int = world.ask("SELECT count(*) FROM checks WHERE kind = 'canary'")[0]
        return found

    once = asked()
    assert once >= 1
    for _ in range(3):
        later(world, 1 / 24)
        sync(world)
    assert asked() == once
    later(world)
    sync(world)
    sync(world)
    assert asked() == once + 1


def test_a_failed_canary_is_fetched_again_on_the_same_day(world: World) -> None:
    settled(world)
    later(world)
    world.server.faults = on_decisions(COOKIE_WALL)
    assert sync(world).exit_code == 12
    assert sync(world).exit_code == 12
    world.server.faults = None
    assert sync(world).exit_code == 0
