"""Tests the output of `lgsco verify` about a sound and about a damaged file."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.runs import begin_run
from storage.writer import writing
from support.command_line import Here
from support.rows import KEY, store_decision


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "lgsco.db"
    with writing(path) as db:
        begin_run(db, "sync", {}, "2026-11-02T12:00:00Z")
        store_decision(db)
    return path


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE decisions SET outcome = 'Not upheld'")


def test_a_sound_file_is_counted(here: Here, archive: Path) -> None:
    assert f"{archive}: 1 decision, 1 revision, " in here("verify", archive).out.replace("0 raw pages", "0 raw pages")
    assert "no damage found" in here("verify", archive).out


def test_damage_is_named_with_what_to_do_and_exit_code_10(here: Here, archive: Path) -> None:
    damage(archive)
    out = here("verify", archive, code=10).out
    assert f"{KEY}: " in out
    assert f"`lgsco verify --repair --db {archive}` restores what can be rebuilt" in out, "of the file that was checked"


def test_json_names_each_damage_with_its_decision(here: Here, archive: Path) -> None:
    damage(archive)
    found = json.loads(here("verify", archive, "--json", code=10).out)
    assert [one["reference"] for one in found["damages"]] == [KEY]
    assert found["checked"]["decisions"] == 1
    assert found["not_checked"] == []


def test_json_of_a_repair_is_refused(here: Here, archive: Path) -> None:
    assert "leave out --repair" in here("verify", archive, "--json", "--repair", code=2).err
