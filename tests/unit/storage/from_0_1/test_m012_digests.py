"""The migration that adds digests gives none to rows that differ from their text's SHA-256 or their stored page."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.run import Import, Renormalise, Sync
from storage.digests import find_flaw
from storage.from_0_1 import m012_digests
from storage.writer import writing
from support.older_files import make_older
from support.paths import SEEDS
from support.world import World

REFERENCE = "25 004 920"
NAME = m012_digests.__name__.rpartition(".")[2]


def damage(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(sql).rowcount == 1
        db.commit()


def flaws(path: Path) -> set[str]:
    with writing(path) as db:
        return {key for (key,) in db.execute("SELECT reference FROM decisions") if find_flaw(db, key)}


@pytest.fixture
def older(filled_world: World) -> World:
    """An archive of the version before, with one import."""
    copy = filled_world.database.parent / "import.txt"
    text = (SEEDS / "000_d996cb4fed483c77.txt").read_text(encoding="utf-8")
    copy.write_text(text.replace(text[text.index("(") : text.index(")") + 1], "(19 999 999)", 1), encoding="utf-8")
    filled_world.run(Import((copy,)))
    make_older(filled_world.database, NAME)
    return filled_world


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
    assert len(waiting) > 30
    assert flaws(older.database) == set(waiting), "rows not yet compared with their page have no digest"
    older.run(Sync())
    assert flaws(older.database) == {REFERENCE}
