"""Tests whether the daemon runs the fill, its progress and its report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.config import Schedule
from ingest.crawling.asked_for import AskedFor
from ingest.crawling.windows import EVERYTHING
from ingest.reports.fill import (
    FillReport,
    decide_mode,
    describe_change,
    describe_fill_of_new,
    estimate_fill,
    is_stuck,
    is_suspended,
    report_fill,
)
from storage.fill_state import FillState
from storage.identity import MadeBy
from storage.model import Window
from support.claims import window

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
BEGAN = "2026-11-09T20:00:00Z"
OFF = FillState(turned_off_at="2026-11-09T08:00:00Z")
LEFT = [window("2021-01-01", "2026-06-30")]


OFF_SINCE = "turned off at 2026-11-09T08:00:00Z; `lgsco fill resume` undoes that"
ON_IN_SETTINGS = 'fill is "on" in [schedule]; `lgsco fill off` turns it off'
OFF_IN_SETTINGS = 'fill is "off" in [schedule]; fill = "on" turns it on'
MADE = 'fill is "auto" in [schedule], and'


@pytest.mark.parametrize(
    ("setting", "made_by", "state", "is_on", "why"),
    [
        ("auto", "init", FillState(), True, f"{MADE} lgsco init made this archive; `lgsco fill off` turns it off"),
        ("auto", "backfill", FillState(), False, f'{MADE} lgsco backfill made this archive; fill = "on" turns it on'),
        (
            *("auto", None, FillState(), False),
            f'{MADE} it is not recorded that lgsco init made this archive; fill = "on" turns it on',
        ),
        ("on", None, FillState(), True, ON_IN_SETTINGS),
        ("off", "init", FillState(), False, OFF_IN_SETTINGS),
        ("auto", "init", OFF, False, OFF_SINCE),
        ("on", "init", OFF, False, OFF_SINCE),
        ("off", "init", OFF, False, f"{OFF_SINCE}; also, {OFF_IN_SETTINGS}"),
    ],
)
def test_the_fill_is_on_by_setting_or_for_archives_made_by_init_unless_turned_off(
    setting: str, made_by: MadeBy | None, state: FillState, is_on: bool, why: str
) -> None:
    mode = decide_mode(setting, made_by, state)
    assert mode.is_on is is_on
    assert str(mode) == f"{'on' if is_on else 'off'}: {why}"


def report(
    state: FillState = FillState(),  # noqa: B008
    left: Sequence[Window] = LEFT,
    *,
    setting: str = "auto",
    interrupted: Sequence[Window] = (),
    answered: Sequence[Window] = (),
    began_at: str | None = BEGAN,
    site_total: int | None = 57_500,
) -> FillReport:
    return report_fill(
        *(decide_mode(setting, "init", state), state),
        *(AskedFor(list(answered), list(interrupted), [], list(left)), began_at),
        stored=12_500,
        site_total=site_total,
        schedule=Schedule(),
        pace_seconds=1.0,
        now=NOW,
    )


def test_the_fill_report_shows_the_remaining_cost_and_the_expected_end() -> None:
    result = report(FillState(progressed_at="2026-11-10T05:59:00Z"))
    assert not result.needs_attention
    text = "\n".join(result.lines())
    assert "began at 2026-11-09T20:00:00Z, last progress at 2026-11-10T05:59:00Z" in text
    assert "45,000 of 57,500 listed decisions to fetch" in text
    assert "5,000 a day" in text
    assert result.expected_end == date(2026, 11, 21)
    assert result.as_json()["requests_left"] == 50_750


LIMITS = (
    "`lgsco daemon` does that in fill_hours (20:00-06:00 in London), with at most 5,000 requests a day (fill_requests)"
)
ESTIMATE = (
    "estimate: 45,000 of 57,500 listed decisions to fetch; about 50,750 requests, 10.0 days or more (one request in "
    "1 s, 5,000 a day), about 1.0 GB of disk"
)


def test_the_lines_say_since_when_it_runs_when_it_advanced_and_what_it_still_needs() -> None:
    on = f"fill: on: {MADE} lgsco init made this archive; `lgsco fill off` turns it off"
    assert report().lines() == [
        on,
        f"  began at {BEGAN}, no progress yet; {LIMITS}",
        f"  {ESTIMATE}; expected to end about 2026-11-21",
    ]
    stuck = report(began_at="2026-11-01T00:00:00Z", site_total=None)
    assert stuck.lines() == [
        on,
        f"  began at 2026-11-01T00:00:00Z, no progress yet: STUCK, no progress for 2 days; {LIMITS}",
    ]
    assert report(setting="off").lines() == [
        f"fill: off: {OFF_IN_SETTINGS}",
        f"  if turned on: {ESTIMATE}",
    ]


def test_the_report_for_programs_names_the_dates_left_and_the_expected_end() -> None:
    suspended = "2026-11-11T20:00:00Z"
    state = FillState(progressed_at="2026-11-10T05:59:00Z", suspended_at=BEGAN, suspended_until=suspended, reason="503")
    result = report(state)
    assert result.as_json() == {
        "on": True,
        "why": f"{MADE} lgsco init made this archive; `lgsco fill off` turns it off",
        "left": [{"first": "2021-01-01", "last": "2026-06-30"}],
        "began_at": BEGAN,
        "progressed_at": "2026-11-10T05:59:00Z",
        "stuck": False,
        "suspended_until": suspended,
        "requests_left": 50_750,
        "expected_end": "2026-11-21",
    }


def test_a_fill_without_dates_left_has_no_beginning_end_or_suspension() -> None:
    finished = report(FillState(suspended_until="2026-11-11T20:00:00Z"), []).as_json()
    names = ("left", "began_at", "suspended_until", "requests_left", "expected_end")
    assert [finished[name] for name in names] == [[], None, None, None, None]


def test_a_fill_whose_dates_are_proven_is_finished_also_if_sync_has_not_answered_for_all_dates() -> None:
    assert report(left=[]).lines()[1:] == ["  finished: sync covers its dates"]


def test_without_a_total_no_end_is_expected() -> None:
    result = report(site_total=None)
    assert result.expected_end is None
    assert "expected" not in "\n".join(result.lines())


def test_two_days_without_progress_are_stuck() -> None:
    long_ago = FillState(progressed_at=(NOW - timedelta(days=2, seconds=1)).isoformat())
    assert report(long_ago).needs_attention is False, "the fill began later"
    assert is_stuck("2026-11-01T00:00:00Z", long_ago, NOW)
    assert not is_stuck("2026-11-01T00:00:00Z", long_ago, NOW, since=NOW)
    assert not is_stuck(None, FillState(), NOW)
    assert not is_stuck((NOW - timedelta(days=2)).isoformat(), FillState(), NOW), "two days are not over"


def test_a_suspension_ends_at_its_instant() -> None:
    until = NOW + timedelta(seconds=1)
    assert is_suspended(FillState(suspended_until=until.isoformat()), NOW)
    assert not is_suspended(FillState(suspended_until=until.isoformat()), until)
    assert not is_suspended(FillState(), NOW)


def test_a_suspension_is_shown_if_something_is_left_to_do() -> None:
    state = FillState(
        suspensions=2, suspended_at=BEGAN, suspended_until="2026-11-11T20:00:00Z", reason="a search shell"
    )
    result = report(state)
    assert result.needs_attention
    assert "SUSPENDED until 2026-11-11T20:00:00Z" in result.lines()[-1]
    assert "a search shell. `lgsco fill resume` ends the suspension" in result.lines()[-1]
    assert report(state, []).needs_attention is False
    assert report(state, [], interrupted=LEFT).needs_attention is True


def test_the_fill_report_shows_not_begun_off_and_finished() -> None:
    not_begun = "\n".join(report(left=[], began_at=None).lines())
    assert "not started: `lgsco daemon` does that in fill_hours" in not_begun
    assert "45,000 of 57,500 listed decisions to fetch" in not_begun
    assert "expected" not in not_begun
    off = "\n".join(report(left=[], began_at=None, setting="off").lines())
    assert "if turned on: estimate: 45,000 of 57,500" in off
    ended = report(left=[], began_at=None, answered=[EVERYTHING]).lines()
    assert ended[1:] == ["  finished: sync covers its dates"]


def test_init_names_the_source_of_its_estimate() -> None:
    text = "\n".join(describe_fill_of_new(decide_mode("auto", "init", FillState()), Schedule(), 1.0))
    assert "from about 57,500 decisions that a public scraper counted in July 2026, since lgsco has not asked" in text
    assert "about 63,250 requests, 12.0 days or more (one request in 1 s, 5,000 a day)" in text
    assert describe_fill_of_new(decide_mode("off", "init", FillState()), Schedule(), 1.0) == [
        'the fill is off: fill is "off" in [schedule]; fill = "on" turns it on'
    ]


def test_a_slow_pace_in_short_hours_makes_fewer_requests_a_day() -> None:
    schedule = Schedule(fill_hours="02:00-03:00")
    text = "\n".join(describe_fill_of_new(decide_mode("auto", "init", FillState()), schedule, 2.0))
    assert "1,800 a day" in text


def test_a_fill_of_the_whole_day_or_without_a_pace_makes_the_requests_that_are_allowed() -> None:
    whole_day = Schedule(fill_hours="00:00-24:00")
    assert estimate_fill(100, 0, whole_day, 24.0).daily_requests == 3_600
    assert estimate_fill(100, 0, whole_day, 0.0).daily_requests == 5_000


def test_at_a_pace_longer_than_its_hours_one_request_a_day_is_estimated() -> None:
    assert estimate_fill(10, 0, Schedule(fill_hours="02:00-03:00"), 7_200.0).daily_requests == 1


def test_turning_the_fill_off_names_the_command_to_resume() -> None:
    result = describe_change(decide_mode("auto", "init", OFF), 12, Schedule())
    assert result == (
        f"the fill is off: {OFF_SINCE}; 12 decisions that were listed for it will not be fetched; "
        "interrupted backfills are not suspended"
    )
    again = describe_change(decide_mode("on", "init", FillState()), 0, Schedule())
    assert again == f"the fill is on: {ON_IN_SETTINGS}; {LIMITS}; interrupted backfills are not suspended"
