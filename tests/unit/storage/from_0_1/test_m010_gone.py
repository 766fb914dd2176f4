"""Tests the migration that adds the status `gone`, from a file of the version before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.database import SCHEMA_VERSION
from storage.errors import StoreFailed
from storage.writer import writing
from support.kills import kill_in_process, migrate_and_die
from support.older_files import create_tables

THIS = "m010_gone"
AT, LATER = "2026-10-01T06:00:00Z", "2026-10-09T06:00:00Z"

DECISIONS = [
    # row id, reference, kind, status, source
    (3, "25 000 001", "statement", "published", "site"),
    (5, "25 000 002", "statement", "expired", "site"),
    (6, "25 000 003", "statement", "withdrawn", "site"),
    (7, "25 000 004", "report", "withdrawn", "site"),
    (9, "25 000 005", None, "withdrawn", "site"),
    (11, "25 000 006", "statement", "published", "site"),
    (12, "25 000 007", "statement", None, "import"),
]
"""The rows, with gaps between the row ids as after deletions."""

ABSENCES = [
    ("25 000 002", "expired", None),
    ("25 000 003", "withdrawn", None),
    ("25 000 004", "withdrawn", None),
    ("25 000 005", "withdrawn", None),
    ("25 000 006", "expired", LATER),
    ("25 000 001", None, None),
]


def older(path: Path, *, also: str = "") -> None:
    """Makes a file of the version before, with every kind of decision and absence."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 'sync', '{}', ?, 'x', 1)",
            (AT,),
        )
        for rowid, reference, kind, status, source in DECISIONS:
            db.execute(
                "INSERT INTO decisions (rowid, reference, authority, category, subcategory, outcome, decision_date, "
                "kind, summary, text, url, status, first_seen, last_seen, updated_at, text_sha256, normaliser, source) "
                "VALUES (?, ?, 'Leeds', 'Housing', 'Other', 'Upheld', '2018-05-01', ?, ?, ?, '/x', ?, ?, ?, ?, ?, '1', "
                "?)",
                (
                    *(rowid, reference, kind, f"Summary {rowid}", f"Title\nwordof{rowid} " + "long " * 2_000, status),
                    *(AT, AT, LATER, f"sha {rowid}", source),
                ),
            )
            db.execute("INSERT INTO layouts VALUES (?, 'tp', '[\"\",\"1\"]')", (reference,))
            db.execute(
                "INSERT INTO revisions (reference, revision, recorded_at, source, change, text_sha256, normaliser) "
                "VALUES (?, 1, ?, ?, 'first', 'x', '1')",
                (reference, AT, source),
            )
            db.execute(
                "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) VALUES (?, '/x', ?, ?, ?)",
                (reference, AT, AT, "2018-05-01"),
            )
        for reference, ending, returned_at in ABSENCES:
            db.execute(
                "INSERT INTO absences (reference, noticed_at, stood_on, run, gone, gone_first_at, gone_last_at, "
                "next_at, answer, ended_at, ending, returned_at) "
                "VALUES (?, ?, '2018-05-01', 1, 2, ?, ?, ?, 'gone', ?, ?, ?)",
                (reference, AT, AT, LATER, LATER, ending and LATER, ending, returned_at),
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


def rows(db: sqlite3.Connection, table: str, *, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Returns the rows by row id or key, each as a dict by column name."""
    cursor = db.execute(f"SELECT * FROM {table} ORDER BY {'rowid' if table == 'decisions' else 'reference'}")
    names = [column[0] for column in cursor.description]
    return [{n: v for n, v in zip(names, row, strict=True) if n not in without} for row in cursor]


def schema(db: sqlite3.Connection) -> list[Any]:
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()


def test_rows_and_row_ids_stay_and_only_age_verdicts_become_gone(path: Path) -> None:
    older(path)
    with closing(sqlite3.connect(path)) as before:
        decisions = rows(before, "decisions", without=("status",))
        absences = rows(before, "absences", without=("ending",))
        ids = before.execute("SELECT rowid, reference FROM decisions ORDER BY 1").fetchall()
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert rows(db, "decisions", without=("status",)) == decisions
        assert db.execute("SELECT rowid, reference FROM decisions ORDER BY 1").fetchall() == ids
        added = ("judged_at", "answer_status", "answer_words", "age_seen", "age_gone")
        cohort = ("as_old_known", "as_old_gone", "as_old_listed")
        assert rows(db, "absences", without=("ending", *added, *cohort)) == absences
        assert dict(db.execute("SELECT reference, status FROM decisions")) == {
            "25 000 001": "published",
            "25 000 002": "gone",
            "25 000 003": "withdrawn",
            "25 000 004": "gone",
            "25 000 005": "gone",
            "25 000 006": "published",
            "25 000 007": None,
        }
        assert dict(db.execute("SELECT reference, ending FROM absences")) == {
            "25 000 001": None,
            "25 000 002": "gone",
            "25 000 003": "withdrawn",
            "25 000 004": "gone",
            "25 000 005": "gone",
            "25 000 006": "expired",  # it returned; its old verdict stays recorded
        }
        assert db.execute("SELECT count(*) FROM absences WHERE judged_at IS NOT ended_at").fetchone() == (0,)


def test_short_columns_come_before_the_summary_and_the_text(db: sqlite3.Connection) -> None:
    columns = [name for (name,) in db.execute("SELECT name FROM pragma_table_info('decisions')")]
    assert columns[-2:] == ["summary", "text"]
    assert len(columns) == 17


def test_the_rest_of_the_schema_stays_unchanged(path: Path) -> None:
    older(path)
    with closing(sqlite3.connect(path)) as before:
        expected = [row for row in schema(before) if row[1] not in ("decisions", "absences")]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before="m011_same_characters")
        names = {name for _, name, *_ in expected}
        assert [row for row in schema(db) if row[1] in names] == expected
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with writing(path) as db:
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_the_full_text_index_still_finds_each_text_and_follows_changes(db: sqlite3.Connection) -> None:
    find = "SELECT d.reference FROM decisions_fts AS f JOIN decisions AS d ON d.rowid = f.rowid WHERE f.text MATCH ?"
    for rowid, reference, *_ in DECISIONS:
        assert db.execute(find, (f"wordof{rowid}",)).fetchall() == [(reference,)]
    db.execute("UPDATE decisions SET text = 'amended' WHERE reference = '25 000 001'")
    assert db.execute(find, ("amended",)).fetchall() == [("25 000 001",)]
    assert db.execute(find, ("wordof3",)).fetchall() == []
    db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")


def test_views_and_foreign_keys_refer_to_the_rebuilt_table(db: sqlite3.Connection) -> None:
    assert db.execute("SELECT count(*) FROM held_from_site").fetchone() == (6,)
    assert db.execute("SELECT reference FROM missing").fetchall() == [("25 000 007",)]
    assert db.execute("SELECT count(*) FROM paragraphs").fetchone() == (14,)
    for table in ("layouts", "revisions", "absences"):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            db.execute(f"UPDATE {table} SET reference = '99 999 999' WHERE reference = '25 000 001'")
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        db.execute("DELETE FROM decisions WHERE reference = '25 000 001'")


@pytest.mark.parametrize("table", ["decisions", "absences"])
def test_the_status_gone_is_accepted_and_an_unknown_one_refused(db: sqlite3.Connection, table: str) -> None:
    column = {"decisions": "status", "absences": "ending"}[table]
    db.execute(f"UPDATE {table} SET {column} = 'gone' WHERE reference = '25 000 001'")
    for word in ("Gone", "lost", ""):
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            db.execute(f"UPDATE {table} SET {column} = ? WHERE reference = '25 000 001'", (word,))


def test_indexes_triggers_and_views_that_somebody_added_stay(path: Path) -> None:
    older(
        path,
        also="""
        CREATE INDEX by_outcome ON decisions (outcome, length(text));
        CREATE INDEX by_answer ON absences (answer);
        CREATE VIEW leeds AS SELECT d.reference, a.ending FROM decisions AS d JOIN absences AS a USING (reference);
        CREATE TRIGGER no_deleting BEFORE DELETE ON absences BEGIN SELECT raise(ABORT, 'kept'); END;
        """,
    )
    with writing(path) as db:
        assert db.execute("SELECT count(*) FROM leeds").fetchone() == (6,)
        for index in ("by_outcome", "by_answer"):
            assert db.execute("SELECT count(*) FROM pragma_index_info(?)", (index,)).fetchone()[0] > 0
        with pytest.raises(sqlite3.IntegrityError, match="kept"):
            db.execute("DELETE FROM absences")


@pytest.mark.parametrize("table", ["decisions", "absences"])
def test_a_foreign_column_stops_the_migration_without_loss(path: Path, table: str) -> None:
    older(path, also=f"ALTER TABLE {table} ADD COLUMN note TEXT; UPDATE {table} SET note = 'mine'")
    with closing(sqlite3.connect(path)) as db:
        before = schema(db), rows(db, "decisions"), rows(db, "absences")
    with pytest.raises(StoreFailed, match=f"the table {table} has a column that lgsco did not make .note.; move it"):
        writing(path).__enter__()
    with closing(sqlite3.connect(path)) as db:
        assert (schema(db), rows(db, "decisions"), rows(db, "absences")) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DROP trigger",
        "ALTER TABLE decisions RENAME",
        "INSERT INTO decisions (rowid",
        "DROP TABLE decisions_before",
        "CREATE TRIGGER decisions_fts_update",
        "DROP TABLE absences_before",
        "UPDATE decisions SET status",
        "COMMIT",
    ],
)
def test_a_killed_migration_leaves_the_file_unchanged_and_the_next_run_migrates(path: Path, statement: str) -> None:
    older(path)
    with closing(sqlite3.connect(path)) as db:
        before = schema(db), rows(db, "decisions"), rows(db, "absences")
    kill_in_process(migrate_and_die, path, statement)
    with closing(sqlite3.connect(path)) as db:
        assert (schema(db), rows(db, "decisions"), rows(db, "absences")) == before
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert rows(db, "decisions", without=("status",)) == [
            {name: value for name, value in row.items() if name != "status"} for row in before[1]
        ]
