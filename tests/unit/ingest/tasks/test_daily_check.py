"""The daemon checks a twenty-eighth of the rows a day, and alerts if one is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from ingest.tasks.daily_check import DAYS, find_damage
from scheduler import _Daemon
from support.world import World


def damage(path: Path, *references: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for reference in references:
            db.execute("UPDATE decisions SET outcome = 'x' WHERE reference = ?", (reference,))


def test_every_row_is_checked_once_in_four_weeks(filled_world: World) -> None:
    references = filled_world.ask("SELECT reference FROM decisions")
    damage(filled_world.database, *references)
    first = date(2026, 11, 2)
    sentences = [find_damage(filled_world.database, first + timedelta(days=day)) for day in range(DAYS)]
    for reference in references:
        assert sum(f"{reference}: a column" in (sentence or "") for sentence in sentences) == 1


def test_the_daemon_alerts_about_damage_once_a_day(filled_world: World, tmp_path: Path) -> None:
    alerts_file = tmp_path / "alerts"
    config = filled_world.config(alerts__command=f"sh -c 'echo \"$0\" >> {alerts_file}'")
    keeper = _Daemon(config, filled_world.database, filled_world.time.clock(), filled_world.stop)
    keeper.check_daily()
    assert not alerts_file.exists()
    damage(filled_world.database, *filled_world.ask("SELECT reference FROM decisions"))
    keeper.check_daily()
    assert not alerts_file.exists(), "today's share was checked already"
    filled_world.time.at += timedelta(days=1)
    keeper.check_daily()
    keeper.check_daily()
    (line,) = alerts_file.read_text().splitlines()
    assert "is damaged: " in line
    assert "lgsco verify --repair" in line
