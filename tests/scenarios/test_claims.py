"""The claims of commands about the archive: they name their dates, and never claim more than was proven."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

import scheduler
from ingest.clock import Stop
from ingest.recording.tally import Tally
from ingest.reports.claims import Claim
from ingest.run import Backfill, Outcome, Resume, Sync, Task, Withdraw, perform
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Respond
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.lock import DAEMON, locked
from storage.writer import create_database
from support.daemon import make_alert, read_alerts
from support.world import TODAY, Time, World, holds_the_truth

SYNC_DAYS = 120
RECENT = TODAY - timedelta(days=SYNC_DAYS)


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """A site of sixty decisions of five years, the newest of yesterday, and an empty database."""
    site = Site(generate(60, seed=4, first=date(2021, 11, 10), last=TODAY - timedelta(days=1), body=False))
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        create_database(world.database)
        yield world


class Killed(BaseException):
    """The process ends here."""


def end_early(world: World, task: Task, way: int | None, after: int = 20) -> Outcome | None:
    """Performs a task that ends after some decisions: by a signal, or killed if none is given."""
    stop = Stop()

    def report(tally: Tally) -> None:
        if tally.fetched < after:
            return
        if way is None:
            raise Killed
        stop.exit_code = 128 + way
        stop.set()

    try:
        return perform(task, world.config(storage__batch=5), world.database, world.time.clock(), stop, report)
    except Killed:
        # A killed process could not have written the end of its run.
        with closing(sqlite3.connect(world.database)) as db, db:
            db.execute("UPDATE runs SET state = 'running', ended_at = NULL WHERE id = (SELECT max(id) FROM runs)")
            db.execute("UPDATE intents SET state = 'running' WHERE run = (SELECT max(id) FROM runs)")
        return None


def claim(outcome: Outcome) -> Claim:
    assert outcome.claim is not None
    return outcome.claim


def listed_since(world: World, day: date) -> int:
    return len(world.site.listed(day))


# ---------------------------------------------------------------- the scope of a claim


def test_the_first_sync_claims_the_last_days_only_and_counts_earlier_decisions(world: World) -> None:
    outcome = world.run(Sync())
    recent = listed_since(world, RECENT)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert 0 < recent < 60
    assert f"{RECENT} to today: {recent} of {recent} listed decisions are in the archive" in str(outcome)
    assert (
        f"The site lists {60 - recent} decisions before that, on dates not asked for; `lgsco backfill` "
        "fetches them." in str(outcome)
    )


def test_a_backfill_of_a_quarter_claims_the_quarter_only(world: World) -> None:
    quarter = Backfill(date(2023, 1, 1), date(2023, 3, 31))
    outcome = world.run(quarter)
    listed = len(world.site.listed(date(2023, 1, 1), date(2023, 3, 31)))
    assert outcome.exit_code == 0
    assert f"2023-01-01 to 2023-03-31: {listed} of {listed} listed decisions are in the archive" in str(outcome)
    assert f"The site lists {60 - listed} decisions outside those dates, on dates not asked for" in str(outcome)


def test_a_backfill_of_all_dates_claims_all_of_them(world: World) -> None:
    outcome = world.run(Backfill())
    assert holds_the_truth(world)
    assert claim(outcome).is_full
    assert "beginning to today: 60 of 60 listed decisions are in the archive" in str(outcome)
    assert claim(outcome).outside == 0


# ---------------------------------------------------------------- a backfill that ends early


@pytest.mark.parametrize("way", [None, signal.SIGHUP], ids=["killed", "SIGHUP"])
def test_sync_names_an_interrupted_backfill_and_is_incomplete_without_a_daemon(world: World, way: int | None) -> None:
    end_early(world, Backfill(), way)
    outcome = world.run(Sync())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "a backfill was interrupted and no daemon is running to continue it" in outcome.message
    (left,) = claim(outcome).unfinished
    assert left.state == "interrupted"
    assert 20 <= left.stored < 60
    assert left.total == 60
    assert f"was interrupted, {left.stored} of 60 fetched: `lgsco backfill` continues it." in str(outcome)
    assert world.ask("SELECT count(*) FROM decisions")[0] < 60, "sync did not fetch dates of the backfill"

    outcome = world.run(Backfill())
    assert outcome.exit_code == 0
    assert holds_the_truth(world)
    assert world.run(Sync()).exit_code == 0


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_paused_backfill_says_how_to_continue_and_sync_names_it_and_exits_0(world: World, way: int) -> None:
    outcome = end_early(world, Backfill(), way)
    assert outcome is not None
    assert (outcome.state, outcome.exit_code) == ("stopped", 128 + way)
    stored = world.ask("SELECT count(*) FROM held_from_site")[0]
    assert outcome.message == (
        f"{stored} of 60 fetched; `lgsco backfill` continues it, `lgsco backfill --withdraw` drops what is left"
    )
    outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert claim(outcome).is_full, "of its own dates"
    assert " is paused, " in str(outcome)
    assert "on dates not asked for" not in str(outcome)
    assert world.ask("SELECT count(*) FROM decisions")[0] < 60, "no task continues it by itself"


def test_an_interrupted_backfill_is_not_a_failure_of_sync_while_a_daemon_runs(world: World) -> None:
    end_early(world, Backfill(), None)
    scheduler._Daemon(world.config(), world.database, world.time.clock(), world.stop).write_heartbeat(None)
    with locked(world.database, DAEMON):
        outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert "the daemon continues it." in str(outcome)


def test_a_backfill_that_is_refused_is_interrupted(world: World) -> None:
    answered: list[str] = []

    def refuse(_request: object) -> Respond | None:
        answered.append("")
        return Respond(403) if len(answered) > 15 else None

    world.server.faults = refuse
    assert world.run(Backfill()).state == "blocked"
    world.server.faults = None
    assert world.ask("SELECT state FROM intents WHERE kind = 'backfill' AND first = '0001-01-01'") == ["interrupted"]


def test_a_backfill_with_a_limit_records_no_dates_as_asked_for(world: World) -> None:
    assert world.run(Backfill(limit=3)).state == "limited"
    assert world.ask("SELECT count(*) FROM intents") == [0]
    outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert "on dates not asked for" in str(outcome)


def test_withdrawn_dates_count_as_not_asked_for_and_fetched_decisions_stay(world: World) -> None:
    end_early(world, Backfill(), signal.SIGINT)
    before = world.ask("SELECT reference FROM decisions ORDER BY 1")
    outcome = world.run(Withdraw())
    assert outcome.exit_code == 0
    assert world.ask("SELECT reference FROM decisions ORDER BY 1") == before
    assert world.ask("SELECT count(*) FROM queue") == [0]
    outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert claim(outcome).unfinished == ()
    assert "on dates not asked for" in str(outcome)
    assert world.run(Backfill()).exit_code == 0
    assert holds_the_truth(world)


def test_withdrawing_some_dates_leaves_the_other_dates_paused(world: World) -> None:
    end_early(world, Backfill(), signal.SIGINT, after=5)
    world.run(Withdraw(last=date(2022, 12, 31)))
    (left,) = claim(world.run(Sync())).unfinished
    assert left.window.first == date(2023, 1, 1)
    assert left.state == "paused"
    outcome = world.run(Backfill(date(2023, 1, 1)))
    assert outcome.exit_code == 0
    stored = set(world.ask("SELECT reference FROM decisions"))
    assert {sample.reference for sample in world.site.listed(date(2023, 1, 1))} <= stored


def test_withdraw_says_if_no_backfill_is_unfinished(world: World) -> None:
    world.run(Sync())
    outcome = world.run(Withdraw())
    assert outcome.exit_code == 0
    assert "nothing was dropped" in outcome.message
    assert claim(outcome).is_full


# ---------------------------------------------------------------- the daemon's slices


def test_slices_finish_an_interrupted_backfill_and_none_exceeds_its_seconds(world: World) -> None:
    end_early(world, Backfill(), None)
    slow = {"fetch__pace": "1.0", "storage__batch": "5"}
    spent: list[float] = []
    for _ in range(20):
        before = world.time.at
        outcome = world.run(Resume(seconds=10), **slow)
        assert outcome.exit_code == 0
        spent.append((world.time.at - before).total_seconds())
        if outcome.state == "complete":
            break
    assert len(spent) > 1
    assert max(spent) < 10 + 15, "a slice completes its batch of decisions or its walk of a range"
    assert holds_the_truth(world)
    assert world.run(Sync()).exit_code == 0


def test_the_daemon_continues_an_interrupted_backfill_and_not_a_paused_one(world: World) -> None:
    daemon = scheduler._Daemon(world.config(), world.database, world.time.clock(), world.stop)
    end_early(world, Backfill(), signal.SIGINT)
    assert daemon.find_slice() is None
    end_early(world, Backfill(), None, after=10)
    world.time.at += timedelta(minutes=2)
    task = daemon.find_slice()
    assert isinstance(task, Resume)
    daemon.do_slice(task)
    assert holds_the_truth(world)
    assert daemon.find_slice() is None


def test_a_failed_slice_is_retried_later(world: World) -> None:
    end_early(world, Backfill(), None)
    daemon = scheduler._Daemon(world.config(fetch__tries="1"), world.database, world.time.clock(), world.stop)
    world.server.faults = lambda request: Respond(500)
    task = daemon.find_slice()
    assert task is not None
    daemon.do_slice(task)
    assert world.ask("SELECT state FROM runs ORDER BY id DESC LIMIT 1") == ["incomplete"]
    assert daemon.find_slice() is None
    world.server.faults = None
    world.time.at += timedelta(hours=2)
    assert daemon.find_slice() is not None


def test_a_slice_that_is_refused_is_suspended_for_a_day_with_one_alert(world: World, tmp_path: Path) -> None:
    end_early(world, Backfill(), None)
    alerts_file = tmp_path / "alerts"
    config = world.config(alerts__command=make_alert(alerts_file))
    daemon = scheduler._Daemon(config, world.database, world.time.clock(), world.stop)
    world.server.faults = lambda request: Respond(403)
    task = daemon.find_slice()
    assert task is not None
    daemon.do_slice(task)
    assert world.ask("SELECT state FROM runs ORDER BY id DESC LIMIT 1") == ["blocked"]
    assert daemon.find_slice() is None
    world.server.faults = None
    world.time.at += timedelta(hours=23)
    assert daemon.find_slice() is None
    world.time.at += timedelta(hours=2)
    assert daemon.find_slice() is not None
    (alert,) = read_alerts(alerts_file)
    assert "suspended until 2026-11-03T" in alert
    assert "`lgsco fill resume` ends that earlier" in alert


# ---------------------------------------------------------------- what is missing, and what is not


def test_a_stored_decision_that_cannot_be_fetched_again_is_not_missing(world: World) -> None:
    world.run(Backfill())
    gone = world.site.listed()[-1].reference
    address = f"/{gone.replace(' ', '-')}"
    world.server.faults = lambda request: Respond(404) if request.target.endswith(address) else None
    with_reread = {"cadence__reread_days": "1"}
    world.time.at += timedelta(days=3)
    outcome = world.run(Sync(), **with_reread)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert claim(outcome).is_full
    assert "1 stored decision could not be fetched again yet" in outcome.message


def test_a_listed_decision_that_cannot_be_fetched_is_missing_and_the_claim_is_not_full(world: World) -> None:
    lost = world.site.listed()[0].reference
    address = f"/{lost.replace(' ', '-')}"
    world.server.faults = lambda request: Respond(500) if request.target.endswith(address) else None
    outcome = world.run(Sync())
    assert outcome.exit_code == 10
    assert not claim(outcome).is_full
    assert "1 listed decision could not be fetched yet" in outcome.message


@pytest.mark.parametrize("day", [RECENT + timedelta(days=3), date(2022, 5, 5)], ids=["recent", "old"])
def test_a_late_publication_is_found_and_counted_by_the_next_claim(world: World, day: date) -> None:
    world.run(Backfill())
    (late,) = generate(1, seed=99, first=day, last=day, body=False)
    world.site.publish(late)
    outcome = world.run(Sync())
    assert outcome.exit_code == 0
    assert "61 of 61 listed decisions" in str(outcome)
    assert holds_the_truth(world)
