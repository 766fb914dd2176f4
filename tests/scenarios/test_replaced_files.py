"""After the served file is replaced (`mv new.db public.db`), every answer comes from the new file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from lgsco.web.metadata import NAME
from storage.database import SCHEMA_VERSION
from storage.schema import _IN_ORDER
from support.command_line import Shop
from support.serving import Served, serving

PREVIOUS = int(_IN_ORDER[-2].__name__.rpartition(".m")[2][:3])
"""The schema before the last migration."""

THREADS = 6


@pytest.fixture
def public(filled: Shop, tmp_path: Path) -> Path:
    filled.run("snapshot", "--public", tmp_path / "public.db")
    return tmp_path / "public.db"


def make_smaller(filled: Shop, to: Path, left: int) -> Path:
    """A snapshot with fewer decisions."""
    filled.run("snapshot", "--public", to)
    with closing(sqlite3.connect(to)) as db, db:
        db.execute("DELETE FROM decisions WHERE rowid NOT IN (SELECT rowid FROM decisions LIMIT ?)", (left,))
    return to


def ask_often(server: Served, number: int = 24) -> list[httpx.Response]:
    """Returns the answers of all threads of the server to one question."""
    parameters = {"sql": "select count(*) as held from decisions", "_shape": "array"}
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda _: server.client.get(f"/{NAME}.json", params=parameters), range(number)))


def counts(server: Served) -> set[int]:
    return {answer.json()[0]["held"] for answer in ask_often(server)}


def move(new: Path, public: Path) -> None:
    new.replace(public)


def remove_first(new: Path, public: Path) -> None:
    public.unlink()
    new.rename(public)


def link(new: Path, public: Path) -> None:
    public.unlink()
    public.symlink_to(new)


@pytest.mark.parametrize("put", [move, remove_first, link])
def test_every_answer_comes_from_the_file_that_replaced_the_old_one(
    filled: Shop, public: Path, tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    with serving(public) as server:
        assert counts(server) == {25}
        for left in (9, 4):
            put(make_smaller(filled, tmp_path / f"new{left}.db", left), public)
            assert counts(server) == {left}
            assert len(server.client.get(f"/{NAME}/decisions.json?_shape=array").json()) == left


def test_serve_answers_from_a_restored_file(filled: Shop, tmp_path: Path) -> None:
    served = tmp_path / "kept.db"
    filled.run("snapshot", served)
    backup = make_smaller(filled, tmp_path / "backup.db", 7)
    with serving(served) as server:
        assert counts(server) == {25}
        filled.run("restore", backup, "--db", served)
        assert counts(server) == {7}


def age(new: Path) -> None:
    with closing(sqlite3.connect(new)) as db:
        db.execute(f"PRAGMA user_version = {PREVIOUS}")
        if db.execute("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlite_migrations'").fetchone() == (1,):
            db.execute("DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)")
            db.commit()


def advance(new: Path) -> None:
    with closing(sqlite3.connect(new)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def make_foreign(new: Path) -> None:
    new.unlink()
    with closing(sqlite3.connect(new)) as db:
        db.execute("CREATE TABLE songs (name)")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (age, f"has schema {PREVIOUS} and this lgsco reads {SCHEMA_VERSION}"),
        (advance, f"has schema {SCHEMA_VERSION + 1}, newer than the {SCHEMA_VERSION}"),
        (make_foreign, "has tables that are not lgsco's"),
        (lambda new: new.write_text("words " * 1_000), "cannot be read (file is not a database)"),
        (Path.unlink, "cannot be read (unable to open database file)"),
    ],
)
def test_an_unservable_file_is_named_and_a_good_one_is_served_later(
    filled: Shop, public: Path, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    with serving(public) as server:
        assert counts(server) == {25}
        new = make_smaller(filled, tmp_path / "new.db", 9)
        spoil(new)
        if new.exists():
            new.replace(public)
        else:
            public.unlink()
        assert {answer.status_code for answer in ask_often(server)} == {500}
        make_smaller(filled, tmp_path / "better.db", 3).replace(public)
        assert counts(server) == {3}
    assert any(message in line for line in server.log), server.log[-5:]
