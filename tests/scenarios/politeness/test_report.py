"""`lgsco politeness` judges every request by the promise at the time it went out."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest
from sqlite_utils import Database

from ingest import config
from ingest.config import VERSION
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.fetching.request_journal import format_instant
from ingest.reports.politeness import report_politeness
from ingest.run import Backfill, Sync
from lgsco.replica.faults import Fault, Reset, Respond, Truncate, unavailable
from lgsco.replica.script import Script, on
from storage import journal
from storage.from_0_1.steps import steps
from storage.journal import Promise
from storage.model import Answered
from storage.politeness import find_politeness
from storage.writer import writing
from support.journal import roll_up
from support.politeness import A_RUN, BEGAN, DAY, HOUR, asked_at, emptied, gaps, incomplete, read_report
from support.world import World


def test_a_stricter_promise_does_not_apply_to_earlier_requests(world: World) -> None:
    world.run(Backfill(limit=3), fetch__pace=0.2, fetch__daily_requests=40_000)
    world.site.robots = "User-agent: *\nCrawl-delay: 1\n"
    world.time.at += DAY
    world.run(Backfill(limit=3), fetch__pace=0.2)
    world.run(Backfill(limit=3), fetch__pace=5, fetch__daily_requests=30)
    assert min(gaps(asked_at(world, 1))) == 0.2
    its = read_report(world, fetch__pace=5, fetch__daily_requests=1)
    assert (its.broken, its.unpromised) == ((), 0)
    assert its.least_gap == pytest.approx(0.2)
    assert its.promised_gap == (0.2, 5.0)
    assert its.promised_a_day == (30, 50_000)
    assert "least gap between two requests: 0.200 s (promised: 0.2–5 s)" in "\n".join(its.lines())
    with writing(world.database) as db:
        assert roll_up(db, "2027-06-01") == its.requests
    assert read_report(world) == its


def test_a_looser_promise_does_not_excuse_earlier_requests(world: World) -> None:
    world.run(Backfill(limit=5), fetch__pace=1, fetch__daily_requests=20)
    with writing(world.database) as db:
        for milliseconds in range(20):
            at = BEGAN + DAY + timedelta(milliseconds=500 * milliseconds)
            journal.begin_request(db, 1, format_instant(at), "/x", 1, Promise(1, 18, "11:00-12:00"))
    assert read_report(world, fetch__pace=0, fetch__daily_requests=1_000_000).broken == (
        "sooner after the previous request than promised: 19 requests, on 2026-11-03",
        "above the daily limit: 2 requests, on 2026-11-03",
    )


def test_a_day_on_which_the_daily_limit_was_raised_is_judged_by_both(world: World) -> None:
    assert incomplete(world.run(Backfill(), fetch__daily_requests=5))
    assert world.run(Backfill(limit=2), fetch__daily_requests=9).exit_code in (0, 10)
    assert read_report(world, fetch__daily_requests=3).broken == ()
    with writing(world.database) as db:
        journal.begin_request(db, 1, format_instant(BEGAN + HOUR), "/x", 1, Promise(0, 5, ""))
    assert read_report(world).broken == ("above the daily limit: 1 request, on 2026-11-02",)


def test_requests_without_a_journalled_promise_are_counted_but_not_judged(world: World) -> None:
    with closing(sqlite3.connect(world.database, isolation_level=None)) as db:
        steps.apply(Database(db), stop_before="m004_promises")
        db.execute(A_RUN)
        db.execute("INSERT INTO request_days VALUES ('2026-10-30', 7, 1, 1, 900, 3.5, 7, 0.001, 0, 0)")
        for second in (1, 1, 2):
            db.execute(
                "INSERT INTO requests (run, at, target, received, seconds, attempt) VALUES (1, ?, '/x', 1, 0, 1)",
                (f"2026-11-01T12:00:0{second}.000Z",),
            )
    world.run(Backfill(limit=1), fetch__pace=1)
    its = read_report(world)
    assert (its.requests, its.unpromised) == (10 + len(world.server.log), 10)
    assert (its.least_gap, its.promised_gap, its.broken) == (0.0, (1.0, 1.0), ())
    assert "10 requests, not judged" in its.lines()[-2]
    assert its.lines()[-1] == "  every promise that is known was kept"


def test_a_wait_starts_at_the_response_not_at_the_request(world: World) -> None:
    db, promise = emptied(), Promise(1, 50_000, "")

    def ask(seconds: float, answered: Answered | None = None) -> int:
        return journal.begin_request(db, 1, format_instant(BEGAN + timedelta(seconds=seconds)), "/x", 1, promise)

    def now(seconds: float) -> tuple[int, int, int]:
        its = report_politeness(
            find_politeness(db, was_in_quiet_hours), config.Config(), BEGAN + timedelta(seconds=seconds)
        )
        return its.holds, its.holds_kept, its.holds_pending

    journal.complete_requests(db, [Answered(ask(0), 429, 0, 20.0, None, 10.0)])
    assert now(29) == (1, 0, 1)
    assert now(30) == (1, 1, 0), "no request was made"
    journal.complete_requests(db, [Answered(ask(30), 429, 0, 20.0, None, 10.0)])
    ask(50.1)
    assert now(51) == (2, 1, 0)
    assert report_politeness(find_politeness(db, was_in_quiet_hours), config.Config(), BEGAN).broken == (
        "before the end of a wait asked for (Retry-After): 1 request, on 2026-11-02",
    )


def test_a_wait_that_is_not_over_is_pending(world: World) -> None:
    world.server.faults = on("page=1$", unavailable(7_200), times=1)
    world.run(Backfill())
    world.time.at += HOUR
    its = read_report(world)
    assert (its.holds, its.holds_kept, its.holds_pending, its.broken) == (1, 0, 1, ())
    assert "  asked to wait (Retry-After): 1 time, 0 kept, 1 pending" in its.lines()
    world.time.at += HOUR
    world.run(Backfill(limit=1))
    its = read_report(world)
    assert (its.holds, its.holds_kept, its.holds_pending, its.broken) == (1, 1, 0, ())


def test_a_request_is_judged_by_the_quiet_hours_promised_at_the_time(world: World) -> None:
    world.run(Backfill(limit=3))  # at noon
    world.time.at += DAY
    world.run(Backfill(limit=3), fetch__quiet_hours="09:00-12:00;22:00-06:00")
    its = read_report(world, fetch__quiet_hours="11:00-13:00")
    assert (its.broken, its.in_quiet_hours, its.quiet_hours) == ((), 0, ("09:00-12:00 22:00-06:00",))
    assert "  in quiet hours: 0 requests (09:00-12:00 22:00-06:00)" in its.lines()
    with writing(world.database) as db:
        at = BEGAN + timedelta(days=1, hours=-2)
        journal.begin_request(db, 1, format_instant(at), "/x", 1, Promise(0, 50_000, "09:00-12:00 22:00-06:00"))
    assert read_report(world).broken == ("in quiet hours: 1 request, on 2026-11-03",)


def test_a_refusal_counts_as_an_error_and_a_gone_page_does_not(world: World) -> None:
    first, second, *_ = (sample.address for sample in world.site.listed())
    world.server.faults = Script(on(first, Respond(404)), on(second, Respond(403)))
    world.run(Backfill(), fetch__tries=1)
    refused = [entry for entry in world.server.log if entry.status == 403]
    assert {entry.status for entry in world.server.log} == {200, 403, 404}
    assert read_report(world).errors == len(refused) > 0


def test_the_report_names_the_kinds_of_errors_and_counts_them(world: World) -> None:
    addresses = [sample.address for sample in world.site.listed()]
    faults: list[Fault] = [
        Respond(503),
        Respond(503),
        Respond(403),
        Reset(),
        Truncate(0.3),
        Truncate(0.6),
        Respond(404),
    ]
    world.server.faults = Script(*(on(at, fault) for at, fault in zip(addresses, faults, strict=False)))
    world.run(Backfill(limit=len(faults)), fetch__tries=1)
    with writing(world.database) as db:
        journal.begin_request(db, 1, format_instant(world.time.at), "/x", 1, Promise(0, 50_000, ""))
    its = read_report(world)
    kinds = {one.kind: one.requests for one in its.error_kinds}
    reset = next(kind for kind in kinds if "onnection reset" in kind)
    cut = next(kind for kind in kinds if "peer closed connection" in kind)
    ended = "no answer recorded yet, or lgsco ended first"
    resets = sum(entry.target == addresses[3] for entry in world.server.log)  # it is sent again on a new connection
    assert kinds == {"status 503": 2, cut: 2, "status 403": 1, reset: resets, ended: 1}
    assert sum(kinds.values()) == its.errors
    assert not re.search(r"127\.0\.0\.1|/decisions/|[2-9]\d", f"{reset} {cut}"), "no address, host or number of bytes"
    (line,) = [line for line in its.lines() if line.startswith("  errors: ")]
    assert "status 503: 2; " in line
    assert its.as_json()["error_kinds"][0]["requests"] == 2
    with writing(world.database) as db:
        roll_up(db, "2027-06-01")
    (line,) = [line for line in read_report(world).lines() if line.startswith("  errors: ")]
    assert line == f"  errors: on days that are summed up, so the kind is not known: {its.errors}"


def test_the_report_says_1_request_and_0_errors(world: World) -> None:
    assert world.run(Backfill(), fetch__daily_requests=1).exit_code == 10
    lines = read_report(world).lines()
    assert any("1 request," in line and "0 errors" in line for line in lines), lines
    assert "  least gap between two requests: – (promised: none)" in lines
    assert "  most in any day: 1 (promised: 1); most in any minute: 1" in lines
    assert "  in quiet hours: none promised" in lines
    assert "  asked to wait (Retry-After): never" in lines


@pytest.mark.parametrize("held", [True, False], ids=["held", "queued"])
def test_the_report_names_pages_that_robots_forbids(world: World, *, held: bool) -> None:
    if held:
        world.run(Backfill())
        world.time.at += DAY
    forbidden = world.site.listed()[4].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\nCrawl-delay: 2\n"
    world.run(Sync() if held else Backfill())
    robots = read_report(world).robots
    assert robots.startswith(f"FORBIDS 1 of 20 pages ({forbidden}), which we do not request, and asks for 2 s")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("Disallow: /", "FORBIDS the listing (/Decisions/SearchResults) and every decision's page"),
        ("Disallow: /decisions/", "FORBIDS every decision's page"),
        ("Disallow: /decisions/*-", "FORBIDS every decision's page"),
        ("Disallow: /*?", "FORBIDS the listing (/Decisions/SearchResults)"),
        ("Disallow: /umbraco/", "allows what we request"),
    ],
)
@pytest.mark.parametrize("listed", [True, False], ids=["listed", "nothing known"])
def test_the_report_checks_the_listing_and_decisions_against_robots(
    world: World, rules: str, said: str, *, listed: bool
) -> None:
    if listed:
        world.run(Backfill(limit=1))
        world.time.at += DAY
    world.site.robots = f"User-agent: *\n{rules}\n"
    world.run(Backfill(last=date(2020, 1, 1)))
    assert read_report(world).robots.startswith(said)


def test_the_report_says_that_robots_could_not_be_fetched(world: World) -> None:
    with writing(world.database):
        assert read_report(world).robots.startswith("not fetched yet")
    world.server.faults = on("robots", Respond(500))
    world.run(Backfill(), fetch__tries=4, fetch__pace=1)
    last = world.ask("SELECT max(at) FROM requests")[0]
    assert read_report(world).robots == f"requested 4 times, last at {last}: status 500"
    world.server.faults = on("robots", Reset())
    world.run(Backfill(), fetch__tries=1, fetch__pace=1)
    assert read_report(world).robots.startswith("requested 5 times")
    assert read_report(world).robots.endswith("Z: no answer")
    world.server.faults = None
    world.time.at += HOUR
    world.run(Backfill(limit=1), fetch__pace=1)
    assert read_report(world).robots.startswith("allows what we request (as of ")
    assert "requested" not in read_report(world).robots
    world.server.faults = on("robots", Respond(503))
    world.time.at += DAY
    world.run(Backfill(limit=1), fetch__tries=1, fetch__pace=1)
    assert read_report(world).robots.startswith("allows what we request (as of ")
    assert read_report(world).robots.endswith("Z: status 503"), "its earlier rules no longer apply"


def test_a_day_under_a_fast_clock_does_not_change_the_count_of_the_real_day(world: World) -> None:
    daily_limit = {"fetch__daily_requests": 20, "fetch__pace": 1}
    world.run(Backfill(limit=5), **daily_limit)
    asked = len(world.server.log)
    world.time.at += 100 * DAY
    world.run(Backfill(limit=1), **daily_limit)
    ahead = len(world.server.log) - asked
    assert world.ask("SELECT day, requests FROM request_days") == [("2026-11-02", asked)]

    world.time.at = BEGAN + HOUR
    assert incomplete(world.run(Backfill(), **daily_limit))
    assert len(world.server.log) == 20 + ahead, "earlier requests count"
    its = read_report(world)
    assert (its.requests, its.most_in_a_day, its.broken) == (20 + ahead, 20, ())
    received = world.ask("SELECT (SELECT sum(received) FROM requests) + (SELECT sum(received) FROM request_days)")

    world.time.at += 95 * DAY
    world.run(Backfill(limit=0), **daily_limit)
    day = "SELECT requests, promised, too_many, received FROM request_days WHERE day = '2026-11-02'"
    ((requests, promised, too_many, of_the_day),) = world.ask(day)
    assert (requests, promised, too_many) == (20, 20, 0)
    assert of_the_day <= received[0]
    its = read_report(world)
    assert (its.most_in_a_day, its.least_gap, its.broken) == (20, 1.0, ())
    with writing(world.database) as db:
        journal.begin_request(db, 1, format_instant(BEGAN + 2 * HOUR), "/x", 1, Promise(1, 20, ""))
    assert read_report(world).broken == ("above the daily limit: 1 request, on 2026-11-02",)


def test_the_report_names_the_user_agent_and_waits_longer_than_a_day(reports_world: World) -> None:
    mine = {"site__contact": "me@example.org"}
    reports_world.server.faults = on("page=1$", unavailable(365 * 86_400), times=1)
    reports_world.run(Backfill(), fetch__pace=1, **mine)
    reports_world.time.at += DAY + HOUR
    reports_world.run(Backfill(), fetch__pace=1, **mine, site__user_agent="archive/1 ({contact})")
    its = read_report(reports_world, fetch__pace=1)
    lgsco = f"lgsco/{VERSION} (archive of published decisions; me@example.org)"
    assert its.user_agents == (lgsco, "archive/1 (me@example.org)")
    shown = "\n".join(its.lines())
    assert f" by {lgsco}, and by archive/1 (me@example.org)" in shown
    assert "asked to wait (Retry-After): 1 time, 1 kept; 1 longer than a day, with a new request after one day" in shown
    assert its.as_json()["holds_capped"] == 1
