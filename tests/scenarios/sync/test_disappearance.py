"""Decisions that are no longer listed: what is concluded and when, and how they return."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ingest.clock import Clock
from lgsco.replica.edits import Edit
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from lgsco.replica.walls import OtherAnswer
from storage.references import slug
from support.sync import (
    cadence,
    later,
    listed_by,
    on_listing,
    one,
    require_site_match,
    settled,
    status,
    sync,
    sync_daily,
)
from support.world import TODAY, Time, World


def test_a_withdrawn_decision_is_unlisted_at_once_and_gone_after_two_checks_days_apart(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    text = world.ask("SELECT text FROM decisions WHERE reference = ?", lost.reference)[0]
    world.site.withdraw(lost.reference)

    assert sync_daily(world, 1).exit_code == 0
    assert world.ask("SELECT count(*) FROM entries WHERE reference = ? AND unlisted_at IS NOT NULL", lost.reference)[0]
    assert status(world, lost.reference) == "published"
    assert world.ask("SELECT gone, ended_at FROM absences WHERE reference = ?", lost.reference) == [(1, None)]
    require_site_match(world)

    sync_daily(world, 6)
    assert status(world, lost.reference) == "published", "the two checks are not seven days apart yet"
    sync_daily(world, 1)
    assert status(world, lost.reference) == "withdrawn"
    asked = world.ask("SELECT at, status FROM requests WHERE target = ? ORDER BY id", lost.address)
    gone = [at for at, code in asked if code == 404]
    assert len(gone) == 2
    assert world.ask("SELECT julianday(?) - julianday(?) >= 7", gone[1], gone[0]) == [1]
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", lost.reference) == [text]
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", lost.reference) == [1]
    assert world.ask("SELECT count(*) FROM pages WHERE reference = ?", lost.reference)[0] >= 1


def test_gone_days_sets_the_time_between_the_two_checks(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 2, listing__gone_days=2)
    assert status(world, lost.reference) == "published"
    sync_daily(world, 1, listing__gone_days=2)
    assert status(world, lost.reference) == "withdrawn"


def test_a_longer_gone_days_applies_from_the_day_it_is_set(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1, listing__gone_days=1)
    sync_daily(world, 3, listing__gone_days=7)
    assert status(world, lost.reference) == "published"
    sync_daily(world, 6, listing__gone_days=7)
    assert status(world, lost.reference) == "withdrawn"


def test_a_decision_listed_again_at_the_second_check_is_not_gone(world: World) -> None:
    """It came back when another left, so the totals do not change. Only the walk of its own day shows it."""
    settled(world)
    unlisted, other = world.site.listed()[20], world.site.listed()[50]
    listed = world.site.listed()
    without = Site([s for s in listed if s.reference != unlisted.reference], today=TODAY)
    swapped = Site([s for s in listed if s.reference != other.reference], today=TODAY)
    shadow = without

    def fault(request: Request) -> Fault | None:
        if "SearchResults" in request.target:
            return OtherAnswer(shadow, request.target)
        return Respond(404) if request.path == unlisted.address else None

    world.server.faults = fault
    sync_daily(world, 1, listing__gone_days=2)
    assert world.ask("SELECT reference, gone FROM absences") == [(unlisted.reference, 1)]
    shadow = swapped
    sync_daily(world, 4, listing__gone_days=2)
    assert world.ask("SELECT ending FROM absences WHERE reference = ?", unlisted.reference) == [None]
    assert status(world, unlisted.reference) == "published"


class Killed(BaseException):
    """The process ends here."""


class KillableClock(Time):
    """A clock at which the process can be killed."""

    killed = False

    def clock(self) -> Clock:
        def now() -> datetime:
            if self.killed:
                raise Killed
            return self.at

        return replace(super().clock(), now=now)


def test_a_second_check_interrupted_by_a_kill_concludes_nothing_later(world: World) -> None:
    """Its page is gone at the second check, and the process is killed.

    Before the next run it is listed again while another left, so the totals do not change.
    """
    world.time = mortal = KillableClock()
    settled(world)
    lost, other = world.site.listed()[20], world.site.listed()[50]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1, listing__gone_days=2)
    asked = 0

    def fault(request: Request) -> None:
        nonlocal asked
        asked += request.path == lost.address
        mortal.killed = asked > 0 and request.path != lost.address

    world.server.faults = fault
    later(world, 2)
    with pytest.raises(Killed):
        sync(world, listing__gone_days=2)
    assert asked == 1, "it was killed after the request for the page and before any other response"
    mortal.killed, world.server.faults = False, None
    world.site.restore(lost.reference)
    world.site.withdraw(other.reference)
    sync_daily(world, 1, listing__gone_days=2)
    assert status(world, lost.reference) == "published", "it is listed, and its page exists"
    sync_daily(world, 5, listing__gone_days=2, **cadence("walk", 2))
    assert status(world, lost.reference) == "published"
    assert status(world, other.reference) == "withdrawn"


def test_an_incomplete_walk_unlists_nothing(world: World) -> None:
    settled(world)
    dropped = {world.site.listed()[4].reference, world.site.listed()[33].reference}
    world.server.faults = on_listing(Edit(lambda html: _without_cards(html, dropped)))
    outcome = sync_daily(world, 3, **cadence("walk", 1))
    assert outcome.exit_code == 10
    assert world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL") == [0]
    assert world.ask("SELECT count(*) FROM absences") == [0]
    assert set(world.ask("SELECT state FROM windows WHERE total > 0")) == {"short"}


def _without_cards(html: str, references: set[str]) -> str:
    cards = re.compile(r'<div class="card">.*?</div>\n', re.DOTALL)
    return cards.sub(lambda card: "" if any(f"/{slug(one)}" in card[0] for one in references) else card[0], html)


def test_a_decision_that_leaves_by_age_is_gone_if_its_cohort_is_small(
    old_world: World,
) -> None:
    before = date(2019, 1, 1)
    old = [sample for sample in old_world.site.listed(last=before - timedelta(days=1)) if sample.kind == "statement"]
    report = replace(one(date(2018, 5, 1)), kind="report", layout="overview", outcome="Upheld", closing=None)
    old_world.site.publish(report)
    settled(old_world)
    old_world.site.expire_before(before, reports=True)
    outcome = sync_daily(old_world, 10, listing__gone_days=2, **cadence("walk", 2))
    assert outcome.exit_code == 0
    statuses = dict(old_world.ask("SELECT reference, status FROM decisions"))
    assert {statuses[sample.reference] for sample in old} == {"gone"}
    assert statuses[report.reference] == "gone"
    kept = {sample.reference for sample in old_world.site.listed()}
    assert {statuses[reference] for reference in kept} == {"published"}
    require_site_match(old_world)


def test_a_decision_removed_before_the_retention_age_is_withdrawn(old_world: World) -> None:
    settled(old_world)
    lost = next(s for s in old_world.site.listed(date(2024, 1, 1), date(2024, 12, 31)) if s.kind == "statement")
    old_world.site.withdraw(lost.reference)
    sync_daily(old_world, 4, listing__gone_days=2)
    assert status(old_world, lost.reference) == "withdrawn"


def test_an_expiry_hidden_in_the_whole_total_by_an_arrival_is_found(old_world: World) -> None:
    """One decision leaves by age and one is added inside: the whole total stays the same, the inside total does not."""
    settled(old_world)
    oldest = old_world.site.listed()[-1]
    old_world.site.withdraw(oldest.reference)
    late = one(date(2026, 8, 3))
    old_world.site.publish(late)
    assert sync_daily(old_world, 1).tally.first == 1


def test_an_unlisted_page_that_still_answers_is_never_concluded_gone(world: World) -> None:
    settled(world)
    unlisted = world.site.listed()[20]
    shadow = Site([s for s in world.site.listed() if s.reference != unlisted.reference], today=TODAY)
    world.server.faults = listed_by(shadow)
    for _ in range(12):
        assert sync_daily(world, 1, listing__gone_days=2).exit_code == 0
        later(world, 5)
    assert status(world, unlisted.reference) == "published"
    assert world.ask("SELECT gone, ended_at, ending FROM absences") == [(0, None, None)]
    assert world.ask("SELECT count(*) FROM requests WHERE target = ? AND status = 200", unlisted.address)[0] >= 3

    world.site.withdraw(unlisted.reference)
    for _ in range(12):
        sync_daily(world, 1, listing__gone_days=2)
        later(world, 4)
    assert status(world, unlisted.reference) == "withdrawn"


def test_a_page_that_answers_again_after_a_first_check_restarts_the_checks(world: World) -> None:
    settled(world)
    unlisted = world.site.listed()[20]
    shadow = Site([s for s in world.site.listed() if s.reference != unlisted.reference], today=TODAY)
    gone = True

    def fault(request: Request) -> Fault | None:
        if request.path == unlisted.address and gone:
            return Respond(404)
        return OtherAnswer(shadow, request.target) if "SearchResults" in request.target else None

    world.server.faults = fault
    sync_daily(world, 1, listing__gone_days=2)
    assert world.ask("SELECT gone FROM absences") == [1]
    gone = False
    sync_daily(world, 3, listing__gone_days=2)
    gone = True
    sync_daily(world, 1, listing__gone_days=2)
    assert status(world, unlisted.reference) == "published"


def test_a_restored_decision_is_published_again_and_its_return_recorded(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 3, listing__gone_days=2)
    assert status(world, lost.reference) == "withdrawn"
    world.site.restore(lost.reference)
    assert sync_daily(world, 1).exit_code == 0
    assert status(world, lost.reference) == "published"
    rows = world.ask("SELECT ending, ended_at IS NOT NULL, returned_at IS NOT NULL FROM absences")
    assert rows == [("withdrawn", 1, 1)]
    require_site_match(world)


def test_a_decision_that_leaves_twice_has_two_absences(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    for _ in range(2):
        world.site.withdraw(lost.reference)
        sync_daily(world, 3, listing__gone_days=2)
        assert status(world, lost.reference) == "withdrawn"
        world.site.restore(lost.reference)
        sync_daily(world, 1, listing__gone_days=2)
    assert world.ask("SELECT ending FROM absences") == ["withdrawn", "withdrawn"]
    assert status(world, lost.reference) == "published"


def test_a_decision_that_returns_before_the_conclusion_was_never_gone(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1)
    world.site.restore(lost.reference)
    sync_daily(world, 10)
    assert status(world, lost.reference) == "published"
    assert world.ask("SELECT ending, returned_at IS NOT NULL FROM absences") == [(None, 1)]


def test_a_decision_that_returns_with_another_date_is_the_same_decision(world: World) -> None:
    settled(world, listing__walk_most=10)
    lost = world.site.listed()[40]
    world.site.withdraw(lost.reference)
    sync_daily(world, 3, listing__gone_days=2, listing__walk_most=10)
    again = date(2026, 9, 14)
    world.site.redate(lost.reference, again)
    world.site.restore(lost.reference)
    assert sync_daily(world, 1, listing__walk_most=10).exit_code == 0
    row = world.ask("SELECT status, decision_date FROM decisions WHERE reference = ?", lost.reference)
    assert row == [("published", again.isoformat())]
    assert world.ask("SELECT returned_at IS NOT NULL FROM absences") == [1]
    require_site_match(world)
