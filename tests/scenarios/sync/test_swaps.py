"""Changes that equal totals hide are found by the counts and walks of the cadence."""

from __future__ import annotations

from datetime import date

from lgsco.replica.sample import Sample
from support.sync import cadence, listings, one, require_site_match, settled, sync_daily
from support.world import World


def swap(world: World, first: date, last: date, to: date) -> tuple[Sample, Sample]:
    """Withdraws one decision and publishes another; returns both."""
    lost = world.site.listed(first, last)[0]
    come = one(to)
    world.site.withdraw(lost.reference)
    world.site.publish(come)
    return lost, come


def test_a_swap_inside_a_window_is_found_by_the_walks_in_time(world: World) -> None:
    settings = cadence("walk", 5)
    settled(world, **settings)
    lost, come = swap(world, date(2024, 3, 1), date(2024, 12, 31), date(2024, 6, 3))
    sync_daily(world, 5, **settings)
    assert come.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == [lost.reference]
    require_site_match(world)


def test_a_swap_across_windows_is_found_by_the_counts_in_time(world: World) -> None:
    settings = {**cadence("count", 3), "listing__walk_most": 10}
    settled(world, **settings)
    lost, come = swap(world, date(2024, 3, 1), date(2024, 12, 31), date(2026, 6, 3))
    for _ in range(3):
        assert sync_daily(world, 1, **settings).exit_code == 0, "the changed dates are proven in the same run"
    assert come.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == [lost.reference]
    require_site_match(world)


def test_the_cadence_walks_no_more_than_is_due(world: World) -> None:
    settings = {**cadence("walk", 4), "listing__walk_most": 10}
    settled(world, **settings)
    walked: dict[str, int] = {}
    for _ in range(8):
        since = len(world.targets())
        assert sync_daily(world, 1, **settings).exit_code == 0
        for target in listings(world, since):
            if "fd=0001-01-01" not in target:
                walked[target] = walked.get(target, 0) + 1
    assert walked
    assert max(walked.values()) <= 4, "in eight days no window is walked more than every second day"
    assert world.ask("SELECT count(*) FROM windows WHERE walked_at < ?", world.time.clock().stamp(-5 * 86_400)) == (
        world.ask("SELECT count(*) FROM windows WHERE walked_at < ? AND total = 0", world.time.clock().stamp(-432_000))
    )
