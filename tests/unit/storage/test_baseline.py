"""Tests what a new file is made of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from uuid import UUID

from sqlite_utils import Database

from storage import baseline
from storage.migrations.script import split_statements


def make() -> Database:
    db = Database(memory=True)
    baseline.create_tables(db)
    return db


def test_a_new_file_says_whose_it_is_and_has_its_own_uuid() -> None:
    with closing(make().conn) as one, closing(make().conn) as two:
        assert one.execute("PRAGMA application_id").fetchone() == (0x6C67736F,)
        assert one.execute("PRAGMA user_version").fetchone() == (17,)
        uuids = [UUID(db.execute("SELECT uuid FROM archive").fetchone()[0]) for db in (one, two)]
    assert uuids[0] != uuids[1]


def test_every_table_is_strict_so_that_a_wrong_type_is_refused() -> None:
    with closing(make().conn) as db:
        rows = db.execute(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main' "
            "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE 'decisions_fts%'"
        ).fetchall()
    assert len(rows) > 20
    assert [name for name, strict in rows if not strict] == []


def test_the_full_text_index_follows_every_change_of_a_text() -> None:
    with closing(make().conn) as db:
        db.execute(
            "INSERT INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
            "VALUES ('25 000 001', 'Zebra', '', '', '', '', 'site')"
        )
        find = "SELECT count(*) FROM decisions_fts WHERE decisions_fts MATCH ?"
        assert db.execute(find, ("zebra",)).fetchone() == (1,)
        db.execute("UPDATE decisions SET text = 'Giraffe'")
        assert [db.execute(find, (word,)).fetchone()[0] for word in ("zebra", "giraffe")] == [0, 1]
        db.execute("DELETE FROM decisions")
        assert db.execute(find, ("giraffe",)).fetchone() == (0,)


def test_the_script_is_split_into_statements_that_sqlite_accepts_one_by_one() -> None:
    statements = split_statements(baseline.SCRIPT)
    assert "".join("".join(statements).split()) == "".join(baseline.SCRIPT.split()), "no statement is lost"
    assert all(sqlite3.complete_statement(one) for one in statements), "each statement is complete"
