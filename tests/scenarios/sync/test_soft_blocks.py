"""A block page, an empty search shell or a changed layout: nothing is concluded from them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.edits import Edit
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import Request
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, COOKIE_WALL, ERROR_PAGE, HOME_PAGE, SEARCH_SHELL, WALLS, OtherAnswer
from support.sync import (
    QUIET,
    _words_only,
    cadence,
    decided,
    find_window,
    later,
    listed_by,
    on_decisions,
    on_listing,
    one,
    pages,
    require_site_match,
    settled,
    status,
    sync,
    sync_daily,
)
from support.world import TODAY, Time, World


def protected_rows(world: World) -> list[list[Any]]:
    """Returns the rows that must not change while the site does not serve us."""
    return [
        world.ask("SELECT * FROM windows ORDER BY first"),
        world.ask("SELECT * FROM absences ORDER BY reference, noticed_at"),
        world.ask("SELECT * FROM moves ORDER BY reference, at, field"),
        world.ask("SELECT reference, stands_on, unlisted_at FROM entries ORDER BY reference"),
        world.ask("SELECT reference, status, text_sha256, decision_date FROM decisions ORDER BY reference"),
    ]


@pytest.mark.parametrize("wall", sorted(WALLS))
def test_a_block_page_instead_of_the_listing_is_blocked_and_changes_nothing(world: World, wall: str) -> None:
    settled(world)
    before = protected_rows(world)
    later(world)
    world.server.faults = on_listing(WALLS[wall])
    outcome = sync(world, **cadence("count", 1), **cadence("walk", 1))
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert protected_rows(world) == before


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_search_shell_that_starts_midway_keeps_proven_windows(world: World, page: int) -> None:
    """It starts after some listing requests. Only a window with a started walk may become unproven."""
    settled(world)
    world.site.publish(one(date(2025, 6, 3)))
    later(world)
    asked = 0

    def fault(request: Request) -> Fault | None:
        nonlocal asked
        asked += "SearchResults" in request.target
        return SEARCH_SHELL if asked > page and "SearchResults" in request.target else None

    world.server.faults = fault
    outcome = sync(world)
    assert outcome.exit_code in (10, 12)
    assert world.ask("SELECT count(*) FROM absences") == [0]
    assert world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL") == [0]
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        assert total == len(world.site.listed(date.fromisoformat(first), date.fromisoformat(last)))
    world.server.faults = None
    assert sync_daily(world, 1).exit_code == 0
    require_site_match(world)


@pytest.mark.parametrize("wall", [CHALLENGE, COOKIE_WALL, ERROR_PAGE, HOME_PAGE])
def test_a_block_page_instead_of_decisions_is_blocked_and_names_the_canary(world: World, wall: Fault) -> None:
    settled(world)
    before = protected_rows(world)
    later(world)
    world.server.faults = on_decisions(wall)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    asked = pages(world)[-1]
    known = next(sample for sample in world.site.listed() if sample.address == asked)
    assert known.reference in outcome.message
    assert protected_rows(world) == before
    subject, passed = world.ask("SELECT subject, passed FROM checks ORDER BY id DESC LIMIT 1")[0]
    assert (subject, passed) == (known.reference, 0)


def test_a_block_page_after_the_daily_check_is_detected_at_the_first_unparsed_page(world: World) -> None:
    settled(world)
    for sample in decided(12, date(2026, 8, 1), date(2026, 9, 30), seed=98):
        world.site.publish(sample)
    later(world)
    seen = 0

    def fault(request: Request) -> Fault | None:
        nonlocal seen
        seen += request.path.startswith("/decisions/")
        return COOKIE_WALL if seen > 1 and request.path.startswith("/decisions/") else None

    world.server.faults = fault
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert world.ask("SELECT count(*) FROM decisions") == [80]
    assert len(pages(world)) < 80 + 12 + 5
    world.server.faults = None
    assert sync_daily(world, 2).exit_code == 0
    require_site_match(world)


def test_pages_with_the_text_that_do_not_parse_are_a_changed_layout(world: World) -> None:
    settled(world)
    before = protected_rows(world)
    later(world)
    world.server.faults = on_decisions(Edit(_words_only))
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("layout", 11)
    assert protected_rows(world) == before
    world.server.faults = None
    assert sync(world).exit_code == 0


def test_a_layout_that_changes_after_the_daily_check_is_detected_too(world: World) -> None:
    settled(world)
    for sample in decided(3, date(2026, 8, 1), date(2026, 9, 30), seed=98):
        world.site.publish(sample)
    world.server.faults = on_decisions(Edit(_words_only))
    later(world, 1 / 24)
    assert sync(world).exit_code == 11


def test_one_bad_page_among_good_ones_is_named_after_a_passed_canary_check(world: World) -> None:
    settled(world)
    come = decided(6, date(2026, 8, 1), date(2026, 9, 30), seed=98)
    for sample in come:
        world.site.publish(sample)
    bad = come[2]
    world.server.faults = lambda request: Edit(_words_only) if request.path == bad.address else None
    later(world)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert outcome.tally.first == 5
    assert any(bad.reference in sentence for sentence in outcome.tally.unread), outcome.tally.unread
    surprised = world.ask("SELECT passed FROM checks WHERE kind = 'canary' AND why LIKE ?", f"%{bad.reference}%")
    assert surprised == [1]
    assert find_window(world, bad.decision_date)[0] == "short"
    assert world.ask("SELECT reference FROM missing") == [bad.reference]


def test_all_known_pages_gone_is_blocked_and_concludes_nothing(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1)
    before = world.ask("SELECT * FROM absences")
    later(world, 8)
    world.server.faults = on_decisions(Respond(404))
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert world.ask("SELECT * FROM absences") == before
    assert set(world.ask("SELECT status FROM decisions")) == {"published"}


def test_all_known_pages_gone_after_the_daily_check_concludes_nothing(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 8, listing__gone_days=8)
    later(world, 0.9)
    assert sync(world, listing__gone_days=8).exit_code == 0
    later(world, 0.1)
    before = world.ask("SELECT * FROM absences")
    world.server.faults = on_decisions(Respond(404))
    assert world.ask("SELECT max(substr(at, 1, 10)) FROM checks WHERE passed") == [world.time.at.date().isoformat()]
    outcome = sync(world, listing__gone_days=8)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert world.ask("SELECT * FROM absences") == before


def test_a_site_that_turns_to_404_after_its_first_page_concludes_nothing(world: World) -> None:
    """The daily canary passes, and after that every page is 404, also the canary's."""
    settled(world)
    unlisted = world.site.listed()[20]
    shadow = Site([s for s in world.site.listed() if s.reference != unlisted.reference], today=TODAY)
    seen = 0

    def fault(request: Request) -> Fault | None:
        nonlocal seen
        if "SearchResults" in request.target:
            return OtherAnswer(shadow, request.target)
        seen += request.path.startswith("/decisions/")
        return Respond(404) if seen > 1 and request.path.startswith("/decisions/") else None

    world.server.faults = fault
    for _ in range(6):
        seen = 0
        sync_daily(world, 1, listing__gone_days=2)
    assert status(world, unlisted.reference) == "published", "its page exists for clients that the site serves"


def test_a_fall_of_most_of_the_listing_is_blocked_until_a_backfill_has_walked_it(tmp_path: Path, time: Time) -> None:
    site = Site(decided(150, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        before = protected_rows(world)
        server.faults = listed_by(Site(site.listed()[::10], today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert "backfill" in outcome.message
        assert protected_rows(world) == before
        assert world.run(Backfill(), **QUIET).exit_code == 0
        assert sync_daily(world, 1).exit_code == 0
        assert set(world.ask("SELECT status FROM decisions")) == {"published"}, "their pages exist"
        assert world.ask("SELECT total FROM windows WHERE total > 0") == [15]


def test_a_fall_that_leaves_only_old_decisions_is_blocked_too(tmp_path: Path, time: Time) -> None:
    """Nothing inside the retention age is listed any more, and no total is stated for it."""
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        before = protected_rows(world)
        server.faults = listed_by(Site(site.listed(last=date(2021, 1, 1)), today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert protected_rows(world) == before


def test_a_fall_by_age_in_one_day_is_not_blocked(tmp_path: Path, time: Time) -> None:
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        site.expire_before(date(2016, 12, 31))
        assert sync_daily(world, 1).exit_code == 0


@pytest.mark.thorough
def test_all_decisions_past_the_retention_age_may_leave_in_one_day(tmp_path: Path, time: Time) -> None:
    """Half of all decisions leave, but no more than age explains."""
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        site.expire_before(TODAY - timedelta(days=1_826))
        outcome = sync_daily(world, 6, listing__gone_days=2, **cadence("walk", 2))
        assert outcome.exit_code == 0, outcome.message
        assert len(world.ask("SELECT 1 FROM decisions WHERE status = 'gone'")) > 100, (
            "the cohort is too small to say more"
        )
        assert world.ask("SELECT count(*) FROM decisions WHERE status IN ('withdrawn', 'expired')") == [0]


def test_a_fall_to_zero_is_blocked_too(tmp_path: Path, time: Time) -> None:
    """The site lists nothing and states no total for the backfilled year, but does for other years."""
    site = Site(decided(500, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)
    year = date(2024, 6, 1), date(2025, 6, 30)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        assert world.run(Backfill(*year), **QUIET).state == "complete"
        assert sync(world).exit_code == 0
        assert len(site.listed(*year)) > 120
        before = protected_rows(world)
        missing = {sample.reference for sample in site.listed(*year)}
        server.faults = listed_by(Site([s for s in site.listed() if s.reference not in missing], today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        windows, absences, moves, entries, decisions = protected_rows(world)
        assert [windows, absences, moves, decisions] == [*before[:3], before[4]]
        assert set(before[3]) <= set(entries), "cards of other years may be recorded"


@pytest.mark.thorough
def test_mass_withdrawals_are_recorded_once_a_backfill_has_walked_the_dates(tmp_path: Path, time: Time) -> None:
    """Whichever decisions the canary chooses, the result is the same in the end."""
    site = Site(decided(150, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        lost = [sample.reference for n, sample in enumerate(site.listed()) if n % 5]
        for reference in lost:
            site.withdraw(reference)
        later(world)
        assert sync(world).exit_code == 12
        outcome = world.run(Backfill(), **QUIET)
        assert outcome.exit_code == 0, outcome.message
        outcome = sync_daily(world, 9)
        assert outcome.exit_code == 0, outcome.message
        gone = world.ask("SELECT reference FROM decisions WHERE status = 'withdrawn'")
        assert set(gone) == set(lost)
