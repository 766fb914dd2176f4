"""The daemon's plan: when a sync is due, however the wall clock is set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.clock import Clock
from ingest.config import Config, Schedule, load
from ingest.errors import ConfigError
from ingest.tasks.timetable import Plan, describe_set_clock, make_trigger, next_sync

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def scheduled(*lines: str) -> Config:
    return replace(Config(), schedule=Schedule(time_zone="Europe/London", sync=lines))


@dataclass
class Clocks:
    """The wall clock, which can be set, and the monotonic clock."""

    wall: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)
    monotonic: float = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.wall, monotonic=lambda: self.monotonic)

    def pass_by(self, time: timedelta) -> None:
        self.wall += time
        self.monotonic += time.total_seconds()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def plan(clocks: Clocks) -> Plan:
    return Plan(make_trigger(scheduled("30 6 * * *")), clocks.clock())


def days_until_due(plan: Plan, clocks: Clocks) -> float:
    """Counts the days until a sync is due, up to four."""
    for quarters in range(16):
        plan.notice_set_clock()
        if plan.take_due():
            return quarters / 4
        clocks.pass_by(6 * HOUR)
    pytest.fail("no sync is ever due")


def test_a_sync_is_due_once_at_each_time_of_the_timetable(plan: Plan, clocks: Clocks) -> None:
    assert plan.next_run == datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
    assert not plan.take_due()
    clocks.pass_by(timedelta(hours=18, minutes=30))
    assert plan.take_due()
    assert not plan.take_due()
    assert plan.next_run == datetime(2026, 11, 4, 6, 30, tzinfo=UTC)


def test_missed_syncs_count_as_one(plan: Plan, clocks: Clocks) -> None:
    clocks.pass_by(11 * DAY)
    assert plan.take_due()
    assert not plan.take_due()


def test_a_retry_is_due_at_its_time_or_at_an_earlier_time_of_the_timetable(plan: Plan, clocks: Clocks) -> None:
    plan.schedule_retry(clocks.wall + HOUR)
    assert plan.next_run == clocks.wall + HOUR
    clocks.pass_by(HOUR)
    assert plan.take_due()
    assert not plan.take_due()
    plan.schedule_retry(clocks.wall + 5 * DAY)
    clocks.pass_by(DAY)
    assert plan.take_due()
    clocks.pass_by(timedelta(hours=5))
    assert not plan.take_due(), "the sync of the timetable counted as the retry"


@pytest.mark.parametrize("set_by", [-DAY, -2 * HOUR, -400 * DAY, -40 * 365 * DAY, 3 * DAY, 56 * 365 * DAY])
def test_setting_the_clock_recomputes_the_plan(plan: Plan, clocks: Clocks, set_by: timedelta) -> None:
    clocks.pass_by(timedelta(seconds=5))
    clocks.wall += set_by
    assert plan.notice_set_clock() == set_by
    assert plan.notice_set_clock() is None, "the change is reported once"
    assert plan.next_run is not None
    assert timedelta() < plan.next_run - clocks.wall <= DAY + HOUR
    assert days_until_due(plan, clocks) <= 1.25
    assert not plan.take_due(), "one sync, however many were due by the old time"


@pytest.mark.parametrize(
    ("set_by", "words"),
    [
        (-DAY - timedelta(microseconds=6), "the clock of this machine was set back by 1 day"),
        (-timedelta(minutes=10), "the clock of this machine was set back by 10 minutes"),
        (3 * HOUR, "the clock of this machine was set forward by 3 hours, or the machine slept"),
    ],
)
def test_a_change_of_the_clock_is_described_in_words(plan: Plan, clocks: Clocks, set_by: timedelta, words: str) -> None:
    clocks.wall += set_by
    moved = plan.notice_set_clock()
    assert moved is not None
    assert describe_set_clock(moved) == words


@pytest.mark.parametrize("set_by", [-400 * DAY, 400 * DAY])
def test_setting_the_clock_does_not_change_the_wait_for_a_retry(plan: Plan, clocks: Clocks, set_by: timedelta) -> None:
    plan.schedule_retry(clocks.wall + HOUR)
    clocks.wall += set_by
    plan.notice_set_clock()
    assert plan.next_run == clocks.wall + HOUR


def test_small_clock_corrections_change_nothing(plan: Plan, clocks: Clocks) -> None:
    for _ in range(1_000):
        clocks.pass_by(timedelta(seconds=1))
        clocks.wall += timedelta(seconds=0.5)
        assert plan.notice_set_clock() is None


@pytest.mark.parametrize(
    "line", ["0 6 30 feb *", "0 6 31 apr *", "0 6 31 feb,apr,jun,sep,nov *", "0 6 31 4,6 *", "0 6 30-31 2 *"]
)
def test_a_line_that_never_occurs_is_refused(line: str) -> None:
    with pytest.raises(ConfigError, match="never occurs: none of its months") as refused:
        make_trigger(scheduled("30 6 * * mon-fri", line))
    assert str(refused.value).startswith(f"config.toml: [schedule] sync = {line!r} never occurs")


def test_a_line_is_named_by_what_set_it() -> None:
    with pytest.raises(ConfigError, match=r"^LGSCO_SCHEDULE_SYNC = '61 6 \* \* \*' is not a crontab line: "):
        make_trigger(load(None, {"LGSCO_SCHEDULE_SYNC": "30 6 * * *; 61 6 * * *"}))
    with pytest.raises(ConfigError, match=r"^LGSCO_SCHEDULE_SYNC is empty: "):
        make_trigger(load(None, {"LGSCO_SCHEDULE_SYNC": " "}))


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("0 6 29 feb *", ["2028-02-29", "2032-02-29"]),
        ("0 6 31 * *", ["2026-12-31", "2027-01-31"]),
        # Where both are given, cron runs on either: Friday 6 November, then Friday the 13th once, then the 20th.
        ("0 6 13 * fri", ["2026-11-06", "2026-11-13", "2026-11-20", "2026-11-27", "2026-12-04", "2026-12-11"]),
        ("0 6 1 * mon", ["2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30", "2026-12-01"]),
        ("0 6 30 feb mon", ["2027-02-01", "2027-02-08"]),
        # A field that begins with * counts as not given: both must hold.
        ("0 6 */2 * mon", ["2026-11-09", "2026-11-23", "2026-12-07"]),
    ],
)
def test_a_line_occurs_on_the_days_on_which_cron_runs_it(line: str, due: list[str]) -> None:
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    found = []
    for _ in due:
        at = next_sync(scheduled(line), now)
        assert at is not None
        found.append(at[:10])
        now = datetime.fromisoformat(at) + timedelta(seconds=1)
    assert found == due


@pytest.mark.parametrize("line", ["0 1 13 * fri", "0 2 1 * mon"])
def test_hours_that_occur_twice_are_refused_whatever_the_days(line: str) -> None:
    with pytest.raises(ConfigError, match="twice or never"):
        make_trigger(scheduled(line))
