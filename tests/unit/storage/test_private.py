"""Tests which tables and files the public may not read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.errors import NotPublic
from storage.private import EMPTIED, PRIVATE, refuse_private, require_public
from support.rows import AT, KEY, store_decision, store_page

PATH = Path("public.db")


@pytest.fixture
def public(db: sqlite3.Connection) -> sqlite3.Connection:
    """A database as a public snapshot has it, with one decision."""
    store_decision(db)
    db.execute("UPDATE runs SET arguments = '{}', message = NULL, user_agent = NULL")
    return db


@pytest.mark.parametrize("table", sorted(PRIVATE - {"suppressions"}))
def test_a_private_table_cannot_be_read_not_even_inside_a_query(db: sqlite3.Connection, table: str) -> None:
    refuse_private(db)
    for sql in (f"SELECT * FROM {table}", f"SELECT (SELECT count(*) FROM {table} WHERE rowid IS NOT NULL)"):
        with pytest.raises(sqlite3.DatabaseError, match=r"prohibited|not authorized|no such column"):
            db.execute(sql).fetchall()


@pytest.mark.parametrize("view", ["missing", "failures", "coverage", "held_from_site", "paragraphs", "decisions"])
def test_a_public_view_can_be_read_though_it_reads_private_tables(db: sqlite3.Connection, view: str) -> None:
    refuse_private(db)
    assert db.execute(f"SELECT * FROM {view}").fetchall() == []


def test_the_path_of_the_file_cannot_be_read(db: sqlite3.Connection) -> None:
    refuse_private(db)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        db.execute("PRAGMA database_list").fetchall()


def test_a_file_without_private_rows_is_public(public: sqlite3.Connection) -> None:
    require_public(public, PATH, with_withdrawn=False)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (f"INSERT INTO robots (site, fetched_at, status, text) VALUES ('x', '{AT}', 200, '')", "rows in robots"),
        (
            f"INSERT INTO suppressions (reference, suppressed_at, reason) VALUES ('{KEY}', '{AT}', 'a court order')",
            "rows in suppressions",
        ),
        ("UPDATE runs SET user_agent = 'operator@example.org'", "rows in runs or revisions"),
        ("UPDATE runs SET message = '/srv/operator'", "rows in runs or revisions"),
        ("UPDATE revisions SET document = '/srv/operator/one.txt'", "rows in runs or revisions"),
    ],
)
def test_a_file_with_private_rows_is_refused_and_says_what_to_do(
    public: sqlite3.Connection, sql: str, named: str
) -> None:
    public.execute(sql)
    with pytest.raises(NotPublic, match=named) as refusal:
        require_public(public, PATH, with_withdrawn=True)
    assert "make one with `lgsco snapshot --public FILE`" in str(refusal.value)


def test_a_raw_page_makes_a_file_private(public: sqlite3.Connection) -> None:
    store_page(public, b"x")
    with pytest.raises(NotPublic, match="rows in pages"):
        require_public(public, PATH, with_withdrawn=False)


def test_withdrawn_decisions_are_public_only_if_the_operator_allows_them(public: sqlite3.Connection) -> None:
    public.execute("UPDATE decisions SET status = 'withdrawn'")
    with pytest.raises(NotPublic, match="--with-withdrawn"):
        require_public(public, PATH, with_withdrawn=False)
    require_public(public, PATH, with_withdrawn=True)


def test_every_table_that_a_snapshot_empties_exists_and_is_private(db: sqlite3.Connection) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert set(EMPTIED) <= PRIVATE <= tables
