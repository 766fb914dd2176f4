"""Tests what digests cover, that every writer updates them, and that none hides damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.run import Import, Renormalise
from storage import decisions
from storage.database import atomic
from storage.digests import (
    DECISION,
    LAYOUT,
    PAGES,
    REVISIONS,
    digest,
    find_decision_flaw,
    find_flaw,
    find_revision_flaw,
    install_digest_triggers,
)
from storage.export import COLUMNS
from storage.writer import writing
from support.paths import SEEDS
from support.world import World

REFERENCE = "25 004 920"


@pytest.fixture
def path(filled_world: World, tmp_path: Path) -> Path:
    """A database with the site's decisions and an import beside one of them."""
    return filled_world.database


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with writing(path) as db:
        yield db


def flaws(db: sqlite3.Connection) -> dict[str, str]:
    found = {key: find_flaw(db, key) for (key,) in db.execute("SELECT reference FROM decisions")}
    return {key: flaw for key, flaw in found.items() if flaw}


def damage(path: Path, sql: str, *values: object) -> None:
    """Changes a row as a bad disk does: without the digest triggers."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql, values)
        db.commit()


def test_a_digest_is_the_sha256_of_the_columns_joined_by_fe_with_ff_for_null() -> None:
    assert digest(["a", None, 12, b"\x00", "é"]) == sha256(b"a\xfe\xff\xfe12\xfe\x00\xfe\xc3\xa9").hexdigest()


VALUES = st.lists(st.none() | st.text(), min_size=1, max_size=5)


@given(VALUES, VALUES)
def test_different_rows_have_different_digests(one: list[str | None], other: list[str | None]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_the_digest_covers_every_exported_column_except_last_seen() -> None:
    assert set(COLUMNS) - set(DECISION) == {"last_seen", "text"}


def test_every_row_that_a_backfill_records_has_a_matching_digest(db: sqlite3.Connection) -> None:
    assert flaws(db) == {}
    for reference, revision in db.execute("SELECT reference, revision FROM revisions").fetchall():
        assert find_revision_flaw(db, reference, revision) is None
    for covered in (REVISIONS, PAGES):
        rows = db.execute(f"SELECT {covered.sql('t')}, sha256 FROM {covered.table} AS t").fetchall()
        assert len(rows) > 30
        assert [row for row in rows if digest(row[:-1]) != row[-1]] == []


@pytest.mark.parametrize("column", [*DECISION[1:], "text"])
def test_a_foreign_change_of_any_column_is_found(path: Path, column: str) -> None:
    other = {"kind": "iif(kind = 'report', 'statement', 'report')", "source": "'import'", "status": "'gone'"}
    value = other.get(column, f"coalesce({column}, '') || 'x'")
    damage(path, f"UPDATE decisions SET {column} = {value} WHERE reference = ?", REFERENCE)
    with writing(path) as db:
        assert set(flaws(db)) == {REFERENCE}


@pytest.mark.parametrize("column", LAYOUT)
def test_a_changed_kind_or_number_of_a_paragraph_is_found(path: Path, column: str) -> None:
    change = {"kinds": "replace(kinds, 'h', 'p')", "numbers": "replace(numbers, '\"2\"', '\"3\"')"}[column]
    damage(path, f"UPDATE layouts SET {column} = {change} WHERE reference = ?", REFERENCE)
    with writing(path) as db:
        assert set(flaws(db)) == {REFERENCE}


def test_last_seen_must_be_an_instant(path: Path) -> None:
    damage(path, "UPDATE decisions SET last_seen = '2026-11-0qT12:00:00Z' WHERE reference = ?", REFERENCE)
    with writing(path) as db:
        assert flaws(db) == {REFERENCE: "last_seen is not an instant"}


def test_a_change_that_lgsco_makes_gets_a_digest_in_the_same_statement(db: sqlite3.Connection) -> None:
    db.execute("UPDATE decisions SET status = 'gone', outcome = 'Other' WHERE reference = ?", (REFERENCE,))
    db.execute("UPDATE layouts SET numbers = replace(numbers, '1', '7') WHERE reference = ?", (REFERENCE,))
    db.execute("UPDATE revisions SET fields = '{}' WHERE reference = ?", (REFERENCE,))
    assert flaws(db) == {}
    assert find_revision_flaw(db, REFERENCE, 1) is None


def test_a_rollback_restores_the_digest_too(db: sqlite3.Connection) -> None:
    def change() -> None:
        with atomic(db):
            db.execute("UPDATE decisions SET outcome = 'Other'")
            db.execute("UPDATE decisions SET status = 'lost'")

    with pytest.raises(sqlite3.IntegrityError):
        change()
    assert flaws(db) == {}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE decisions SET status = 'gone' WHERE reference = '25 004 920'",
        "UPDATE decisions SET category = coalesce(category, 'x') || 'x' WHERE reference = '25 004 920'",
        "UPDATE layouts SET numbers = replace(numbers, '1', '7') WHERE reference = '25 004 920'",
    ],
)
def test_no_later_change_makes_a_damaged_row_look_sound(path: Path, change: str) -> None:
    damage(path, "UPDATE decisions SET outcome = 'Not upheld, it seems' WHERE reference = ?", REFERENCE)
    with writing(path) as db:
        db.execute(change)
        decisions.fill_null_columns(db, REFERENCE, {"subcategory": "x"})
        assert set(flaws(db)) == {REFERENCE}


def test_recompressed_pages_keep_matching_digests(db: sqlite3.Connection) -> None:
    db.execute("UPDATE pages SET body = x'01', dictionary = NULL WHERE reference = ?", (REFERENCE,))
    rows = db.execute(f"SELECT {PAGES.sql('p')}, sha256 FROM pages AS p").fetchall()
    assert [row for row in rows if digest(row[:-1]) != row[-1]] == []


def test_imports_with_and_without_a_text_from_the_site_have_digests(filled_world: World, tmp_path: Path) -> None:
    seed = (SEEDS / "000_d996cb4fed483c77.txt").read_text(encoding="utf-8")
    (tmp_path / "a.txt").write_text(seed.replace("Summary:", "Summary: Other."), encoding="utf-8")
    filled_world.run(Import((tmp_path / "a.txt",)))
    filled_world.run(Renormalise())
    with writing(filled_world.database) as db:
        assert db.execute("SELECT count(*) FROM revisions WHERE change = 'beside'").fetchone() == (1,)
        assert flaws(db) == {}
        for reference, revision in db.execute("SELECT reference, revision FROM revisions").fetchall():
            assert find_revision_flaw(db, reference, revision) is None


def test_renormalise_rebuilds_a_damaged_row_from_its_page(filled_world: World) -> None:
    columns = ", ".join(name for name in COLUMNS)
    before = filled_world.ask(f"SELECT {columns} FROM decisions ORDER BY reference")
    layouts = filled_world.ask("SELECT * FROM layouts ORDER BY reference")
    damage(
        filled_world.database,
        "UPDATE decisions SET text = replace(text, 'a', 'b'), outcome = 'x', first_seen = 'y', url = '/z', "
        "status = 'gone', updated_at = 'of late', category = NULL WHERE reference = ?",
        REFERENCE,
    )
    damage(filled_world.database, "UPDATE layouts SET kinds = 'q' WHERE reference = ?", REFERENCE)
    filled_world.run(Renormalise())
    assert filled_world.ask(f"SELECT {columns} FROM decisions ORDER BY reference") == before
    assert filled_world.ask("SELECT * FROM layouts ORDER BY reference") == layouts
    assert filled_world.ask("SELECT count(*) FROM revisions WHERE revision > 1") == [0]
    with writing(filled_world.database) as db:
        assert flaws(db) == {}
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")


def test_a_damaged_reading_that_is_superseded_is_stored_without_a_digest(filled_world: World) -> None:
    damage(
        filled_world.database,
        "UPDATE decisions SET text = replace(text, 'a', 'b'), outcome = 'x' WHERE reference = ?",
        REFERENCE,
    )
    damage(filled_world.database, "UPDATE revisions SET text_sha256 = 'x' WHERE reference = ?", REFERENCE)
    filled_world.run(Renormalise())
    with writing(filled_world.database) as db:
        assert flaws(db) == {}
        assert find_revision_flaw(db, REFERENCE, 1) is not None
        assert find_revision_flaw(db, REFERENCE, 2) is None


def test_digest_triggers_are_temporary_so_that_other_programs_can_write(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copyfile(path, copy)
    with closing(sqlite3.connect(copy)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
        assert not [name for name in names if "digest" in name]
        install_digest_triggers(db)
        install_digest_triggers(db)  # a second call changes nothing
        db.execute("UPDATE decisions SET outcome = 'Other'")
        assert flaws(db) == {}


@pytest.mark.parametrize("text", [None, 7, b"\xff"])
def test_a_damaged_text_of_any_type_gets_a_sha256(text: object) -> None:
    covered = [None] * len((*DECISION, *LAYOUT))
    assert "its text does not match its SHA-256" in str(find_decision_flaw(covered, None, text, None, 5))
