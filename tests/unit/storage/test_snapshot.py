"""Tests what a copy has, what a public one leaves out, and that a failed one leaves nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from storage import decisions, related, suppressions
from storage.database import path_of
from storage.errors import StoreFailed
from storage.ledger import record_window
from storage.model import Proof, Window
from storage.snapshot import snapshot
from storage.verify import check_ledger
from support.rows import AT, DAY, KEY, OTHER, damage, list_decision, make_reading, store_decision, store_page

PAST = 2**22 + 1
"""A number that no process has."""


@pytest.fixture
def db(db: sqlite3.Connection) -> sqlite3.Connection:
    """Two stored and listed decisions on a proven day, the first linked with the second, with a page and an import."""
    for key in (KEY, OTHER):
        store_decision(db, key)
        list_decision(db, key)
        store_page(db, b"<p>Words</p>", key)
    document = replace(make_reading(KEY, "Imported."), source="import", url=None, document="/srv/operator/one.txt")
    decisions.add_beside(db, document, 1)
    related.relate(db, KEY, [OTHER], "cites")
    db.execute("DELETE FROM queue")
    record_window(db, Proof(Window(DAY, DAY), 2, 2, "proven", AT, AT, AT, "t=both"), 1)
    db.execute("UPDATE runs SET message = '/srv/operator', user_agent = 'operator@example.org'")
    return db


def ask(path: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(path)) as copy:
        return [row[0] for row in copy.execute(sql)]


def make(db: sqlite3.Connection, *, public: bool = True, with_withdrawn: bool = False) -> Path:
    target = path_of(db).with_name("copy.db")
    assert snapshot(db, target, public=public, with_withdrawn=with_withdrawn) == []
    return target


def test_a_backup_has_the_private_rows_too(db: sqlite3.Connection) -> None:
    copy = make(db, public=False)
    assert ask(copy, "SELECT count(*) FROM pages") == [2]
    assert ask(copy, "SELECT user_agent FROM runs") == ["operator@example.org"]


def test_a_public_copy_names_neither_the_operator_nor_files(db: sqlite3.Connection) -> None:
    copy = make(db)
    assert b"operator" not in copy.read_bytes()
    assert ask(copy, "SELECT count(*) FROM pages") == [0]
    assert ask(copy, "SELECT state FROM windows") == ["proven"]
    assert ask(copy, "PRAGMA freelist_count") == [0]


@pytest.mark.parametrize("how", ["suppressed", "withdrawn"])
def test_a_hidden_decision_leaves_no_row_no_link_no_word_and_no_proof(db: sqlite3.Connection, how: str) -> None:
    if how == "suppressed":
        suppressions.suppress(db, OTHER, "a court order", AT)
    else:
        db.execute("UPDATE decisions SET status = 'withdrawn' WHERE reference = ?", (OTHER,))
    copy = make(db)
    assert OTHER.encode() not in copy.read_bytes()
    assert ask(copy, "SELECT reference FROM decisions") == [KEY]
    assert ask(copy, "SELECT count(*) FROM related") == [0]
    assert ask(copy, "SELECT state FROM windows") == ["unknown"], "the day lists a decision that the copy lacks"


@pytest.mark.parametrize("how", ["suppressed", "withdrawn", "damaged"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_only_the_days_that_list_a_decision_that_is_left_out_lose_their_proof(
    db: sqlite3.Connection, how: str, *, is_listed: bool
) -> None:
    first, last = date(2025, 3, 1), date(2025, 4, 30)
    store_decision(db, third := "25 000 003", day=last)
    list_decision(db, third, last)
    db.execute("DELETE FROM queue")
    if not is_listed:
        db.execute("UPDATE entries SET unlisted_at = ? WHERE reference = ?", (AT, OTHER))
    listed = 3 if is_listed else 2
    record_window(db, Proof(Window(first, last), listed, listed, "proven", AT, AT, AT, "t=both"), 1)
    if how == "suppressed":
        suppressions.suppress(db, OTHER, "a court order", AT)
    elif how == "withdrawn":
        db.execute("UPDATE decisions SET status = 'withdrawn' WHERE reference = ?", (OTHER,))
    else:
        damage(db, f"UPDATE decisions SET text = 'Others.' WHERE reference = '{OTHER}'")
    target = path_of(db).with_name("copy.db")
    snapshot(db, target, public=True)
    with closing(sqlite3.connect(target)) as copy:
        windows = copy.execute("SELECT first, last, state, total FROM windows ORDER BY first").fetchall()
        assert list(check_ledger(copy)) == []
    assert windows == (
        [
            ("2025-03-01", "2025-03-31", "proven", 0),
            ("2025-04-01", "2025-04-01", "unknown", None),
            ("2025-04-02", "2025-04-30", "proven", 1),
        ]
        if is_listed
        else [("2025-03-01", "2025-04-30", "proven", 2)]
    )


def test_withdrawn_decisions_can_be_included(db: sqlite3.Connection) -> None:
    db.execute("UPDATE decisions SET status = 'withdrawn' WHERE reference = ?", (OTHER,))
    copy = make(db, with_withdrawn=True)
    assert ask(copy, "SELECT reference FROM decisions ORDER BY 1") == [KEY, OTHER]
    assert ask(copy, "SELECT state FROM windows") == ["proven"]


def test_a_damaged_decision_is_named_and_a_public_copy_leaves_it_out(db: sqlite3.Connection) -> None:
    damage(db, f"UPDATE decisions SET text = 'Others.' WHERE reference = '{OTHER}'")
    target = path_of(db).with_name("copy.db")
    assert [one.reference for one in snapshot(db, target, public=True)] == [OTHER]
    assert ask(target, "SELECT reference FROM decisions") == [KEY]
    assert ask(target, "SELECT state FROM windows") == ["unknown"]


def test_nothing_is_overwritten_and_a_missing_folder_is_named(db: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(StoreFailed, match="a snapshot never overwrites"):
        snapshot(db, tmp_path / "precious", public=False)
    assert (tmp_path / "precious").read_text() == "mine"
    with pytest.raises(StoreFailed, match="there is no folder"):
        snapshot(db, tmp_path / "none" / "copy.db", public=False)


def test_a_read_only_file_system_is_named(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)  # even of a file that does not exist
    with pytest.raises(StoreFailed) as failed:
        snapshot(db, tmp_path / "copy.db", public=False)
    assert str(failed.value) == f"{tmp_path}/copy.db cannot be written: Read-only file system; name another path"


def test_what_a_killed_snapshot_left_is_removed_by_the_next(db: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / f".copy.db.{PAST}.part").write_text("half a copy")
    (tmp_path / ".copy.db.notes.part").write_text("mine")
    make(db)
    assert [path.name for path in tmp_path.glob(".copy.db*")] == [".copy.db.notes.part"]


def test_a_snapshot_changes_neither_the_file_nor_the_connection(db: sqlite3.Connection) -> None:
    before = db.execute("PRAGMA cache_size").fetchone()
    db.execute("PRAGMA query_only = ON")
    make(db)
    assert db.execute("PRAGMA cache_size").fetchone() == before
    assert db.execute("PRAGMA query_only").fetchone() == (1,)
