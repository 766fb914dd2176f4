"""Checks that a stopped run continues and completes, and limits how far connections may grow a file."""

from __future__ import annotations

import sqlite3
from typing import Any

from bench.stored_rows import find_faults
from ingest.run import Backfill
from support.command_line import Shop
from support.world import World


def goes_on(shop: Shop, stops: int) -> None:
    """Checks that the next run completes, and that at most one page for each stop was fetched again."""
    shop.server.faults = None
    shop.run("backfill")
    assert shop.held() == shop.truth()
    assert find_faults(shop.database) == []
    assert not list(shop.folder.glob("kept.db-wal")), "the log is folded into the file"
    pages = shop.pages()
    assert len(pages) <= len(set(pages)) + stops


def completes(world: World, stops: int) -> None:
    """Does the same as `goes_on`, in this process."""
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    held = world.ask("SELECT count(*) FROM decisions")
    assert held == [len(world.site)]
    assert find_faults(world.database) == []
    pages = [target for target in world.targets() if target.startswith("/decisions/")]
    assert len(pages) <= len(set(pages)) + stops


def continues_imports(shop: Shop) -> None:
    shop.run("backfill")
    assert shop.held().items() >= shop.truth().items()


class Watched(sqlite3.Connection):
    """A connection that may grow the file only to a number of pages, and records how it waited for locks."""

    most: int | None = None
    waits: list[tuple[str, int]] = []  # noqa: RUF012  # a new one for each test
    """The statements that take the write lock, and the milliseconds that they may wait for it."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith(("BEGIN IMMEDIATE", "PRAGMA wal_checkpoint")):
            self.waits.append((sql, super().execute("PRAGMA busy_timeout").fetchone()[0]))
        if self.most is not None and sql.startswith(("BEGIN", "PRAGMA journal_mode")):
            super().execute(f"PRAGMA max_page_count = {self.most}")
        return super().execute(sql, parameters)
