"""Tests the migration that restricts `revisions.change` to known reasons, from a file of the version before it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

from storage.database import SCHEMA_VERSION
from storage.errors import StoreFailed
from storage.from_0_1.m008_reasons_and_failures import REASONS
from storage.model import RevisionReason
from storage.writer import writing
from support.kills import kill_in_process, migrate_and_die
from support.older_files import create_tables

ROOT = Path(__file__).parents[4]
THIS = "m008_reasons_and_failures"
AT = "2026-10-01T06:00:00Z"


def older(path: Path, *, also: str = "") -> None:
    """Makes a file of the version before: a revision of each reason, and a queue row in each state."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 'sync', '{}', ?, 'x', 1)",
            (AT,),
        )
        db.execute(
            "INSERT INTO pages (id, reference, chapter, url, fetched_at, state, bytes, body) "
            "VALUES (7, '25 000 001', 1, '/x', ?, 'read', 1, x'00')",
            (AT,),
        )
        for number, source in ((1, "site"), (2, "import")):
            db.execute(
                "INSERT INTO decisions (reference, decision_date, text, first_seen, updated_at, text_sha256, "
                "normaliser, source) VALUES (?, '2025-05-01', 'Now', ?, ?, 'x', '1', ?)",
                (f"25 000 00{number}", AT, AT, source),
            )
        for number, reason in enumerate(REASONS, 1):
            db.execute(
                "INSERT INTO revisions VALUES ('25 000 001', ?, ?, 'site', ?, 'x', '1', 7, 'a.txt', 1, '{}', ?)",
                (number, AT, reason, f"Text {number}"),
            )
        for number, state, error in ((3, "wanted", None), (4, "wanted", "503"), (5, "failed", "404"), (6, "kept", "x")):
            db.execute(
                "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
                "VALUES (?, '/x', ?, ?, '2025-05-01')",
                (f"25 000 00{number}", AT, AT),
            )
            db.execute(
                "INSERT INTO queue (reference, url, state, reason, added_at, next_at, error) "
                "VALUES (?, '/x', ?, 'listed', ?, ?, ?)",
                (f"25 000 00{number}", state, AT, AT, error),
            )
        db.executescript(also)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lgsco.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    """Returns a file migrated from the version before."""
    older(path)
    with writing(path) as db:
        yield db


def revisions(db: sqlite3.Connection) -> list[Any]:
    """Returns the rows, without columns of later migrations."""
    return db.execute(
        "SELECT reference, revision, recorded_at, source, change, text_sha256, normaliser, page, document, run, "
        "fields, text FROM revisions ORDER BY reference, revision"
    ).fetchall()


def contents(db: sqlite3.Connection) -> dict[str, Any]:
    """Returns all rows that the migration changes."""
    return {
        "version": db.execute("PRAGMA user_version").fetchone(),
        "schema": db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall(),
        "revisions": revisions(db),
        "queue": db.execute("SELECT * FROM queue ORDER BY reference").fetchall(),
    }


def test_every_revision_stays_as_it_was(path: Path) -> None:
    older(path)
    with closing(sqlite3.connect(path)) as before:
        rows = revisions(before)
    with writing(path) as db:
        assert revisions(db) == rows
        assert [row[4] for row in rows] == list(REASONS)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_the_rebuilt_table_differs_only_in_its_check(path: Path) -> None:
    older(path)

    def definition(db: sqlite3.Connection) -> str:
        return str(db.execute("SELECT sql FROM sqlite_schema WHERE name = 'revisions'").fetchone()[0])

    with closing(sqlite3.connect(path)) as before:
        expected = definition(before)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m009_intents")
        migrated = definition(db)
        assert re.sub(r" CHECK \(change IN \([^)]*\)\)", "", migrated) == expected != migrated
        assert "WITHOUT ROWID" in migrated
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%before%'").fetchone() == (0,)


def test_foreign_keys_of_revisions_are_enforced_after_the_rebuild(db: sqlite3.Connection) -> None:
    for column, value in (("reference", "99 999 999"), ("page", 8), ("run", 2)):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            db.execute(f"UPDATE revisions SET {column} = ? WHERE revision = 1", (value,))


@pytest.mark.parametrize("reason", ["", "Amended", "changed", "first "])
def test_an_unknown_reason_is_refused(db: sqlite3.Connection, reason: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        db.execute("UPDATE revisions SET change = ? WHERE revision = 1", (reason,))


def test_the_schema_accepts_exactly_the_reasons_that_the_code_may_record(db: sqlite3.Connection) -> None:
    """If this fails, a reason was added in only one of the two places: see `storage.model.RevisionReason`."""
    (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'revisions'").fetchone()
    found = re.search(r"CHECK \(change IN \(([^)]*)\)\)", sql)
    assert found is not None
    assert set(re.findall(r"'([^']*)'", found[1])) == set(get_args(RevisionReason))


def test_a_row_with_an_unknown_reason_stops_the_migration_and_loses_nothing(path: Path) -> None:
    older(path, also="UPDATE revisions SET change = 'mended by hand' WHERE revision = 2")
    with pytest.raises(StoreFailed, match=r"1 rows of revisions have .*'mended by hand'.*set it to one of first, "):
        writing(path).__enter__()
    with closing(sqlite3.connect(path)) as db:
        assert len(revisions(db)) == len(REASONS)
        assert db.execute("SELECT state FROM queue WHERE reference = '25 000 004'").fetchone() == ("wanted",)
        db.execute("UPDATE revisions SET change = 'amended' WHERE revision = 2")
        db.commit()
    with writing(path) as migrated:
        assert migrated.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_postponed_row_becomes_failed_and_others_keep_their_state(db: sqlite3.Connection) -> None:
    assert db.execute("SELECT reference, state, error FROM queue ORDER BY reference").fetchall() == [
        ("25 000 003", "wanted", None),
        ("25 000 004", "failed", "503"),
        ("25 000 005", "failed", "404"),
        ("25 000 006", "kept", "x"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE revisions RENAME",
        "INSERT INTO revisions SELECT",
        "DROP TABLE revisions_before",
        "UPDATE queue",
        "DROP VIEW missing",
        "CREATE VIEW coverage",
        "PRAGMA user_version = ",
        "COMMIT",
    ],
)
def test_a_killed_migration_leaves_the_file_unchanged_and_the_next_run_migrates(path: Path, statement: str) -> None:
    older(path)
    with closing(sqlite3.connect(path)) as db:
        before = contents(db)
    kill_in_process(migrate_and_die, path, statement)
    with closing(sqlite3.connect(path)) as db:
        assert contents(db) == before
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert revisions(db) == before["revisions"]
