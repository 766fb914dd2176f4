"""The journal has every request that the server saw, and its days are summed up correctly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest import config
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.run import Backfill, Sync
from lgsco.replica.faults import Acts, Answer, Fault, Huge, Reset, Respond, Truncate, server_error, unavailable
from lgsco.replica.messages import Request
from lgsco.replica.script import Script, on
from lgsco.replica.walls import Redirect
from storage import journal
from storage.database import reading
from storage.journal import Promise
from storage.writer import writing
from support.command_line import Desk
from support.journal import alike, roll_up, truth_of
from support.politeness import DAY, PAGES, read_report
from support.world import World


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
def test_an_incomplete_response_is_journalled_with_its_status_and_bytes(world: World, fault: Fault) -> None:
    world.server.faults = on(PAGES, fault, times=1)
    world.run(Backfill(limit=2), fetch__max_bytes=200_000, fetch__tries=1)
    place = next(n for n, entry in enumerate(world.server.log) if entry.target.startswith("/decisions/"))
    ((status, received),) = world.ask(f"SELECT status, received FROM requests ORDER BY id LIMIT 1 OFFSET {place}")
    assert status == world.server.log[place].status == 200
    assert received >= 10_000, "the journal has the bytes that were received"


def test_old_days_are_summed_up_and_the_report_stays_true(world: World) -> None:
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
        alike(journal.find_days(db, was_in_quiet_hours), truth)
    before = read_report(world, fetch__pace=1)
    assert before.holds == before.holds_kept == 1
    assert before.broken == ()
    assert before.requests == len(world.server.log)

    world.time.at += 88 * DAY
    world.run(Sync(), fetch__pace=1)
    assert world.ask("SELECT count(*) FROM request_days") == [0], "ninety days have not passed"
    world.time.at += 5 * DAY
    world.run(Sync(), fetch__pace=1)
    assert world.ask("SELECT day FROM request_days ORDER BY day") == [day.day for day in truth]
    assert not [at for at in world.ask("SELECT at FROM requests") if at[:10] <= truth[-1].day]
    with reading(world.database) as db:
        alike(journal.find_days(db, was_in_quiet_hours)[: len(truth)], truth)
    after = read_report(world, fetch__pace=1)
    assert after.requests == len(world.server.log)
    assert after.most_in_a_minute == before.most_in_a_minute
    assert (after.holds, after.holds_kept, after.first_day) == (1, 1, before.first_day)
    assert after.broken == ()


BROKEN = {
    "sooner after the previous request than promised: 1 request, on 2026-11-02": "UPDATE requests SET at = "
    "(SELECT substr(at, 1, 20) || '200Z' FROM requests WHERE id = 5) WHERE id = 6",
    "(Retry-After): 1 request, on 2026-11-02": "UPDATE requests SET status = 503, retry_after = 60 WHERE id = 5",
    "daily limit: 1 request, on 2026-11-05": "INSERT INTO requests "
    "(run, at, target, status, received, seconds, attempt, promise) "
    "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 50000) "
    "SELECT 1, strftime('%Y-%m-%dT%H:%M:%S', 1793836800 + n, 'unixepoch') || '.000Z', '/x', 200, 1, 0.1, 1, 1 FROM n",
    "in quiet hours: 3 requests, on 2026-11-02": "UPDATE promises SET quiet_hours = '06:00-06:30 11:00-13:00'; "
    "UPDATE requests SET promise = NULL WHERE id > 3",
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_promise_is_still_reported_when_its_day_is_summed_up(world: World, sentence: str) -> None:
    world.run(Backfill(limit=5), fetch__pace=1)
    assert read_report(world, fetch__pace=1).broken == ()
    with writing(world.database) as db:
        db.executescript(BROKEN[sentence])
    (broken,) = read_report(world, fetch__pace=1).broken
    assert sentence in broken
    with writing(world.database) as db:
        assert roll_up(db, "2027-06-01") > 0
    assert read_report(world, fetch__pace=1).broken == (broken,)


def test_politeness_shows_each_promise_and_exits_10_if_one_was_broken(world: World, tmp_path: Path) -> None:
    world.run(Backfill(limit=5), fetch__pace=1)
    desk = Desk(tmp_path)
    command = ("politeness", "--db", world.database)
    ran = desk.run(*command)
    assert "every promise was kept" in ran.out
    assert "robots.txt: allows what we request" in ran.out
    with writing(world.database) as db:
        db.execute(next(iter(BROKEN.values())))
    assert "NOT KEPT" in desk.run(*command, code=10).out
    ran = desk.run(*command, "--json", code=10)
    shown = json.loads(ran.out)
    assert shown["kept"] is False
    assert shown["requests"] == len(world.server.log)
    assert shown["least_gap"] == pytest.approx(0.2)
    assert shown["received"] == world.ask("SELECT sum(received) FROM requests")[0]
