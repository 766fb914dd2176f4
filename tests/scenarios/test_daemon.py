"""The daemon: its timetable, what it survives, how it ends, and what the database records of it."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import sys
import time as wall
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

import scheduler
from ingest.clock import Clock, Stop, instant
from ingest.config import load
from ingest.run import Backfill, Import, Sync
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.faults import Respond
from lgsco.replica.script import on
from lgsco.replica.site import Site
from scheduler import next_sync
from storage.writer import create_database, writing
from support.command_line import PATIENCE, Hold, Shop, ended, ended_promptly, open_shop, reached, read_off, rows, until
from support.paths import SEEDS
from support.world import Time, World

# ---------------------------------------------------------------- the timetable


def test_a_bad_timetable_is_refused_by_the_daemon_at_start_with_file_and_line(recent_shop: Shop) -> None:
    config = recent_shop.folder / "mine.toml"
    config.write_text('[schedule]\nsync = ["30 6 * * 1-5"]\n')
    sentence = recent_shop.run("daemon", "--config", config, code=2).sentence
    assert "30 6 * * 1-5" in sentence
    assert "sync" in sentence
    assert "mine.toml" in sentence
    assert rows(recent_shop, "SELECT count(*) FROM daemon") == [0]


# ---------------------------------------------------------------- what a sync survives


def daemon(world: World, clock: Clock | None = None, **settings: object) -> scheduler._Daemon:
    if not world.database.exists():
        create_database(world.database)
    return scheduler._Daemon(world.config(**settings), world.database, clock or world.time.clock(), world.stop)


def alerts(world: World, tmp_path: Path) -> tuple[str, Callable[[], list[str]]]:
    """A command that records its alerts, and a function that returns them."""
    script, alerts_file = tmp_path / "tell it.py", tmp_path / "alerts.jsonl"
    script.write_text(
        f"import json, sys\nwith open({str(alerts_file)!r}, 'a') as file:\n"
        "    print(json.dumps(sys.argv[1:]), file=file)\n"
    )

    def read() -> list[str]:
        if not alerts_file.exists():
            return []
        lines = [json.loads(line) for line in alerts_file.read_text().splitlines()]
        assert [line for line in lines if len(line) != 1] == []
        return [line[0] for line in lines]

    return f"{sys.executable} '{script}'", read


def test_a_blocked_run_sends_an_alert_and_the_next_one_completes(world: World, tmp_path: Path) -> None:
    command, read_alerts = alerts(world, tmp_path)
    keeper = daemon(world, alerts__command=command)
    world.server.faults = lambda request: Respond(403)
    keeper.sync()
    assert world.ask("SELECT state, exit_code FROM runs") == [("blocked", 12)]
    (message,) = read_alerts()
    assert "blocked" in message
    assert "403" in message

    world.server.faults = None
    keeper.sync()
    assert world.ask("SELECT task, state FROM runs ORDER BY id") == [("sync", "blocked"), ("sync", "complete")]
    assert len(read_alerts()) == 1, "a complete run sends no alert"
    first = world.time.at.date() - timedelta(days=120)
    assert set(world.ask("SELECT reference FROM decisions")) == {s.reference for s in world.site.listed(first)}


def test_a_site_that_is_down_does_not_end_the_daemon(world: World, tmp_path: Path) -> None:
    command, read_alerts = alerts(world, tmp_path)
    keeper = daemon(world, alerts__command=command)
    world.server.refuse()
    keeper.sync()
    assert world.ask("SELECT state FROM runs") == ["incomplete"]
    assert "no complete response" in read_alerts()[0]
    world.server.listen()
    keeper.sync()
    assert world.ask("SELECT state FROM runs ORDER BY id") == ["incomplete", "complete"]


def test_a_database_that_cannot_be_written_sends_an_alert(world: World, tmp_path: Path) -> None:
    command, read_alerts = alerts(world, tmp_path)
    world.database.write_text("no database, and longer than the header of one would be\n" * 40)
    daemon(world, alerts__command=command).sync()
    assert "is not an SQLite database" in read_alerts()[0]


def test_an_unforeseen_error_sends_an_alert_and_is_recorded(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    command, read_alerts = alerts(world, tmp_path)
    keeper = daemon(world, alerts__command=command)
    monkeypatch.setattr("ingest.lgo.listing_page.parse_listing", lambda *_, **__: 1 // 0)
    keeper.sync()
    assert "ZeroDivisionError" in read_alerts()[0]
    assert world.ask("SELECT state, exit_code FROM runs") == [("failed", 1)]
    monkeypatch.undo()
    keeper.sync()
    assert world.ask("SELECT state FROM runs ORDER BY id") == ["failed", "complete"]


@pytest.mark.parametrize("command", ["/nowhere/at/all", "false"])
def test_a_failing_alert_command_does_not_end_the_daemon(
    world: World, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = daemon(world, alerts__command=command)
    world.server.faults = lambda request: Respond(403)
    keeper.sync()
    assert "the alert command failed" in caplog.text


def test_the_daemon_waits_for_another_writer(world: World, time: Time) -> None:
    with ExitStack() as writer:
        writer.enter_context(writing(world.database))

        def sleep(seconds: float, stop: Event) -> None:
            if not world.targets():
                time.slept.append(seconds)
                if len(time.slept) == 2:
                    writer.close()

        daemon(world, replace(time.clock(), sleep=sleep)).sync()
    assert time.slept == [300, 300]
    assert world.ask("SELECT state FROM runs") == ["complete"]


def test_a_stop_ends_the_wait_for_another_writer(world: World, time: Time) -> None:
    def sleep(seconds: float, stop: Event) -> None:
        stop.set()

    with writing(world.database):
        daemon(world, replace(time.clock(), sleep=sleep)).sync()
    assert world.targets() == []


# ---------------------------------------------------------------- retries


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_failed_sync_is_retried_with_longer_waits_until_it_completes(world: World, time: Time) -> None:
    keeper = daemon(world, fetch__tries="1")
    world.server.refuse()
    for wait in (HOUR, 6 * HOUR, DAY, DAY):
        assert keeper.sync() == time.at + wait
        time.at += wait
    world.server.listen()
    assert keeper.sync() is None
    world.server.refuse()
    assert keeper.sync() == time.at + HOUR, "the waits start again"


def test_the_backoff_continues_after_a_restart_of_the_daemon(world: World, time: Time) -> None:
    world.server.refuse()
    daemon(world, fetch__tries="1").sync()
    assert daemon(world, fetch__tries="1").sync() == time.at + 6 * HOUR


def test_a_failed_page_is_due_when_the_sync_is_retried(world: World, time: Time) -> None:
    keeper = daemon(world, fetch__tries="1")
    target = world.site.listed(time.at.date() - timedelta(days=100))[0].address
    world.server.faults = lambda request: Respond(500) if request.path == target else None
    again = keeper.sync()
    assert again is not None and again == time.at + HOUR
    world.server.faults = None
    time.at = again
    assert keeper.sync() is None
    assert world.ask("SELECT state FROM runs ORDER BY id") == ["incomplete", "complete"]


def test_a_sync_is_never_retried_before_the_site_may_be_asked(world: World, time: Time) -> None:
    begun = time.at
    world.server.faults = lambda request: Respond(503, (("Retry-After", "7200"),))
    again = daemon(world).sync()
    assert again is not None
    assert begun + 2 * HOUR <= again <= begun + 2 * HOUR + timedelta(minutes=1)
    asked = len(world.targets())
    world.server.faults = None
    time.at = again
    assert daemon(world).sync() is None
    assert len(world.targets()) > asked


def test_a_retry_waits_for_the_next_day_and_the_end_of_quiet_hours(world: World, time: Time) -> None:
    assert daemon(world, fetch__daily_requests="3").sync() == datetime(2026, 11, 3, tzinfo=UTC)
    assert len(world.targets()) == 3
    time.at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    world.server.refuse()
    again = daemon(world, fetch__tries="1", fetch__quiet_hours="17:00-20:00").sync()
    assert again == datetime(2026, 11, 3, 20, tzinfo=UTC), "not at 18:00, six hours later"


def test_a_stopped_sync_is_not_retried(world: World) -> None:
    world.server.faults = lambda request: world.stop.set()
    assert daemon(world).sync() is None
    assert world.ask("SELECT state FROM runs") == ["stopped"]


def test_a_restart_syncs_at_once_unless_the_site_refused(world: World, time: Time) -> None:
    keeper = daemon(world, fetch__tries="1")
    world.server.refuse()
    keeper.sync()
    assert daemon(world).refused_until() is None
    world.server.listen()
    assert keeper.sync() is None
    world.server.faults = lambda request: Respond(403)
    again = keeper.sync()
    assert again == daemon(world).refused_until() == time.at + 6 * HOUR
    time.at -= DAY  # the clock was ahead
    assert daemon(world).refused_until() == time.at + 6 * HOUR
    time.at += DAY + 6 * HOUR
    assert daemon(world).refused_until() is None


def test_the_same_failure_sends_one_alert_a_day(world: World, time: Time, tmp_path: Path) -> None:
    command, read_alerts = alerts(world, tmp_path)
    keeper = daemon(world, alerts__command=command, fetch__tries="1")
    world.server.refuse()
    keeper.sync()
    time.at += HOUR
    keeper.sync()
    assert len(read_alerts()) == 1, "known"
    world.server.listen()
    world.server.faults = lambda request: Respond(403)
    keeper.sync()
    assert len(read_alerts()) == 2, "another failure"
    time.at += DAY
    keeper.sync()
    assert len(read_alerts()) == 3, "another day"
    world.server.faults = None
    assert keeper.sync() is None
    world.server.faults = lambda request: Respond(403)
    keeper.sync()
    assert len(read_alerts()) == 4, "it had succeeded in between"
    assert ["blocked" in message for message in read_alerts()] == [False, True, True, True]


# ---------------------------------------------------------------- catching up


def test_the_daemon_is_behind_until_a_run_completed_since_a_sync_was_due(world: World, time: Time) -> None:
    keeper = daemon(world)
    with writing(world.database):
        pass
    assert keeper.is_behind(), "nothing ever ran"
    world.server.faults = lambda request: Respond(403)
    keeper.sync()
    assert keeper.is_behind(), "nothing ever completed"
    world.server.faults = None

    time.at = datetime(2026, 11, 2, 6, 31, tzinfo=UTC)  # a Monday; due at 06:30
    world.run(Sync())
    assert not keeper.is_behind()
    time.at = datetime(2026, 11, 3, 6, 29, tzinfo=UTC)
    assert not keeper.is_behind()
    time.at = datetime(2026, 11, 3, 6, 31, tzinfo=UTC)
    assert keeper.is_behind()
    world.run(Backfill(first=date(2026, 7, 1)))
    assert not keeper.is_behind(), "a backfill sees at least as much"
    time.at = datetime(2026, 11, 6, 6, 31, tzinfo=UTC)
    world.run(Sync())
    time.at = datetime(2026, 11, 8, 12, tzinfo=UTC)
    assert not keeper.is_behind(), "no sync is due at the weekend"


def test_an_import_does_not_count_as_having_caught_up(world: World) -> None:
    world.run(Import((SEEDS,)))
    assert daemon(world).is_behind()


def test_a_narrow_backfill_does_not_count_as_having_caught_up(world: World) -> None:
    assert world.run(Backfill(date(2025, 1, 1), date(2025, 1, 31))).exit_code == 0
    assert daemon(world).is_behind(), "a month of last year is not what a sync covers"


# ---------------------------------------------------------------- the daemon as a process


@pytest.fixture
def recent_shop(tmp_path: Path) -> Iterator[Shop]:
    """A site with decisions of the last months, and a folder with an empty database to run the daemon in."""
    today = datetime.now(UTC).date()
    site = Site(generate(25, seed=3, first=today - timedelta(days=100), last=today - timedelta(days=2)))
    with open_shop(tmp_path, site) as shop:
        create_database(shop.database)
        yield shop


def test_the_daemon_catches_up_at_start_and_records_its_heartbeat_and_ends_on_sigterm(recent_shop: Shop) -> None:
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    assert dict(rows(recent_shop, "SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in recent_shop.site.listed()
    }
    report = json.loads(recent_shop.run("status", "--json").out)
    keeper = report["daemon"]
    assert keeper["process"] == process.pid
    assert keeper["stopped_at"] is None
    assert datetime.fromisoformat(keeper["seen_at"]) >= datetime.fromisoformat(keeper["started_at"])
    assert report["next_sync"] == keeper["next_at"]
    due = next_sync(load(None, {}), datetime.fromisoformat(keeper["seen_at"]))
    assert keeper["next_at"] == due
    assert f"last heartbeat {keeper['seen_at']}, next sync {due}" in recent_shop.run("status").out

    process.send_signal(signal.SIGTERM)
    ran = ended(process)
    assert ran.code == 0
    assert "Traceback" not in ran.err
    assert "catching up now" in ran.err
    assert rows(recent_shop, "SELECT task, state FROM runs") == [("sync", "complete")]
    assert rows(recent_shop, "SELECT next_at, stopped_at IS NOT NULL FROM daemon") == [(None, 1)]
    assert "daemon: not running" in recent_shop.run("status").out

    again = recent_shop.start("daemon")
    until(again, lambda: rows(recent_shop, f"SELECT 1 FROM daemon WHERE process = {again.pid} AND stopped_at IS NULL"))
    again.send_signal(signal.SIGINT)
    ran = ended(again)
    assert ran.code == 0
    assert rows(recent_shop, "SELECT count(*) FROM runs") == [1], "an archive that is up to date needs no catch-up"


@pytest.mark.parametrize(("command", "code"), [("daemon", 0), ("backfill", 143)])
def test_sigterm_interrupts_the_wait_for_a_response_that_never_comes(
    recent_shop: Shop, command: str, code: int
) -> None:
    hold = Hold()
    target = recent_shop.site.listed()[7].address
    recent_shop.server.faults = lambda request: hold if request.path == target else None
    process = recent_shop.start(command)
    reached(hold, process)
    process.send_signal(signal.SIGTERM)
    ran = ended(process)  # while the server still delays the response
    hold.go.set()
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert rows(recent_shop, "SELECT state FROM runs") == ["stopped"]
    assert 0 < rows(recent_shop, "SELECT count(*) FROM decisions")[0] < len(recent_shop.site)
    assert rows(recent_shop, "SELECT count(*) FROM queue WHERE state = 'failed'") == [0], "nothing failed"


def test_a_second_daemon_on_the_same_database_is_refused(recent_shop: Shop) -> None:
    first = recent_shop.start("daemon")
    until(first, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    assert "has another daemon" in recent_shop.run("daemon", code=13).sentence
    first.send_signal(signal.SIGTERM)
    assert ended(first).code == 0


def age_heartbeat(shop: Shop, minutes: int) -> None:
    """Moves the daemon's last heartbeat into the past, and the runs before it too."""
    with closing(sqlite3.connect(shop.database)) as db, db:
        db.execute(
            "UPDATE daemon SET seen_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?), "
            "started_at = strftime('%Y-%m-%dT%H:%M:%SZ', started_at, ?)",
            (f"-{minutes} minutes", f"-{minutes} minutes"),
        )
        db.execute("UPDATE runs SET ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', ended_at, ?)", (f"-{minutes} minutes",))


def test_status_exits_1_ten_minutes_after_a_daemon_was_killed_until_a_sync_by_hand_succeeds(recent_shop: Shop) -> None:
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.kill()
    ended(process)
    age_heartbeat(recent_shop, 9)
    assert "daemon: not running; the timetable" in recent_shop.run("status").out
    age_heartbeat(recent_shop, 11)
    assert "daemon: not running: its last heartbeat was at 2" in recent_shop.run("status", code=1).out
    report = json.loads(recent_shop.run("status", "--json", code=1).out)
    assert (report["daemon_missing"], report["stale"]) == (True, False)
    for options in ([], ["--public"]):
        copy = recent_shop.folder / f"copy{len(options)}.db"
        recent_shop.run("snapshot", *options, copy)
        assert json.loads(recent_shop.run("status", "--json", "--db", copy).out)["daemon"] is None
    recent_shop.server.faults = lambda request: Respond(403)
    assert recent_shop.run("sync", code=12)
    assert recent_shop.run("status", code=1).out.count("its last heartbeat was at") == 1
    recent_shop.server.faults = None
    recent_shop.run("sync")
    assert "daemon: not running; the timetable" in recent_shop.run("status").out


def test_status_exits_0_however_long_ago_a_daemon_was_stopped(recent_shop: Shop) -> None:
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 0
    age_heartbeat(recent_shop, 60)
    for expected in ("false", "true"):
        recent_shop.environment["LGSCO_SCHEDULE_EXPECT_DAEMON"] = expected
        assert "daemon: not running; the timetable" in recent_shop.run("status").out


def test_a_sync_by_the_daemon_does_not_make_up_for_its_missing_heartbeat(recent_shop: Shop) -> None:
    """The sync ended after the last heartbeat, and then the daemon was killed."""
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.kill()
    ended(process)
    with closing(sqlite3.connect(recent_shop.database)) as db, db:
        db.execute("UPDATE daemon SET seen_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-11 minutes')")
    assert recent_shop.run("status", code=1)


def test_status_exits_1_if_a_daemon_is_expected_and_none_ever_ran(recent_shop: Shop) -> None:
    recent_shop.run("sync")
    assert json.loads(recent_shop.run("status", "--json").out)["daemon_missing"] is False
    recent_shop.environment["LGSCO_SCHEDULE_EXPECT_DAEMON"] = "true"
    assert (
        "none ever ran on this database, and [schedule] expect_daemon is set" in recent_shop.run("status", code=1).out
    )
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, f"SELECT 1 FROM daemon WHERE process = {process.pid}"))
    assert "daemon: process" in recent_shop.run("status").out
    process.send_signal(signal.SIGTERM)
    ended_promptly(process)
    assert recent_shop.run("status").code == 0


def test_a_site_that_blocks_does_not_end_the_daemon(recent_shop: Shop) -> None:
    recent_shop.server.faults = lambda request: Respond(403)
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'blocked'"))
    assert "sync: blocked" in recent_shop.run("status", code=1).out
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


def test_a_site_that_is_down_at_start_is_asked_again_before_the_timetable(recent_shop: Shop) -> None:
    recent_shop.environment |= {"LGSCO_FETCH_TRIES": "1", "LGSCO_SCHEDULE_SYNC": "0 12 1 1 *"}
    recent_shop.server.refuse()
    process = recent_shop.start("daemon")
    until(process, lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE ended_at IS NOT NULL"))
    (ended_at,) = rows(recent_shop, "SELECT ended_at FROM runs")
    retry = datetime.fromisoformat(ended_at) + timedelta(hours=1)
    until(process, lambda: rows(recent_shop, f"SELECT 1 FROM daemon WHERE next_at <= '{instant(retry, 60)}'"))
    (due,) = rows(recent_shop, "SELECT next_at FROM daemon")
    assert retry <= datetime.fromisoformat(due)
    assert json.loads(recent_shop.run("status", "--json", code=1).out)["next_sync"] == due
    assert f"next sync {due}" in recent_shop.run("status", code=1).out
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0


def test_the_daemon_retries_by_itself_until_a_sync_completes(
    recent_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler._RETRY_SECONDS", (0.2,))
    monkeypatch.setattr("scheduler._TICK_SECONDS", 0.05)
    config = load(None, {**recent_shop.environment, "LGSCO_FETCH_TRIES": "1", "LGSCO_SCHEDULE_SYNC": "0 12 1 1 *"})
    recent_shop.server.refuse()

    def watch() -> None:
        for _ in range(PATIENCE * 20):
            states = rows(recent_shop, "SELECT state FROM runs ORDER BY id")
            if states.count("incomplete") == 2:
                recent_shop.server.listen()
            if "complete" in states and rows(
                recent_shop, "SELECT 1 FROM daemon WHERE next_at LIKE '%-01-01T12:00:00Z'"
            ):
                break
            wall.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = Thread(target=watch)
    watcher.start()
    assert scheduler.run_daemon(config, recent_shop.database, Clock()) == 0
    watcher.join()
    states = rows(recent_shop, "SELECT state FROM runs ORDER BY id")
    assert len(states) >= 3
    assert set(states[:-1]) == {"incomplete"}
    assert states[-1] == "complete", "after that only the timetable counts"


def test_a_signal_sets_the_stop_with_its_exit_code_and_the_handler_is_restored() -> None:
    stop = Stop()
    before = signal.getsignal(signal.SIGTERM)
    with stop.on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(PATIENCE)
    assert stop.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_while_its_alert_hangs(shop: Shop, tmp_path: Path, number: signal.Signals) -> None:
    create_database(shop.database)
    shop.server.faults = lambda _request: Respond(403)
    shop.environment |= {
        "LGSCO_SCHEDULE_SYNC": "0 12 1 1 *",
        "LGSCO_ALERTS_COMMAND": f"sh -c 'touch {tmp_path}/alerted; exec sleep 50'",
    }
    process = shop.start("daemon")
    until(process, (tmp_path / "alerted").exists)
    process.send_signal(number)
    assert ended_promptly(process).code == 0


def test_the_daemon_shows_its_work_on_a_terminal(shop: Shop) -> None:
    create_database(shop.database)
    shop.environment["LGSCO_SCHEDULE_SYNC"] = "0 12 1 1 *"
    ours, theirs = pty.openpty()
    process = shop.start("daemon", stdout=theirs, stderr=theirs)
    os.close(theirs)
    until(process, lambda: rows(shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.send_signal(signal.SIGINT)
    shown = read_off(ours).decode()
    assert process.wait() == 0
    assert "sync started (run 1)" in shown
    assert "sync ended (run 1): done" in shown


def test_a_daemon_starts_beside_a_backfill_and_waits_for_it(shop: Shop) -> None:
    shop.run("backfill", "--limit", "2")
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, times=1)
    backfill = shop.start("backfill")
    reached(hold, backfill)
    daemon = shop.start("daemon")
    until(daemon, lambda: rows(shop, f"SELECT 1 FROM daemon WHERE process = {daemon.pid}"))
    hold.go.set()
    assert ended(backfill).code == 0
    daemon.send_signal(signal.SIGTERM)
    ran = ended_promptly(daemon)
    assert ran.code == 0
    assert "the daemon waits for it" in ran.err


# ---------------------------------------------------------------- SIGHUP, a locked database, a clock that is set


def test_sighup_ends_the_daemon_with_129_and_it_counts_as_missing(shop: Shop) -> None:
    create_database(shop.database)
    process = shop.start("daemon")
    until(process, lambda: rows(shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
    process.send_signal(signal.SIGHUP)
    assert ended_promptly(process).code == 129
    assert rows(shop, "SELECT count(*) FROM daemon WHERE stopped_at IS NULL") == [1]


def test_two_syncs_blocked_by_another_process_send_one_alert_a_day(world: World, time: Time, tmp_path: Path) -> None:
    command, read_alerts = alerts(world, tmp_path)
    with ExitStack() as writer:
        writer.enter_context(writing(world.database, doing="backfill"))

        def sleep(seconds: float, stop: Event) -> None:
            time.slept.append(seconds)
            time.at += timedelta(hours=3)  # from noon; due at 19:30 and 6:30
            assert len(read_alerts()) == (len(time.slept) > 3) + (len(time.slept) > 4)
            if len(time.slept) == 8:
                writer.close()

        schedule = {"schedule__sync": "30 19 * * *", "alerts__command": command}
        daemon(world, replace(time.clock(), sleep=sleep), **schedule).sync()
    assert (
        "lgsco sync is waiting for another process: two or more syncs were missed since 2026-11-02T12:00:00Z"
        in read_alerts()[0]
    )
    assert f"(process {os.getpid()}, lgsco backfill, has held it since" in read_alerts()[0]
    assert world.ask("SELECT state FROM runs") == ["complete"]


def test_status_exits_1_and_names_the_process_that_blocks_the_syncs(recent_shop: Shop) -> None:
    recent_shop.run("sync")
    with writing(recent_shop.database, doing="backfill"):
        report = json.loads(recent_shop.run("status", "--json").out)
        assert report["lock"]["process"] == os.getpid()
        assert report["blocked"] is False
        file = recent_shop.database.with_name("kept.db-lock")
        holder = json.loads(file.read_text())
        file.write_text(json.dumps({**holder, "since": instant(datetime.now(UTC) - timedelta(days=8))}))
        out = recent_shop.run("status", code=1).out
        assert f"process {os.getpid()}, lgsco backfill, has held it since" in out
        assert "two or more syncs were due meanwhile: BLOCKED" in out
    assert json.loads(recent_shop.run("status", "--json").out)["lock"] is None


@pytest.mark.parametrize("days", [-400, -40 * 365, 400])
def test_a_daemon_continues_when_the_clock_is_set(
    recent_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, days: int
) -> None:
    monkeypatch.setattr("scheduler._TICK_SECONDS", 0.05)
    monkeypatch.setattr("scheduler._HEARTBEAT_SECONDS", 0.2)
    config = load(None, {**recent_shop.environment, "LGSCO_SCHEDULE_SYNC": "0 12 * * *"})
    set_by = timedelta()
    clock = Clock(now=lambda: datetime.now(UTC) + set_by)
    seen: list[tuple[str, str]] = []

    def watch() -> None:
        nonlocal set_by
        with suppress(TimeoutError):
            wait_for(lambda: rows(recent_shop, "SELECT 1 FROM runs WHERE state = 'complete'"))
            set_by = timedelta(days=days)
            after, until_then = (instant(clock.now() + timedelta(seconds=n * 86_400 - 120)) for n in (0, 2))
            query = "SELECT seen_at, next_at FROM daemon WHERE seen_at BETWEEN '{0}' AND '{1}' AND next_at < '{1}'"
            wait_for(lambda: rows(recent_shop, query.format(after, until_then)))
            seen.extend(rows(recent_shop, query.format(after, until_then)))
            wait_for(lambda: len(rows(recent_shop, "SELECT id FROM runs WHERE ended_at IS NOT NULL")) == 2)
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = Thread(target=watch)
    watcher.start()
    assert scheduler.run_daemon(config, recent_shop.database, clock) == 0
    watcher.join()
    how = "back" if days < 0 else "forward"
    assert f"the clock of this machine was set {how} by {abs(days):,} days" in caplog.text
    assert seen, "no heartbeat with the new time and the next sync"
    assert len(rows(recent_shop, "SELECT id FROM runs")) == 2, "one sync makes up for all that were due meanwhile"


def wait_for(happened: Callable[[], object]) -> None:
    """Waits for something to happen. Raises TimeoutError."""
    for _ in range(PATIENCE * 20):
        if happened():
            return
        wall.sleep(0.05)
    raise TimeoutError
