"""Tests the migration that puts breaks between paragraphs, from a file of the version before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils
from datasette.utils import detect_fts

from storage.database import SCHEMA_VERSION, reading
from storage.search import search
from storage.verify import check_index, check_schema
from storage.writer import writing
from support.older_files import create_tables

THIS = "m023_search"
AT = "2026-10-01T06:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Makes a file of the version before, with one decision."""
    path = tmp_path / "lgsco.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        create_tables(db, before=THIS)
        db.execute(
            "INSERT INTO decisions (reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
            "VALUES ('25 000 001', ?, ?, ?, 'x', '1', 'site')",
            ("Two complaints\nof delays", AT, AT),
        )
    return path


def test_decisions_stored_before_are_found_by_stem_and_by_phrase(path: Path) -> None:
    with writing(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert list(check_schema(db)) == []
        assert list(check_index(db)) == []
    with reading(path) as db:
        found = {query: search(db, query, 1).total for query in ("complaint", "delayed", '"complaints"', '"of delays"')}
        assert set(found.values()) == {1}
        assert search(db, '"complaint"', 1).total == 0
        assert search(db, '"complaints of"', 1).total == 0, "a phrase does not cross lines"


def test_other_programs_find_the_index_of_the_table(path: Path) -> None:
    with writing(path) as db:
        assert sqlite_utils.Database(db)["decisions"].detect_fts() == "decisions_fts"  # type: ignore[union-attr]
        assert detect_fts(db, "decisions") == "decisions_fts"
        rows = sqlite_utils.Database(db)["decisions"].search("complaints", columns=["reference"])  # type: ignore[union-attr]
        assert [row["reference"] for row in rows] == ["25 000 001"]


def test_a_damaged_index_is_found(path: Path) -> None:
    with writing(path) as db:
        db.execute("DELETE FROM decisions_fts_data WHERE id > 10")
        assert [one.part for one in check_index(db)] == ["index"]
