"""Tests when the log is merged, and when a reader that keeps it large is reported."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage import checkpoint
from storage.checkpoint import LogMerger, LogState, choose_log_bytes, find_log_bytes, find_log_state, find_readers

WARN = 40_000


@contextmanager
def open_query(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database)) as db:
        cursor = db.execute("SELECT rowid FROM filler")
        assert cursor.fetchone() is not None
        yield


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that never merges the log by itself."""
    with closing(sqlite3.connect(tmp_path / "lgsco.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("CREATE TABLE filler (content BLOB)")
        db.execute("INSERT INTO filler VALUES ('one'), ('two')")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield db


def write(db: sqlite3.Connection, commits: int = 6) -> None:
    for _ in range(commits):
        db.execute("INSERT INTO filler VALUES (zeroblob(9000))")


@pytest.mark.parametrize(("warn", "size"), [(1_000_000, 250_000), (10**12, 16 * 1024 * 1024)])
def test_the_log_is_merged_far_below_the_size_of_a_warning(warn: int, size: int) -> None:
    assert choose_log_bytes(warn) == size


def test_a_database_without_a_log_has_one_of_no_bytes(tmp_path: Path) -> None:
    assert find_log_bytes(tmp_path / "none.db") == 0


def test_a_large_log_is_pinned_only_while_a_reader_needs_it(writer: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "lgsco.db"
    with open_query(path):
        write(writer)
        state = find_log_state(writer, path, WARN)
        assert state.is_pinned
        assert state.bytes > WARN
    assert not find_log_state(writer, path, WARN).is_pinned, "without the reader all of it can be merged"
    assert not find_log_state(writer, path, 10**9).is_pinned, "a small log is not looked at"


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists locks")
def test_the_process_with_an_open_query_is_found(writer: sqlite3.Connection, tmp_path: Path) -> None:
    assert find_readers(tmp_path / "lgsco.db") == ()
    with open_query(tmp_path / "lgsco.db"):
        assert find_readers(tmp_path / "lgsco.db") == (os.getpid(),)
    assert find_readers(tmp_path / "none.db") == ()


def test_a_message_says_which_file_how_large_and_what_to_do() -> None:
    message = LogState(Path("/a/lgsco.db-wal"), 300_000_000, 256_000_000, is_pinned=True, readers=(7, 9)).describe()
    assert message.startswith("/a/lgsco.db-wal has 300 MB, more than [storage] wal_warn_mb = 256: ")
    assert "it is open in process 7, 9. Close that program" in message
    larger = LogState(Path("x-wal"), 256_000_001, 256_000_000, is_pinned=True).describe()
    assert larger.startswith("x-wal has 257 MB, more than [storage] wal_warn_mb = 256: "), "not 256 MB, more than 256"


def test_the_writer_cuts_a_log_that_grew_and_warns_once_while_a_reader_stays(
    writer: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lgsco.db"
    monkeypatch.setattr(checkpoint, "find_readers", lambda _database: ())
    writer.execute("PRAGMA busy_timeout = 0")
    messages: list[str] = []
    merger = LogMerger(writer, path, WARN, messages.append)
    with open_query(path):
        for _ in range(3):
            write(writer)
            merger.after_commit()
    assert len(messages) == 1, "one warning, however often the log is looked at"
    assert find_log_bytes(path) > WARN
    while find_log_bytes(path) > choose_log_bytes(WARN):
        write(writer)
        merger.after_commit()
    merger.after_commit()
    with open_query(path):
        write(writer)
        merger.after_commit()
    assert len(messages) == 2, "a log that became small again is reported again"
