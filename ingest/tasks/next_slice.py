"""Chooses the daemon's next slice: of interrupted backfills if there are any, else of the fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.clock import Clock
from ingest.config import Config
from ingest.crawling.windows import EVERYTHING, gaps
from ingest.fetching.throttle import find_earliest_start
from ingest.reports.fill import STUCK_DAYS, decide_mode, is_stuck
from ingest.tasks.fill import Fill
from ingest.tasks.intent import find_asked_for, find_fills
from ingest.tasks.resume import Resume
from ingest.tasks.slice_times import Slice, find_slice
from ingest.tasks.slices import TASKS
from storage import journal
from storage.database import reading
from storage.fill_state import find_fill_state
from storage.identity import find_made_by


@dataclass(frozen=True, slots=True)
class SliceChoice:
    """The daemon's next slice, or none."""

    task: Resume | Fill | None
    stuck: str | None = None
    """The instant since which the fill has not advanced, if that is too long ago."""


def find_next_slice(database: Path, config: Config, clock: Clock, started: datetime) -> SliceChoice:
    """Finds the slice that may run now.

    `started`: when the daemon started; the fill counts as stuck only after the daemon has run for that long. Raises
    StoreError.
    """
    now = clock.now()
    with reading(database) as db:
        state = find_fill_state(db)
        asked = find_asked_for(db)
        fills = find_fills(db)
        mode = decide_mode(config.schedule.fill, find_made_by(db), state)
        requests_today = journal.count_requests_of(db, TASKS, now.astimezone(UTC).date().isoformat())
        earliest = find_earliest_start(db, config.fetch, now, now)
    is_begun = bool(asked.filling) if fills else bool(gaps(EVERYTHING, asked.answered))
    is_fill = mode.is_on and is_begun and not asked.interrupted
    if not is_fill and not asked.interrupted:
        return SliceChoice(None)
    stuck = mode.is_on and bool(asked.filling) and is_stuck(fills[0].asked_at, state, now, since=started)
    found = find_slice(
        *(now, config.schedule, config.fetch.quiet_hours),
        requests_today=requests_today,
        suspended_until=datetime.fromisoformat(state.suspended_until) if state.suspended_until else None,
        earliest=earliest,
        is_fill=is_fill,
    )
    task = None
    if isinstance(found, Slice):
        task = Fill(found.seconds, found.requests) if is_fill else Resume(found.seconds, found.requests)
    return SliceChoice(task, (state.progressed_at or fills[0].asked_at) if stuck else None)


def describe_stuck(since: str) -> str:
    """Returns the text of the alert about a fill that does not advance."""
    return (
        f"the fill has not advanced since {since}, for more than {STUCK_DAYS} days; `lgsco status` shows its last "
        "runs, `lgsco fill off` turns it off"
    )
