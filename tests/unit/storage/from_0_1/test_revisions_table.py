"""Rebuilding `revisions` with other reasons keeps rows, columns, indexes, triggers and views."""

from __future__ import annotations

import sqlite3

import pytest
from sqlite_utils import Database

from storage.errors import StoreFailed
from storage.from_0_1.revisions_table import set_revision_reasons
from support.rows import KEY, store_decision

REASONS = ("first", "amended")


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """A decision with one revision, and what a user added to the table."""
    store_decision(db)
    db.executescript(
        """
        ALTER TABLE revisions ADD COLUMN note TEXT;
        UPDATE revisions SET note = 'n' || revision;
        CREATE INDEX revisions_by_time ON revisions (recorded_at);
        CREATE VIEW latest AS SELECT reference, max(revision) AS revision FROM revisions GROUP BY reference;
        CREATE TRIGGER no_deleting BEFORE DELETE ON revisions BEGIN SELECT raise(ABORT, 'kept'); END;
        PRAGMA foreign_keys = OFF;
        """
    )
    return db


def test_adding_a_reason_keeps_newer_columns_indexes_triggers_and_views(db: sqlite3.Connection) -> None:
    before = db.execute("SELECT * FROM revisions").fetchall()
    db.execute("BEGIN")
    set_revision_reasons(Database(db), [*REASONS, "restored"])
    db.execute("COMMIT")
    assert db.execute("SELECT * FROM revisions").fetchall() == before
    db.execute("UPDATE revisions SET change = 'restored'")
    assert db.execute("SELECT * FROM latest").fetchall() == [(KEY, 1)]
    assert db.execute("SELECT count(*) FROM pragma_index_info('revisions_by_time')").fetchone() == (1,)
    with pytest.raises(sqlite3.IntegrityError, match="kept"):
        db.execute("DELETE FROM revisions")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        db.execute("UPDATE revisions SET change = 'mended by hand'")


def test_a_row_with_another_reason_is_named_and_nothing_is_changed(db: sqlite3.Connection) -> None:
    with pytest.raises(StoreFailed, match=r"1 rows of revisions have .*'first'.*set it to one of amended"):
        set_revision_reasons(Database(db), ["amended"])
    db.execute("UPDATE revisions SET change = 'amended'")
