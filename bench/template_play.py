"""Runs syncs in this process on the simulated site of `bench.template_site`, and kills one at any moment."""

from __future__ import annotations

import contextlib
import functools
import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

from bench.template_site import TemplateSite
from ingest.clock import Clock, Stop
from ingest.config import Config, load
from ingest.recording.tally import Report
from ingest.run import Backfill, Outcome, Task, perform
from storage.database import reading
from storage.model import Validators

_NEVER = "100000"
DIALS: dict[str, str] = {
    "fetch.pace": "0",
    "site.base_url": "http://127.0.0.1:9",
    "cadence.filters": _NEVER,
    "cadence.reread_days": "1",
    **{f"cadence.{act}_{age}": _NEVER for act in ("count", "walk") for age in ("recent", "middle", "old")},
}


class Killed(BaseException):
    """Kills the simulated process at once."""


@dataclass
class Play:
    """An archive of the site, with methods to run tasks on it."""

    site: TemplateSite
    database: Path
    dials: dict[str, str] = field(default_factory=dict)
    report: Report = lambda _tally: None
    kill_at: int = 0
    """The moment at which a run is killed; requests and both sides of each commit count from 1. 0 means never."""
    moments: int = 0
    """Moments of the last run."""
    dead: bool = False
    runs: int = 0

    def run(self, task: Task, *, kill_at: int = 0) -> Outcome | None:
        """Performs a task; None if it was killed."""
        self.kill_at, self.moments, self.dead = kill_at, 0, False
        self.runs += 1
        with _replaced(self):
            try:
                return perform(task, self._config(), self.database, self._clock(), Stop(), self.report)
            except Killed:
                return None

    def fill(self) -> None:
        """Runs a complete backfill on the day before, so that every page is due to be fetched again."""
        outcome = self.run(Backfill())
        assert outcome is not None
        assert outcome.exit_code == 0, outcome.message
        self.site.next_day(2)

    def moment(self) -> None:
        """Counts a moment, and ends the run if it is the chosen one."""
        if self.dead:
            raise Killed
        self.moments += 1
        if self.moments == self.kill_at:
            self.dead = True
            raise Killed

    def ask(self, sql: str, *values: object) -> list[Any]:
        """The rows of a query."""
        with reading(self.database) as db:
            return db.execute(sql, values).fetchall()

    def texts(self) -> dict[str, str]:
        """The stored texts by reference."""
        return dict(self.ask("SELECT reference, text FROM decisions"))

    def amended(self) -> set[str]:
        """The decisions with an amendment among their revisions."""
        return {reference for (reference,) in self.ask("SELECT reference FROM revisions WHERE change = 'amended'")}

    def held(self) -> dict[str, tuple[bool, bool]]:
        """Returns the texts held back, by reference, with whether they are new and whether amended."""
        rows = self.ask("SELECT reference, is_new, is_amended FROM held_texts")
        return {reference: (bool(new), bool(amended)) for reference, new, amended in rows}

    def state(self) -> str:
        """Returns everything that a user can see of decisions and held texts, without instants and page numbers."""
        return json.dumps(
            [
                self.ask("SELECT reference, text FROM decisions ORDER BY 1"),
                self.ask("SELECT reference, revision, change, text FROM revisions ORDER BY 1, 2"),
                sorted(self.held().items()),
                self.ask("SELECT state, kind FROM template_changes WHERE state NOT IN ('ended', 'released')"),
                self.ask(
                    "SELECT DISTINCT e.kind, e.words FROM template_edits AS e JOIN template_changes AS c "
                    "ON c.id = e.change WHERE c.state = 'template' ORDER BY 1, 2"
                ),
                self.ask("SELECT reference, state FROM queue ORDER BY 1"),
            ]
        )

    def _config(self) -> Config:
        dials = {**DIALS, **self.dials}
        return load(None, {}, {f"--{key}": (key, value) for key, value in dials.items()})

    def _clock(self) -> Clock:
        def now() -> Any:
            if self.dead:
                raise Killed
            return self.site.at

        def sleep(_seconds: float, _stop: Event) -> None:
            self.site.tick()

        return Clock(now, lambda: now().timestamp(), sleep, random.Random(7))


class _Counted(sqlite3.Connection):
    """Calls `moment` at each commit."""

    play: Play

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.play.dead:
            raise Killed
        if sql != "COMMIT":
            return super().execute(sql, parameters)
        self.play.moment()
        cursor = super().execute(sql, parameters)
        self.play.moment()
        return cursor


class _Client:
    """Replaces the HTTP client."""

    play: Play

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fetch(self, target: str, _known: Validators | None = None) -> Any:
        self.play.moment()
        return self.play.site.answer(target)


@contextlib.contextmanager
def _replaced(play: Play) -> Iterator[None]:
    """Makes crawls use the simulated site, and connections count their commits, while the context lasts."""
    counted = type("Counted", (_Counted,), {"play": play})
    client = type("Client", (_Client,), {"play": play})
    connect = functools.partial(sqlite3.connect, factory=counted)
    with patch("ingest.tasks.crawl.Client", client), patch("sqlite3.connect", connect):
        yield
