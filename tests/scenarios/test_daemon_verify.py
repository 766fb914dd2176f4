"""The daemon checks a twenty-eighth of the rows a day, and alerts if one is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from ingest.run import Backfill
from ingest.tasks.daily_check import DAYS, find_damage
from scheduler import _Daemon
from support.world import World


def damage(path: Path, *references: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for reference in references:
            db.execute("UPDATE decisions SET outcome = 'x' WHERE reference = ?", (reference,))


def test_every_row_is_checked_once_in_four_weeks(world: World) -> None:
    world.run(Backfill())
    references = world.ask("SELECT reference FROM decisions")
    damage(world.database, *references)
    first = date(2026, 11, 2)
    told = [find_damage(world.database, first + timedelta(days=day)) for day in range(DAYS)]
    for reference in references:
        assert sum(f"{reference}: a column" in (sentence or "") for sentence in told) == 1


def test_the_daemon_alerts_about_damage_once_a_day(world: World, tmp_path: Path) -> None:
    world.run(Backfill())
    told = tmp_path / "told"
    keeper = _Daemon(
        world.config(alerts__command=f"sh -c 'echo \"$0\" >> {told}'"), world.database, world.time.clock(), world.stop
    )
    keeper.check_daily()
    assert not told.exists()
    damage(world.database, *world.ask("SELECT reference FROM decisions"))
    keeper.check_daily()
    assert not told.exists(), "today's share was checked already"
    world.time.at += timedelta(days=1)
    keeper.check_daily()
    keeper.check_daily()
    (line,) = told.read_text().splitlines()
    assert "is damaged: " in line
    assert "lgsco verify --repair" in line
