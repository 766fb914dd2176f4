"""The first start: init, backfill, import and demo make a database; sync and the daemon never do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.clock import Clock
from storage.database import SCHEMA_VERSION
from storage.writer import writing
from support.command_line import Here, Shop, ask, open_shop, small_site
from support.paths import SEEDS


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def leave_missing(path: Path) -> None:
    """Leaves the file missing."""


def make_empty(path: Path) -> None:
    """Makes an empty file, as `touch` does."""
    path.touch()


def make_begun(path: Path) -> None:
    """Makes a file as an interrupted first migration leaves it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT)")


@pytest.mark.parametrize("make", [leave_missing, make_empty, make_begun])
@pytest.mark.parametrize("command", ["sync", "daemon", "renormalise"])
def test_sync_and_the_daemon_make_no_database_and_name_init(here: Here, command: str, make: object) -> None:
    assert callable(make)
    path = Path("mine.db").resolve()
    make(path)
    before = path.read_bytes() if path.exists() else None
    site = [] if command == "renormalise" else ["--site", "http://127.0.0.1:9"]
    sentence = here(command, "--db", "mine.db", *site, code=2).sentence
    assert f"no database at {path}; `lgsco init --db mine.db`, `lgsco backfill --db mine.db" in sentence
    assert "and `lgsco import --db mine.db` make one" in sentence
    assert (path.read_bytes() if path.exists() else None) == before
    assert before is not None or files(Path()) == set(), "not even a lock"
    here("init", "--db", "mine.db")
    assert ask(path, "PRAGMA user_version") == [SCHEMA_VERSION]


def test_init_makes_an_empty_database_and_says_which_dates_sync_covers(here: Here) -> None:
    ran = here("init", "--db", "new.db")
    first = Clock().today() - timedelta(days=120)
    assert f"decisions dated {first} and later: the last 120 days" in ran.out
    assert "`lgsco backfill --db new.db` fetches the earlier ones" in ran.out
    path = Path("new.db").resolve()
    assert ask(path, "SELECT count(*) FROM decisions") == [0]
    assert ask(path, "SELECT count(*) FROM runs") == [0]
    assert ask(path, "PRAGMA journal_mode") == ["wal"]


def test_init_says_that_the_fill_is_on_and_estimates_it(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    out = here("init", "--db", "new.db").out
    assert 'the fill is on: fill is "auto" in [schedule], and lgsco init made this archive' in out
    assert "`lgsco fill off --db new.db` turns it off" in out
    assert "from about 57,500 decisions that a public scraper counted in July 2026" in out
    assert "about 63,250 requests, 12.0 days or more (one request in 1 s, 5,000 a day), about 1.3 GB of disk" in out
    status = here("status", "--db", "new.db", code=1).out
    assert "fill: on:" in status
    assert "not started: " in status
    monkeypatch.setenv("LGSCO_SCHEDULE_FILL", "off")
    assert (
        'the fill is off: fill is "off" in [schedule]; fill = "on" turns it on' in here("init", "--db", "other.db").out
    )


@pytest.mark.parametrize(("command", "made_by"), [("import", "import"), ("demo", "demo")])
def test_an_archive_made_by_other_commands_is_not_filled(here: Here, command: str, made_by: str) -> None:
    here(*((command, SEEDS) if command == "import" else (command, "--count", "0")), "--db", "mine.db")
    assert ask(Path("mine.db").resolve(), "SELECT made_by FROM archive") == [made_by]
    out = here("status", "--db", "mine.db", code=1 if command == "import" else 0)
    assert f'fill: off: fill is "auto" in [schedule], and lgsco {made_by} made this archive' in out.out


def test_init_uses_the_days_of_the_configuration(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGSCO_SCHEDULE_SYNC_DAYS", "1000")
    assert "the last 1,000 days" in here("init").out
    assert Path("lgsco.db").exists(), "at the path of the configuration"


def test_init_replaces_no_database(here: Here) -> None:
    here("import", SEEDS, "--db", "mine.db", code=0)
    before = Path("mine.db").read_bytes()
    for _ in range(2):
        assert "mine.db is already a database" in here("init", "--db", "mine.db", code=2).sentence
    Path("link.db").symlink_to("mine.db")
    assert "link.db is already a database" in here("init", "--db", "link.db", code=2).sentence
    with writing(Path("mine.db")):
        assert "mine.db is already a database" in here("init", "--db", "mine.db", code=2).sentence, (
            "also while another process writes it"
        )
    assert Path("mine.db").read_bytes() == before


def test_init_leaves_other_files_alone(here: Here) -> None:
    Path("notes.txt").write_text("not a database, and longer than the head of one. " * 10)
    with closing(sqlite3.connect("other.db")) as db:
        db.execute("CREATE TABLE mine (x)")
    for name, said in (
        ("notes.txt", "not an SQLite database"),
        ("other.db", "not lgsco's"),
    ):
        ran = here("init", "--db", name, code=1)
        assert name in ran.sentence
        assert said in ran.sentence
    assert Path("notes.txt").read_text().startswith("not a database")
    assert "no folder" in here("init", "--db", "nowhere/new.db", code=1).sentence


def test_sync_fills_what_init_made(tmp_path: Path) -> None:
    with open_shop(tmp_path, small_site()) as shop:
        assert "no database at" in shop.run("sync", code=2).sentence
        shop.run("init")
        shop.run("sync")
        assert ask(shop.database, "SELECT task, state FROM runs") == [("sync", "complete")]


def test_a_sync_does_not_make_a_new_database_when_its_own_was_removed(filled: Shop) -> None:
    database = filled.folder / "moved away.db"
    assert "no database at" in filled.run("sync", "--db", database, code=2).sentence
    assert not database.exists()
