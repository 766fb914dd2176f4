"""Tests the lock files beside the database."""

from __future__ import annotations

from pathlib import Path

from storage.lock import DAEMON, is_locked, locked


def test_a_lock_is_reported_only_while_it_is_held(tmp_path: Path) -> None:
    database = tmp_path / "lgsco.db"
    with locked(database, DAEMON):
        assert is_locked(database, DAEMON)
        assert not is_locked(database), "another purpose has another lock"
    assert not is_locked(database, DAEMON), "its file still exists"


def test_looking_for_a_lock_that_nobody_ever_held_makes_no_file(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lgsco.db", DAEMON)
    assert list(tmp_path.iterdir()) == []


def test_looking_for_a_lock_leaves_it_free(tmp_path: Path) -> None:
    database = tmp_path / "lgsco.db"
    with locked(database, DAEMON):
        pass
    assert not is_locked(database, DAEMON)
    with locked(database, DAEMON):
        pass
