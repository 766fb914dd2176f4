"""Tests that a migration's SQL is split and run inside one transaction."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database

from storage.migrations.script import execute_script, split_statements

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b;\n  DELETE FROM c;\nEND;"


def test_a_trigger_is_one_statement() -> None:
    script = f"CREATE TABLE a (x);\n\n{TRIGGER}\nDROP TABLE\n  a;\n"
    assert split_statements(script) == ["CREATE TABLE a (x);", TRIGGER, "DROP TABLE\n  a;"]


def test_a_failed_script_can_be_rolled_back_as_a_whole() -> None:
    db = Database(memory=True)
    with closing(db.conn) as connection:
        connection.execute("BEGIN")
        with pytest.raises(sqlite3.OperationalError):
            execute_script(db, "CREATE TABLE a (x);\nCREATE TABLE b (x);\nDROP TABLE missing;\n")
        assert connection.in_transaction, "executescript would have committed"
        connection.execute("ROLLBACK")
        assert db.table_names() == []
