"""The gap between requests: shared by all processes, and longer while the site fails or is slow."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import Clock, Stop
from ingest.run import Backfill, perform
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Acts, Answer, BodyReset, Reset, Truncate, server_error, with_header
from lgsco.replica.messages import Request
from lgsco.replica.script import Script, on
from lgsco.replica.server import Entry, serve
from lgsco.replica.site import Site
from support.command_line import Desk, Hold, ended, reached
from support.politeness import DAY, PAGES, asked_at, gaps, read_report
from support.world import World, holds_the_truth

# ---------------------------------------------------------------- slower while the site fails


def test_the_pace_slows_while_the_site_fails_and_recovers(world: World) -> None:
    world.server.faults = Script(*(on(PAGES, server_error(), times=1, after=3 + n) for n in range(3)))
    world.run(Backfill(), fetch__pace=1, fetch__tries=1)
    apart = gaps(asked_at(world))
    errors = [n for n, status in enumerate(world.ask("SELECT status FROM requests ORDER BY id")) if status == 500]
    assert len(errors) == 3
    assert set(apart[: errors[0]]) == {1.0}
    after = apart[errors[0] :]
    assert after[0] >= 2
    assert after[errors[-1] - errors[0]] > after[0], "each error slows it further"
    assert after[-1] <= 1.05, "it has recovered"
    assert min(apart) >= 1
    peak = after.index(max(after))
    assert after[peak:] == sorted(after[peak:], reverse=True), "step by step"
    assert max(apart) <= 120


def test_the_next_process_knows_the_slowdown_of_the_last(world: World) -> None:
    world.server.faults = on(PAGES, Reset())
    world.run(Backfill(), fetch__pace=1, fetch__tries=1)
    world.server.faults = None
    ended_at = asked_at(world)[-1]
    world.run(Backfill(first=date(2026, 1, 1), limit=1), fetch__pace=1, listing__trust_hours=0)
    assert asked_at(world, 2)[0] - ended_at >= 4


def test_the_pace_slows_while_responses_are_slow_and_recovers(world: World) -> None:
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
    assert max(apart[slow[-1] + 1 :]) >= 2, "also after a fast response"
    assert apart[-1] <= 1.5
    assert min(apart) >= 1


# ---------------------------------------------------------------- when the gap starts


def test_the_gap_starts_when_a_request_is_sent_not_at_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second connection takes almost as long as the gap; the site closes it after each response."""
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
            yield with_header(answer(), "Connection", "close").wire

    monkeypatch.setattr(socket, "create_connection", slowly)
    world.server.faults = lambda _request: Closes()
    assert world.run(Backfill(limit=4), fetch__pace=1).state == "limited"
    assert world.run(Backfill(), fetch__pace=1).state == "complete"
    assert connections == len(received) > 20
    assert min(gaps(received)) >= 1
    assert asked_at(world) == [pytest.approx(instant, abs=0.001) for instant in received], "the journal says the same"


@pytest.mark.parametrize("closes", [True, False], ids=["a connection each", "kept"])
def test_a_proxy_that_is_slow_to_connect_shortens_no_gap(world: World, closes: bool) -> None:
    """By the server's own log. A request is received before it is answered, so a delay does not affect this."""
    pace = 0.2
    delays = cycle([0.15, 0.0])
    world.server.accept_delay = lambda: next(delays)

    @dataclass(frozen=True)
    class Closes:
        def acts(self, request: Request, answer: Answer) -> Acts:
            yield with_header(answer(), "Connection", "close").wire

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
    """Checks that no period has more requests than the pace allows.

    A period starts when its first request was sent, by the journal, and ends when its last one was received. Delays on
    the way only make it longer. After a request that opened a connection, which is received before the next one's turn
    is computed, only the server's log counts.
    """
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
            desk.run("sync")  # one after the other, without a pause
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


def test_a_response_that_is_cut_off_slows_the_pace_and_is_an_error(reports_world: World) -> None:
    for fault in (Truncate(), BodyReset()):
        seen = len(reports_world.server.log)
        reports_world.server.faults = on(PAGES, fault)
        reports_world.run(Backfill(), fetch__pace=1, fetch__retry_wait=0, fetch__tries=3)
        apart = gaps(asked_at(reports_world)[seen:])
        assert max(apart) >= 30, "one request in so many seconds, instead of one a second"
        reports_world.time.at += DAY
    assert read_report(reports_world).errors == sum(bool(e) for e in reports_world.ask("SELECT error FROM requests"))
    reports_world.server.faults = None
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)
