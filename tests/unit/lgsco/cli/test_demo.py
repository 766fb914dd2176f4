"""The demo in this process: its file, its count, and what it says to try next."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from support.command_line import Here


def test_a_demo_makes_its_own_file_and_says_what_to_try(here: Here, tmp_path: Path) -> None:
    out = here("demo", "--count", "2").out
    assert "Now try:" in out
    with closing(sqlite3.connect(tmp_path / "demo.db")) as db:
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (7,)
    assert not (tmp_path / "lgsco.db").exists()


def test_the_file_can_be_named_and_the_count_has_a_limit(here: Here, tmp_path: Path) -> None:
    here("demo", "--count", "0", "--db", "mine.db")
    assert (tmp_path / "mine.db").exists()
    assert "20001" in here("demo", "--count", "20001", code=2).err
