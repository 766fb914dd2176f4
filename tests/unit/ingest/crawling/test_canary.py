"""The canary: a known decision is fetched once a day, and again after a failed check."""

from __future__ import annotations

from lgsco.replica.walls import COOKIE_WALL
from support.sync import later, on_decisions, settled, sync
from support.world import World


def test_the_canary_is_fetched_once_a_day(short_world: World) -> None:
    settled(short_world)

    def asked() -> int:
        found: int = short_world.ask("SELECT count(*) FROM checks WHERE kind = 'canary'")[0]
        return found

    once = asked()
    assert once >= 1
    for _ in range(3):
        later(short_world, 1 / 24)
        sync(short_world)
    assert asked() == once
    later(short_world)
    sync(short_world)
    sync(short_world)
    assert asked() == once + 1


def test_a_failed_canary_is_fetched_again_on_the_same_day(short_world: World) -> None:
    settled(short_world)
    later(short_world)
    short_world.server.faults = on_decisions(COOKIE_WALL)
    assert sync(short_world).exit_code == 12
    assert sync(short_world).exit_code == 12
    short_world.server.faults = None
    assert sync(short_world).exit_code == 0
