"""Replaces parts of the program while its commands run on the simulated site.

These are the methods of the HTTP client, the clock and the stop event, the daemon's scheduler, the process's number,
and SQLite's connections, which count statements.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from typing import Any

from bench.truth.program import CLIENT, find, now, running

_NO_PROCESS = 5_000_000
"""Above the largest process number of the operating system."""


_HEARTBEAT_SECONDS = 60
_SLICES = 60
"""The daemon's slices of backfills after which its next job runs in any case."""


class Counted(sqlite3.Connection):
    """Reports each statement and commit to the program."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return self._counted(sql, lambda: super(Counted, self).execute(sql, parameters))

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        return self._counted(sql, lambda: super(Counted, self).executemany(sql, parameters))

    def close(self) -> None:
        program = running()
        if program is not None:
            with contextlib.suppress(sqlite3.Error):  # without its tables nothing is stored
                if self.in_transaction:
                    super().execute("ROLLBACK")
                rows = super().execute("SELECT reference, status FROM decisions WHERE source = 'site'").fetchall()
                program.stored = frozenset(reference for reference, _ in rows)
                program.gone = {reference: status for reference, status in rows if status != "published"}
        super().close()

    def _counted(self, sql: str, do: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        program = running()
        if program is None:
            return do()
        program.tick()
        program.statements += 1
        if program.fate.way:
            program.meet("statement", program.statements)
        if sql != "COMMIT":
            return do()
        program.commits += 1
        program.meet("before commit", program.commits)
        cursor = do()
        program.meet("after commit", program.commits)
        return cursor


class Timetable:
    """The daemon's timetable and heartbeats. No thread writes them here."""

    def __init__(self, daemon: Any, plan: Any) -> None:
        self._daemon = daemon
        self._plan = plan
        self._beat_at = 0
        """Seconds since 1970."""
        self._waited_at = 0
        """The number of requests when it last waited."""

    def beat_if_due(self) -> None:
        """Writes a heartbeat once a minute."""
        at = now().time.at
        if at - self._beat_at >= _HEARTBEAT_SECONDS:
            self._beat_at = at
            self._daemon.write_heartbeat(self._plan.next_run)

    def is_busy(self) -> bool:
        """Whether the daemon has made requests since it last waited. It may then continue soon."""
        busy, self._waited_at = now().requests != self._waited_at, now().requests
        return busy

    def run_next(self) -> None:
        """Advances the time to the next sync."""
        due = self._plan.next_run
        time = now().time
        time.at = max(time.at + 1, int(due.timestamp()) + 1) if due is not None else time.at + 3_600


@contextlib.contextmanager
def _write_heartbeats(daemon: Any, plan: Any) -> Iterator[None]:
    """Replaces the daemon's heartbeat thread."""
    _timetables[:] = [Timetable(daemon, plan)]
    _timetables[0].beat_if_due()
    try:
        yield
    finally:
        daemon.write_last_heartbeat()


_timetables: list[Timetable] = []


def _wait(stop: Any, seconds: float | None = None) -> bool:
    """Replaces `Stop.wait`: advance the time instead of waiting.

    A busy daemon waits a minute, otherwise until its next job. Ends the daemon after its rounds.
    """
    program = now()
    program.tick()
    if stop.is_set():
        return True
    if program.command != "daemon":
        program.time.at += max(1, round(seconds or 1))
    elif _timetables[0].is_busy() and program.slices < _SLICES:
        program.slices += 1
        program.time.at += _HEARTBEAT_SECONDS + 1
        _timetables[0].beat_if_due()
    elif program.rounds <= 0:
        stop.exit_code = 143
        stop.set()
    else:
        program.rounds -= 1
        _timetables[0].run_next()
    return bool(stop.is_set())


@contextlib.contextmanager
def _on_signals(stop: Any) -> Iterator[None]:
    """Replaces `Stop.on_signals`: signals are simulated, and real ones go to the bench."""
    now().stop = stop
    try:
        yield
    finally:
        now().stop = None


class _Client:
    """The methods of the simulated client, put into the class of the real one."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fetch(self, target: str, known: object = None) -> Any:
        if now().command == "daemon":
            _timetables[0].beat_if_due()
        return now().fetch(target, known)


@contextlib.contextmanager
def replaced() -> Iterator[None]:
    """Runs commands on the simulated site and clock while the context lasts. Enter it once around all `Program.run`."""
    changes = _find_changes()
    before = [(owner, name, owner.__dict__.get(name)) for owner, name, _ in changes]
    root, ours = logging.getLogger(), logging.getLogger("lgsco")
    kept = root.handlers[:], root.level, ours.level, ours.handlers[:]
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            if value is None:  # it was inherited
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        root.handlers[:], root.level, ours.level, ours.handlers[:] = kept[0], kept[1], kept[2], kept[3]


def _find_changes() -> list[tuple[Any, str, Any]]:
    """Returns the replacements: the module or class, the name in it, and the new object."""
    client, clock_module = find(CLIENT), import_module("ingest.clock")
    clock, stop = clock_module.Clock, clock_module.Stop
    make_clock = clock.__init__

    def simulated_clock(self: Any, *_: object, **__: object) -> None:
        program = now()

        def read_clock() -> datetime:
            program.tick()
            return program.time.now()

        make_clock(
            self, read_clock, lambda: float(program.time.at), program.time.sleep, random.Random(program.processes)
        )

    return [
        *((client, name, getattr(_Client, name)) for name in ("__init__", "__enter__", "__exit__", "fetch")),
        (clock, "__init__", simulated_clock),
        (stop, "wait", _wait),
        (stop, "on_signals", _on_signals),
        (import_module("scheduler"), "_write_heartbeats", _write_heartbeats),
        (sqlite3, "connect", functools.partial(sqlite3.connect, factory=Counted)),
        (os, "getpid", _number_of_process),
    ]


def _number_of_process() -> int:
    """Returns a new process number for each command, as if the process before had ended."""
    program = running()
    return _NO_PROCESS + (program.processes if program is not None else 0)
