"""The database file as the server opens it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from lgsco.web.served_file import ServedFile
from support.command_line import Shop


def test_query_cannot_make_a_value_of_unlimited_size(filled: Shop) -> None:
    served = ServedFile(None, str(filled.database))
    with closing(served.connect()) as db:
        assert db.execute("SELECT length(zeroblob(1000000))").fetchone() == (1_000_000,)
        with pytest.raises(sqlite3.Error, match="too big"):
            db.execute("SELECT length(hex(zeroblob(400000000)))").fetchone()
