"""Decisions that are listed but never have a page are excluded, named, and retried for ever."""

from __future__ import annotations

from ingest.run import Backfill
from lgsco.replica.edits import Edit
from lgsco.replica.faults import Respond
from support.sync import (
    QUIET,
    _words_only,
    find_window,
    later,
    on_decisions,
    pages,
    require_site_match,
    sync,
    sync_daily,
)
from support.world import World


def test_a_listed_decision_without_a_page_is_excluded_and_retried_for_ever(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    assert world.run(Backfill(), **QUIET).exit_code == 10
    for day in range(1, 7):
        assert sync_daily(world, 1).exit_code == 10, f"after {day} days it is still missing"
        assert find_window(world, lost.decision_date)[0] == "short"
    assert world.ask("SELECT reference, state FROM missing") == [(lost.reference, "failed")]
    for _ in range(8):
        outcome = sync_daily(world, 1)
    assert outcome.exit_code == 0, "two weeks are enough for three tries over seven days"
    assert find_window(world, lost.decision_date) == ("proven", 75, 74, 1), "the last days have a row of their own"
    reference, state, error = world.ask("SELECT reference, state, error FROM missing")[0]
    assert (reference, state) == (lost.reference, "excluded")
    assert "404" in error
    gone = world.ask("SELECT at FROM requests WHERE target = ? AND status = 404 ORDER BY id", lost.address)
    assert len(gone) >= 3
    assert world.ask("SELECT julianday(?) - julianday(?) >= 7", gone[-1], gone[0]) == [1]

    since = len(world.targets())
    for _ in range(10):
        later(world, 9)
        assert sync(world).exit_code == 0
    assert lost.address in pages(world, since), "it is still retried"
    world.server.faults = None
    for _ in range(5):
        later(world, 9)
        assert sync(world).exit_code == 0
    assert lost.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT count(*) FROM missing") == [0]
    require_site_match(world)


def test_a_decision_is_no_longer_excluded_when_its_page_appears_but_does_not_parse(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    sync_daily(world, 14)
    assert world.ask("SELECT state FROM missing") == ["excluded"]
    world.server.faults = lambda request: Edit(_words_only) if request.path == lost.address else None
    later(world, 30)
    outcome = sync(world)
    assert world.ask("SELECT state FROM missing") == ["failed"], "the page exists"
    assert outcome.exit_code == 10
    assert find_window(world, lost.decision_date)[0] != "proven"


def test_three_gone_answers_within_a_week_do_not_exclude_a_decision(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    sync_daily(world, 5)
    assert len([p for p in pages(world) if p == lost.address]) >= 3
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_two_gone_answers_over_more_than_a_week_do_not_exclude_a_decision(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    later(world, 9)
    assert sync(world).exit_code == 10
    assert len([p for p in pages(world) if p == lost.address]) == 2
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_other_failures_do_not_exclude_a_decision(world: World) -> None:
    """Ten days of status 500 do not prove that a page does not exist."""
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(500) if request.path == lost.address else None
    world.run(Backfill(), fetch__tries=1, **QUIET)
    outcome = sync_daily(world, 10, fetch__tries=1)
    assert outcome.exit_code == 10
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_a_site_with_only_404_pages_from_the_first_day_proves_nothing(world: World) -> None:
    """No page was ever seen: the site does not serve us, and eighty decisions are not excluded."""
    world.server.faults = on_decisions(Respond(404))
    world.run(Backfill(), **QUIET)
    for _ in range(10):
        assert sync_daily(world, 1).exit_code != 0
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven' AND total > 0") == [0]


def test_a_never_fetched_decision_that_leaves_the_listing_is_no_longer_missing(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    world.site.withdraw(lost.reference)
    outcome = sync_daily(world, 1)
    assert world.ask("SELECT count(*) FROM missing") == [0]
    assert (outcome.state, outcome.exit_code) == ("complete", 0), "every decision that the site lists is stored"
