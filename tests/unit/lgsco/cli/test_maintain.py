"""Tests the output and exit codes of the commands that check, control and copy the archive."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.runs import begin_run
from storage.writer import writing
from support.command_line import Here
from support.older_files import create_tables
from support.rows import AT, KEY, list_decision, store_decision


@pytest.fixture(autouse=True)
def archive(tmp_path: Path) -> Path:
    """An archive with one decision that is stored and listed, on a day that is not proven."""
    path = tmp_path / "lgsco.db"
    with writing(path, made_by="init") as db:
        begin_run(db, "sync", {}, AT)
        store_decision(db)
        list_decision(db)
    return path


def test_status_counts_and_exits_1_while_no_run_succeeded(here: Here) -> None:
    ran = here("status", code=1)
    assert "1 decision," in ran.out
    assert json.loads(here("status", "--json", code=1).out)["held"]["decisions"] == 1


def test_coverage_of_unproven_dates_exits_10_and_draws_a_calendar(here: Here, tmp_path: Path) -> None:
    ran = here("coverage", "--from", "2025-04-01", "--to", "2025-04-30", "--svg", "calendar.svg", code=10)
    assert "calendar.svg: the calendar" in ran.out
    assert (tmp_path / "calendar.svg").read_text().startswith("<svg")
    assert json.loads(here("coverage", "--all", "--json", code=10).out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["coverage", "--all", "--from", "2025-01-01"], "leave out --from and --to"),
        (["coverage", "--from", "2025-02-01", "--to", "2025-01-01"], "--from 2025-02-01 is after --to 2025-01-01"),
        (["snapshot", "copy.db", "--with-withdrawn"], "--with-withdrawn goes with --public"),
        (["fill", "on"], "'on' is not one of"),
    ],
)
def test_wrong_usage_says_what_is_wrong(here: Here, arguments: list[str], words: str) -> None:
    assert words in here(*arguments, code=2).err


def test_politeness_of_an_archive_without_requests_breaks_no_promise(here: Here) -> None:
    assert here("politeness").out
    assert json.loads(here("politeness", "--json").out)


def test_the_fill_is_turned_off_and_resumed(here: Here) -> None:
    assert "off" in here("fill", "off").out
    assert here("fill", "resume").out != here("fill", "off").out


def test_restoring_a_snapshot_undoes_later_changes(here: Here, archive: Path) -> None:
    assert re.match(r"backup\.db: [1-9]\d\d kB; ", here("snapshot", "backup.db").out)
    with writing(archive) as db:
        db.execute("DELETE FROM decisions_fts WHERE 0")
        db.execute("UPDATE runs SET message = 'later'")
    out = here("restore", "backup.db").out
    assert f"{archive}: restored from backup.db, 1 decision\n" in out.replace(
        "lgsco.db: restored", f"{archive}: restored"
    )
    assert "the previous file; remove it" in out
    with closing(sqlite3.connect(archive)) as db:
        assert db.execute("SELECT message FROM runs").fetchone() == (None,)


def test_an_older_file_is_migrated_by_the_command_that_search_and_restore_name(here: Here, archive: Path) -> None:
    with closing(sqlite3.connect(archive.with_name("older.db"))) as db:
        create_tables(db, before="m022_parsed_pages")
    named = re.compile("`lgsco (renormalise --dry-run --db [^`]+)` also does, without requests")
    (offered,) = named.findall(here("search", "delay", "--db", "older.db", code=2).err)
    restored = here("restore", "older.db", "--db", "new.db").out
    assert [shlex.split(one)[-1] for one in (offered, *named.findall(restored))] == ["older.db", "new.db"]
    here(*shlex.split(offered))
    assert here("search", "delay", "--db", "older.db").err.startswith("the archive has no decisions to search yet")


def test_a_snapshot_of_a_damaged_archive_names_it_and_exits_10(here: Here, archive: Path) -> None:
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("UPDATE decisions SET outcome = 'x'")
    ran = here("snapshot", "backup.db", code=10)
    assert f"lgsco: damaged: {KEY}" in ran.err
    assert "the copy has the same damage" in ran.err
    assert "the copy leaves damaged decisions out" in here("snapshot", "public.db", "--public", code=10).err
