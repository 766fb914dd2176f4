"""Tests the tables that a public server shows, and the files that may replace its file."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from lgsco.web.public_file import PublicFile
from lgsco.web.served_file import ServedFile
from storage.database import reading
from storage.errors import NotPublic
from storage.private import PRIVATE
from storage.snapshot import snapshot


@pytest.fixture
def public(small_archive: Path, tmp_path: Path) -> Path:
    with reading(small_archive) as db:
        snapshot(db, tmp_path / "public.db", public=True)
    return tmp_path / "public.db"


def test_private_tables_cannot_be_read(public: Path) -> None:
    with closing(PublicFile(None, str(public)).connect()) as db:
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (11,), "one is withdrawn"
        with pytest.raises(sqlite3.DatabaseError, match=r"prohibited|not authorized"):
            db.execute("SELECT * FROM runs")


def test_a_file_with_private_rows_may_not_take_its_place(public: Path, small_archive: Path) -> None:
    served = PublicFile(None, str(public))
    served.connect().close()
    shutil.copy(small_archive, public.with_name("new.db"))
    public.with_name("new.db").replace(public)
    with pytest.raises(Exception, match="is not a public snapshot") as refusal:
        served.connect()
    assert isinstance(refusal.value.__cause__, NotPublic)


def test_withdrawn_decisions_may_come_back_only_if_that_is_allowed(public: Path, small_archive: Path) -> None:
    with reading(small_archive) as db:
        snapshot(db, public.with_name("with.db"), public=True, with_withdrawn=True)
    for allowed in (True, False):
        served = PublicFile(None, str(public), with_withdrawn=allowed)
        with closing(sqlite3.connect(public.with_name("with.db"))) as db:
            if allowed:
                served.check_replacement(db, public)
            else:
                with pytest.raises(NotPublic, match="withdrawn"):
                    served.check_replacement(db, public)


def test_private_tables_are_neither_listed_nor_linked_to(public: Path) -> None:
    datasette = Datasette([])
    served = datasette.add_database(PublicFile(datasette, str(public)), name="public")
    everything = datasette.add_database(ServedFile(datasette, str(public)), name="all")
    try:
        assert PRIVATE & set(asyncio.run(everything.table_names()))
        assert not PRIVATE & set(asyncio.run(served.table_names()))
        assert "decisions" in asyncio.run(served.table_names())
        links = asyncio.run(served.get_all_foreign_keys())
        assert not {key["other_table"] for keys in links.values() for found in keys.values() for key in found} & PRIVATE
        assert asyncio.run(everything.foreign_keys_for_table("revisions"))
        tables = {key["other_table"] for key in asyncio.run(served.foreign_keys_for_table("revisions"))}
        assert not tables & PRIVATE
    finally:
        served.close()
        everything.close()
        datasette.executor.shutdown()
