"""No requests are made in quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.run import Backfill
from support.journal import is_quiet
from support.politeness import asked_at
from support.world import World


@pytest.mark.parametrize(
    ("began", "hours", "first", "last"),
    [
        (datetime(2026, 11, 2, 12, tzinfo=UTC), "08:00-18:00", 8, 18),
        (datetime(2026, 11, 2, 7, 50, tzinfo=UTC), "08:00-18:00", 8, 18),
        (datetime(2026, 11, 2, 21, 45, tzinfo=UTC), "22:00-06:00", 22, 6),
        (datetime(2026, 11, 2, 3, 0, tzinfo=UTC), "22:00-06:00", 22, 6),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "00:00-04:00", 0, 4),  # clocks go back that night
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), "00:00-04:00", 0, 4),  # and forward in that one
    ],
)
def test_no_request_is_made_in_quiet_hours(world: World, began: datetime, hours: str, first: int, last: int) -> None:
    world.time.at = began
    assert world.run(Backfill(), fetch__pace=120, fetch__quiet_hours=hours).state == "complete"
    instants = asked_at(world)
    assert len(instants) > 20
    assert not [instant for instant in instants if is_quiet(instant, first, last)]
    assert instants[-1] - instants[0] < 18 * 3_600, "and no longer than they last"
