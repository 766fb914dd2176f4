"""The fill: the daemon fetches all dates in its hours, within its requests, in its order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import LONDON, Stop
from ingest.crawling.fill_order import INSIDE_DAYS
from ingest.run import Backfill, Fill, Resume, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import HTML, Request
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.writer import create_database, writing
from support.command_line import Here
from support.daemon import make_alert, read_alerts, run_daemon
from support.world import TODAY, Time, World, holds_the_truth

A_DAY = 40
"""Requests a day."""
WALK_MOST = 10
SETTINGS = {
    "fetch__pace": "1.0",
    "schedule__fill_requests": str(A_DAY),
    "listing__walk_most": str(WALK_MOST),
    "schedule__sync": "30 6 * * mon-sun",
    "cadence__reread_most": "0",
}


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Seventy short decisions. A third of them may leave by age within half a year, or may have left already."""
    samples = [
        *generate(45, seed=7, first=date(2022, 7, 1), last=date(2026, 9, 10), body=False),
        *generate(25, seed=8, first=date(2019, 1, 1), last=date(2022, 3, 30), body=False),
    ]
    with serve(Site(samples, today=TODAY)) as server:
        world = World(server.site, server, tmp_path / "lgsco.db", time, Stop())
        create_database(world.database)
        yield world
    assert not server.errors


@dataclass
class SiteJournal:
    """Records what the site saw, with simulated instants, and makes it fail."""

    world: World
    fault: Callable[[Request], Fault | None] = lambda _request: None
    seen: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.server.faults = self._note

    def _note(self, request: Request) -> Fault | None:
        self.seen.append((self.world.time.at, request.target))
        return self.fault(request)

    def count_days(self) -> Counter[date]:
        """Counts the requests in fill_hours by day (UTC)."""
        return Counter(at.date() for at, _ in self.seen if is_fill_hour(at))

    def list_fetched(self) -> list[date]:
        """Lists the decision dates of the pages that were requested in fill_hours, in order."""
        dates = {sample.address: sample.decision_date for sample in self.world.site.listed()}
        return [dates[target] for at, target in self.seen if is_fill_hour(at) and target in dates]


def is_fill_hour(at: datetime) -> bool:
    return not 6 <= at.astimezone(LONDON).hour < 20


def until_finished(world: World, most_days: int = 14) -> Callable[[Stop], None]:
    """Stops the daemon when the fill is finished."""
    last = world.time.at + timedelta(days=most_days)

    def at_wait(stop: Stop) -> None:
        assert world.time.at < last, world.ask("SELECT task, state, message FROM runs ORDER BY id DESC LIMIT 5")
        if "finished" in world.ask("SELECT state FROM intents WHERE kind = 'fill'"):
            stop.set()

    return at_wait


def fill(world: World, patch: pytest.MonkeyPatch, at_wait: Callable[[Stop], object], **settings: object) -> int:
    return run_daemon(world, patch, at_wait, step_seconds=900, **{**SETTINGS, **settings})


def test_the_fill_fetches_the_archive_in_its_hours_within_its_requests_and_in_its_order(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journal = SiteJournal(world)
    alerts_file = tmp_path / "alerts"
    assert fill(world, monkeypatch, until_finished(world), alerts__command=make_alert(alerts_file)) == 0
    assert holds_the_truth(world)
    assert read_alerts(alerts_file) == []

    days = journal.count_days()
    assert max(days.values()) <= A_DAY
    assert len(days) >= 3, "it took several days"
    assert (
        sum(days.values())
        == world.ask("SELECT count(*) FROM requests JOIN runs ON runs.id = run WHERE task = 'fill'")[0]
    ), "in other hours only syncs made requests"

    fetched = journal.list_fetched()
    edge = TODAY - timedelta(days=1_826 - INSIDE_DAYS)
    leaving, rest = [day for day in fetched if day <= edge], [day for day in fetched if day > edge]
    assert len(leaving) == 25
    assert len(rest) > 30
    assert fetched == leaving + rest, "decisions that leave by age come before the others"
    for order, sign in ((leaving, 1), (rest, -1)):
        late = [sum(sign * (later - day).days < 0 for later in order[n + 1 :]) for n, day in enumerate(order)]
        assert max(late) < WALK_MOST, "except within one walk, which lists several dates"

    states = set(world.ask("SELECT task || ' ' || state FROM runs"))
    assert states == {"sync complete", "fill limited", "fill complete"}
    outcome = world.run(Sync(), **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.claim is not None
    assert [str(one.window) for one in outcome.claim.ranges] == ["0001-01-01 to 9999-12-31"]
    assert outcome.claim.unfinished == ()


def test_filling_dates_are_named_and_outside_the_exit_code_of_sync_and_status(
    world: World, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    """Commands use the machine's clock; only the sync runs in simulated time."""

    def at_wait(stop: Stop) -> None:
        if world.ask("SELECT count(*) FROM runs WHERE task = 'fill'")[0] >= 2:
            stop.set()

    fill(world, monkeypatch, at_wait)
    outcome = world.run(Sync(), **SETTINGS)
    assert outcome.exit_code == 0
    assert re.search(
        r"beginning to today is being filled, \d+ of 70 fetched: `lgsco daemon` continues it", str(outcome)
    )
    assert "on dates not asked for" not in str(outcome)
    assert "70 decisions" in here("coverage", "--db", world.database, code=10).out
    with writing(world.database) as db:
        db.execute("UPDATE runs SET ended_at = strftime('%Y-%m-%dT%H:%M:%SZ') WHERE task = 'sync'")
        db.execute("UPDATE fill_state SET progressed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-47 hours')")
        db.execute("UPDATE intents SET asked_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-9 days')")
    ran = here("status", "--db", world.database)
    assert "is being filled" in ran.out
    assert 'fill: on: fill is "auto" in [schedule], and lgsco init made this archive' in ran.out
    assert "of 70 listed decisions to fetch" in ran.out
    assert "expected to end about 20" in ran.out
    with writing(world.database) as db:
        db.execute("UPDATE fill_state SET progressed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-49 hours')")
    assert "STUCK" in here("status", "--db", world.database, code=1).out


def refuse(_request: Request) -> Fault:
    return Respond(403)


def show_a_shell(request: Request) -> Fault | None:
    listing = "SearchResults" in request.target
    return Respond(200, HTML, b"<html><title>Search results</title><h1>Search results</h1></html>") if listing else None


REFUSED = datetime(2026, 11, 2, 21, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize("fault", [refuse, show_a_shell])
def test_a_refusal_suspends_the_fill_for_1_and_2_days_and_not_the_sync(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: Callable[[Request], Fault | None]
) -> None:
    journal, alerts_file = SiteJournal(world), tmp_path / "alerts"

    def err(request: Request) -> Fault | None:
        served = not REFUSED[0] < world.time.at < REFUSED[1]
        return None if served or not is_fill_hour(world.time.at) else fault(request)

    journal.fault = err
    assert fill(world, monkeypatch, until_finished(world), alerts__command=make_alert(alerts_file)) == 0
    assert holds_the_truth(world)
    refused = world.ask("SELECT ended_at FROM runs WHERE task = 'fill' AND state = 'blocked' ORDER BY id")
    first, second = map(datetime.fromisoformat, refused)
    nights = [at for at, _ in journal.seen if is_fill_hour(at)]
    for ended, days in ((first, 1), (second, 2)):
        after = min(at for at in nights if at > ended)
        assert timedelta(days=days) <= after - ended < timedelta(days=days, hours=1)
    alerts = read_alerts(alerts_file)
    assert len(alerts) == 2, "one for each suspension"
    assert "the fill and interrupted backfills are suspended until 2026-11-0" in alerts[0]
    assert world.ask("SELECT suspensions, suspended_until FROM fill_state") == [(0, None)]
    assert set(world.ask("SELECT state FROM runs WHERE task = 'sync'")) == {"complete"}
    assert max(journal.count_days().values()) <= A_DAY


def test_a_wait_that_the_site_asks_for_is_respected_and_not_a_failure(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journal, alerts_file = SiteJournal(world), tmp_path / "alerts"
    asked: list[datetime] = []

    def ask_once(_request: Request) -> Fault | None:
        if asked or not is_fill_hour(world.time.at):
            return None
        asked.append(world.time.at)
        return Respond(429, (("Retry-After", "7200"),))

    journal.fault = ask_once
    assert fill(world, monkeypatch, until_finished(world), alerts__command=make_alert(alerts_file)) == 0
    after = min(at for at, _ in journal.seen if at > asked[0])
    assert timedelta(hours=2) <= after - asked[0] < timedelta(hours=2, minutes=20)
    assert holds_the_truth(world)
    assert read_alerts(alerts_file) == []


def test_fill_resume_ends_a_suspension_and_off_lasts_until_resume(
    world: World, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    journal = SiteJournal(world, lambda _request: Respond(403) if is_fill_hour(world.time.at) else None)

    def until_refused(stop: Stop) -> None:
        if "blocked" in world.ask("SELECT state FROM runs WHERE task = 'fill'"):
            stop.set()

    fill(world, monkeypatch, until_refused)
    journal.fault = lambda _request: None
    ran = here("fill", "off", "--db", world.database)
    assert "the fill is off: turned off at" in ran.out
    assert f"`lgsco fill resume --db {world.database}` undoes that" in ran.out
    assert world.ask("SELECT state FROM intents WHERE kind = 'fill'") == ["withdrawn"]
    assert "on dates not asked for" in str(world.run(Sync(), **SETTINGS))
    asked = len(journal.seen)

    days = 0

    def for_two_days(stop: Stop) -> None:
        nonlocal days
        days += 1
        if days == 2 * 96:
            stop.set()

    fill(world, monkeypatch, for_two_days)
    assert not [at for at, _ in journal.seen[asked:] if is_fill_hour(at)], "it stays off"
    assert "the fill is on" in here("fill", "resume", "--db", world.database).out
    fill(world, monkeypatch, until_finished(world))
    assert holds_the_truth(world)


def test_an_archive_that_init_did_not_make_is_filled_only_if_fill_is_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.database.unlink()
    world.run(Backfill(date(2026, 8, 1)), **SETTINGS)
    waits = 0

    def for_a_day(stop: Stop) -> None:
        nonlocal waits
        waits += 1
        if waits >= 96:
            stop.set()

    fill(world, monkeypatch, for_a_day)
    assert "fill" not in world.ask("SELECT task FROM runs")
    fill(world, monkeypatch, until_finished(world), schedule__fill="on")
    assert holds_the_truth(world)


def test_a_fill_that_is_stuck_for_two_days_sends_one_alert(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alerts_file = tmp_path / "alerts"
    journal = SiteJournal(world)
    journal.fault = lambda _request: Respond(429, (("Retry-After", "80000"),)) if is_fill_hour(world.time.at) else None
    last = world.time.at + timedelta(days=5)

    def for_five_days(stop: Stop) -> None:
        if world.time.at >= last:
            stop.set()

    fill(world, monkeypatch, for_five_days, alerts__command=make_alert(alerts_file))
    stuck = [line for line in read_alerts(alerts_file) if "the fill has not advanced since 2026-11-0" in line]
    assert len(stuck) == 1
    assert "`lgsco fill off` turns it off" in stuck[0]


def test_a_decision_that_leaves_the_site_before_its_turn_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    """Its card was seen, but its page was not fetched yet."""
    journal = SiteJournal(world)
    left: list[str] = []

    def remove_when_listed(request: Request) -> None:
        if not left and is_fill_hour(world.time.at) and request.target.startswith("/decisions/"):
            (name,) = world.ask("SELECT reference FROM queue WHERE attempts = 0 ORDER BY decision_date LIMIT 1")
            left.append(name)
            world.site.withdraw(name)

    journal.fault = remove_when_listed
    fill(world, monkeypatch, until_finished(world))
    for _ in range(12):
        world.time.at += timedelta(days=1)
        world.run(Sync(), **SETTINGS, cadence__walk_old="3", cadence__walk_middle="3")
    assert holds_the_truth(world)
    assert f"{left[0]} left the site before it was fetched" in here("status", "--db", world.database, code=1).out


def test_a_slice_makes_no_more_requests_than_it_may(world: World) -> None:
    for task in (Fill(requests=7), Fill(requests=7, seconds=3)):
        before = len(world.targets())
        began = world.time.at
        outcome = world.run(task, **SETTINGS)
        assert (outcome.state, outcome.exit_code) == ("limited", 0)
        assert len(world.targets()) - before <= 7
        assert world.time.at - began <= timedelta(seconds=task.seconds + 1)
    assert world.run(Resume()).message == "no backfill is interrupted"
