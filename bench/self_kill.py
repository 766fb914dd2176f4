"""Runs the command `lgsco` so that it kills itself with SIGKILL at a chosen moment, for `bench.kills` and tests.

    python -m bench.self_kill statement 120 backfill     just before its 120th statement
    python -m bench.self_kill before 3 backfill          just before its 3rd commit; `after`: just after it
    python -m bench.self_kill new 1:known.txt sync       just before, or just after, the first commit that is not yet
                                                         in known.txt, which then gets it. `7:`: the seventh such
                                                         commit; the six before are added too

Without arguments it is a fork server: each line of its input is a JSON array of such arguments. It runs each line in a
forked process, with Python started and all modules imported, and writes the exit code.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import runpy
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

_LOADED = ("click", "ingest.clock", "ingest.progress", "ingest.run", "ingest.config", "storage.errors")
_WRITES = re.compile(r"(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA (?:journal_mode|wal_checkpoint))\b")
_HEAD = re.compile(r"(?:[A-Z]+ )+\w+")
_SUBJECT = re.compile(r"/.*|\d\d \d{3} \d{3}[a-z]?|\d{4}-\d\d-\d\d")
"""Addresses, references and days: the subject of a statement. Instants and run numbers do not match."""

Moment = Callable[[str, str], bool]
"""Decides whether to die. Called with "statement" and its SQL, or with "before" or "after" and a commit's content."""


class KillingConnection(sqlite3.Connection):
    """A connection that calls `moment` at each statement, and just before and after each commit."""

    moment: Moment
    written: set[str]
    """The subjects that the transaction has written."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return self._watched(sql, parameters, super().execute, [parameters])

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        rows = list(parameters)
        return self._watched(sql, rows, super().executemany, rows)

    def _watched(self, sql: str, given: Any, do: Callable[..., sqlite3.Cursor], rows: Sequence[Any]) -> sqlite3.Cursor:
        self._reach("statement", sql)
        if sql.startswith("BEGIN"):
            self.written = set()
        if sql != "COMMIT" and (self.in_transaction or not _WRITES.match(sql)):
            if self.in_transaction:
                self.written |= _about(sql, rows)
            return do(sql, given)
        written = "; ".join(sorted(self.written if sql == "COMMIT" else _about(sql, rows)))
        self._reach("before", written)
        cursor = do(sql, given)
        self._reach("after", written)
        return cursor

    def _reach(self, what: str, of: str) -> None:
        if KillingConnection.moment(what, of):
            os.kill(os.getpid(), signal.SIGKILL)


def _about(sql: str, rows: Sequence[Any]) -> set[str]:
    """Describes the write of a statement by its first words and the subjects among its values, equal in every run."""
    if not _WRITES.match(sql):
        return set()
    head = _HEAD.match(sql)
    values = (value for row in rows for value in (row.values() if isinstance(row, dict) else row))
    subjects = {value for value in values if isinstance(value, str) and _SUBJECT.fullmatch(value)}
    return {head[0] if head else sql, *subjects}


def at(what: str, number: int) -> Moment:
    """Returns the moment of statement number `number`, or before or after commit number `number`."""
    left = number

    def moment(is_: str, _of: str) -> bool:
        nonlocal left
        left -= is_ == what
        return is_ == what and left == 0

    return moment


def new(which: str) -> Moment:
    """Returns the moment at the nth commit that is not in a file, given as `7:known.txt`, and adds it there."""
    number, _, name = which.partition(":")
    left, file = int(number), Path(name)
    known = set(file.read_text("utf-8").splitlines()) if file.exists() else set()

    def moment(is_: str, of: str) -> bool:
        nonlocal left
        commit = f"{is_} {of}"
        if is_ == "statement" or commit in known:
            return False
        with file.open("a", encoding="utf-8") as named:
            named.write(f"{commit}\n")
        known.add(commit)
        left -= 1
        return left == 0

    return moment


def run(what: str, which: str, *arguments: str) -> NoReturn:
    """Runs the command. It dies at the moment; if that does not come, it ends normally."""
    KillingConnection.moment = staticmethod(new(which) if what == "new" else at(what, int(which)))
    KillingConnection.written = set()
    sqlite3.connect = functools.partial(sqlite3.connect, factory=KillingConnection)  # type: ignore[assignment]
    sys.argv = ["lgsco", *arguments]
    runpy.run_module("lgsco", run_name="__main__")
    sys.exit(0)


def fork_server() -> None:
    """Runs each line of input as the arguments of a forked process, and writes its exit code.

    The code is negative for the signal that killed the process.
    """
    for name in _LOADED:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            code = 1
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            try:
                run(*json.loads(line))
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        run(*sys.argv[1:])
    fork_server()
