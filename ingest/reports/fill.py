"""Reports the fill: whether the daemon fetches dates that nobody asked for, and its progress."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from ingest.config import MINUTES_A_DAY, Schedule, parse_hours
from ingest.crawling.asked_for import AskedFor
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.reports.estimate import Estimate, estimate_backfill
from ingest.wording import count_of
from storage.fill_state import FillState
from storage.identity import MadeBy
from storage.model import Window

STUCK_DAYS = 2
"""Days without progress after which the fill counts as stuck."""

LISTED_IN_2026 = 57_500
"""Decisions on the site, as a public scraper counted in July 2026; used while an archive knows no total of its own."""


# ---------------------------------------------------------------- on or off


class Mode(NamedTuple):
    """Whether the daemon runs the fill."""

    is_on: bool
    why: str
    """Why, and how to change it."""

    def __str__(self) -> str:
        return f"{'on' if self.is_on else 'off'}: {self.why}"


def decide_mode(setting: str, made_by: MadeBy | None, state: FillState) -> Mode:
    """Decides whether the daemon runs the fill. `setting`: the value of `fill` in [schedule]."""
    mode = _decide_by_setting(setting, made_by)
    if state.turned_off_at is None:
        return mode
    text = f"turned off at {state.turned_off_at}; `lgsco fill resume` undoes that"
    return Mode(False, text if mode.is_on else f"{text}; also, {mode.why}")


def _decide_by_setting(setting: str, made_by: MadeBy | None) -> Mode:
    if setting == "on":
        return Mode(True, 'fill is "on" in [schedule]; `lgsco fill off` turns it off')
    if setting == "off":
        return Mode(False, 'fill is "off" in [schedule]; fill = "on" turns it on')
    if made_by == "init":
        return Mode(
            True, 'fill is "auto" in [schedule], and lgsco init made this archive; `lgsco fill off` turns it off'
        )
    made = f"lgsco {made_by} made this archive" if made_by else "it is not recorded that lgsco init made this archive"
    return Mode(False, f'fill is "auto" in [schedule], and {made}; fill = "on" turns it on')


def describe_change(mode: Mode, dropped: int, schedule: Schedule) -> str:
    """Describes what `lgsco fill` changed. `dropped`: queued decisions that will not be fetched."""
    text = f"the fill is {mode}"
    if mode.is_on:
        text += f"; {describe_limits(schedule)}"
    if dropped:
        listed = count_of(dropped, "decision that was listed for it", "decisions that were listed for it")
        text += f"; {listed} will not be fetched"
    return f"{text}; interrupted backfills are not suspended"


def describe_limits(schedule: Schedule) -> str:
    """Describes when and how fast the daemon runs the fill."""
    return (
        f"`lgsco daemon` does that in fill_hours ({schedule.fill_hours} in London), with at most "
        f"{count_of(schedule.fill_requests, 'request')} a day (fill_requests)"
    )


def estimate_fill(listed: int, stored: int, schedule: Schedule, pace_seconds: float) -> Estimate:
    """Estimates the least that the fill takes.

    `listed`: the site's total. `pace_seconds`: from one request to the next.
    """
    begin, end = parse_hours(schedule.fill_hours, may_be_whole_day=True)
    minutes = (end - begin) % MINUTES_A_DAY or MINUTES_A_DAY
    a_day = min(schedule.fill_requests, int(minutes * 60 / pace_seconds) if pace_seconds else schedule.fill_requests)
    return estimate_backfill(listed, stored, pace_seconds=pace_seconds, daily_requests=max(1, a_day))


def describe_fill_of_new(mode: Mode, schedule: Schedule, pace_seconds: float) -> list[str]:
    """Returns the lines about the fill that `lgsco init` prints."""
    if not mode.is_on:
        return [f"the fill is {mode}"]
    return [
        f"the fill is {mode}",
        f"the fill fetches the earlier decisions: {describe_limits(schedule)}",
        f"estimate, from about {LISTED_IN_2026:,} decisions that a public scraper counted in July 2026, since lgsco "
        f"has not asked the site yet: {estimate_fill(LISTED_IN_2026, 0, schedule, pace_seconds).describe_cost()}",
    ]


# ---------------------------------------------------------------- how far it is


class FillReport(NamedTuple):
    """The state of the fill. Instants are UTC, ISO 8601 with Z."""

    mode: Mode
    state: FillState
    filling: Sequence[Window]
    """The dates that it has not proven."""
    began_at: str | None
    """When it began; None if it has not begun, or is finished."""
    has_dates: bool
    """Whether it has dates to fetch, or would have if it were on."""
    limits: str
    """When and how fast it continues, in words."""
    is_suspended: bool
    """Whether the fill and interrupted backfills are suspended, and either has something to do."""
    is_stuck: bool
    estimate: Estimate | None
    """The requests and time that the fill still needs, or would need if turned on; None if unknown."""
    expected_end: date | None
    """When it is expected to end; None if it has not begun, or that is not known."""

    @property
    def needs_attention(self) -> bool:
        """Whether `lgsco status` exits 1 because of the fill."""
        return self.is_suspended or self.is_stuck

    def lines(self) -> list[str]:
        """Returns the report for people."""
        lines = [f"fill: {self.mode}", *(self._lines_while_on() if self.mode.is_on else [])]
        if self.estimate is not None:
            end = f"; expected to end about {self.expected_end}" if self.expected_end else ""
            lines.append(f"  {'' if self.mode.is_on else 'if turned on: '}{self.estimate}{end}")
        if self.is_suspended:
            lines.append(
                f"  SUSPENDED until {self.state.suspended_until}, with interrupted backfills, because the site "
                f"refused: {self.state.reason}. `lgsco fill resume` ends the suspension"
            )
        return lines

    def _lines_while_on(self) -> list[str]:
        if not self.has_dates:
            return ["  finished: sync covers its dates"]
        if self.began_at is None:
            return [f"  not started: {self.limits}"]
        advanced = f"last progress at {self.state.progressed_at}" if self.state.progressed_at else "no progress yet"
        stuck = f": STUCK, no progress for {STUCK_DAYS} days" if self.is_stuck else ""
        return [f"  began at {self.began_at}, {advanced}{stuck}; {self.limits}"]

    def as_json(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {
            "on": self.mode.is_on,
            "why": self.mode.why,
            "left": [{"first": str(one.first), "last": str(one.last)} for one in self.filling],
            "began_at": self.began_at,
            "progressed_at": self.state.progressed_at,
            "stuck": self.is_stuck,
            "suspended_until": self.state.suspended_until if self.is_suspended else None,
            "requests_left": self.estimate.requests if self.estimate else None,
            "expected_end": str(self.expected_end) if self.expected_end else None,
        }


def report_fill(
    mode: Mode,
    state: FillState,
    asked: AskedFor,
    began_at: str | None,
    *,
    stored: int,
    site_total: int | None,
    schedule: Schedule,
    pace_seconds: float,
    now: datetime,
) -> FillReport:
    """Makes the report.

    `began_at`: when the unfinished fill began. `stored`, `site_total`: decisions in the archive and on the site.
    """
    has_dates = bool(asked.filling if began_at else gaps(EVERYTHING, asked.answered))
    estimate = None
    if has_dates and site_total is not None:
        estimate = estimate_fill(site_total, stored, schedule, pace_seconds)
    is_filling = bool(mode.is_on and asked.filling)
    ends_in = timedelta(days=ceil(estimate.seconds / 86_400)) if estimate and is_filling else None
    return FillReport(
        mode,
        state,
        asked.filling,
        began_at if asked.filling else None,
        has_dates,
        describe_limits(schedule),
        is_suspended=is_suspended(state, now) and bool(asked.filling or asked.interrupted),
        is_stuck=is_filling and is_stuck(began_at, state, now),
        estimate=estimate,
        expected_end=(now + ends_in).date() if ends_in is not None else None,
    )


def is_suspended(state: FillState, now: datetime) -> bool:
    """Whether the fill and interrupted backfills are suspended because the site refused a slice."""
    return state.suspended_until is not None and datetime.fromisoformat(state.suspended_until) > now


def is_stuck(began_at: str | None, state: FillState, now: datetime, since: datetime | None = None) -> bool:
    """Whether the fill made no progress for two days in which it was not suspended.

    `began_at`: when it began. `since`: days before this instant do not count.
    """
    known = (began_at, state.progressed_at, state.suspended_until)
    recorded = [datetime.fromisoformat(at) for at in known if at is not None]
    instants = [*recorded, *([since] if since is not None else [])]
    return bool(instants) and now - max(instants) > timedelta(days=STUCK_DAYS)
