"""The migration that adds digests gives none to rows that differ from their text's SHA-256 or their stored page."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.run import Backfill, Import, Renormalise, Sync
from storage.digests import find_flaw
from storage.migrations import m008_reasons_and_failures, m009_intents, m012_digests, m018_counters
from storage.writer import writing
from support.paths import SEEDS
from support.world import World

REFERENCE = "25 004 920"
NAME = m012_digests.__name__.rpartition(".")[2]


def make_older(path: Path) -> None:
    """Turns the file into one of the version before the digests."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for table in ("layouts", "revisions", "pages", "dictionaries"):
            db.execute(f"ALTER TABLE {table} DROP COLUMN sha256")
        undo_counters(db)
        undo_template_changes(db)
        later = (
            "oddities",
            "notes",
            "related",
            "unreadable",
            "outside_blocks",
            "archive",
            "fill_state",
            "listing_findings",
        )
        for table in ("unchecked", *later):
            db.execute(f"DROP TABLE {table}")
        assert db.execute("DELETE FROM _sqlite_migrations WHERE name >= ?", (NAME,)).rowcount >= 1
        db.execute(f"PRAGMA user_version = {m012_digests.VERSION - 1}")


def undo_counters(db: sqlite3.Connection) -> None:
    """Removes what the migration of the counters added."""
    made = re.findall(r"CREATE (TRIGGER|INDEX|TABLE) (\w+)", m018_counters.SCRIPT)
    for kind in ("TRIGGER", "INDEX"):
        for name in [name for its, name in made if its == kind]:
            db.execute(f"DROP {kind} {name}")
    db.execute("ALTER TABLE entries DROP COLUMN page_seen_at")
    for name in [name for its, name in made if its == "TABLE"]:
        db.execute(f"DROP TABLE {name}")
    for view, script in (("failures", m008_reasons_and_failures.SCRIPT), ("coverage", m009_intents.SCRIPT)):
        db.execute(f"DROP VIEW {view}")
        definition = script[script.index(f"CREATE VIEW {view}") :]
        db.execute(definition[: definition.index(";")])


def undo_template_changes(db: sqlite3.Connection) -> None:
    """Reverts what a later migration changed in older tables and views."""
    db.execute("DROP VIEW missing")
    views = m008_reasons_and_failures.SCRIPT
    db.execute(views[views.index("CREATE VIEW missing") : views.index("CREATE VIEW failures")])
    tables = ("template_edits", "template_sightings", "template_answers", "held_texts", "template_changes", "rereads")
    for table in (*tables, "renormalising", "text_sketches", "unrelated"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET sql = replace(sql, ' ''held'',', '') WHERE name = 'pages'")
    db.execute("PRAGMA writable_schema = RESET")


def damage(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(sql).rowcount == 1
        db.commit()


def flaws(path: Path) -> set[str]:
    with writing(path) as db:
        return {key for (key,) in db.execute("SELECT reference FROM decisions") if find_flaw(db, key)}


@pytest.fixture
def older(world: World) -> World:
    """An archive of the version before, with one import."""
    world.run(Backfill())
    copy = world.database.parent / "import.txt"
    text = (SEEDS / "000_d996cb4fed483c77.txt").read_text(encoding="utf-8")
    copy.write_text(text.replace(text[text.index("(") : text.index(")") + 1], "(19 999 999)", 1), encoding="utf-8")
    world.run(Import((copy,)))
    make_older(world.database)
    return world


def test_a_sound_file_gets_a_digest_for_each_row(older: World) -> None:
    older.run(Sync())
    assert flaws(older.database) == set()
    assert older.ask("SELECT count(*) FROM unchecked") == [0]
    for table in ("layouts", "revisions", "pages", "dictionaries"):
        assert older.ask(f"SELECT count(*) FROM {table} WHERE sha256 IS NULL") == [0]
    assert older.ask("SELECT count(*) FROM decisions WHERE source = 'import'") == [1]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE decisions SET text = replace(text, 'fault', 'favour') WHERE reference = '25 004 920'",
        "UPDATE decisions SET text_sha256 = 'x' WHERE reference = '25 004 920'",
        "UPDATE decisions SET outcome = 'Not upheld, so it says' WHERE reference = '25 004 920'",
        "UPDATE decisions SET decision_date = '2019-01-01' WHERE reference = '25 004 920'",
        "UPDATE decisions SET first_seen = 'of late' WHERE reference = '25 004 920'",
        "UPDATE layouts SET kinds = replace(kinds, 'h', 'p') WHERE reference = '25 004 920'",
        "UPDATE layouts SET numbers = replace(numbers, '\"2\"', '\"3\"') WHERE reference = '25 004 920'",
        "UPDATE layouts SET numbers = '[' WHERE reference = '25 004 920'",
        "DELETE FROM layouts WHERE reference = '25 004 920'",
    ],
)
def test_a_damaged_row_gets_no_digest_and_is_restored_from_its_page(
    older: World, sql: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage(older.database, sql)
    with caplog.at_level(logging.WARNING, "lgsco"):
        older.run(Renormalise(dry_run=True))
    assert flaws(older.database) == {REFERENCE}
    if "outcome" in sql or "numbers, " in sql:
        assert f"{REFERENCE} is damaged: its" in caplog.text
    older.run(Renormalise())
    assert flaws(older.database) == set()


def test_a_damaged_import_gets_no_digest(older: World) -> None:
    damage(older.database, "UPDATE decisions SET text = replace(text, 'a', 'e') WHERE source = 'import'")
    older.run(Sync())
    assert flaws(older.database) == {"19 999 999"}


def test_a_page_that_cannot_be_decompressed_or_has_another_size_gets_no_digest(older: World) -> None:
    damage(older.database, "UPDATE pages SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE id = 3")
    damage(older.database, "UPDATE pages SET bytes = bytes + 1 WHERE id = 4")
    older.run(Sync())
    assert older.ask("SELECT id FROM pages WHERE sha256 IS NULL") == [3, 4]
    assert flaws(older.database) == set(), "such a page does not show that its decision differs"


def test_the_next_run_continues_a_stopped_check(older: World) -> None:
    damage(older.database, "UPDATE decisions SET outcome = 'x' WHERE reference = '25 004 920'")
    with writing(older.database):
        pass
    waiting = older.ask("SELECT reference FROM unchecked")
    assert len(waiting) > 60
    assert flaws(older.database) == set(waiting), "rows not yet compared with their page have no digest"
    older.run(Sync())
    assert flaws(older.database) == {REFERENCE}
