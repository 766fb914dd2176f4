"""What we owe the site: one pace for all processes, the waits it asks for, its robots.txt, quiet hours, a ceiling, and
conditional requests; and that the journal tells the truth of all that."""

from __future__ import annotations

import json
import logging
import random
import re
import socket
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, pairwise
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ingest import config
from ingest.clock import Clock, Stop
from ingest.config import parse_hours
from ingest.errors import HeldOff, OutOfBudget, Stopped
from ingest.fetching.quiet_hours import left, within
from ingest.fetching.throttle import stamp
from ingest.recording.pipeline import Tally
from ingest.reports.politeness import account
from ingest.run import Backfill, Outcome, Sync, perform
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.faults import (
    Acts,
    Answer,
    Fault,
    Huge,
    Reset,
    Respond,
    Truncate,
    headed,
    server_error,
    too_many_requests,
    unavailable,
)
from lgsco.replica.messages import Request
from lgsco.replica.script import Script, on
from lgsco.replica.server import Entry, serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, Redirect
from storage import journal
from storage.database import atomic, reading
from storage.journal import Day, Promise
from storage.model import Answered
from storage.schema import migrations
from storage.writer import writing
from support.command_line import Desk, Hold, ended, reached
from support.politeness import A_RUN, BEGAN, DAY, HOUR, PAGES, TwoClocks, a_process, asked_at, emptied, gaps, told
from support.world import TODAY, Time, World

LONDON = ZoneInfo("Europe/London")


@dataclass
class Grained(Time):
    """Its instants are whole microseconds: a sleep of less moves it on by one, or nobody would ever wake."""

    def sleep(self, seconds: float, stop: Event) -> None:
        super().sleep(max(seconds, 1e-6), stop)


@pytest.fixture
def time() -> Time:
    return Grained()


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Twenty decisions of few words."""
    samples = generate(20, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 10), body=False)
    with serve(Site(samples, today=TODAY, validators=True)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def holds_the_truth(world: World) -> bool:
    return dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }


def incomplete(outcome: Outcome) -> bool:
    return (outcome.state, outcome.exit_code) == ("incomplete", 10)


# ---------------------------------------------------------------- Retry-After


CAPPED = (
    "the site asked for a wait of 365.0 days; after one, at 2026-11-03T12:00:00Z, it is asked again, in case it means "
    "it no longer; run the command again then, it goes on where it was"
)


def waiting(form: str, seconds: float, status: int = 503) -> Fault:
    answer = too_many_requests if status == 429 else unavailable
    return answer(int(seconds) if form == "seconds" else BEGAN + timedelta(seconds=seconds))


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("target", ["robots", "page=1$", PAGES])
def test_a_wait_that_the_site_asks_for_is_kept_and_the_run_goes_on(
    world: World, form: str, status: int, target: str
) -> None:
    world.server.faults = on(target, waiting(form, 90, status), times=1)
    assert world.run(Backfill()).state == "complete"
    ((number, status_told),) = world.ask("SELECT id, status FROM requests WHERE retry_after IS NOT NULL")
    assert status_told == status
    instants = asked_at(world)
    assert 90 <= instants[number] - instants[number - 1] <= 120
    assert instants[number] >= BEGAN.timestamp() + 90
    its = told(world, fetch__pace=0)
    assert (its.holds, its.holds_kept, its.broken) == (1, 1, ())


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("target", ["robots", "page=2$", PAGES])
def test_a_wait_longer_than_a_run_waits_ends_it_and_holds_for_every_run(world: World, form: str, target: str) -> None:
    world.server.faults = on(target, waiting(form, 7_200), times=1)
    outcome = world.run(Backfill(), fetch__retry_wait_most=120)
    assert incomplete(outcome)
    assert "2026-11-02T14:00:00Z" in outcome.message
    assert "run the command again" in outcome.message
    seen = len(world.server.log)
    assert world.time.at < BEGAN + timedelta(seconds=120), "it does not wait for it"

    for task in (Backfill(), Sync(), Backfill(limit=1)):
        world.time.at += timedelta(minutes=35)
        outcome = world.run(task, fetch__retry_wait_most=120)
        assert incomplete(outcome)
        assert "2026-11-02T14:00:00Z" in outcome.message
    assert len(world.server.log) == seen, "nothing is asked before then"
    assert world.ask("SELECT count(*) FROM queue WHERE attempts > 0") == [0]

    world.time.at = BEGAN + timedelta(seconds=7_201)
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)
    its = told(world, fetch__pace=0)
    assert (its.holds, its.holds_kept) == (1, 1)


def test_a_wait_that_ends_a_run_says_once_when_to_go_on(world: World) -> None:
    world.server.faults = on("page=1$", unavailable(7_200), times=1)
    held = world.run(Backfill(), fetch__retry_wait_most=120)
    spent = world.run(Backfill(), fetch__daily_requests=2)
    world.site.robots = "User-agent: *\nCrawl-delay: 7200\n"
    world.time.at += 2 * DAY
    slow = world.run(Backfill())
    for outcome in (held, spent, slow):
        assert incomplete(outcome)
        assert outcome.message.count("run the command again") == 1, outcome.message
    assert "not to be asked before 2026-11-02T14:00:00Z" in held.message


def test_who_watches_and_the_log_are_told_of_a_long_wait_and_of_no_short_one(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def report(tally: Tally) -> None:
        if tally.waiting != (told or [""])[-1]:
            told.append(tally.waiting)

    world.time.at = datetime(2026, 11, 2, 7, 59, 50, tzinfo=UTC)
    world.server.faults = Script(on("page=1$", unavailable(10), times=1), on(PAGES, unavailable(90), times=1))
    dials = {"fetch__pace": 1, "fetch__quiet_hours": "08:00-08:30"}
    with caplog.at_level(logging.INFO, "lgsco"):
        outcome = perform(Backfill(), world.config(**dials), world.database, world.time.clock(), world.stop, report)
    assert outcome.state == "complete"
    assert told[1::2] == [""] * 3, "each is over when it is over"
    assert re.fullmatch(r"the site asked us to wait until 08:00:0\dZ", told[0])
    assert told[2] == "quiet hours until 08:30:00Z"
    assert re.fullmatch(r"the site asked us to wait until 08:3[12]:\d\dZ", told[4])
    assert [line for line in caplog.messages if "until" in line] == [told[2], told[4]], "no lines for a few seconds"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_of_a_year_is_a_day_and_a_line_in_the_log(
    world: World, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.faults = on("page=1$", waiting(form, 365 * 86_400), times=1)
    with caplog.at_level(logging.WARNING, "lgsco"):
        outcome = world.run(Backfill())
    assert incomplete(outcome)
    assert outcome.message.endswith(f"page=1: the site answers 503, and {CAPPED}")
    assert [record for record in caplog.records if "31536000" in record.message and "a day" in record.message]
    seen = len(world.server.log)
    world.time.at = BEGAN + 23 * HOUR
    assert world.run(Backfill()).message == CAPPED, "the next process knows as much"
    assert len(world.server.log) == seen
    world.time.at = BEGAN + 24 * HOUR + timedelta(minutes=1)
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize(
    "words",
    [
        *("", "soon", "-5", "1e3", "nan", "inf", "0x10", "5, 10", "\xb2", "\xb9\xb2", "9" * 400, "Mon, 99 Zzz 9999"),
        *("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 02 Nov 2026 12:00:30 +9999", "12:00"),
    ],
)
def test_a_retry_after_of_any_words_ends_no_run_otherwise_than_by_waiting(world: World, words: str) -> None:
    world.server.faults = on("page=1$", unavailable(words), times=1)
    outcome = world.run(Backfill())
    if outcome.state != "complete":
        assert incomplete(outcome)
        assert world.time.at < BEGAN + HOUR
        world.time.at += DAY + HOUR
        assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


def test_a_wait_in_seconds_is_kept_although_the_clock_is_set_forth(world: World) -> None:
    """By our own clock, which nobody sets: fifty seconds are fifty seconds."""
    clocks = TwoClocks()
    manners = a_process(emptied(), clocks, pace=1)
    manners.take_turn("/x", 1)
    manners.answered(503, 0, 0.1, None, 50.0)
    began = clocks.own
    clocks.ahead += 3_600
    manners.take_turn("/x", 2)
    assert clocks.own - began >= 50


# ---------------------------------------------------------------- robots.txt


def robots_asked(world: World) -> int:
    return world.targets().count("/robots.txt")


def test_robots_are_asked_for_once_a_day_by_all_runs_together(world: World) -> None:
    world.run(Backfill(limit=3))
    world.time.at += 11 * HOUR
    world.run(Sync())
    world.time.at += 12 * HOUR
    world.run(Backfill())
    assert robots_asked(world) == 1
    world.time.at += 2 * HOUR
    world.run(Sync())
    assert robots_asked(world) == 2


def test_a_run_that_lasts_for_days_asks_for_robots_again(world: World) -> None:
    """An hour between requests and no request at night: what is forbidden since yesterday is not asked for today."""
    assert world.run(Backfill(), fetch__pace=3_600, fetch__quiet_hours="18:00-06:00").state == "complete"
    rules_of = 0.0
    for instant, target in zip(asked_at(world), world.targets(), strict=True):
        if target == "/robots.txt":
            rules_of = instant
        assert instant - rules_of <= 24 * 3_600, (
            f"{target} was asked for by rules of {(instant - rules_of) / 3600:.0f} h"
        )
    assert asked_at(world)[-1] - asked_at(world)[0] > 24 * 3_600


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_robots_that_cannot_be_had_mean_to_wait_and_not_to_go(world: World, status: int) -> None:
    world.server.faults = on("robots", Respond(status))
    for task in (Backfill(), Sync()):
        outcome = world.run(task)
        assert incomplete(outcome)
        assert "/robots.txt" in outcome.message
        assert str(status) in outcome.message
    assert set(world.targets()) == {"/robots.txt"}
    assert len(world.targets()) <= 8
    world.server.faults = None
    world.time.at += HOUR
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("status", [404, 410])
def test_no_robots_mean_that_all_is_allowed(world: World, status: int) -> None:
    world.server.faults = on("robots", Respond(status))
    assert world.run(Backfill()).state == "complete"
    assert "all is allowed" in told(world, fetch__pace=0).robots


def test_a_wall_in_place_of_robots_is_no_robots(world: World) -> None:
    """What stands in front of the whole site says nothing of what the site allows, and is not kept for a day."""
    world.site.robots = "User-agent: *\nCrawl-delay: 5\n"
    world.server.faults = on(".", CHALLENGE)
    assert world.run(Backfill()).exit_code in (10, 12)
    world.server.faults = None
    world.time.at += HOUR
    assert world.run(Backfill()).state == "complete"
    assert min(gaps(asked_at(world, 2))[1:]) >= 5


def test_a_path_that_robots_forbid_is_not_asked_for(world: World) -> None:
    forbidden = world.site.listed()[4].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\n"
    for _ in range(3):
        outcome = world.run(Backfill())
        assert outcome.state == "incomplete"
        assert world.ask("SELECT count(*) FROM decisions") == [len(world.site) - 1], "nothing else waits for it"
        (told,) = world.ask("SELECT error FROM queue")
        assert forbidden in told
        assert "robots.txt" in told
        world.time.at += DAY
    assert forbidden not in world.targets()
    world.site.robots = ""
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


def test_a_redirect_to_a_path_that_robots_forbid_is_not_followed(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    world.server.faults = on(world.site.listed()[4].address, Redirect("/umbraco/login"))
    assert world.run(Backfill()).state == "incomplete"
    assert not [target for target in world.targets() if target.startswith("/umbraco")]
    assert world.ask("SELECT count(*) FROM decisions") == [len(world.site) - 1], "nothing else waits for it"


def test_where_robots_forbid_all_decisions_nothing_is_held_against_any(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /decisions/\n"
    outcome = world.run(Backfill())
    assert outcome.state == "blocked"
    assert "robots.txt" in outcome.message
    assert not [target for target in world.targets() if target.startswith("/decisions/")]
    assert world.ask("SELECT DISTINCT attempts, error FROM queue") == [(0, None)]
    world.site.robots = ""
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ("User-agent: lgsco\nDisallow: /\n", False),
        ("User-agent: LGSCO\nDisallow: /\n\nUser-agent: *\nDisallow:\n", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: lgsco\nAllow: /\n", True),
        ("User-agent: elsewhere-bot\nDisallow: /\n", True),
        # Words of our user agent that are not its name
        ("User-agent: archive\nDisallow: /\n\nUser-agent: *\nAllow: /\n", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: decisions\nAllow: /\n", False),
        ("User-agent: *\nDisallow: /Decisions/SearchResults\n", False),
        ("\ufeffUser-agent: *\nDisallow: /\n", False),
        ("<html><body>Disallow: /</body></html>", True),
        ("User-agent: *\nDisallow: /*page=99$\nCrawl-delay: none\n", True),
    ],
)
def test_rules_are_those_for_our_name(world: World, robots: str, *, allowed: bool) -> None:
    world.site.robots = robots
    outcome = world.run(Backfill(limit=1))
    assert outcome.exit_code == (0 if allowed else 12), outcome.message
    if not allowed:
        assert set(world.targets()) == {"/robots.txt"}
        assert "robots.txt" in outcome.message


def test_a_crawl_delay_is_kept_by_every_process_and_the_account_says_so(world: World) -> None:
    world.site.robots = "User-agent: *\nCrawl-delay: 3\n"
    for _ in range(4):
        world.run(Backfill(limit=2), fetch__pace=1)  # a process after the other, at once
    world.run(Sync(), fetch__pace=1)
    assert robots_asked(world) == 1
    apart = gaps(asked_at(world))
    assert min(apart[1:]) >= 3
    its = told(world, fetch__pace=1)
    assert its.promised_gap == (1.0, 3.0), "before its rules were known, and since then"
    assert its.broken == ()


# ---------------------------------------------------------------- quiet hours


def is_quiet(instant: float, first: int, last: int) -> bool:
    hour = datetime.fromtimestamp(instant, LONDON).hour
    return first <= hour < last if first < last else hour >= first or hour < last


@pytest.mark.parametrize(
    ("began", "hours", "first", "last"),
    [
        (datetime(2026, 11, 2, 12, tzinfo=UTC), "08:00-18:00", 8, 18),
        (datetime(2026, 11, 2, 7, 50, tzinfo=UTC), "08:00-18:00", 8, 18),
        (datetime(2026, 11, 2, 21, 45, tzinfo=UTC), "22:00-06:00", 22, 6),
        (datetime(2026, 11, 2, 3, 0, tzinfo=UTC), "22:00-06:00", 22, 6),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "00:00-04:00", 0, 4),  # clocks go back that night
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), "00:00-04:00", 0, 4),  # and forth in that
    ],
)
def test_nothing_is_asked_in_quiet_hours(world: World, began: datetime, hours: str, first: int, last: int) -> None:
    world.time.at = began
    assert world.run(Backfill(), fetch__pace=120, fetch__quiet_hours=hours).state == "complete"
    instants = asked_at(world)
    assert len(instants) > 20
    assert not [instant for instant in instants if is_quiet(instant, first, last)]
    assert instants[-1] - instants[0] < 18 * 3_600, "and no longer than they last"


# ---------------------------------------------------------------- slower when the site errs


def test_the_pace_slows_where_the_site_errs_and_recovers_with_it(world: World) -> None:
    world.server.faults = Script(*(on(PAGES, server_error(), times=1, after=3 + n) for n in range(3)))
    world.run(Backfill(), fetch__pace=1, fetch__tries=1)
    apart = gaps(asked_at(world))
    errors = [n for n, status in enumerate(world.ask("SELECT status FROM requests ORDER BY id")) if status == 500]
    assert len(errors) == 3
    assert set(apart[: errors[0]]) == {1.0}
    after = apart[errors[0] :]
    assert after[0] >= 2
    assert after[errors[-1] - errors[0]] > after[0], "the more it errs, the slower"
    assert after[-1] <= 1.05, "it has recovered"
    assert min(apart) >= 1
    peak = after.index(max(after))
    assert after[peak:] == sorted(after[peak:], reverse=True), "step by step"
    assert max(apart) <= 120


def test_what_one_process_learned_of_the_sites_state_the_next_one_knows(world: World) -> None:
    world.server.faults = on(PAGES, Reset())
    world.run(Backfill(), fetch__pace=1, fetch__tries=1)
    world.server.faults = None
    ended_at = asked_at(world)[-1]
    world.run(Backfill(first=date(2026, 1, 1), limit=1), fetch__pace=1, listing__trust_hours=0)
    assert asked_at(world, 2)[0] - ended_at >= 4


def test_the_pace_slows_where_answers_take_long_and_recovers(world: World) -> None:
    @dataclass(frozen=True)
    class Slow:
        def acts(self, request: Request, answer: Answer) -> Acts:
            world.time.at += timedelta(seconds=6)
            yield answer().wire

    world.server.faults = Script(*(on(PAGES, Slow(), times=1, after=3) for _ in range(3)))
    assert world.run(Backfill(), fetch__pace=1).state == "complete"
    apart = gaps(asked_at(world))
    slow = [n for n, seconds in enumerate(world.ask("SELECT seconds FROM requests ORDER BY id")) if seconds > 5]
    assert len(slow) == 3
    assert set(apart[: slow[0]]) == {1.0}
    assert max(apart[slow[-1] + 1 :]) >= 2, "also after an answer that came at once"
    assert apart[-1] <= 1.5
    assert min(apart) >= 1


# ---------------------------------------------------------------- the ceiling


def test_the_days_ceiling_is_that_of_all_runs_together(world: World) -> None:
    ceiling = {"fetch__daily_requests": 9}
    assert world.run(Backfill(limit=2), **ceiling).state == "limited"
    for task in (Backfill(), Sync(), Backfill()):
        outcome = world.run(task, **ceiling)
        assert incomplete(outcome)
        assert "9 requests" in outcome.message
        assert "daily_requests" in outcome.message
    assert len(world.server.log) == 9
    world.time.at = datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC)
    assert incomplete(world.run(Sync(), **ceiling))
    assert len(world.server.log) == 9
    for days in range(1, 9):
        world.time.at = datetime(2026, 11, 2, tzinfo=UTC) + days * DAY
        if world.run(Backfill(), listing__trust_hours=1_000, **ceiling).state == "complete":
            break
        assert len(world.server.log) == 9 * (days + 1)
    assert holds_the_truth(world)
    its = told(world, fetch__pace=0, **ceiling)
    assert its.most_in_a_day == 9
    assert its.broken == ()


# ---------------------------------------------------------------- the journal


def test_every_request_that_the_server_saw_is_in_the_journal(world: World) -> None:
    @dataclass(frozen=True)
    class Slow:
        def acts(self, request: Request, answer: Answer) -> Acts:
            world.time.at += timedelta(seconds=3)
            yield answer().wire

    address = world.site.listed()[2].address
    world.server.faults = Script(
        on("page=1$", server_error(), times=2),
        on(address, Slow(), times=1),
        on(world.site.listed()[3].address, Respond(404), times=1),
        on(world.site.listed()[4].address, Redirect(f"{address}?displaypref=0"), times=1),
    )
    world.run(Backfill(), fetch__pace=1)
    rows = world.ask("SELECT run, at, target, status, received, seconds, attempt FROM requests ORDER BY id")
    assert [(target, status) for _, _, target, status, *_ in rows] == [(e.target, e.status) for e in world.server.log]
    ((run, started, finished),) = world.ask("SELECT id, started_at, ended_at FROM runs")
    assert {row[0] for row in rows} == {run}
    assert all(started[:19] <= at[:19] <= finished[:19] for _, at, *_ in rows)
    assert all(at.endswith("Z") and len(at) == len("2026-11-02T12:00:00.000Z") for _, at, *_ in rows)
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert [attempt for _, _, target, _, _, _, attempt in rows if "page=1" in target] == [1, 2, 3]
    assert [seconds for _, _, target, _, _, seconds, _ in rows if target == address] == [3.0]
    for _, _, target, status, received, _, _ in rows:
        if status == 200:
            assert received == len(world.site.handle(Request("GET", target, {})).body)
        elif status == 500:
            assert received > 0


@pytest.mark.parametrize(
    "fault",
    [Huge(1), Huge(1, declared=False), Truncate(), Truncate(length="none")],
    ids=["huge", "endless", "cut", "c"],
)
def test_an_answer_that_was_not_taken_whole_is_journalled_with_its_status_and_bytes(world: World, fault: Fault) -> None:
    world.server.faults = on(PAGES, fault, times=1)
    world.run(Backfill(limit=2), fetch__max_bytes=200_000, fetch__tries=1)
    place = next(n for n, entry in enumerate(world.server.log) if entry.target.startswith("/decisions/"))
    ((status, received),) = world.ask(f"SELECT status, received FROM requests ORDER BY id LIMIT 1 OFFSET {place}")
    assert status == world.server.log[place].status == 200
    assert received >= 10_000, "what came over the wire is told"


def lies_in_quiet_hours(instant: float, hours: str) -> bool:
    """And not just after they began."""
    return all(any(is_quiet(then, *its) for its in HOURS[hours]) for then in (instant - 15, instant))


Row = tuple[float, int | None, int, float, float | None, Promise | None]


def truth_of(rows: list[Row]) -> list[Day]:
    """The account of days, reckoned by hand: rows of instant, status, bytes, seconds, Retry-After, promise."""
    instants = [row[0] for row in rows]
    in_order = sorted(instants)
    days: dict[str, list[int]] = {}
    for n, instant in enumerate(instants):
        days.setdefault(datetime.fromtimestamp(instant, UTC).date().isoformat(), []).append(n)
    # Where the clock was set back in between, nobody knows.
    apart = [round(then - now, 3) if then >= now else None for now, then in pairwise(instants)] + [None]
    found = []
    for day, its in sorted(days.items()):
        a_minute = [bisect_right(in_order, instants[n] + 59.9995) - in_order.index(instants[n]) for n in its]
        rank = {n: rank for rank, n in enumerate(sorted(its, key=lambda n: (instants[n], n)))}
        holds = [n for n in its if rows[n][4] is not None]
        promises = [(n, promise) for n in its if (promise := rows[n][5]) is not None]
        found.append(
            Day(
                day,
                len(its),
                sum(rows[n][1] is None for n in its),
                sum(rows[n][1] in (403, 429, 500, 503) for n in its),
                sum(rows[n][2] for n in its),
                sum(rows[n][3] for n in its),
                max(a_minute),
                min((gap for n in its if (gap := apart[n]) is not None), default=None),
                len(holds),
                sum(
                    (gap := apart[n]) is None or gap >= rows[n][3] + min(rows[n][4] or 0, 86_400) - 0.0025
                    for n in holds
                ),
                sum((rows[n][4] or 0) > 86_400 for n in holds),
                len(promises),
                sum((gap := apart[n]) is not None and gap < promise.gap - 0.0025 for n, promise in promises),
                sum(rank[n] >= promise.a_day for n, promise in promises),
                sum(lies_in_quiet_hours(instants[n], promise.quiet_hours) for n, promise in promises),
            )
        )
    return found


def alike(found: list[Day], truth: list[Day]) -> None:
    assert [day.day for day in found] == [day.day for day in truth]
    for one, other in zip(found, truth, strict=True):
        assert replace(one, seconds=0.0, least_gap=None) == replace(other, seconds=0.0, least_gap=None)
        assert one.seconds == pytest.approx(other.seconds, abs=1e-3)
        assert one.least_gap == (None if other.least_gap is None else pytest.approx(other.least_gap, abs=1e-5))


def test_old_days_are_summed_up_and_the_account_stays_the_truth(world: World) -> None:
    world.server.faults = Script(
        on("page=2$", unavailable(30), times=1), on(PAGES, server_error(), times=2), on(PAGES, Reset(), times=1)
    )
    world.run(Backfill(limit=5), fetch__pace=1)
    world.time.at = datetime(2026, 11, 2, 23, 59, 50, tzinfo=UTC)
    world.run(Backfill(), fetch__pace=1)
    world.time.at += DAY
    world.run(Sync(), fetch__pace=1)
    rows = world.ask("SELECT at, status, received, seconds, retry_after FROM requests")
    promise = Promise(1, config.Fetch().daily_requests, "")
    truth = truth_of([(datetime.fromisoformat(at).timestamp(), *rest, promise) for at, *rest in rows])
    with reading(world.database) as db:
        alike(journal.find_days(db, within), truth)
    before = told(world, fetch__pace=1)
    assert before.holds == before.holds_kept == 1
    assert before.broken == ()
    assert before.requests == len(world.server.log)

    world.time.at += 88 * DAY
    world.run(Sync(), fetch__pace=1)
    assert world.ask("SELECT count(*) FROM request_days") == [0], "ninety days are not over"
    world.time.at += 5 * DAY
    world.run(Sync(), fetch__pace=1)
    assert world.ask("SELECT day FROM request_days ORDER BY day") == [day.day for day in truth]
    assert not [at for at in world.ask("SELECT at FROM requests") if at[:10] <= truth[-1].day]
    with reading(world.database) as db:
        alike(journal.find_days(db, within)[: len(truth)], truth)
    after = told(world, fetch__pace=1)
    assert after.requests == len(world.server.log)
    assert after.most_in_a_minute == before.most_in_a_minute
    assert (after.holds, after.holds_kept, after.first_day) == (1, 1, before.first_day)
    assert after.broken == ()


BROKEN = {
    "sooner after another than promised: 1 request, on 2026-11-02": "UPDATE requests SET at = "
    "(SELECT substr(at, 1, 20) || '200Z' FROM requests WHERE id = 5) WHERE id = 6",
    "(Retry-After): 1 request, on 2026-11-02": "UPDATE requests SET status = 503, retry_after = 60 WHERE id = 5",
    "ceiling: 1 request, on 2026-11-05": "INSERT INTO requests "
    "(run, at, target, status, received, seconds, attempt, promise) "
    "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 50000) "
    "SELECT 1, strftime('%Y-%m-%dT%H:%M:%S', 1793836800 + n, 'unixepoch') || '.000Z', '/x', 200, 1, 0.1, 1, 1 FROM n",
    "in quiet hours: 3 requests, on 2026-11-02": "UPDATE promises SET quiet_hours = '06:00-06:30 11:00-13:00'; "
    "UPDATE requests SET promise = NULL WHERE id > 3",
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_promise_that_was_not_kept_is_told_also_when_its_day_is_summed_up(world: World, sentence: str) -> None:
    world.run(Backfill(limit=5), fetch__pace=1)
    assert told(world, fetch__pace=1).broken == ()
    with writing(world.database) as db:
        db.executescript(BROKEN[sentence])
    (broken,) = told(world, fetch__pace=1).broken
    assert sentence in broken
    with writing(world.database) as db, atomic(db):
        assert journal.roll_up(db, "2027-06-01", within) > 0
    assert told(world, fetch__pace=1).broken == (broken,)


def test_the_command_shows_what_was_kept_and_exits_10_where_something_was_not(world: World, tmp_path: Path) -> None:
    world.run(Backfill(limit=5), fetch__pace=1)
    desk = Desk(tmp_path)
    command = ("politeness", "--db", world.database)
    ran = desk.run(*command)
    assert "every promise was kept" in ran.out
    assert "robots.txt: allows what we ask for" in ran.out
    with writing(world.database) as db:
        db.execute(next(iter(BROKEN.values())))
    assert "NOT KEPT" in desk.run(*command, code=10).out
    ran = desk.run(*command, "--json", code=10)
    shown = json.loads(ran.out)
    assert shown["kept"] is False
    assert shown["requests"] == len(world.server.log)
    assert shown["least_gap"] == pytest.approx(0.2)
    assert shown["received"] == world.ask("SELECT sum(received) FROM requests")[0]


# ---------------------------------------------------------------- the account, by the promises of the time


def test_what_was_promised_since_then_is_not_held_against_what_was_asked_before(world: World) -> None:
    world.run(Backfill(limit=3), fetch__pace=0.2, fetch__daily_requests=40_000)
    world.site.robots = "User-agent: *\nCrawl-delay: 1\n"
    world.time.at += DAY
    world.run(Backfill(limit=3), fetch__pace=0.2)
    world.run(Backfill(limit=3), fetch__pace=5, fetch__daily_requests=30)
    assert min(gaps(asked_at(world, 1))) == 0.2
    its = told(world, fetch__pace=5, fetch__daily_requests=1)
    assert (its.broken, its.unpromised) == ((), 0)
    assert its.least_gap == pytest.approx(0.2)
    assert its.promised_gap == (0.2, 5.0)
    assert its.promised_a_day == (30, 50_000)
    assert "least gap between two requests: 0.200 s (promised: 0.2–5 s)" in "\n".join(its.lines())
    with writing(world.database) as db, atomic(db):
        assert journal.roll_up(db, "2027-06-01", within) == its.requests
    assert told(world) == its


def test_what_was_promised_then_is_not_forgotten_for_what_is_promised_now(world: World) -> None:
    world.run(Backfill(limit=5), fetch__pace=1, fetch__daily_requests=20)
    with writing(world.database) as db:
        for milliseconds in range(20):
            at = BEGAN + DAY + timedelta(milliseconds=500 * milliseconds)
            journal.begin_request(db, 1, stamp(at), "/x", 1, Promise(1, 18, "11:00-12:00"))
    assert told(world, fetch__pace=0, fetch__daily_requests=1_000_000).broken == (
        "sooner after another than promised: 19 requests, on 2026-11-03",
        "beyond the day's ceiling: 2 requests, on 2026-11-03",
    )


def test_a_day_on_which_the_ceiling_was_raised_is_judged_by_both(world: World) -> None:
    assert incomplete(world.run(Backfill(), fetch__daily_requests=5))
    assert world.run(Backfill(limit=2), fetch__daily_requests=9).exit_code in (0, 10)
    assert told(world, fetch__daily_requests=3).broken == ()
    with writing(world.database) as db:
        journal.begin_request(db, 1, stamp(BEGAN + HOUR), "/x", 1, Promise(0, 5, ""))
    assert told(world).broken == ("beyond the day's ceiling: 1 request, on 2026-11-02",)


def test_requests_of_before_promises_were_journalled_are_counted_and_not_judged(world: World) -> None:
    with closing(sqlite3.connect(world.database, isolation_level=None)) as db:
        migrations.apply(Database(db), stop_before="m004_promises")
        db.execute(A_RUN)
        db.execute("INSERT INTO request_days VALUES ('2026-10-30', 7, 1, 1, 900, 3.5, 7, 0.001, 0, 0)")
        for second in (1, 1, 2):
            db.execute(
                "INSERT INTO requests (run, at, target, received, seconds, attempt) VALUES (1, ?, '/x', 1, 0, 1)",
                (f"2026-11-01T12:00:0{second}.000Z",),
            )
    world.run(Backfill(limit=1), fetch__pace=1)
    its = told(world)
    assert (its.requests, its.unpromised) == (10 + len(world.server.log), 10)
    assert (its.least_gap, its.promised_gap, its.broken) == (0.0, (1.0, 1.0), ())
    assert "10 requests, not judged" in its.lines()[-2]
    assert its.lines()[-1] == "  every promise that is known was kept"


def test_a_wait_counts_from_the_answer_and_not_from_the_request(world: World) -> None:
    db, promise = emptied(), Promise(1, 50_000, "")

    def ask(seconds: float, answered: Answered | None = None) -> int:
        return journal.begin_request(db, 1, stamp(BEGAN + timedelta(seconds=seconds)), "/x", 1, promise)

    def now(seconds: float) -> tuple[int, int, int]:
        its = account(db, config.Config(), BEGAN + timedelta(seconds=seconds))
        return its.holds, its.holds_kept, its.holds_pending

    journal.complete_requests(db, [Answered(ask(0), 429, 0, 20.0, None, 10.0)])
    assert now(29) == (1, 0, 1)
    assert now(30) == (1, 1, 0), "nothing was asked"
    journal.complete_requests(db, [Answered(ask(30), 429, 0, 20.0, None, 10.0)])
    ask(50.1)
    assert now(51) == (2, 1, 0)
    assert account(db, config.Config(), BEGAN).broken == (
        "before the end of a wait asked for (Retry-After): 1 request, on 2026-11-02",
    )


def test_a_wait_that_is_not_over_is_pending(world: World) -> None:
    world.server.faults = on("page=1$", unavailable(7_200), times=1)
    world.run(Backfill())
    world.time.at += HOUR
    its = told(world)
    assert (its.holds, its.holds_kept, its.holds_pending, its.broken) == (1, 0, 1, ())
    assert "  asked to wait (Retry-After): 1 time, 0 kept, 1 pending" in its.lines()
    world.time.at += HOUR
    world.run(Backfill(limit=1))
    its = told(world)
    assert (its.holds, its.holds_kept, its.holds_pending, its.broken) == (1, 1, 0, ())


def test_quiet_hours_are_those_that_were_promised_at_the_time(world: World) -> None:
    world.run(Backfill(limit=3))  # at noon
    world.time.at += DAY
    world.run(Backfill(limit=3), fetch__quiet_hours="09:00-12:00;22:00-06:00")
    its = told(world, fetch__quiet_hours="11:00-13:00")
    assert (its.broken, its.in_quiet_hours, its.quiet_hours) == ((), 0, ("09:00-12:00 22:00-06:00",))
    assert "  in quiet hours: 0 requests (09:00-12:00 22:00-06:00)" in its.lines()
    with writing(world.database) as db:
        at = BEGAN + timedelta(days=1, hours=-2)
        journal.begin_request(db, 1, stamp(at), "/x", 1, Promise(0, 50_000, "09:00-12:00 22:00-06:00"))
    assert told(world).broken == ("in quiet hours: 1 request, on 2026-11-03",)


def test_a_refusal_is_an_error_and_a_page_that_is_gone_is_none(world: World) -> None:
    first, second, *_ = (sample.address for sample in world.site.listed())
    world.server.faults = Script(on(first, Respond(404)), on(second, Respond(403)))
    world.run(Backfill(), fetch__tries=1)
    refused = [entry for entry in world.server.log if entry.status == 403]
    assert {entry.status for entry in world.server.log} == {200, 403, 404}
    assert told(world).errors == len(refused) > 0


def test_one_is_one_and_nothing_is_nothing(world: World) -> None:
    assert world.run(Backfill(), fetch__daily_requests=1).exit_code == 10
    lines = told(world).lines()
    assert any("1 request," in line and "0 errors" in line for line in lines)
    assert "  least gap between two requests: – (promised: none)" in lines
    assert "  most in any day: 1 (promised: 1); most in any minute: 1" in lines
    assert "  in quiet hours: none promised" in lines
    assert "  asked to wait (Retry-After): never" in lines


@pytest.mark.parametrize("held", [True, False], ids=["held", "queued"])
def test_the_account_names_what_robots_forbid(world: World, *, held: bool) -> None:
    if held:
        world.run(Backfill())
        world.time.at += DAY
    forbidden = world.site.listed()[4].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\nCrawl-delay: 2\n"
    world.run(Sync() if held else Backfill())
    robots = told(world).robots
    assert robots.startswith(f"FORBIDS 1 of 20 pages ({forbidden}), which we do not ask for, and asks for 2 s")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("Disallow: /", "FORBIDS the listing (/Decisions/SearchResults) and every decision's page"),
        ("Disallow: /decisions/", "FORBIDS every decision's page"),
        ("Disallow: /decisions/*-", "FORBIDS every decision's page"),
        ("Disallow: /*?", "FORBIDS the listing (/Decisions/SearchResults)"),
        ("Disallow: /umbraco/", "allows what we ask for"),
    ],
)
@pytest.mark.parametrize("listed", [True, False], ids=["listed", "nothing known"])
def test_the_account_holds_the_listing_and_decisions_against_robots(
    world: World, rules: str, said: str, *, listed: bool
) -> None:
    if listed:
        world.run(Backfill(limit=1))
        world.time.at += DAY
    world.site.robots = f"User-agent: *\n{rules}\n"
    world.run(Backfill(last=date(2020, 1, 1)))
    assert told(world).robots.startswith(said)


def test_robots_that_were_asked_for_and_could_not_be_had_are_told_so(world: World) -> None:
    with writing(world.database):
        assert told(world).robots.startswith("not fetched yet")
    world.server.faults = on("robots", Respond(500))
    world.run(Backfill(), fetch__tries=4, fetch__pace=1)
    last = world.ask("SELECT max(at) FROM requests")[0]
    assert told(world).robots == f"asked for 4 times, last at {last}: status 500"
    world.server.faults = on("robots", Reset())
    world.run(Backfill(), fetch__tries=1, fetch__pace=1)
    assert told(world).robots.startswith("asked for 5 times")
    assert told(world).robots.endswith("Z: no answer")
    world.server.faults = None
    world.time.at += HOUR
    world.run(Backfill(limit=1), fetch__pace=1)
    assert told(world).robots.startswith("allows what we ask for (as of ")
    assert "asked for" not in told(world).robots
    world.server.faults = on("robots", Respond(503))
    world.time.at += DAY
    world.run(Backfill(limit=1), fetch__tries=1, fetch__pace=1)
    assert told(world).robots.startswith("allows what we ask for (as of ")
    assert told(world).robots.endswith("Z: status 503"), "what it said before is good no longer"


def test_a_clock_that_was_ahead_takes_nothing_from_the_day(world: World) -> None:
    ceiling = {"fetch__daily_requests": 20, "fetch__pace": 1}
    world.run(Backfill(limit=5), **ceiling)
    asked = len(world.server.log)
    world.time.at += 100 * DAY
    world.run(Backfill(limit=1), **ceiling)
    ahead = len(world.server.log) - asked
    assert world.ask("SELECT day, requests FROM request_days") == [("2026-11-02", asked)]

    world.time.at = BEGAN + HOUR
    assert incomplete(world.run(Backfill(), **ceiling))
    assert len(world.server.log) == 20 + ahead, "what was asked before counts"
    its = told(world)
    assert (its.requests, its.most_in_a_day, its.broken) == (20 + ahead, 20, ())
    received = world.ask("SELECT (SELECT sum(received) FROM requests) + (SELECT sum(received) FROM request_days)")

    world.time.at += 95 * DAY
    world.run(Backfill(limit=0), **ceiling)
    day = "SELECT requests, promised, too_many, received FROM request_days WHERE day = '2026-11-02'"
    ((requests, promised, too_many, of_the_day),) = world.ask(day)
    assert (requests, promised, too_many) == (20, 20, 0)
    assert of_the_day <= received[0]
    its = told(world)
    assert (its.most_in_a_day, its.least_gap, its.broken) == (20, 1.0, ())
    with writing(world.database) as db:
        journal.begin_request(db, 1, stamp(BEGAN + 2 * HOUR), "/x", 1, Promise(1, 20, ""))
    assert told(world).broken == ("beyond the day's ceiling: 1 request, on 2026-11-02",)


# ---------------------------------------------------------------- conditional requests


AGAIN = {"cadence__reread_days": 1, "cadence__walk_recent": 100, "cadence__walk_middle": 100}


def conditional(world: World, since: int) -> list[str]:
    """The targets that were asked for with a validator."""
    names = ("if-none-match", "if-modified-since")
    return [e.target for e in world.server.log[since:] if any(name in e.headers for name in names)]


def single(world: World) -> set[str]:
    """The addresses of decisions of one page."""
    return {sample.address for sample in world.site.listed() if len(sample.chapters) == 1}


def test_pages_that_are_asked_for_again_and_are_unchanged_are_seen_and_nothing_more(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    asked, pages = len(world.server.log), world.ask("SELECT count(*) FROM pages")[0]
    world.time.at += 2 * DAY
    outcome = world.run(Sync(), **AGAIN)
    assert outcome.state == "complete"
    spared = conditional(world, asked)
    canary = [entry.target for entry in world.server.log[asked:]][1]
    assert set(spared) | {canary} >= single(world)
    assert len(spared) == len(set(spared))
    statuses = {entry.status for entry in world.server.log[asked:] if entry.target in spared and entry.target != canary}
    assert statuses == {304}
    rows = world.ask("SELECT status, received FROM requests WHERE status = 304")
    assert rows == [(304, 0)] * len([entry for entry in world.server.log if entry.status == 304])
    now = world.time.clock().stamp()
    assert min(world.ask("SELECT last_seen FROM decisions")) >= now
    assert world.ask("SELECT count(*) FROM revisions") == [len(world.site)]
    several = len(world.site) - len(single(world))
    assert world.ask("SELECT count(*) FROM pages")[0] <= pages + 1 + 3 * several, "no page is kept twice"
    assert outcome.tally.unchanged >= len(single(world))
    assert world.ask("SELECT reference FROM queue") == []
    assert holds_the_truth(world)


def test_a_page_that_changed_is_had_although_it_was_asked_for_with_a_validator(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    changed = [s for s in world.site.listed() if s.address in single(world)][3]
    world.site.amend(changed.reference, replace(changed, header_extra=("Council accepted it on 1 November 2026.",)))
    world.time.at += 2 * DAY
    assert world.run(Sync(), **AGAIN).tally.amended == 1
    assert holds_the_truth(world)


def test_an_etag_that_lies_is_found_out_by_the_full_read(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    began = world.time.at
    dials = {**AGAIN, "cadence__full_days": 5}
    world.time.at += 2 * DAY
    world.run(Sync(), **dials)
    known = set(world.ask("SELECT subject FROM checks WHERE kind = 'canary'"))
    lied = next(s for s in world.site.listed() if s.address in single(world) and s.reference not in known)
    amended = replace(lied, header_extra=("Council accepted it on 1 November 2026.",))
    world.site.amend(lied.reference, amended)

    @dataclass(frozen=True)
    class Lie:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            yield headed(replace(right, status=304, body=b""), "ETag", request.headers["if-none-match"]).wire

    def fault(request: Request) -> Fault | None:
        return Lie() if "if-none-match" in request.headers else None

    world.server.faults = fault
    while world.time.at < began + 5 * DAY:
        assert world.run(Sync(), **dials).state == "complete"
        assert world.ask("SELECT text FROM decisions WHERE reference = ?", lied.reference) == [expected_text(lied)]
        world.time.at += DAY
    world.time.at += 2 * DAY
    assert world.run(Sync(), **dials).tally.amended == 1
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", lied.reference) == [expected_text(amended)]
    assert world.ask("SELECT change FROM revisions WHERE reference = ? ORDER BY revision", lied.reference) == [
        "first",
        "amended",
    ]


def test_a_date_of_change_is_a_validator_too(world: World) -> None:
    changed_on = "Mon, 02 Nov 2026 10:00:00 GMT"

    @dataclass(frozen=True)
    class Dated:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = headed(headed(answer(), "ETag", None), "Last-Modified", changed_on)
            same = request.headers.get("if-modified-since") == changed_on
            yield (replace(right, status=304, body=b"") if same else right).wire

    world.server.faults = on(PAGES, Dated())
    assert world.run(Backfill()).state == "complete"
    asked = len(world.server.log)
    world.time.at += 2 * DAY
    assert world.run(Sync(), **AGAIN).state == "complete"
    assert len(conditional(world, asked)) >= len(single(world)) - 1
    assert {entry.headers.get("if-none-match") for entry in world.server.log} == {None}
    assert min(world.ask("SELECT last_seen FROM decisions")) >= world.time.clock().stamp()
    assert world.ask("SELECT count(*) FROM revisions") == [len(world.site)]


def test_a_first_read_and_a_changed_card_are_never_asked_for_conditionally(world: World) -> None:
    world.run(Backfill())
    moved = next(s for s in world.site.listed() if s.address in single(world))
    world.site.amend(moved.reference, replace(moved, outcome="Not upheld" if moved.outcome == "Upheld" else "Upheld"))
    world.time.at += DAY
    world.run(Sync(), cadence__walk_recent=1, cadence__walk_middle=1)
    assert conditional(world, 0) == []


def test_a_changed_card_outweighs_a_validator(world: World) -> None:
    """Its page is asked for again in its turn, its card says that it changed, and the site says that it did not."""
    world.run(Backfill())
    stale = {s.address: dict(world.site.handle(Request("GET", s.address, {})).headers) for s in world.site.listed()}
    moved = [s for s in world.site.listed() if s.address in single(world)][3]
    decided = "Not upheld" if moved.outcome == "Upheld" else "Upheld"
    amended = replace(moved, outcome=decided, header_extra=("Council accepted it on 1 November 2026.",))
    world.site.amend(moved.reference, amended)

    @dataclass(frozen=True)
    class Stale:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = headed(answer(), "ETag", stale[request.path]["ETag"])
            same = request.headers.get("if-none-match") == stale[request.path]["ETag"]
            yield (replace(right, status=304, body=b"") if same else right).wire

    world.server.faults = on(moved.address, Stale())
    world.time.at += 2 * DAY
    world.run(Sync(), cadence__reread_days=1, cadence__walk_recent=1, cadence__walk_middle=1, cadence__walk_old=1)
    assert world.ask("SELECT after FROM moves WHERE field = 'outcome'") == [decided]
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", moved.reference) == [expected_text(amended)]


# ---------------------------------------------------------------- from when the gap counts


def test_the_gap_counts_from_when_a_request_went_out_not_from_its_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each other connection takes almost as long as the gap; the site closes it after each answer."""
    connect = socket.create_connection
    connections = 0

    def slowly(*arguments: Any, **named: Any) -> socket.socket:
        nonlocal connections
        connections += 1
        world.time.at += timedelta(seconds=0.9 * (connections % 2))
        return connect(*arguments, **named)

    received: list[float] = []

    @dataclass(frozen=True)
    class Closes:
        def acts(self, request: Request, answer: Answer) -> Acts:
            received.append(world.time.at.timestamp())
            yield headed(answer(), "Connection", "close").wire

    monkeypatch.setattr(socket, "create_connection", slowly)
    world.server.faults = lambda _request: Closes()
    assert world.run(Backfill(limit=4), fetch__pace=1).state == "limited"
    assert world.run(Backfill(), fetch__pace=1).state == "complete"
    assert connections == len(received) > 20
    assert min(gaps(received)) >= 1
    assert asked_at(world) == [pytest.approx(instant, abs=0.001) for instant in received], "the journal says the same"


@pytest.mark.parametrize("closes", [True, False], ids=["a connection each", "kept"])
def test_what_stands_before_the_site_and_is_slow_to_connect_shortens_no_gap(world: World, closes: bool) -> None:
    """By the server's own log. What is received is received before it is answered, so this holds however late."""
    pace = 0.2
    delays = cycle([0.15, 0.0])
    world.server.dawdle = lambda: next(delays)

    @dataclass(frozen=True)
    class Closes:
        def acts(self, request: Request, answer: Answer) -> Acts:
            yield headed(answer(), "Connection", "close").wire

    if closes:
        world.server.faults = lambda _request: Closes()
    for _ in range(3):
        task, config = Backfill(limit=2), world.config(fetch__pace=pace)
        assert perform(task, config, world.database, Clock(), Stop(), lambda _tally: None).state == "limited"
    ports = {entry.port for entry in world.server.log}
    assert len(ports) == (len(world.server.log) if closes else 3)
    spread(world.server.log, asked_at(world), pace)


# ---------------------------------------------------------------- two processes


def spread(log: list[Entry], sent: list[float], pace: float) -> None:
    """Never more requests in any stretch than the pace allows, from when the first was sent, by the journal, until the
    last was received: what is late on the way only makes that longer. After one that opened a connection, which is
    received before the next one's turn is reckoned, the server's own log says it alone."""
    assert len(log) == len(sent)
    for many in range(1, len(log)):
        for first, last in zip(sent, log[many:], strict=False):
            assert last.at - first >= many * pace - 0.002, f"{many} requests in {last.at - first:.3f} s"
    opened = [first for first in range(len(log) - 1) if log[first].port not in {e.port for e in log[:first]}]
    assert opened
    assert min(log[first + 1].received - log[first].received for first in opened) >= pace


def test_two_processes_never_exceed_the_pace_together(tmp_path: Path) -> None:
    pace = 0.05
    samples = generate(24, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 10), body=False)
    with serve(Site(samples)) as server:
        desk = Desk(
            tmp_path,
            {
                "LGSCO_SITE_BASE_URL": server.url,
                "LGSCO_STORAGE_DATABASE": str(tmp_path / "kept.db"),
                "LGSCO_FETCH_PACE": str(pace),
            },
        )
        try:
            hold = Hold()
            holding = on(PAGES, hold, times=1, after=4)
            server.faults = holding
            backfill = desk.start("backfill")
            reached(hold, backfill)
            assert "written by another" in desk.run("sync", code=13).sentence
            asked = len(server.log)
            hold.go.set()
            assert ended(backfill).code == 0
            assert len(server.log) > asked
            desk.run("sync")  # one after the other, at once
            desk.run("backfill", "--from", "2026-01-01")
            desk.run("sync")
            assert {entry.target for entry in server.log} >= {sample.address for sample in server.site.listed()}
            with closing(sqlite3.connect(tmp_path / "kept.db")) as db:
                at = [row[0] for row in db.execute("SELECT at FROM requests ORDER BY id")]
            spread(server.log, [datetime.fromisoformat(instant).timestamp() for instant in at], pace)
            shown = json.loads(desk.run("politeness", "--json").out)
            assert shown["kept"] is True
            assert shown["requests"] == len(server.log)
            assert shown["least_gap"] >= pace - 0.002
        finally:
            desk.leave()
    assert not server.errors


# ---------------------------------------------------------------- units: the pace, by two clocks


JUMPS = st.sampled_from([0.0, 0.0, 0.0, 0.5, -0.5, 3_600.0, -3_600.0, 7_200.0, -7_200.0, 86_400.0, -86_400.0])
STEPS = st.lists(st.tuples(JUMPS, st.floats(0, 0.4), st.floats(0, 3)), min_size=2, max_size=12)


@given(STEPS)
def test_a_clock_that_is_set_neither_hurries_nor_halts_us(steps: list[tuple[float, float, float]]) -> None:
    """By our own clock no two requests are nearer than the pace, and none waits for longer than the gap."""
    clocks = TwoClocks()
    manners = a_process(emptied(), clocks, pace=1)
    last = -1.0
    for jump, answer, idle in steps:
        clocks.own += idle
        clocks.ahead += jump
        clocks.patience = clocks.own + 1
        manners.take_turn("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        clocks.patience = 1e9
        manners.answered(200, 1, answer, None, None)


@given(STEPS, st.randoms(use_true_random=False))
def test_processes_one_after_the_other_keep_one_pace(
    steps: list[tuple[float, float, float]], chance: random.Random
) -> None:
    clocks = TwoClocks()
    db = emptied()
    manners = a_process(db, clocks, pace=1)
    last = -1.0
    for _, answer, idle in steps:
        if chance.random() < 0.5:
            with atomic(db):
                manners.save()
            manners = a_process(db, clocks, pace=1)
        clocks.own += idle
        manners.take_turn("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        manners.answered(200, 1, answer, None, None)


@given(STEPS, st.randoms(use_true_random=False))
def test_processes_in_turn_keep_one_pace(steps: list[tuple[float, float, float]], chance: random.Random) -> None:
    """Two at once, each with the pace as it last saw it."""
    clocks = TwoClocks()
    db = emptied()
    both = [a_process(db, clocks, pace=1) for _ in range(2)]
    last = -1.0
    for _, answer, idle in steps:
        clocks.own += idle
        manners = chance.choice(both)
        manners.take_turn("/x", 1)
        assert clocks.own - last >= 1 - 1e-6
        last = clocks.own
        clocks.own += answer
        manners.answered(200, 1, answer, None, None)


@pytest.mark.parametrize("back", [3_600.0, 86_400.0, 3 * 365 * 86_400.0])
def test_a_process_that_starts_after_the_clock_was_set_back_waits_no_longer_than_the_gap(back: float) -> None:
    clocks = TwoClocks()
    db = emptied()
    manners = a_process(db, clocks, pace=1)
    manners.take_turn("/x", 1)
    manners.answered(200, 1, 0.1, None, None)
    with atomic(db):
        manners.save()
    clocks.ahead -= back
    clocks.patience = clocks.own + 1
    a_process(db, clocks, pace=1).take_turn("/x", 1)


@pytest.mark.parametrize("back", [3_600.0, 86_400.0])
def test_a_wait_that_the_site_asked_for_grows_no_longer_when_the_clock_is_set_back(back: float) -> None:
    clocks = TwoClocks()
    manners = a_process(emptied(), clocks, pace=1)
    manners.take_turn("/x", 1)
    manners.answered(503, 1, 0.1, None, 60.0)
    clocks.ahead -= back
    before, clocks.patience = clocks.own, clocks.own + 60
    manners.take_turn("/x", 2)
    assert clocks.own - before >= 59.9


@given(st.lists(st.sampled_from([200, 200, 200, 404, 429, 500, None]), min_size=1, max_size=40))
def test_the_gap_is_never_less_than_the_pace_nor_without_bound(statuses: list[int | None]) -> None:
    clocks = TwoClocks()
    manners = a_process(emptied(), clocks, pace=2)
    last = -2.0
    for status in statuses:
        manners.take_turn("/x", 1)
        assert 2 - 1e-6 <= clocks.own - last <= 2 * 64
        last = clocks.own
        manners.answered(status, 1, 0.1, None, None)
    for _ in range(20):
        manners.take_turn("/x", 1)
        last, apart = clocks.own, clocks.own - last
        manners.answered(200, 1, 0.1, None, None)
    assert apart == pytest.approx(2), "twenty good answers, and it is forgotten"


def test_a_process_that_is_killed_after_a_slow_connection_leaves_the_whole_gap_to_the_next() -> None:
    clocks = TwoClocks()
    db = emptied()
    manners = a_process(db, clocks, pace=1)
    manners.take_turn("/x", 1)
    clocks.own += 0.8
    manners.sent()
    went = clocks.own
    a_process(db, clocks, pace=1).take_turn("/x", 1)
    assert clocks.own - went >= 1


def test_a_request_that_goes_out_after_midnight_is_one_of_that_day() -> None:
    clocks = TwoClocks(own=12 * 3_600 - 0.1)
    db = emptied()
    manners = a_process(db, clocks, pace=0, daily_requests=3)
    for _ in range(3):
        manners.take_turn("/x", 1)
        clocks.own += 0.2
        manners.sent()
        manners.answered(200, 1, 0.1, None, None)
    with pytest.raises(OutOfBudget):
        manners.take_turn("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (3,)
    with atomic(db):
        manners.save()
    assert {row[0][:10] for row in db.execute("SELECT at FROM requests")} == {"2026-11-03"}


def test_a_stop_ends_a_wait_and_nothing_is_asked() -> None:
    clocks, stop = TwoClocks(), Stop()
    db = emptied()
    manners = a_process(db, clocks, stop, pace=1)
    manners.take_turn("/x", 1)
    stop.set()
    with pytest.raises(Stopped):
        manners.take_turn("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (1,)


def test_what_may_not_be_asked_is_not_journalled() -> None:
    clocks = TwoClocks()
    db = emptied()
    manners = a_process(db, clocks, pace=0, daily_requests=3)
    for _ in range(3):
        manners.take_turn("/x", 1)
    with pytest.raises(OutOfBudget):
        manners.take_turn("/x", 1)
    held = a_process(db, clocks, pace=0)
    held.answered(503, 0, 0.0, None, 1_000.0)
    with pytest.raises(HeldOff):
        held.take_turn("/x", 1)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (3,)


# ---------------------------------------------------------------- units: hours


def span(begin: int, end: int) -> str:
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


SPANS = st.tuples(st.integers(0, 1_439), st.integers(0, 1_440)).filter(lambda its: (its[1] - its[0]) % 1_440 != 0)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(SPANS, INSTANTS)
def test_hours_are_those_of_london_and_waiting_ends_outside_of_them(its: tuple[int, int], at: datetime) -> None:
    begin, end = its
    hours = span(begin, end)
    assert parse_hours(hours) == its
    here = at.astimezone(LONDON)
    now = here.hour * 60 + here.minute
    inside = begin <= now < end if begin < end else (now >= begin or now < end)
    wait = left([hours], at)
    assert (wait > 0) == inside
    assert wait <= 86_400
    if inside and (end - begin) % 1_440:
        then = at + timedelta(seconds=wait)
        for _ in range(3):  # where clocks change meanwhile the end comes an hour sooner or later
            then += timedelta(seconds=left([hours], then))
        assert left([hours], then) == 0
        assert then - at <= timedelta(days=1, hours=1)


@given(st.lists(SPANS, max_size=4), INSTANTS)
def test_of_several_hours_the_longest_wait_counts(many: list[tuple[int, int]], at: datetime) -> None:
    every = [span(*its) for its in many]
    assert left(every, at) == max((left([hours], at) for hours in every), default=0.0)


@pytest.mark.parametrize(
    "words",
    ["", "8-18", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00", "08:00-24:01", "08:00–18:00", "٠٨:00-09:00"],
)
def test_what_is_no_hours_of_a_day_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(ValueError, match="08:00-18:00"):
        parse_hours(words)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-02T08:59:59.999Z", False),
        ("2026-11-02T09:00:14.999Z", False),  # it was let go before
        ("2026-11-02T09:00:15.000Z", True),
        ("2026-11-02T11:59:59.999Z", True),
        ("2026-11-02T12:00:00.000Z", False),
        ("2026-07-02T08:00:15.000Z", True),  # of London's summer
        ("2026-07-02T11:00:00.000Z", False),
        ("2026-11-02T23:30:00Z", True),
    ],
)
def test_a_request_let_go_before_quiet_hours_is_not_made_in_them(at: str, *, inside: bool) -> None:
    assert within("09:00-12:00 22:00-06:00", at) == inside
    assert not within("", at)


# ---------------------------------------------------------------- units: the journal


HOURS: dict[str, list[tuple[int, int]]] = {
    "": [],
    "09:00-12:00": [(9, 12)],
    "08:00-10:00 22:00-06:00": [(8, 10), (22, 6)],
}
"""Quiet hours as they are journalled, and what they mean."""

ROWS = st.lists(
    st.tuples(
        st.integers(0, 4 * 86_400_000) | st.integers(86_395_000, 86_405_000) | st.integers(0, 90_000),
        st.sampled_from([200, 200, 304, 403, 404, 410, 429, 500, 503, None]),
        st.integers(0, 100_000),
        st.sampled_from([0.0, 0.25, 3.0]),
        st.sampled_from([None, None, None, 0.0, 5.0, 60.0, 90_000.0]),
        st.sampled_from(
            [None, *(Promise(gap, a_day, hours) for gap in (0, 1, 5.5) for a_day in (2, 9) for hours in HOURS)]
        ),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60)
@given(ROWS, st.integers(0, 6))
def test_the_account_of_days_is_the_same_before_and_after_it_is_summed_up(
    rows: list[tuple[int, int | None, int, float, float | None, Promise | None]], cut: int
) -> None:
    db = emptied()
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    known = []
    for milliseconds, status, received, seconds, retry_after, promise in rows:
        at = midnight + timedelta(milliseconds=milliseconds)
        request = journal.begin_request(db, 1, stamp(at), "/x", 1, promise or Promise(1, 1, ""))
        journal.complete_requests(db, [Answered(request, status, received, seconds, None, retry_after)])
        if promise is None:
            db.execute("UPDATE requests SET promise = NULL WHERE id = ?", (request,))
        known.append((at.timestamp(), status, received, seconds, retry_after, promise))
    truth = truth_of(known)
    alike(journal.find_days(db, within), truth)
    before = (midnight + cut * DAY).date().isoformat()
    with atomic(db):
        gone = journal.roll_up(db, before, within)
    assert gone == sum(day.requests for day in truth if day.day < before)
    assert [row[0] for row in db.execute("SELECT day FROM request_days ORDER BY day")] == [
        day.day for day in truth if day.day < before
    ]
    alike(journal.find_days(db, within), truth)
    with atomic(db):
        assert journal.roll_up(db, before, within) == 0
    alike(journal.find_days(db, within), truth)


def test_a_request_that_was_never_answered_is_journalled_as_asked(tmp_path: Path) -> None:
    """As of a process that was killed while it waited."""
    with writing(tmp_path / "lgsco.db") as db:
        db.execute(A_RUN)
        clocks = TwoClocks()
        a_process(db, clocks, pace=1).take_turn("/x?y", 2)
    with closing(sqlite3.connect(tmp_path / "lgsco.db")) as db:
        assert db.execute("SELECT run, at, target, attempt, status FROM requests").fetchall() == [
            (1, "2026-11-02T12:00:00.000Z", "/x?y", 2, None)
        ]
