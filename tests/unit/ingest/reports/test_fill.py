"""Tests whether the daemon runs the fill, its progress and its report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.config import Schedule
from ingest.crawling.asked_for import AskedFor
from ingest.crawling.windows import EVERYTHING
from ingest.reports.fill import FillReport, decide_mode, describe_change, describe_fill_of_new, is_stuck, report_fill
from storage.fill_state import FillState
from storage.identity import MadeBy
from storage.model import Window
from support.claims import window

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
BEGAN = "2026-11-09T20:00:00Z"
OFF = FillState(turned_off_at="2026-11-09T08:00:00Z")
LEFT = [window("2021-01-01", "2026-06-30")]


@pytest.mark.parametrize(
    ("setting", "made_by", "state", "is_on", "why"),
    [
        ("auto", "init", FillState(), True, "`lgsco init` made this archive; `lgsco fill off` turns it off"),
        ("auto", "backfill", FillState(), False, '`lgsco backfill` made this archive; "on" turns it on'),
        ("auto", None, FillState(), False, "it is not recorded that `lgsco init` made this archive"),
        ("on", None, FillState(), True, "`lgsco fill off` turns it off"),
        ("off", "init", FillState(), False, '"on" turns it on'),
        ("auto", "init", OFF, False, "turned it off at 2026-11-09T08:00:00Z; `lgsco fill resume` undoes that"),
        ("on", "init", OFF, False, "`lgsco fill resume` undoes that"),
        ("off", "init", OFF, False, 'also, fill is "off" in [schedule]; "on" turns it on'),
    ],
)
def test_the_fill_is_on_by_setting_or_for_archives_made_by_init_unless_turned_off(
    setting: str, made_by: MadeBy | None, state: FillState, is_on: bool, why: str
) -> None:
    mode = decide_mode(setting, made_by, state)
    assert mode.is_on is is_on
    assert why in str(mode)


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
    assert "turned on, it would take: estimate: 45,000 of 57,500" in off
    ended = report(left=[], began_at=None, answered=[EVERYTHING]).lines()
    assert ended[1:] == ["  finished: sync covers its dates"]


def test_init_names_the_source_of_its_estimate() -> None:
    text = "\n".join(describe_fill_of_new(decide_mode("auto", "init", FillState()), Schedule(), 1.0))
    assert "from about 57,500 decisions that a public scraper counted in July 2026, since lgsco has not asked" in text
    assert "about 63,250 requests, 12.0 days or more (one request in 1 s, 5,000 a day)" in text
    assert describe_fill_of_new(decide_mode("off", "init", FillState()), Schedule(), 1.0) == [
        'the fill is off: fill is "off" in [schedule]; "on" turns it on'
    ]


def test_a_slow_pace_in_short_hours_makes_fewer_requests_a_day() -> None:
    schedule = Schedule(fill_hours="02:00-03:00")
    text = "\n".join(describe_fill_of_new(decide_mode("auto", "init", FillState()), schedule, 2.0))
    assert "1,800 a day" in text


def test_turning_the_fill_off_names_the_command_to_resume() -> None:
    result = describe_change(decide_mode("auto", "init", OFF), 12, Schedule())
    assert "the fill is off" in result
    assert "`lgsco fill resume` undoes that" in result
    assert "12 decisions that were listed for it will not be fetched" in result
    again = describe_change(decide_mode("auto", "init", FillState()), 0, Schedule())
    assert "in fill_hours (20:00-06:00 in London), with at most 5,000 requests a day" in again
