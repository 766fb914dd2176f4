"""The timetable: which lines are refused, and when the next sync is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.config import Config, Schedule
from ingest.errors import ConfigError
from scheduler import find_retry_seconds, make_trigger, next_sync


def scheduled(*lines: str, zone: str = "Europe/London") -> Config:
    return replace(Config(), schedule=Schedule(time_zone=zone, sync=lines))


@pytest.mark.parametrize("line", ["30 6 * * 1-5", "30 6 * * 0", "30 6 * * 7", "30 6 * * mon,3", "30 6 * * */2"])
def test_weekdays_by_number_are_refused(line: str) -> None:
    with pytest.raises(ConfigError, match="name the weekdays") as refused:
        make_trigger(scheduled(line))
    assert repr(line) in str(refused.value)
    assert "sync" in str(refused.value)


@pytest.mark.parametrize("hours", ["1", "2", "1-3", "0-1", "*/2", "1,13", "2-23", "0-22"])
def test_hours_that_occur_twice_or_never_are_refused(hours: str) -> None:
    with pytest.raises(ConfigError, match="twice or never"):
        make_trigger(scheduled(f"30 {hours} * * mon-fri"))


@pytest.mark.parametrize(
    "line",
    ["", "daily", "@daily", "30 6 * *", "30 6 * * mon-fri *", "61 6 * * mon", "30 24 * * mon", "30 6 * * someday"],
)
def test_an_invalid_crontab_line_is_refused(line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_trigger(scheduled("30 6 * * mon-fri", line))
    assert repr(line) in str(refused.value)


def test_a_timetable_without_a_line_is_refused() -> None:
    with pytest.raises(ConfigError, match="sync is empty"):
        make_trigger(scheduled())


@pytest.mark.parametrize(
    ("line", "now", "due"),
    [
        # clocks in London go back on Sunday 25 October 2026 and forward on Sunday 28 March 2027
        ("30 6 * * mon-fri", "2026-10-23T05:29:00Z", "2026-10-23T05:30:00Z"),
        ("30 6 * * mon-fri", "2026-10-23T05:30:01Z", "2026-10-26T06:30:00Z"),
        ("30 6 * * *", "2026-10-24T06:00:00Z", "2026-10-25T06:30:00Z"),
        ("0 0 * * *", "2026-10-24T22:00:00Z", "2026-10-24T23:00:00Z"),
        ("0 0 * * *", "2026-10-24T23:00:01Z", "2026-10-26T00:00:00Z"),
        ("0 3 * * sun", "2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z"),
        ("0 3 * * sun", "2027-03-27T22:00:00Z", "2027-03-28T02:00:00Z"),
        ("30 6 * * mon-fri", "2027-03-26T06:30:01Z", "2027-03-29T05:30:00Z"),
        ("0 * * * *", "2026-10-25T00:00:01Z", "2026-10-25T01:00:00Z"),
        ("0 * * * *", "2026-10-25T01:00:01Z", "2026-10-25T02:00:00Z"),
        ("0 * * * *", "2027-03-28T00:00:01Z", "2027-03-28T01:00:00Z"),
    ],
)
def test_the_next_sync_is_given_in_utc_across_a_change_of_clocks(line: str, now: str, due: str) -> None:
    assert next_sync(scheduled(line), datetime.fromisoformat(now)) == due


def test_the_next_sync_is_the_first_of_all_lines_in_the_zone() -> None:
    config = scheduled("0 20 * * mon-fri", "0 9 * * mon-fri", zone="America/New_York")
    assert next_sync(config, datetime(2026, 7, 6, 14, tzinfo=UTC)) == "2026-07-07T00:00:00Z"
    assert next_sync(config, datetime(2026, 7, 7, 1, tzinfo=UTC)) == "2026-07-07T13:00:00Z"


def test_every_day_of_two_years_has_one_sync() -> None:
    config, now, seen = scheduled("30 6 * * *"), datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(730):
        due = next_sync(config, now)
        assert due is not None
        seen.append(due[:10])
        now = datetime.fromisoformat(due) + timedelta(seconds=1)
    assert seen == [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(730)]


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("states", "wait"),
    [
        ([], HOUR),  # it failed before a run began
        (["incomplete"], HOUR),
        (["failed", "incomplete"], 6 * HOUR),
        (["incomplete"] * 3, DAY),
        (["incomplete"] * 300, DAY),
        (["blocked"], 6 * HOUR),
        (["layout"], 6 * HOUR),
        (["layout", "incomplete"], 6 * HOUR),
        (["incomplete", "blocked"], 6 * HOUR),
        (["blocked"] * 3, DAY),
    ],
)
def test_retries_wait_longer_each_time_and_are_not_early_after_a_refusal(states: list[str], wait: timedelta) -> None:
    assert timedelta(seconds=find_retry_seconds(states)) == wait
