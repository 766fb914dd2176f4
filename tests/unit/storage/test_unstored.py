"""Tests that the table `unstored` and the views on it agree with the listing and the decisions after any change."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.baseline import SCRIPT
from storage.migrations.script import split_statements
from storage.repair import UNSTORED, rebuild_unstored
from storage.verify import check_unstored
from storage.writer import writing

KEYS = ("25 000 001", "25 000 002", "25 000 003")
DAYS = ("2025-04-01", "2025-04-30", "2025-05-15")
AT = "2026-11-02T12:00:00Z"

VIEWS = ("missing", "failures", "coverage")
VIEWS_PATTERN = "|".join(VIEWS)

CHANGES = {
    "list": "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) "
    "VALUES (:key, '/x', :at, :at, :day) ON CONFLICT DO UPDATE SET stands_on = :day, unlisted_at = NULL",
    "list in place": "INSERT OR REPLACE INTO entries (reference, url, first_listed, last_listed, stands_on) "
    "VALUES (:key, '/y', :at, :at, :day)",
    "no longer list": "UPDATE entries SET unlisted_at = :at WHERE reference = :key",
    "delete the entry": "DELETE FROM entries WHERE reference = :key",
    "fetch": "INSERT INTO decisions (reference, first_seen, updated_at, text_sha256, normaliser, source, text) "
    "VALUES (:key, :at, :at, '', '1', 'site', 'Words.') ON CONFLICT DO UPDATE SET source = 'site'",
    "import": "INSERT INTO decisions (reference, first_seen, updated_at, text_sha256, normaliser, source, text) "
    "VALUES (:key, :at, :at, '', '1', 'import', 'Words.') ON CONFLICT DO UPDATE SET source = 'import'",
    "store in place": "INSERT OR REPLACE INTO decisions (reference, first_seen, updated_at, text_sha256, normaliser, "
    "source, text) VALUES (:key, :at, :at, '', '1', 'site', 'Other words.')",
    "delete the decision": "DELETE FROM decisions WHERE reference = :key",
    "queue": "INSERT OR IGNORE INTO queue (reference, url, state, reason, added_at, next_at) "
    "VALUES (:key, '/x', 'wanted', 'listed', :at, :at)",
    "fail": "UPDATE queue SET state = 'failed' WHERE reference = :key",
    "exclude": "UPDATE queue SET state = 'excluded' WHERE reference = :key",
    "hold back": "INSERT OR IGNORE INTO held_texts (reference, change, page, held_at, is_new, is_amended) "
    "VALUES (:key, 1, 1, :at, 1, 0)",
    "release": "DELETE FROM held_texts WHERE reference = :key",
}
"""Changes that lgsco or another program may make to the rows of a decision."""

HISTORIES = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from(KEYS), st.sampled_from(DAYS)), max_size=25
)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A file with two windows, and with the views of the baseline under names such as `old_missing`."""
    path = tmp_path_factory.mktemp("unstored") / "lgsco.db"
    with writing(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in split_statements(SCRIPT):
            if re.search(rf"CREATE VIEW ({VIEWS_PATTERN})\b", statement):
                db.execute(re.sub(rf"\b(VIEW|FROM) ({VIEWS_PATTERN})\b", r"\1 old_\2", statement))
        db.executemany(
            "INSERT INTO windows (first, last, listed, state, unproven_since, asked, run) "
            "VALUES (?, ?, 0, 'unseen', '', '', 1)",
            [("2025-04-01", "2025-04-30"), ("2025-05-01", "9999-12-31")],
        )
        yield db


def rows(db: sqlite3.Connection, sql: str) -> list[Any]:
    return sorted(db.execute(sql).fetchall(), key=repr)


@given(HISTORIES)
def test_the_views_agree_with_those_of_the_baseline_after_any_history(
    db: sqlite3.Connection, history: list[tuple[str, str, str]]
) -> None:
    db.execute("SAVEPOINT history")
    try:
        for change, key, day in history:
            db.execute(CHANGES[change], {"key": key, "day": day, "at": AT})
            assert rows(db, "SELECT reference, stands_on FROM unstored") == rows(db, UNSTORED), change
        for view in VIEWS:
            assert rows(db, f"SELECT * FROM {view}") == rows(db, f"SELECT * FROM old_{view}"), view
        assert list(check_unstored(db)) == []
    finally:
        db.execute("ROLLBACK TO history")
        db.execute("RELEASE history")


def test_verify_names_a_table_that_does_not_match_and_a_repair_makes_it_again(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        for key in KEYS:
            db.execute(CHANGES["list"], {"key": key, "day": DAYS[0], "at": AT})
        db.execute("DELETE FROM unstored WHERE reference = ?", (KEYS[1],))
        (damage,) = check_unstored(db)
        assert str(damage) == f"unstored: does not match the listing in 1 rows, such as {KEYS[1]}"
        rebuild_unstored(db)
        assert list(check_unstored(db)) == []
        assert [key for (key,) in db.execute("SELECT reference FROM missing ORDER BY 1")] == list(KEYS)
