"""Decisions that get another date, category or address are still the same decisions."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from ingest.run import Backfill
from lgsco.replica.edits import Edit
from storage.references import slug
from support.sync import QUIET, cadence, find_window, on_listing, require_site_match, settled, status, sync, sync_daily
from support.world import World


def test_a_decision_moved_to_another_window_is_the_same_row_with_its_move(world: World) -> None:
    settings = {**cadence("count", 1), "listing__walk_most": 10}
    settled(world, **settings)
    moved = world.site.listed()[70]
    first_seen, held = world.ask(
        "SELECT first_seen, (SELECT count(*) FROM decisions) FROM decisions WHERE reference = ?", moved.reference
    )[0]
    to = date(2026, 9, 14)
    world.site.redate(moved.reference, to)
    assert sync_daily(world, 1, **settings).exit_code == 0
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
        assert find_window(world, day)[0] == "proven"
    assert world.ask("SELECT count(*) FROM absences WHERE returned_at IS NULL") == [0]
    require_site_match(world)


def test_a_move_is_never_mistaken_for_a_loss(world: World) -> None:
    """Whichever window is walked first, and however long after it the other one is walked."""
    settings = {**cadence("count", 3), "listing__walk_most": 10, "listing__gone_days": 1}
    settled(world, **settings)
    listed = world.site.listed()
    for sample, to in ((listed[70], date(2026, 9, 14)), (listed[5], date(2024, 1, 15))):
        world.site.redate(sample.reference, to)
    for _ in range(8):
        sync_daily(world, 1, **settings)
        assert set(world.ask("SELECT status FROM decisions")) == {"published"}
    require_site_match(world)
    assert world.ask("SELECT count(*) FROM moves WHERE field = 'decision_date'") == [2]


def test_a_decision_with_a_new_category_keeps_its_row_and_gets_its_new_address(world: World) -> None:
    settings = cadence("walk", 1)
    settled(world, **settings)
    before = world.site.listed()[30]
    after = replace(before, category="Housing", subcategory="Private housing")
    assert before.address != after.address
    world.site.amend(before.reference, after)
    assert sync_daily(world, 1, **settings).exit_code == 0
    row = world.ask("SELECT url, category, subcategory, status FROM decisions WHERE reference = ?", before.reference)
    assert row == [(after.address, "Housing", "Private housing", "published")]
    moves = world.ask("SELECT field, before, after FROM moves WHERE reference = ?", before.reference)
    assert ("url", before.address, after.address) in moves
    assert world.ask("SELECT count(*) FROM absences") == [0]
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", before.reference) == [2]
    require_site_match(world)


def test_a_date_and_an_address_that_change_together_are_one_move(world: World) -> None:
    settings = {**cadence("count", 2), "listing__walk_most": 10, "listing__gone_days": 1}
    settled(world, **settings)
    before = world.site.listed()[60]
    after = replace(before, category="Housing", subcategory="Private housing", decision_date=date(2026, 9, 14))
    world.site.amend(before.reference, after)
    for _ in range(6):
        sync_daily(world, 1, **settings)
        assert status(world, before.reference) == "published", "it was always listed"
    assert world.ask("SELECT url, decision_date FROM decisions WHERE reference = ?", before.reference) == [
        (after.address, "2026-09-14")
    ]
    require_site_match(world)


def test_a_moved_decision_with_an_undated_new_card_leaves_no_window_falsely_proven(world: World) -> None:
    settings = {**cadence("count", 1), **cadence("walk", 2), "listing__walk_most": 10}
    settled(world, **settings)
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
    sync_daily(world, 6, **settings)
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        assert total == len(world.site.listed(date.fromisoformat(first), date.fromisoformat(last)))
        standing = world.ask(
            "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ?", first, last
        )
        assert standing == [total], f"{first} to {last}"
    assert status(world, moved.reference) == "published"


def test_a_move_out_of_the_backfilled_dates_is_not_a_loss(world: World) -> None:
    """It is listed on a day that nobody asked for. Its page shows the new date, and nothing is concluded."""
    assert world.run(Backfill(date(2024, 1, 1), date(2024, 12, 31)), **QUIET).state == "complete"
    assert sync(world).exit_code == 0
    moved = world.site.listed(date(2024, 1, 1), date(2024, 12, 31))[3]
    to = date(2025, 6, 2)
    world.site.redate(moved.reference, to)
    for _ in range(6):
        assert sync_daily(world, 1, listing__gone_days=2).exit_code == 0
    row = world.ask("SELECT decision_date, status FROM decisions WHERE reference = ?", moved.reference)
    assert row == [(to.isoformat(), "published")]
    assert find_window(world, moved.decision_date)[0] == "proven"
