"""Tests that the quick check of a copy finds each damaged row that the full check finds, and that it names it alike."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from ingest.run import Backfill
from storage import quick_checks
from storage.digests import DECISION, LAYOUT, PAGES, REVISIONS
from storage.row_checks import Damage, check_rows
from support.world import World

COLUMNS = [
    *(("decisions", name) for name in (*DECISION, "text", "last_seen") if name != "reference"),
    *(("layouts", name) for name in (*LAYOUT, "sha256")),
    *(("revisions", name) for name in (*REVISIONS.columns, "sha256") if name not in ("reference", "fields")),
    *(("pages", name) for name in (*PAGES.columns, "sha256") if name not in ("reference", "dictionary")),
]


@pytest.fixture
def damaged(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """An archive of twenty decisions, checked in ranges of three, in a transaction that is rolled back."""
    monkeypatch.setattr(quick_checks, "_BATCH", 3)
    world.run(Backfill(date(2026, 1, 1)))
    with closing(sqlite3.connect(world.database, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA ignore_check_constraints = ON")
        yield db


def check(db: sqlite3.Connection, *, quick: bool) -> tuple[set[Damage], Counter[str]]:
    """Returns the damages, and how many rows of each kind were counted."""
    counts: Counter[str] = Counter()

    def count(what: str, rows: int) -> None:
        counts[what] += rows

    return set(check_rows(db, count, quick=quick)), counts


def test_each_damaged_column_is_found_and_named_as_by_the_full_check(damaged: sqlite3.Connection) -> None:
    assert check(damaged, quick=True) == check(damaged, quick=False)
    assert check(damaged, quick=True)[0] == set()
    for table, column in COLUMNS:
        for place in (0, 4, -1):
            damaged.execute("BEGIN")
            key = "id" if table == "pages" else "reference"
            row = damaged.execute(f"SELECT {key} FROM {table} ORDER BY {key}").fetchall()[place][0]
            value = (
                99 if column in ("chapter", "bytes", "revision", "page", "run") else b"x" if column == "body" else "x"
            )
            damaged.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, row))
            found, counts = check(damaged, quick=True)
            assert found, (table, column)
            assert (found, counts) == check(damaged, quick=False), (table, column)
            damaged.execute("ROLLBACK")


def test_nothing_of_a_sound_archive_is_checked_row_by_row(damaged: sqlite3.Connection) -> None:
    assert list(quick_checks.find_damaged_ranges(damaged, "decisions", lambda *_: None)) == []
    assert list(quick_checks.find_damaged_ranges(damaged, "pages", lambda *_: None)) == []


@pytest.mark.parametrize("value", [None, "2026-11-02", "2020-01-01T00:00:00Z", "2026-11-02T12:00:00Z"])
def test_last_seen_is_checked_by_its_form_and_order(damaged: sqlite3.Connection, value: str | None) -> None:
    damaged.execute("UPDATE decisions SET last_seen = ? WHERE rowid = 2", (value,))
    assert check(damaged, quick=True) == check(damaged, quick=False)


def test_missing_and_surplus_revisions_are_found(damaged: sqlite3.Connection) -> None:
    reference, other = damaged.execute("SELECT reference FROM decisions LIMIT 2").fetchall()
    for statement, values in (
        ("DELETE FROM revisions WHERE reference = ?", reference),
        ("DELETE FROM decisions WHERE reference = ?", reference),
        ("UPDATE revisions SET reference = ? WHERE reference = ?", ("25 000 001", *reference)),
        ("UPDATE revisions SET reference = ?, revision = 2 WHERE reference = ?", (*reference, *other)),
    ):
        damaged.execute("BEGIN")
        damaged.execute(statement, values)
        found, _ = check(damaged, quick=True)
        assert {one.part for one in found} >= {"revision"}
        assert found == check(damaged, quick=False)[0]
        damaged.execute("ROLLBACK")


def test_rows_with_an_odd_id_are_checked(damaged: sqlite3.Connection) -> None:
    damaged.execute("UPDATE decisions SET rowid = -5, outcome = 'x' WHERE rowid = 1")
    damaged.execute("UPDATE decisions SET rowid = ?, outcome = 'x' WHERE rowid = 2", (2**62,))
    found, _ = check(damaged, quick=True)
    assert len(found) == 2
    assert found == check(damaged, quick=False)[0]


def test_values_with_any_character_give_the_digest_of_the_program(damaged: sqlite3.Connection, tmp_path: Path) -> None:
    from storage.digests import digest

    with closing(sqlite3.connect(tmp_path / "any.db")) as db:
        db.create_function("lgsco_sha256", 1, quick_checks._hash)
        for values in ((None, "", "é\0ü"), ("𝄞", 12, None), (b"\xfe\xff\0", -3, "x"), (0, None, None)):
            query = f"SELECT {quick_checks.sql_digest(['?1', '?2', '?3'])}"
            assert db.execute(query, values).fetchone() == (digest(values),)
