"""Sync: what is new, late, moved or gone is found with few requests; what blocks, lies or is silent proves nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from ingest.clock import Clock, Stop
from ingest.run import Backfill, Outcome, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.edits import Edit, WrongTotal
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, COOKIE_WALL, ERROR_PAGE, HOME_PAGE, SEARCH_SHELL, WALLS, Instead
from storage.database import SCHEMA_VERSION
from storage.model import slug
from storage.schema import migrations
from support.world import TODAY, Time, World

NEVER = 100_000
"""Days of a cadence that does not come round in a test."""
QUIET: dict[str, object] = {
    **{f"cadence__{act}_{age}": NEVER for act in ("count", "walk") for age in ("recent", "middle", "old")},
    "cadence__filters": NEVER,
}
"""Dials with which nothing is owed, so that the totals alone are asked."""


def decided(count: int, first: date, last: date, *, seed: int = 7) -> list[Sample]:
    """Decisions of few words, shown from the day they were decided on."""
    samples = generate(count, seed=seed, first=first, last=last, body=False)
    return [replace(sample, published=sample.decision_date) for sample in samples]


def one(day: date, number: int = 1) -> Sample:
    """A decision of that day, with a reference that no other bears."""
    (sample,) = decided(1, day, day, seed=99)
    return replace(sample, reference=f"27 000 {number:03}", kind="statement", decision_date=day, published=day)


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Eighty decisions of the last three years."""
    with serve(Site(decided(80, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@pytest.fixture
def old_world(tmp_path: Path, time: Time) -> Iterator[World]:
    """A hundred and twenty decisions of the last ten years."""
    with serve(Site(decided(120, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def cadence(act: str, days: int) -> dict[str, object]:
    """The dials of one act, for windows of every age."""
    return {f"cadence__{act}_{age}": days for age in ("recent", "middle", "old")}


def later(world: World, days: float = 1) -> None:
    world.time.at += timedelta(days=days)
    world.site.today = world.time.at.date()


def sync(world: World, **dials: object) -> Outcome:
    """A sync to which the cadence owes nothing, unless the dials say otherwise."""
    return world.run(Sync(), **{**QUIET, **dials})


def sync_daily(world: World, days: int, **dials: object) -> Outcome:
    """A sync on each of the next days; the last one's outcome."""
    for _ in range(days):
        later(world)
        outcome = sync(world, **dials)
    return outcome


def settled(world: World, **dials: object) -> None:
    """All is held and proven, and the checks that come first are made."""
    assert world.run(Backfill(), **{**QUIET, **dials}).state == "complete"
    assert sync(world, **dials).exit_code == 0


def listings(world: World, since: int) -> list[str]:
    """The listing requests after so many requests."""
    return [target for target in world.targets()[since:] if "SearchResults" in target]


def pages(world: World, since: int = 0) -> list[str]:
    """The decision pages asked for after so many requests."""
    return [target for target in world.targets()[since:] if target.startswith("/decisions/")]


def status(world: World, reference: str) -> str:
    found: str = world.ask("SELECT status FROM decisions WHERE reference = ?", reference)[0]
    return found


def window_of(world: World, day: date) -> tuple[str, int, int, int]:
    """State, total, held and excluded of the window that a day lies in."""
    rows: list[tuple[str, int, int, int]] = world.ask(
        "SELECT state, total, held, excluded FROM coverage WHERE first <= ?1 AND last >= ?1", day.isoformat()
    )
    assert len(rows) == 1, f"{len(rows)} windows hold {day}"
    return rows[0]


def books(world: World) -> list[list[Any]]:
    """What nothing may touch while the site does not serve us."""
    return [
        world.ask("SELECT * FROM windows ORDER BY first"),
        world.ask("SELECT * FROM absences ORDER BY reference, noticed_at"),
        world.ask("SELECT * FROM moves ORDER BY reference, at, field"),
        world.ask("SELECT reference, stands_on, unlisted_at FROM entries ORDER BY reference"),
        world.ask("SELECT reference, status, text_sha256, decision_date FROM decisions ORDER BY reference"),
    ]


def truth_is_held(world: World) -> None:
    """Every window is proven, with the site's own total, and holds just what the site lists of it."""
    for first, last, total, state in world.ask("SELECT first, last, total, state FROM windows"):
        listed = {s.reference for s in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        known = world.ask(
            "SELECT e.reference FROM entries AS e JOIN decisions AS d USING (reference) "
            "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN ? AND ?",
            *(first, last),
        )
        assert (state, total) == ("proven", len(listed)), f"{first} to {last}"
        assert set(known) == listed


def on_listing(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if "SearchResults" in request.target else None


def on_decisions(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.path.startswith("/decisions/") else None


def listed_by(shadow: Site) -> Callable[[Request], Fault | None]:
    """The listing of another site, with the pages of this one."""
    return lambda request: Instead(shadow, request.target) if "SearchResults" in request.target else None


# ---------------------------------------------------------------- few requests


def test_an_idle_sync_asks_two_totals_and_the_canary(old_world: World) -> None:
    settled(old_world)
    later(old_world)
    since = len(old_world.targets())
    outcome = sync(old_world)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert len(listings(old_world, since)) == 2
    assert len(pages(old_world, since)) == 1
    assert len(old_world.targets()) - since == 4, "robots.txt, two totals, the known decision of the day"


def test_an_idle_sync_of_what_nothing_leaves_by_age_asks_one_total(world: World) -> None:
    first = date(2024, 1, 1)
    assert world.run(Backfill(first), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    later(world)
    since = len(world.targets())
    assert sync(world).exit_code == 0
    assert len(listings(world, since)) == 1


def test_the_two_totals_part_where_age_begins(old_world: World) -> None:
    settled(old_world)
    later(old_world)
    since = len(old_world.targets())
    sync(old_world, listing__retention_days=1_000, listing__edge_days=100)
    edge = old_world.time.at.date() - timedelta(days=900)
    begins = {re.search(r"fd=([\d-]+)", target)[1] for target in listings(old_world, since)}  # type: ignore[index]
    assert begins == {"0001-01-01", edge.isoformat()}


def test_a_late_decision_deep_inside_is_found_with_few_requests(tmp_path: Path, time: Time) -> None:
    site = Site(decided(600, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        late = one(date(2025, 9, 3))
        later(world)
        site.publish(replace(late, published=time.at.date()))
        since = len(world.targets())
        outcome = sync(world)
        assert (outcome.exit_code, outcome.tally.first) == (0, 1)
        assert len(listings(world, since)) <= 15
        assert late.reference in world.ask("SELECT reference FROM decisions")
        state, total, held, _ = window_of(world, late.decision_date)
        assert state == "proven" and total == held
        truth_is_held(world)


def test_the_sync_after_that_asks_two_totals_again(old_world: World) -> None:
    settled(old_world)
    old_world.site.publish(one(date(2025, 9, 3)))
    later(old_world)
    assert sync(old_world).tally.first == 1
    later(old_world)
    since = len(old_world.targets())
    assert sync(old_world).exit_code == 0
    assert len(listings(old_world, since)) == 2


def test_what_is_published_on_both_sides_of_the_edge_is_found(old_world: World) -> None:
    settled(old_world)
    old_world.site.publish(one(date(2018, 3, 5), 1))
    old_world.site.publish(one(date(2026, 8, 5), 2))
    later(old_world)
    outcome = sync(old_world)
    assert (outcome.exit_code, outcome.tally.first) == (0, 2)
    truth_is_held(old_world)


# ---------------------------------------------------------------- gone, and come back


def test_a_withdrawn_decision_is_unlisted_at_once_and_gone_after_two_witnesses_days_apart(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    text = world.ask("SELECT text FROM decisions WHERE reference = ?", lost.reference)[0]
    world.site.withdraw(lost.reference)

    assert sync_daily(world, 1).exit_code == 0
    assert world.ask("SELECT count(*) FROM entries WHERE reference = ? AND unlisted_at IS NOT NULL", lost.reference)[0]
    assert status(world, lost.reference) == "published"
    assert world.ask("SELECT gone, ended_at FROM absences WHERE reference = ?", lost.reference) == [(1, None)]
    truth_is_held(world)

    sync_daily(world, 6)
    assert status(world, lost.reference) == "published", "the two times are not seven days apart yet"
    sync_daily(world, 1)
    assert status(world, lost.reference) == "withdrawn"
    asked = world.ask("SELECT at, status FROM requests WHERE target = ? ORDER BY id", lost.address)
    gone = [at for at, code in asked if code == 404]
    assert len(gone) == 2
    assert world.ask("SELECT julianday(?) - julianday(?) >= 7", gone[1], gone[0]) == [1]
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", lost.reference) == [text]
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", lost.reference) == [1]
    assert world.ask("SELECT count(*) FROM pages WHERE reference = ?", lost.reference)[0] >= 1


def test_how_far_apart_the_two_times_are_is_a_dial(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 2, listing__gone_days=2)
    assert status(world, lost.reference) == "published"
    sync_daily(world, 1, listing__gone_days=2)
    assert status(world, lost.reference) == "withdrawn"


def test_a_longer_time_apart_is_obeyed_from_the_day_it_is_set(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1, listing__gone_days=1)
    sync_daily(world, 3, listing__gone_days=7)
    assert status(world, lost.reference) == "published"
    sync_daily(world, 6, listing__gone_days=7)
    assert status(world, lost.reference) == "withdrawn"


def test_one_that_is_listed_again_by_the_second_time_is_not_gone_whatever_its_page_says(world: World) -> None:
    """It came back when another left, so that no total tells; only its own day, walked again, does."""
    settled(world)
    unlisted, other = world.site.listed()[20], world.site.listed()[50]
    listed = world.site.listed()
    without = Site([s for s in listed if s.reference != unlisted.reference], today=TODAY)
    swapped = Site([s for s in listed if s.reference != other.reference], today=TODAY)
    shadow = without

    def fault(request: Request) -> Fault | None:
        if "SearchResults" in request.target:
            return Instead(shadow, request.target)
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


class Mortal(Time):
    """A clock at which the process can be killed."""

    killed = False

    def clock(self) -> Clock:
        def now() -> datetime:
            if self.killed:
                raise Killed
            return self.at

        return replace(super().clock(), now=now)


def test_a_second_time_that_a_kill_cut_off_is_no_witness_of_what_came_after(world: World) -> None:
    """Its page is gone for the second time, the process is killed, and by the next run it is listed again while
    another left: the totals are as they were."""
    world.time = mortal = Mortal()
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
    assert asked == 1, "it was killed after the page was asked for and before anything else was answered"
    mortal.killed, world.server.faults = False, None
    world.site.restore(lost.reference)
    world.site.withdraw(other.reference)
    sync_daily(world, 1, listing__gone_days=2)
    assert status(world, lost.reference) == "published", "it is listed, and its page is there"
    sync_daily(world, 5, listing__gone_days=2, **cadence("walk", 2))
    assert status(world, lost.reference) == "published"
    assert status(world, other.reference) == "withdrawn"


def test_a_walk_that_came_short_takes_nothing_off_the_list(world: World) -> None:
    settled(world)
    dropped = {world.site.listed()[4].reference, world.site.listed()[33].reference}
    world.server.faults = on_listing(Edit(lambda html: _without_cards(html, dropped)))
    outcome = sync_daily(world, 3, **cadence("walk", 1))
    assert outcome.exit_code == 10
    assert world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL") == [0]
    assert world.ask("SELECT count(*) FROM absences") == [0]
    assert world.ask("SELECT state FROM windows WHERE total > 0") == ["short"]


def _without_cards(html: str, references: set[str]) -> str:
    cards = re.compile(r'<div class="card">.*?</div>\n', re.DOTALL)
    return cards.sub(lambda card: "" if any(f"/{slug(one)}" in card[0] for one in references) else card[0], html)


def test_a_statement_that_leaves_by_age_is_expired_and_a_report_of_its_age_withdrawn(old_world: World) -> None:
    before = date(2019, 1, 1)
    old = [sample for sample in old_world.site.listed(last=before - timedelta(days=1)) if sample.kind == "statement"]
    report = replace(one(date(2018, 5, 1)), kind="report", layout="overview", outcome="Upheld", closing=None)
    old_world.site.publish(report)
    settled(old_world)
    old_world.site.expire_before(before, reports=True)
    outcome = sync_daily(old_world, 10, listing__gone_days=2, **cadence("walk", 2))
    assert outcome.exit_code == 0
    statuses = dict(old_world.ask("SELECT reference, status FROM decisions"))
    assert {statuses[sample.reference] for sample in old} == {"expired"}
    assert statuses[report.reference] == "withdrawn"
    kept = {sample.reference for sample in old_world.site.listed()}
    assert {statuses[reference] for reference in kept} == {"published"}
    truth_is_held(old_world)


def test_one_that_is_taken_away_before_its_time_is_withdrawn_however_old_the_archive(old_world: World) -> None:
    settled(old_world)
    lost = next(s for s in old_world.site.listed(date(2024, 1, 1), date(2024, 12, 31)) if s.kind == "statement")
    old_world.site.withdraw(lost.reference)
    sync_daily(old_world, 4, listing__gone_days=2)
    assert status(old_world, lost.reference) == "withdrawn"


def test_an_expiry_that_an_arrival_beside_it_hides_in_the_whole_total_hides_nothing(old_world: World) -> None:
    """One leaves by age and one comes inside: the whole total stays, that of the part inside does not."""
    settled(old_world)
    oldest = old_world.site.listed()[-1]
    old_world.site.withdraw(oldest.reference)
    late = one(date(2026, 8, 3))
    old_world.site.publish(late)
    assert sync_daily(old_world, 1).tally.first == 1


def test_a_page_that_is_unlisted_and_still_answers_is_never_concluded(world: World) -> None:
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


def test_a_page_that_was_gone_once_and_answers_again_begins_anew(world: World) -> None:
    settled(world)
    unlisted = world.site.listed()[20]
    shadow = Site([s for s in world.site.listed() if s.reference != unlisted.reference], today=TODAY)
    gone = True

    def fault(request: Request) -> Fault | None:
        if request.path == unlisted.address and gone:
            return Respond(404)
        return Instead(shadow, request.target) if "SearchResults" in request.target else None

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
    truth_is_held(world)


def test_one_that_goes_twice_has_two_absences(world: World) -> None:
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


def test_one_that_returns_before_it_is_concluded_was_never_gone(world: World) -> None:
    settled(world)
    lost = world.site.listed()[20]
    world.site.withdraw(lost.reference)
    sync_daily(world, 1)
    world.site.restore(lost.reference)
    sync_daily(world, 10)
    assert status(world, lost.reference) == "published"
    assert world.ask("SELECT ending, returned_at IS NOT NULL FROM absences") == [(None, 1)]


def test_one_that_returns_with_another_date_is_the_same_decision(world: World) -> None:
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
    truth_is_held(world)


# ---------------------------------------------------------------- moved


def test_a_decision_that_takes_a_date_in_another_window_is_the_same_row_with_its_move(world: World) -> None:
    dials = {**cadence("count", 1), "listing__walk_most": 10}
    settled(world, **dials)
    moved = world.site.listed()[70]
    first_seen, held = world.ask(
        "SELECT first_seen, (SELECT count(*) FROM decisions) FROM decisions WHERE reference = ?", moved.reference
    )[0]
    to = date(2026, 9, 14)
    world.site.redate(moved.reference, to)
    assert sync_daily(world, 1, **dials).exit_code == 0
    row = world.ask(
        "SELECT first_seen, decision_date, status FROM decisions WHERE reference = ?",
        moved.reference,
    )
    assert row == [(first_seen, to.isoformat(), "published")]
    assert world.ask("SELECT count(*) FROM decisions") == [held]
    assert world.ask("SELECT reference, field, before, after FROM moves") == [
        (moved.reference, "decision_date", moved.decision_date.isoformat(), to.isoformat())
    ]
    for day in (moved.decision_date, to):
        assert window_of(world, day)[0] == "proven"
    assert world.ask("SELECT count(*) FROM absences WHERE returned_at IS NULL") == [0]
    truth_is_held(world)


def test_a_move_is_never_taken_for_a_loss(world: World) -> None:
    """Whichever of the two windows is looked at first, and however long it takes to look at the other."""
    dials = {**cadence("count", 3), "listing__walk_most": 10, "listing__gone_days": 1}
    settled(world, **dials)
    listed = world.site.listed()
    for sample, to in ((listed[70], date(2026, 9, 14)), (listed[5], date(2024, 1, 15))):
        world.site.redate(sample.reference, to)
    for _ in range(8):
        sync_daily(world, 1, **dials)
        assert set(world.ask("SELECT status FROM decisions")) == {"published"}
    truth_is_held(world)
    assert world.ask("SELECT count(*) FROM moves WHERE field = 'decision_date'") == [2]


def test_a_decision_that_takes_another_category_keeps_its_row_and_gets_its_address(world: World) -> None:
    dials = cadence("walk", 1)
    settled(world, **dials)
    before = world.site.listed()[30]
    after = replace(before, category="Housing", subcategory="Private housing")
    assert before.address != after.address
    world.site.amend(before.reference, after)
    assert sync_daily(world, 1, **dials).exit_code == 0
    row = world.ask("SELECT url, category, subcategory, status FROM decisions WHERE reference = ?", before.reference)
    assert row == [(after.address, "Housing", "Private housing", "published")]
    moves = world.ask("SELECT field, before, after FROM moves WHERE reference = ?", before.reference)
    assert ("url", before.address, after.address) in moves
    assert world.ask("SELECT count(*) FROM absences") == [0]
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", before.reference) == [2]
    truth_is_held(world)


def test_a_date_and_an_address_that_change_together_are_one_move(world: World) -> None:
    dials = {**cadence("count", 2), "listing__walk_most": 10, "listing__gone_days": 1}
    settled(world, **dials)
    before = world.site.listed()[60]
    after = replace(before, category="Housing", subcategory="Private housing", decision_date=date(2026, 9, 14))
    world.site.amend(before.reference, after)
    for _ in range(6):
        sync_daily(world, 1, **dials)
        assert status(world, before.reference) == "published", "it is listed all the time"
    assert world.ask("SELECT url, decision_date FROM decisions WHERE reference = ?", before.reference) == [
        (after.address, "2026-09-14")
    ]
    truth_is_held(world)


def test_a_moved_decision_whose_new_card_prints_no_date_leaves_no_window_falsely_proven(world: World) -> None:
    dials = {**cadence("count", 1), **cadence("walk", 2), "listing__walk_most": 10}
    settled(world, **dials)
    moved = world.site.listed()[70]
    to = date(2026, 9, 14)
    world.site.redate(moved.reference, to)

    def undated(html: str) -> str:
        return re.sub(
            rf'(?s)<div class="card">(?:(?!<div class="card">).)*?{slug(moved.reference)}.*?</div>\n',
            lambda card: re.sub(r"\d\d-[A-Z][a-z]{2}-\d{4}", "", card[0]),
            html,
        )

    world.server.faults = on_listing(Edit(undated))
    sync_daily(world, 6, **dials)
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        assert total == len(world.site.listed(date.fromisoformat(first), date.fromisoformat(last)))
        standing = world.ask(
            "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ?", first, last
        )
        assert standing == [total], f"{first} to {last}"
    assert status(world, moved.reference) == "published"


def test_a_move_out_of_what_was_backfilled_is_no_loss(world: World) -> None:
    """It is listed, on a day nobody asked about: its page says where it went, and nothing is concluded."""
    assert world.run(Backfill(date(2024, 1, 1), date(2024, 12, 31)), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    moved = world.site.listed(date(2024, 1, 1), date(2024, 12, 31))[3]
    to = date(2025, 6, 2)
    world.site.redate(moved.reference, to)
    for _ in range(6):
        assert sync_daily(world, 1, listing__gone_days=2).exit_code == 0
    row = world.ask("SELECT decision_date, status FROM decisions WHERE reference = ?", moved.reference)
    assert row == [(to.isoformat(), "published")]
    assert window_of(world, moved.decision_date)[0] == "proven"


# ---------------------------------------------------------------- what equal totals hide


def swap(world: World, first: date, last: date, to: date) -> tuple[Sample, Sample]:
    """One goes and one comes: which."""
    lost = world.site.listed(first, last)[0]
    come = one(to)
    world.site.withdraw(lost.reference)
    world.site.publish(come)
    return lost, come


def test_a_swap_inside_a_window_is_found_by_the_walks_in_time(world: World) -> None:
    dials = cadence("walk", 5)
    settled(world, **dials)
    lost, come = swap(world, date(2024, 3, 1), date(2024, 12, 31), date(2024, 6, 3))
    sync_daily(world, 5, **dials)
    assert come.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == [lost.reference]
    truth_is_held(world)


def test_a_swap_across_windows_is_found_by_the_counts_in_time(world: World) -> None:
    dials = {**cadence("count", 3), "listing__walk_most": 10}
    settled(world, **dials)
    lost, come = swap(world, date(2024, 3, 1), date(2024, 12, 31), date(2026, 6, 3))
    for _ in range(3):
        assert sync_daily(world, 1, **dials).exit_code == 0, "what is found is proven in the same run"
    assert come.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT reference FROM entries WHERE unlisted_at IS NOT NULL") == [lost.reference]
    truth_is_held(world)


def test_what_the_cadence_walks_again_is_never_more_than_it_owes(world: World) -> None:
    dials = {**cadence("walk", 4), "listing__walk_most": 10}
    settled(world, **dials)
    walked: dict[str, int] = {}
    for _ in range(8):
        since = len(world.targets())
        assert sync_daily(world, 1, **dials).exit_code == 0
        for target in listings(world, since):
            if "fd=0001-01-01" not in target:
                walked[target] = walked.get(target, 0) + 1
    assert walked
    assert max(walked.values()) <= 4, "in eight days no window is walked more than every second day"
    assert world.ask("SELECT count(*) FROM windows WHERE walked_at < ?", world.time.clock().stamp(-5 * 86_400)) == (
        world.ask("SELECT count(*) FROM windows WHERE walked_at < ? AND total = 0", world.time.clock().stamp(-432_000))
    )


# ---------------------------------------------------------------- listed, and never to be had


def test_a_listed_decision_that_is_never_there_is_excluded_and_tried_for_ever(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    assert world.run(Backfill(), **QUIET).exit_code == 10
    for day in range(1, 7):
        assert sync_daily(world, 1).exit_code == 10, f"after {day} days it is still missing"
        assert window_of(world, lost.decision_date)[0] == "short"
    assert world.ask("SELECT reference, state FROM missing") == [(lost.reference, "failed")]
    for _ in range(8):
        outcome = sync_daily(world, 1)
    assert outcome.exit_code == 0, "two weeks are enough to have tried three times over seven days"
    assert window_of(world, lost.decision_date) == ("proven", 80, 79, 1)
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
    assert lost.address in pages(world, since), "it is tried on"
    world.server.faults = None
    for _ in range(5):
        later(world, 9)
        assert sync(world).exit_code == 0
    assert lost.reference in world.ask("SELECT reference FROM decisions")
    assert world.ask("SELECT count(*) FROM missing") == [0]
    truth_is_held(world)


def test_an_excluded_decision_whose_page_appears_and_does_not_read_is_excluded_no_more(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    sync_daily(world, 14)
    assert world.ask("SELECT state FROM missing") == ["excluded"]
    world.server.faults = lambda request: Edit(_words_only) if request.path == lost.address else None
    later(world, 30)
    outcome = sync(world)
    assert world.ask("SELECT state FROM missing") == ["failed"], "there is such a page"
    assert outcome.exit_code == 10
    assert window_of(world, lost.decision_date)[0] != "proven"


def test_three_times_gone_within_a_week_excludes_nothing(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    sync_daily(world, 5)
    assert len([p for p in pages(world) if p == lost.address]) >= 3
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_twice_gone_over_more_than_a_week_excludes_nothing(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    later(world, 9)
    assert sync(world).exit_code == 10
    assert len([p for p in pages(world) if p == lost.address]) == 2
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_failures_that_are_not_gone_exclude_nothing(world: World) -> None:
    """Ten days of 500 are no witness that a page does not exist."""
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(500) if request.path == lost.address else None
    world.run(Backfill(), fetch__tries=1, **QUIET)
    outcome = sync_daily(world, 10, fetch__tries=1)
    assert outcome.exit_code == 10
    assert world.ask("SELECT state FROM missing") == ["failed"]


def test_a_site_whose_every_page_is_404_from_the_first_day_proves_nothing(world: World) -> None:
    """No page was ever seen: this is a site that does not serve us, not eighty decisions that are excluded."""
    world.server.faults = on_decisions(Respond(404))
    world.run(Backfill(), **QUIET)
    for _ in range(10):
        assert sync_daily(world, 1).exit_code != 0
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven' AND total > 0") == [0]


def test_one_that_was_never_had_and_leaves_the_listing_is_missed_no_more(world: World) -> None:
    lost = world.site.listed()[20]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    world.run(Backfill(), **QUIET)
    world.site.withdraw(lost.reference)
    outcome = sync_daily(world, 1)
    assert world.ask("SELECT count(*) FROM missing") == [0]
    assert (outcome.state, outcome.exit_code) == ("complete", 0), "every decision that the site lists is held"


# ---------------------------------------------------------------- empty ranges, scope, schema


def test_what_appears_in_a_range_of_empty_days_is_found(world: World) -> None:
    quiet = date(2019, 1, 1), date(2019, 12, 31)
    assert world.run(Backfill(*quiet), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    come = one(date(2019, 5, 6))
    world.site.publish(come)
    outcome = sync_daily(world, 1)
    assert outcome.exit_code == 0
    assert come.reference in world.ask("SELECT reference FROM decisions")


def test_an_empty_range_stays_proven_by_difference_and_costs_little(world: World) -> None:
    quiet = date(2019, 1, 1), date(2019, 12, 31)
    world.run(Backfill(*quiet), **QUIET)
    sync_daily(world, 2)
    since = len(world.targets())
    assert sync_daily(world, 1).exit_code == 0
    assert window_of(world, date(2019, 5, 6))[:2] == ("proven", 0)
    assert len(listings(world, since)) <= 5, "two totals, and three that tell what lies around the empty range"


def test_a_range_whose_last_decision_leaves_is_empty_by_difference(world: World) -> None:
    lonely = one(date(2019, 5, 6))
    world.site.publish(lonely)
    settled(world, listing__walk_most=10)
    world.site.withdraw(lonely.reference)
    assert sync_daily(world, 1, listing__walk_most=10, **cadence("count", 1)).exit_code == 0
    assert window_of(world, lonely.decision_date)[:2] == ("proven", 0)
    truth_is_held(world)


def test_a_backfill_that_goes_on_has_what_came_into_what_it_had_walked(world: World) -> None:
    dials = {**QUIET, "listing__walk_most": 10}
    assert world.run(Backfill(limit=40), **dials).state == "limited"
    walked = date.fromisoformat(world.ask("SELECT max(first) FROM windows WHERE total > 0")[0])
    come = one(walked)
    world.site.publish(come)
    later(world, 1 / 24)
    world.run(Backfill(), **dials)
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        if not first <= come.decision_date.isoformat() <= last:
            assert total == len(world.site.listed(date.fromisoformat(first), date.fromisoformat(last)))
    assert sync_daily(world, 1, listing__walk_most=10).exit_code == 0
    assert come.reference in world.ask("SELECT reference FROM decisions")
    truth_is_held(world)


def test_sync_on_an_empty_database_answers_for_the_last_days(world: World) -> None:
    outcome = world.run(Sync(), schedule__sync_days=200)
    assert outcome.exit_code == 0
    first = TODAY - timedelta(days=200)
    assert set(world.ask("SELECT reference FROM decisions")) == {s.reference for s in world.site.listed(first)}
    assert world.ask("SELECT min(first) FROM windows") == [first.isoformat()]
    assert world.ask("SELECT count(*) FROM windows WHERE state <> 'proven'") == [0]


def test_the_days_that_pass_between_syncs_stay_answered_for(world: World) -> None:
    world.run(Sync(), schedule__sync_days=120)
    later(world, 60)
    world.run(Sync(), schedule__sync_days=120)
    first = TODAY - timedelta(days=120)
    world.site.publish(one(first))
    outcome = sync_daily(world, 1, schedule__sync_days=120)
    assert (outcome.exit_code, outcome.tally.first) == (0, 1)


def test_sync_answers_for_all_that_was_ever_backfilled(world: World) -> None:
    quarter = date(2024, 1, 1), date(2024, 3, 31)
    assert world.run(Backfill(*quarter), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    inside, outside = one(date(2024, 2, 1), 1), one(date(2024, 6, 3), 2)
    world.site.publish(inside)
    world.site.publish(outside)
    assert sync_daily(world, 1).exit_code == 0
    held = world.ask("SELECT reference FROM decisions")
    assert inside.reference in held
    assert outside.reference not in held, "nobody asked for those days"


def version_one(path: Path) -> None:
    """A file as the first schema made it: two decisions held, one of them listed without a date, one waiting."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(Database(db), stop_before="m002_reconciliation")
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        db.executescript(
            """
            INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES
              (1, 'backfill', '{}', '2026-10-01T06:00:00Z', 'incomplete', 1);
            INSERT INTO decisions (reference, decision_date, text, url, status, first_seen, updated_at, text_sha256,
              normaliser, source) VALUES
              ('25 000 001', '2025-05-01', 'One', '/decisions/education/other/25-000-001', 'published',
               '2026-10-01T06:00:00Z', '2026-10-01T06:00:00Z', 'x', '1', 'site'),
              ('25 000 002', NULL, 'Two', '/decisions/education/other/25-000-002', 'published',
               '2026-10-01T06:00:00Z', '2026-10-01T06:00:00Z', 'y', '1', 'site');
            INSERT INTO entries (reference, url, decision_date, first_listed, last_listed) VALUES
              ('25 000 001', '/decisions/education/other/25-000-001', '2025-05-01', '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z'),
              ('25 000 002', '/decisions/education/other/25-000-002', NULL, '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z'),
              ('25 000 003', '/decisions/education/other/25-000-003', '2025-05-02', '2026-10-01T06:00:00Z',
               '2026-10-01T06:00:00Z');
            INSERT INTO queue (reference, url, decision_date, state, added_at, attempts, next_at, error_kind, error)
              VALUES ('25 000 003', '/decisions/education/other/25-000-003', '2025-05-02', 'failed',
                      '2026-10-01T06:00:00Z', 2, '2026-10-02T06:00:00Z', 'Gone', 'the site answers 404');
            INSERT INTO windows (first, last, total, listed, state, counted_at, proven_at, asked, run) VALUES
              ('2025-01-01', '2025-12-31', 3, 3, 'short', '2026-10-01T06:00:00Z', NULL, 't=both', 1),
              ('2025-04-01', '2025-06-30', 3, 3, 'short', '2026-10-01T06:00:00Z', NULL, 't=both', 1);
            """
        )


def test_a_file_of_the_first_schema_keeps_decisions_entries_and_queue(world: World) -> None:
    from storage.writer import writing

    version_one(world.database)
    with writing(world.database) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert world.ask("SELECT reference, text FROM decisions ORDER BY 1") == [
        ("25 000 001", "One"),
        ("25 000 002", "Two"),
    ]
    assert world.ask("SELECT reference, decision_date, unlisted_at FROM entries ORDER BY 1") == [
        ("25 000 001", "2025-05-01", None),
        ("25 000 002", None, None),
        ("25 000 003", "2025-05-02", None),
    ]
    assert world.ask("SELECT reference, state, attempts, error_kind, gone FROM queue") == [
        ("25 000 003", "failed", 2, "Gone", 0)
    ]
    assert world.ask("SELECT reference FROM missing") == ["25 000 003"]
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven'") == [0], "it must be proven anew"


def test_a_file_of_the_first_schema_goes_on_answering_for_what_it_had_asked_about(world: World) -> None:
    """Its ledger may be doubted; that somebody backfilled 2025 may not be forgotten."""
    version_one(world.database)
    sync(world)
    wanted = {sample.reference for sample in world.site.listed(date(2025, 1, 1), date(2025, 12, 31))}
    assert wanted <= set(world.ask("SELECT reference FROM decisions"))


# ---------------------------------------------------------------- the soft block


@pytest.mark.parametrize("wall", sorted(WALLS))
def test_a_wall_in_place_of_the_listing_is_blocked_and_changes_nothing(world: World, wall: str) -> None:
    settled(world)
    before = books(world)
    later(world)
    world.server.faults = on_listing(WALLS[wall])
    outcome = sync(world, **cadence("count", 1), **cadence("walk", 1))
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert books(world) == before


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_search_shell_that_begins_on_the_way_changes_nothing_that_was_proven(world: World, page: int) -> None:
    """After so many listing requests; a window whose first pages were seen may be doubted, and no more."""
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
    truth_is_held(world)


@pytest.mark.parametrize("wall", [CHALLENGE, COOKIE_WALL, ERROR_PAGE, HOME_PAGE])
def test_a_wall_in_place_of_decisions_is_blocked_and_names_the_known_decision(world: World, wall: Fault) -> None:
    settled(world)
    before = books(world)
    later(world)
    world.server.faults = on_decisions(wall)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    asked = pages(world)[-1]
    known = next(sample for sample in world.site.listed() if sample.address == asked)
    assert known.reference in outcome.message
    assert books(world) == before
    subject, passed = world.ask("SELECT subject, passed FROM checks ORDER BY id DESC LIMIT 1")[0]
    assert (subject, passed) == (known.reference, 0)


def test_a_wall_that_rises_after_the_daily_check_is_told_by_the_first_page_that_does_not_read(world: World) -> None:
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
    truth_is_held(world)


def _words_only(html: str) -> str:
    """All the words of a page, and none of its structure."""
    body = re.sub(r"(?s)<head>.*?</head>|<script.*?</script>|<[^>]+>", " ", html)
    return f"<!DOCTYPE html>\n<html><body><div>{' '.join(body.split())}</div></body></html>\n"


def test_decisions_whose_words_are_there_and_do_not_read_are_a_changed_layout(world: World) -> None:
    settled(world)
    before = books(world)
    later(world)
    world.server.faults = on_decisions(Edit(_words_only))
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("layout", 11)
    assert books(world) == before
    world.server.faults = None
    assert sync(world).exit_code == 0


def test_a_layout_that_changes_after_the_daily_check_is_told_too(world: World) -> None:
    settled(world)
    for sample in decided(3, date(2026, 8, 1), date(2026, 9, 30), seed=98):
        world.site.publish(sample)
    world.server.faults = on_decisions(Edit(_words_only))
    later(world, 1 / 24)
    assert sync(world).exit_code == 11


def test_one_bad_page_among_good_ones_is_named_and_the_site_is_known_to_serve(world: World) -> None:
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
    assert any(bad.reference in told for told in outcome.tally.unread)
    surprised = world.ask("SELECT passed FROM checks WHERE kind = 'canary' AND why LIKE ?", f"%{bad.reference}%")
    assert surprised == [1]
    assert window_of(world, bad.decision_date)[0] == "short"
    assert world.ask("SELECT reference FROM missing") == [bad.reference]


def test_the_canary_is_asked_once_a_day(world: World) -> None:
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


def test_a_canary_that_failed_is_asked_again_the_same_day(world: World) -> None:
    settled(world)
    later(world)
    world.server.faults = on_decisions(COOKIE_WALL)
    assert sync(world).exit_code == 12
    assert sync(world).exit_code == 12
    world.server.faults = None
    assert sync(world).exit_code == 0


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


def test_all_known_pages_gone_later_on_a_day_that_began_well_concludes_nothing(world: World) -> None:
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
    """The known decision of the day is shown, and from then on every page is 404: that page and all others."""
    settled(world)
    unlisted = world.site.listed()[20]
    shadow = Site([s for s in world.site.listed() if s.reference != unlisted.reference], today=TODAY)
    seen = 0

    def fault(request: Request) -> Fault | None:
        nonlocal seen
        if "SearchResults" in request.target:
            return Instead(shadow, request.target)
        seen += request.path.startswith("/decisions/")
        return Respond(404) if seen > 1 and request.path.startswith("/decisions/") else None

    world.server.faults = fault
    for _ in range(6):
        seen = 0
        sync_daily(world, 1, listing__gone_days=2)
    assert status(world, unlisted.reference) == "published", "its page is there, to anyone who is served"


def test_a_fall_of_most_of_the_listing_is_blocked_until_a_backfill_walked_it(tmp_path: Path, time: Time) -> None:
    site = Site(decided(150, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        before = books(world)
        server.faults = listed_by(Site(site.listed()[::10], today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert "backfill" in outcome.message
        assert books(world) == before
        assert world.run(Backfill(), **QUIET).exit_code == 0
        assert sync_daily(world, 1).exit_code == 0
        assert set(world.ask("SELECT status FROM decisions")) == {"published"}, "their pages are there"
        assert world.ask("SELECT total FROM windows WHERE total > 0") == [15]


def test_a_fall_that_leaves_only_what_is_old_is_no_less_a_fall(tmp_path: Path, time: Time) -> None:
    """Nothing inside the retention age is listed any more: its total is not stated at all."""
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        before = books(world)
        server.faults = listed_by(Site(site.listed(last=date(2021, 1, 1)), today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert books(world) == before


def test_what_falls_by_age_in_one_day_is_no_block(tmp_path: Path, time: Time) -> None:
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        site.expire_before(date(2016, 12, 31))
        assert sync_daily(world, 1).exit_code == 0


def test_all_that_is_past_its_age_may_leave_in_one_day(tmp_path: Path, time: Time) -> None:
    """Half of all decisions, and no more than age explains."""
    site = Site(decided(300, date(2016, 11, 1), date(2026, 9, 30)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        settled(world)
        site.expire_before(TODAY - timedelta(days=1_826))
        outcome = sync_daily(world, 6, listing__gone_days=2, **cadence("walk", 2))
        assert outcome.exit_code == 0, outcome.message
        assert len(world.ask("SELECT 1 FROM decisions WHERE status = 'expired'")) > 100
        assert world.ask("SELECT count(*) FROM decisions WHERE status = 'withdrawn'") == [0]


def test_a_fall_to_nothing_at_all_is_no_less_a_fall(tmp_path: Path, time: Time) -> None:
    """Of the year that was backfilled the site lists nothing any more, and states no total; of others it does."""
    site = Site(decided(500, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)
    year = date(2024, 6, 1), date(2025, 6, 30)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        assert world.run(Backfill(*year), **QUIET).state == "complete"
        assert sync(world).exit_code == 0
        assert len(site.listed(*year)) > 120
        before = books(world)
        missing = {sample.reference for sample in site.listed(*year)}
        server.faults = listed_by(Site([s for s in site.listed() if s.reference not in missing], today=TODAY))
        later(world)
        outcome = sync(world)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        windows, absences, moves, entries, decisions = books(world)
        assert [windows, absences, moves, decisions] == [*before[:3], before[4]]
        assert set(before[3]) <= set(entries), "what the site shows of other years may be noted"


def test_most_decisions_withdrawn_in_truth_are_known_once_a_backfill_walked_them(tmp_path: Path, time: Time) -> None:
    """However the chance falls by which known decisions are read: in the end it is told as it is."""
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


# ---------------------------------------------------------------- filters


def test_a_site_whose_own_filters_state_more_is_incomplete_and_said(world: World) -> None:
    def fault(request: Request) -> Fault | None:
        return WrongTotal(1) if "SearchResults" in request.target and "t=both" not in request.target else None

    world.server.faults = fault
    world.run(Backfill(), **QUIET)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "no filter" in outcome.message
    assert world.ask("SELECT passed FROM checks WHERE kind = 'filters'") == [0]
    assert sync(world).exit_code == 10, "it is asked again until it is well"
    world.server.faults = None
    assert sync(world).exit_code == 0


def test_outcomes_that_are_known_may_be_fewer_than_all(world: World) -> None:
    odd = replace(one(date(2026, 8, 3)), outcome="Report issued")
    world.site.publish(odd)
    settled(world)
    assert world.ask("SELECT outcome FROM decisions WHERE reference = ?", odd.reference) == ["Report issued"]
    assert world.ask("SELECT passed FROM checks WHERE kind = 'filters'") == [1]


def test_the_filters_are_checked_now_and_then(world: World) -> None:
    settled(world)
    sync_daily(world, 29, cadence__filters=30)
    assert world.ask("SELECT count(*) FROM checks WHERE kind = 'filters'") == [1]
    sync_daily(world, 2, cadence__filters=30)
    assert world.ask("SELECT count(*) FROM checks WHERE kind = 'filters'") == [2]


def test_the_parameters_stand_with_each_proof(world: World) -> None:
    settled(world)
    assert set(world.ask("SELECT asked FROM windows WHERE state = 'proven'")) == {"t=both"}
    assert all("t=both" in target or "fd=" in target for target in listings(world, 0))
    assert slug(world.site.listed()[0].reference) in world.site.listed()[0].address
