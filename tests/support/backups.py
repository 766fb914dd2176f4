"""A small archive with a word in each row, what a killed run leaves beside it, and ways to back it up."""

from __future__ import annotations

import shutil
from pathlib import Path

from storage.database import reading
from storage.snapshot import snapshot
from storage.writer import writing
from support.kills import kill_in_process, write_and_die


def write(database: Path, *words: str) -> None:
    with writing(database) as db:
        for word in words:
            db.execute("INSERT INTO dictionaries (trained_at, pages, data) VALUES (?, 1, randomblob(3000))", (word,))


def words(database: Path) -> list[str]:
    with reading(database) as db:
        return [word for (word,) in db.execute("SELECT trained_at FROM dictionaries ORDER BY id")]


def kill_while_writing(database: Path, rows: int = 20, checkpoint: int = 1_000) -> None:
    """Leaves a log beside the file, as a killed run does."""
    kill_in_process(write_and_die, database, rows, checkpoint)
    assert database.with_name(f"{database.name}-wal").stat().st_size > 32


def take_snapshot(database: Path, to: Path) -> None:
    with reading(database) as db:
        snapshot(db, to, public=False)


def copy_file(database: Path, to: Path) -> None:
    shutil.copy(database, to)


MAKE = {"snapshot": take_snapshot, "copy": copy_file}
"""Ways to make a backup, by name."""
