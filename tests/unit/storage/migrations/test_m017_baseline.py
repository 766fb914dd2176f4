"""Tests the step from version 0.1 to the baseline, and that a new file and a migrated one are the same."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from storage.database import SCHEMA_VERSION, reading, schema_version
from storage.digests import digest
from storage.errors import SchemaMismatch, StoreFailed
from storage.migrations import m017_baseline
from storage.schema import migrations
from storage.verify import check, check_index, find_schema
from storage.writer import writing
from support.older_programs import unpack

LONG = {
    *("text", "summary", "title", "body", "data", "kinds", "numbers", "fields", "document", "masked", "example"),
    *("message", "tally", "error", "error_kind", "evidence", "verdict", "finding", "diff", "edits", "before", "after"),
    *("answer", "answer_words", "etag", "last_modified", "words"),
}
"""Columns whose values may be long; `url` and `arguments` are not."""

ROW_IDS = ("decisions", "dictionaries", "pages", "runs", "requests", "intents", "checks", "listing_findings")


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("golden"))[16]


@pytest.fixture
def path(golden: Path, tmp_path: Path) -> Path:
    """A file that the last program of version 0.1 wrote, with a superseded text and rows in most tables."""
    path = tmp_path / "lgsco.db"
    shutil.copy(golden, path)
    with closing(sqlite3.connect(path)) as db, db:
        (key,) = db.execute("SELECT max(reference) FROM decisions").fetchone()
        db.execute("UPDATE decisions SET rowid = 77, text = text WHERE reference = ?", (key,))
        note = (key, 1, "2025-01-02", "A note")
        db.execute(
            "INSERT INTO notes (reference, position, date, text, sha256) VALUES (?, ?, ?, ?, ?)", (*note, digest(note))
        )
        db.execute(
            "INSERT INTO absences (reference, noticed_at, stood_on, run, next_at, answer, answer_status, answer_words) "
            "VALUES (?, '2026-11-01T01:00:00Z', '2025-01-02', 1, '2026-11-02T01:00:00Z', 'gone', 410, 'Gone')",
            (key,),
        )
        db.execute("INSERT INTO moves VALUES (?, '2026-11-01T01:00:00Z', 'outcome', 'Upheld', 'Not upheld', 1)", (key,))
        db.execute(
            "INSERT INTO queue (reference, url, state, reason, added_at, next_at, error_kind, error, gone) "
            "VALUES ('25 999 999', '/x', 'failed', 'listed', '2026-11-01T01:00:00Z', '2026-11-01T01:00:00Z', 'Gone', "
            "'the site answers 404', 2)"
        )
    return path


@cache
def columns_of_baseline() -> dict[str, list[str]]:
    """Returns the columns of each table of the baseline; later migrations add some and replace the index."""
    with Database(memory=True) as db:
        migrations.apply(db, stop_before="m018_counters")
        return {
            table.name: [one.name for one in table.columns]
            for table in db.tables
            if not table.name.startswith(("_sqlite", "decisions_fts"))
        }


def rows(path: Path) -> dict[str, list[Any]]:
    """Returns all rows of the baseline's tables, each with its row id where it has one, and its values by column."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        stored = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        columns = columns_of_baseline()
        names = [name for name in columns if name in stored]
        return {
            name: sorted(
                tuple(sorted((key, row[key]) for key in row.keys() if key in {"rowid", *columns[name]}))  # noqa: SIM118  # a Row is a sequence of values
                for row in db.execute(f"SELECT {'rowid, ' * (name in ROW_IDS)}* FROM {name}")
            )
            for name in names
        }


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as db:
        return find_schema(db)


def migrate(path: Path) -> None:
    with writing(path, create=False):
        pass


def test_every_row_with_its_id_and_digest_is_kept(path: Path) -> None:
    before = rows(path)
    assert len([name for name, found in before.items() if found]) > 20
    migrate(path)
    assert rows(path) == before
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("SELECT rowid FROM decisions_fts WHERE decisions_fts MATCH 'ombudsman'").fetchall()
        assert [*check_index(db)] == []
        assert [*check(db)] == []


def test_a_migrated_file_and_a_new_one_have_the_same_schema(path: Path, tmp_path: Path) -> None:
    migrate(path)
    new = tmp_path / "new.db"
    with writing(new):
        pass
    assert schema(path) == schema(new)
    for name in ("user_version", "application_id"):
        values = []
        for file in (path, new):
            with closing(sqlite3.connect(file)) as db:
                values.append(db.execute(f"PRAGMA {name}").fetchone())
        assert values[0] == values[1], name


def test_no_short_column_comes_after_a_long_one() -> None:
    with Database(memory=True) as db:
        migrations.apply(db, stop_before="m018_counters")
        for table in db.tables:
            if table.name.startswith(("decisions_fts", "_sqlite")):
                continue
            columns = [column.name for column in table.columns if not column.is_pk]
            if table.name == "template_changes":
                columns.remove("example")  # a reference
            first_long = next((at for at, name in enumerate(columns) if name in LONG), len(columns))
            assert set(columns[first_long:]) <= LONG, table.name


def test_a_new_file_lists_the_baseline_and_a_migrated_one_every_step(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    with writing(new):
        pass
    migrate(path)
    for file, first in ((new, 17), (path, 1)):
        with closing(sqlite3.connect(file)) as db:
            names = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
            assert [int(name[1:4]) for name in names] == list(range(first, SCHEMA_VERSION + 1))
            db.execute("PRAGMA user_version = 0")  # as after a restored `.dump`
            assert schema_version(db, file) == SCHEMA_VERSION


def test_indexes_and_triggers_of_the_user_are_kept(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE seen (id INTEGER); CREATE INDEX pages_by_state ON pages (state, fetched_at);"
            "CREATE TRIGGER watch AFTER INSERT ON runs BEGIN INSERT INTO seen VALUES (new.id); END;"
            "CREATE VIEW waiting AS SELECT q.reference, p.body FROM queue AS q LEFT JOIN pages AS p USING (reference);"
        )
    before = schema(path)
    migrate(path)
    after = schema(path)
    for name in ("seen", "pages_by_state", "watch", "waiting"):
        assert after[name] == before[name]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM waiting").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM seen").fetchone() == (0,), "copied rows are not new ones"


def test_a_column_of_the_user_in_a_table_to_copy_is_named_and_nothing_is_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE pages ADD COLUMN colour TEXT")
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match=r"the table pages has a column that lgsco did not make \(colour\)"):
        migrate(path)
    assert path.read_bytes() == before


def test_too_little_disk_space_is_reported_before_the_copy_and_nothing_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(m017_baseline, "find_free_bytes", lambda _path: 30_000)
    with pytest.raises(StoreFailed, match=r"needs 1\.\d MB of free disk space; 0\.0 MB are free\. Nothing was changed"):
        migrate(path)
    assert path.read_bytes() == before
    with pytest.raises(SchemaMismatch, match="has schema 16"), reading(path):
        pass


@pytest.mark.parametrize("overwrites", [0, 1])
def test_no_more_disk_space_is_used_than_was_checked(
    overwrites: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) "
            "SELECT printf('25 %06d', i), 1, '/x', '2026-11-01T01:00:00Z', 'read', 9000, randomblob(4500) FROM n"
        )
    log = Path(f"{path}-wal")
    before = path.stat().st_size + log.stat().st_size if log.exists() else path.stat().st_size
    logged = [0]
    trace(monkeypatch, lambda _: logged.append(log.stat().st_size if log.exists() else 0), overwrites)
    with monkeypatch.context() as patch:
        patch.setattr(m017_baseline, "find_free_bytes", lambda _path: 0)
        with pytest.raises(StoreFailed, match="free disk space") as refused:
            migrate(path)
    (megabytes,) = re.findall(r"needs ([\d.]+) MB", str(refused.value))
    checked = float(megabytes) * 1_000_000
    migrate(path)
    used = max(logged) + path.stat().st_size - before
    assert 0.6 * checked < used < checked


def test_a_damaged_row_is_kept_for_verify_to_name(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("UPDATE pages SET state = 'lost', body = x'00' WHERE id = 1")
    migrate(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT state FROM pages WHERE id = 1").fetchone() == ("lost",)
        assert "page" in {one.part for one in check(db)}


@pytest.mark.parametrize("moment", ["INSERT INTO pages", "DROP TABLE pages_before", "INSERT INTO _sqlite", "COMMIT"])
def test_a_kill_at_any_moment_leaves_the_old_file(
    moment: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(path)
    killed = tmp_path / "killed.db"

    def copy(statement: str) -> None:
        if moment in statement.replace('"', "").replace("[", "") and not killed.exists():
            for side in ("", "-wal"):  # the files that a kill leaves
                if Path(f"{path}{side}").exists():
                    shutil.copy(f"{path}{side}", f"{killed}{side}")

    trace(monkeypatch, copy)
    migrate(path)
    with closing(sqlite3.connect(killed)) as db:
        assert schema_version(db, killed) == 16
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert rows(killed) == before
    migrate(killed)
    assert rows(killed) == before


def trace(monkeypatch: pytest.MonkeyPatch, follow: Callable[[str], None], overwrites: int = 0) -> None:
    """Calls a function with each statement of the writer's connections, and lets them write early to the log."""
    connect = sqlite3.connect

    def connect_traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **options)
        if options.get("uri"):
            db.execute("PRAGMA cache_size = 4")
            db.execute(f"PRAGMA secure_delete = {overwrites}")
            db.set_trace_callback(follow)
        return db

    monkeypatch.setattr(sqlite3, "connect", connect_traced)
