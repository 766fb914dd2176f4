"""Backfill and sync against the look-alike site: every decision is stored once, or named."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ingest.run import Backfill, Sync
from lgsco.replica.corpus import expected_numbers, expected_text, generate
from lgsco.replica.faults import Fault, Reset, Respond
from lgsco.replica.messages import Request
from storage.model import Window
from support.world import TODAY, World, holds_the_truth


def held(world: World) -> dict[str, str]:
    return dict(world.ask("SELECT reference, text FROM decisions"))


def truth(world: World) -> dict[str, str]:
    return {sample.reference: expected_text(sample) for sample in world.site.listed()}


@pytest.mark.parametrize("markup", ["article", "dl", "table", "bold", "divs"])
def test_every_listed_decision_is_stored_word_for_word_in_every_markup(world: World, markup: str) -> None:
    world.site.markup = markup
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert held(world) == truth(world)
    numbers: dict[str, list[str | None]] = {}
    for reference, number in world.ask("SELECT reference, number FROM paragraphs ORDER BY reference, position"):
        numbers.setdefault(reference, []).append(number)
    assert numbers == {sample.reference: expected_numbers(sample) for sample in world.site.listed()}


def test_columns_come_from_the_page_and_missing_ones_from_the_card(filled_world: World) -> None:
    rows = filled_world.ask(
        "SELECT reference, authority, category, subcategory, outcome, decision_date, kind, status, source "
        "FROM decisions WHERE reference IN ('25 004 920', '23 017 826') ORDER BY reference"
    )
    assert rows == [
        # seed 004 has no header lines: its card gives all columns except the category, which no card prints
        (
            "23 017 826",
            "Hampshire County Council",
            None,
            "Other",
            "Not upheld",
            "2024-09-10",
            "statement",
            "published",
            "site",
        ),
        (
            "25 004 920",
            "Hertfordshire County Council",
            "Children's care services",
            "Disabled children",
            "Closed after initial enquiries",
            "2025-10-06",
            "statement",
            "published",
            "site",
        ),
    ]


def test_a_second_backfill_makes_no_requests_and_a_sync_only_counts(filled_world: World) -> None:
    before = len(filled_world.targets())
    assert filled_world.run(Backfill()).exit_code == 0
    assert len(filled_world.targets()) == before
    outcome = filled_world.run(Sync())
    assert outcome.exit_code == 0
    pages = [target for target in filled_world.targets()[before:] if target.startswith("/decisions")]
    assert len(pages) == 1, "the daily canary"


def test_a_range_includes_its_edge_days_and_nothing_else(world: World) -> None:
    days = sorted({sample.decision_date for sample in world.site.listed()})
    first, last = days[10], days[20]
    world.run(Backfill(first, last))
    assert set(held(world)) == {sample.reference for sample in world.site.listed(first, last)}
    assert len(held(world)) >= 11


def test_a_part_of_a_proven_range_expects_its_own_decisions(filled_world: World) -> None:
    first, last = date(2025, 1, 1), date(2025, 6, 30)
    within = sum(first <= sample.decision_date <= last for sample in filled_world.site.listed())
    assert 0 < within < len(filled_world.site.listed())
    assert filled_world.run(Backfill(first, last)).tally.expected == within
    assert filled_world.ask("SELECT total FROM intents WHERE first = '2025-01-01'") == [within]


def test_limit_fetches_that_many_and_the_next_run_continues(world: World) -> None:
    outcome = world.run(Backfill(limit=10))
    assert (outcome.state, outcome.exit_code, len(held(world))) == ("limited", 0, 10)
    assert world.run(Backfill()).state == "complete"
    assert held(world) == truth(world)
    pages = [target for target in world.targets() if target.startswith("/decisions/")]
    assert len(pages) == len(set(pages)), "no page is fetched twice"


def test_small_windows_are_split_and_each_is_proven(world: World) -> None:
    assert world.run(Backfill(), listing__walk_most=10).state == "complete"
    windows = world.ask("SELECT first, last, total, listed, state FROM windows ORDER BY first")
    assert {state for *_, state in windows} == {"proven"}
    assert sum(total for _, _, total, _, _ in windows) == len(world.site)
    assert held(world) == truth(world)


def test_sync_finds_what_was_published_late_in_the_middle(world: World) -> None:
    late = list(generate(3, seed=99, first=date(2026, 7, 20), last=date(2026, 8, 20)))
    world.run(Backfill())
    for sample in late:
        world.site.publish(sample)
    outcome = world.run(Sync())
    assert outcome.tally.first == 3
    assert held(world) == truth(world)


def test_a_page_that_is_gone_is_queued_with_its_reason_and_the_run_is_incomplete(world: World) -> None:
    lost = world.site.listed()[5]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "1 listed decision could not be fetched yet" in outcome.message
    assert lost.reference in outcome.tally.unread[0]
    assert world.ask("SELECT reference, state, error_kind FROM queue") == [(lost.reference, "failed", "Gone")]
    assert world.ask("SELECT state FROM windows") == ["short"]

    world.server.faults = None
    world.time.at = world.time.at.replace(hour=23)
    assert world.run(Backfill()).state == "complete"
    assert held(world) == truth(world)


def test_a_decision_of_another_reference_is_refused(world: World) -> None:
    asked, other = world.site.listed()[3], world.site.listed()[4]
    body = world.site.handle(Request("GET", other.address, {})).body
    world.server.faults = lambda request: Respond(200, body=body) if request.path == asked.address else None
    outcome = world.run(Backfill())
    assert outcome.exit_code == 10
    assert world.ask("SELECT error_kind FROM queue") == ["WrongReference"]
    assert asked.reference not in held(world)
    assert world.ask("SELECT count(*) FROM pages WHERE state = 'unreadable'") == [1], "the page itself is stored"


def test_failed_requests_are_retried_with_waits_between(world: World) -> None:
    seen: dict[str, int] = {}

    def fault(request: Request) -> Fault | None:
        seen[request.target] = seen.get(request.target, 0) + 1
        if seen[request.target] > 2:
            return None
        return Respond(503, headers=(("Retry-After", "7"),)) if seen[request.target] == 1 else Reset(after=300)

    world.server.faults = fault
    outcome = world.run(Backfill(first=date(2026, 8, 1)))
    assert outcome.state == "complete"
    assert set(held(world)) == {sample.reference for sample in world.site.listed(date(2026, 8, 1))}
    assert sum(world.time.slept) >= 7
    gaps = world.ask(
        "SELECT min(n.at) FROM requests AS r JOIN requests AS n ON n.id > r.id WHERE r.retry_after = 7 GROUP BY r.id"
    )
    asked_at = world.ask("SELECT at FROM requests WHERE retry_after = 7 ORDER BY id")
    assert gaps
    for asked, then in zip(asked_at, gaps, strict=True):
        assert datetime.fromisoformat(then) - datetime.fromisoformat(asked) >= timedelta(seconds=7)


@pytest.mark.parametrize(
    ("words", "state", "exit_code"), [("Welcome", "blocked", 12), ("Case {reference}, decided", "layout", 11)]
)
def test_pages_that_no_longer_parse_end_the_first_run(world: World, words: str, state: str, exit_code: int) -> None:
    """Nothing is known about the site yet, and pages that do not even print their reference are not decisions."""

    def fault(request: Request) -> Fault | None:
        if not request.path.startswith("/decisions/"):
            return None
        text = words.format(reference=request.path.rpartition("/")[2].replace("-", " "))
        return Respond(200, body=f"<html><body><h1>{text}</h1></body></html>".encode())

    world.server.faults = fault
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == (state, exit_code)
    assert held(world) == {}
    assert len([t for t in world.targets() if t.startswith("/decisions/")]) < 15


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_ends_the_run_as_blocked_at_once(world: World, status: int) -> None:
    world.server.faults = lambda request: Respond(status) if request.path != "/robots.txt" else None
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert len(world.targets()) == 2
    assert world.ask("SELECT state FROM windows") == ["unseen"]


def test_a_search_shell_is_blocked_and_never_an_empty_result(world: World) -> None:
    shell = b"<html><body><h1>Search our decisions</h1><form></form></body></html>"
    world.server.faults = lambda r: Respond(200, body=shell) if "SearchResults" in r.target else None
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert world.ask("SELECT count(*) FROM windows WHERE state = 'proven'") == [0]


def test_an_empty_range_is_proven_by_difference_only(world: World) -> None:
    outcome = world.run(Backfill(date(2020, 1, 4), date(2020, 1, 4)))
    assert outcome.state == "complete"
    assert world.ask("SELECT total, state FROM windows") == [(0, "proven")]


def test_cards_without_a_total_are_a_changed_layout(world: World) -> None:
    world.site.count_line = lambda total: "Here is what we found"
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("layout", 11)


def test_a_total_that_is_not_reached_is_reported(world: World) -> None:
    right = world.site.count_line
    world.site.count_line = lambda total: right(total + 2)
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "not proven" in str(outcome)
    assert world.ask("SELECT total - listed, state FROM windows") == [(2, "short")]


def test_robots_that_forbids_is_obeyed(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /\n"
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12)
    assert world.targets() == ["/robots.txt"]


def test_the_pace_and_the_crawl_delay_are_respected(world: World) -> None:
    world.site.robots = "User-agent: *\nCrawl-delay: 3\n"
    world.run(Backfill(first=date(2026, 8, 1)), fetch__pace=1)
    assert world.time.slept
    assert set(world.time.slept[1:]) == {3.0}


def test_the_daily_limit_ends_the_run_incomplete(world: World) -> None:
    outcome = world.run(Backfill(), fetch__daily_requests=20)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "20 requests" in outcome.message
    assert len(world.targets()) == 20
    world.time.at = world.time.at.replace(day=3)
    assert world.run(Backfill()).state == "complete"


def test_a_stop_saves_the_work_done(world: World) -> None:
    def stop_after_ten(request: Request) -> None:
        if len(world.targets()) == 20:
            world.stop.set()

    world.server.faults = stop_after_ten
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("stopped", 130)
    assert len(held(world)) == world.ask("SELECT count(*) FROM pages")[0] > 0
    world.stop.clear()
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    pages = [target for target in world.targets() if target.startswith("/decisions/")]
    assert len(pages) <= len(set(pages)) + 1, "at most one page is fetched again"


def test_an_amended_page_becomes_a_revision_and_the_first_text_stays(world: World) -> None:
    from dataclasses import replace

    world.run(Backfill())
    sample = next(s for s in world.site.listed() if s.reference == "24 014 420")
    world.site.amend(sample.reference, replace(sample, header_extra=("Council accepted it on 1 November 2026.",)))
    before = held(world)[sample.reference]
    with_queue(world, sample.reference, sample.address)
    outcome = world.run(Backfill())
    assert outcome.tally.amended == 1
    assert "Council accepted it" in held(world)[sample.reference]
    assert world.ask(
        "SELECT r.revision, r.change, coalesce(r.text, d.text) "
        "FROM revisions AS r JOIN decisions AS d USING (reference) WHERE reference = ? ORDER BY revision",
        sample.reference,
    ) == [(1, "first", before), (2, "amended", held(world)[sample.reference])]


def with_queue(world: World, reference: str, url: str) -> None:
    """Queues a stored decision again."""
    from storage.writer import writing

    with writing(world.database) as db:
        db.execute(
            "INSERT INTO queue (reference, url, state, reason, added_at, next_at) "
            "VALUES (?, ?, 'wanted', 'changed', ?, ?)",
            (reference, url, "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        )


def test_runs_and_requests_are_journalled(world: World) -> None:
    outcome = world.run(Backfill())
    assert world.ask("SELECT task, state, exit_code FROM runs") == [("backfill", "complete", 0)]
    assert world.ask("SELECT count(*) FROM requests") == [len(world.targets())] == [outcome.tally.requests]
    assert world.ask("SELECT target FROM requests ORDER BY id") == world.targets()


def test_progress_knows_the_expected_count_from_the_first_response(world: World) -> None:
    world.run(Backfill())
    assert next(tally for tally in world.tallies if tally[1]) == (0, len(world.site))
    assert world.tallies[-1] == (len(world.site), len(world.site))


def test_the_full_text_index_matches_the_decisions(filled_world: World) -> None:
    from storage.writer import writing

    with writing(filled_world.database) as db:
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("VACUUM")
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")


def test_paragraphs_make_up_the_text(filled_world: World) -> None:
    rows = filled_world.ask("SELECT reference, kind, text FROM paragraphs ORDER BY reference, position")
    joined: dict[str, list[str]] = {}
    for reference, kind, text in rows:
        joined.setdefault(reference, []).append(("- " if kind == "item" else "") + text)
    assert {reference: "\n".join(lines) for reference, lines in joined.items()} == held(filled_world)


def test_the_dictionary_is_trained_and_every_page_can_still_be_decompressed(world: World) -> None:
    for sample in generate(200, seed=3, first=date(2023, 1, 1), last=date(2023, 12, 31)):
        world.site.publish(sample)
    world.run(Backfill())
    assert world.ask("SELECT count(*) FROM dictionaries") == [1]
    from ingest.run import Renormalise

    outcome = world.run(Renormalise())
    assert (outcome.exit_code, outcome.tally.unchanged) == (0, len(world.site))


def test_the_window_of_everything_has_no_edges(world: World) -> None:
    assert Window(date(1, 1, 1), TODAY).first.isoformat() == "0001-01-01"
    world.run(Backfill())
    assert "fd=0001-01-01" in world.targets()[1]


def test_a_narrower_backfill_after_an_interrupted_wider_one_is_complete(reports_world: World) -> None:
    assert reports_world.run(Backfill(limit=4)).state == "limited"
    days = sorted(sample.decision_date for sample in reports_world.site.listed())
    narrow = Backfill(days[5], days[15])
    ran = reports_world.run(narrow)
    assert ran.state == "complete", ran.message
    assert reports_world.run(narrow).state == "complete"
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)


def test_a_limit_counts_fetched_decisions_and_not_failures(world: World) -> None:
    gone = {sample.address for sample in world.site.listed()[1:8]}
    world.server.faults = lambda request: Respond(404) if request.path in gone else None
    outcome = world.run(Backfill(limit=5))
    assert (outcome.state, outcome.exit_code) == ("limited", 0)
    assert world.ask("SELECT count(*) FROM decisions") == [5]
