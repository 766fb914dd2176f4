"""Runs that are killed while they write, in processes forked from one that has imported the program already."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60
"""Seconds until a process that should have been killed is called hung."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["storage.writer", "support.kills"])


def kill_in_process(work: Callable[..., object], *arguments: object) -> None:
    """Calls a function of this module in a process of its own, and checks that it was killed there."""
    process = _PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"the process was to be killed, and ended with {process.exitcode}"


def write_and_die(database: Path, rows: int, checkpoint: int) -> None:
    """Writes some rows of 3 kB, and is killed before the log is merged."""
    from storage.writer import writing

    with writing(database) as db:
        db.execute(f"PRAGMA wal_autocheckpoint = {checkpoint}")
        for number in range(rows):
            db.execute(
                "INSERT INTO dictionaries (trained_at, pages, data) VALUES (?, 1, ?)",
                (f"killed {number}", os.urandom(3000)),
            )
        os.kill(os.getpid(), signal.SIGKILL)


def migrate_and_die(database: Path, statement: str) -> None:
    """Migrates a file, and is killed when a statement with this beginning runs."""
    import storage.writer

    connect = storage.writer.connect  # type: ignore[attr-defined]

    def watched(*arguments: object) -> object:
        db = connect(*arguments)  # type: ignore[arg-type]

        def kill(sql: str) -> None:
            if sql.startswith(statement):
                os.kill(os.getpid(), signal.SIGKILL)

        db.set_trace_callback(kill)
        return db

    storage.writer.connect = watched  # type: ignore[assignment,attr-defined]
    with storage.writer.writing(database):
        pass
