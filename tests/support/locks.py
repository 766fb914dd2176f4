"""Commands and programs that wait for locks or hold them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PATIENT = """
import sqlite3
import storage.database
storage.database.BUSY_SECONDS = 3600.0
connect = sqlite3.connect

def announced(*arguments, **named):
    print("connects", flush=True)
    return connect(*arguments, **named)

sqlite3.connect = announced
"""
"""Makes a process wait for locks for an hour, and print a line when it opens the file."""


IN_ITS_OWN_WAY = "import runpy, sys\nsys.argv[0] = 'lgsco'\nrunpy.run_module('lgsco', run_name='__main__')\n"


@contextmanager
def long_read(database: Path) -> Iterator[sqlite3.Connection]:
    """Keeps a read transaction open."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM decisions").fetchone()
        yield db


@contextmanager
def long_write(database: Path) -> Iterator[sqlite3.Connection]:
    """Keeps a write transaction open, as a foreign program that ignores the lock file."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db
