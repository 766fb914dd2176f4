"""`kill -9` at any moment: run it again and it goes on, and ends where an undisturbed run ends."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import SEEDS
from test_cli import Desk, Ran, Shop, ask, ended, sound

from replica.corpus import expected_text, generate, seeds
from replica.messages import Request
from replica.server import serve
from replica.site import Site

DOOMED = """
import os, signal, sys
from storage import database

moment, number = sys.argv.pop(1), int(sys.argv.pop(1))
connect, counts = database.connect, {"statement": 0, "commit": 0, "after": 0}

def die(statement):
    counts["statement"] += 1
    counts["after"] = counts["commit"]
    counts["commit"] += statement == "COMMIT"
    if counts[moment] >= number:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(*arguments):
    db = connect(*arguments)
    db.set_trace_callback(die)
    return db

database.connect = watched
import lgsco
sys.argv[0] = "lgsco"
lgsco.main()
"""
"""The command, killed when it comes to its so-manyth `statement`, to its so-manyth `commit`, or to the first statement
`after` that."""

TABLES = {
    "decisions": "SELECT reference, authority, category, subcategory, outcome, decision_date, kind, summary, text, "
    "url, status, text_sha256, normaliser, source FROM decisions",
    "layouts": "SELECT * FROM layouts",
    "paragraphs": "SELECT reference, position, section, number, kind, text FROM paragraphs",
    "revisions": "SELECT r.reference, r.revision, r.source, r.change, r.text_sha256, r.normaliser, r.document, "
    "r.fields, r.text, p.reference, p.url, p.chapter, p.state FROM revisions AS r "
    "LEFT JOIN pages AS p ON p.id = r.page",
    "pages": "SELECT reference, chapter, url, charset, state, bytes FROM pages",
    "entries": "SELECT reference, url, authority, outcome, subcategory, decision_date, kind FROM entries",
    "queue": "SELECT * FROM queue",
    "windows": "SELECT first, last, total, listed, state, asked FROM windows",
    "found": "SELECT d.reference FROM decisions_fts JOIN decisions AS d ON d.rowid = decisions_fts.rowid "
    "WHERE decisions_fts MATCH 'specimen OR hertfordshire'",
}
"""All that is kept but instants, ids and run numbers."""


def kept(database: Path) -> dict[str, list[Any]]:
    return {name: sorted(map(repr, ask(database, sql))) for name, sql in TABLES.items()}


@pytest.fixture(scope="module")
def site() -> Site:
    samples = list(generate(400, seed=5, first=date(2024, 1, 1), last=date(2025, 9, 30), body=False))
    chaptered = [sample for sample in samples if len(sample.chapters) > 1][:4]
    plain = [sample for sample in samples if len(sample.chapters) == 1][:50]
    site = Site([*seeds(), *plain, *chaptered])
    assert len(site) == 59
    return site


@dataclass
class Life(Shop):
    """A shop where commands are killed, and how often they were."""

    kills: int = 0

    def killed(self, process: Any) -> bool:
        """Whether the command was killed before its end; it must have ended well otherwise."""
        ran: Ran = ended(process)
        assert ran.code in (0, -signal.SIGKILL), ran.err
        if ran.code == 0:
            return False
        self.kills += 1
        self.look()
        return True

    def doomed(self, moment: str, number: int, *arguments: str | Path) -> bool:
        return self.killed(self.python("-c", DOOMED, moment, str(number), *arguments))

    def look(self) -> None:
        """What any reader finds after the kill is whole. Looks at a copy, so that nothing is mended here."""
        copy = self.folder / "looked-at" / "kept.db"
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        for path in self.folder.glob("kept.db*"):
            if not path.name.endswith(("-lock", "-shm")):
                shutil.copyfile(path, copy.parent / path.name)
        if not copy.exists():
            return
        with closing(sqlite3.connect(copy)) as db:
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema")]
        if "decisions_fts" in tables:
            assert sound(copy)
            truth = self.truth()
            found = dict(ask(copy, "SELECT reference, text FROM decisions"))
            assert found.items() <= truth.items(), "never half a text"


@pytest.fixture
def life(tmp_path: Path, site: Site) -> Iterator[Life]:
    with serve(site) as server:
        environment = {
            "LGSCO_SITE_BASE_URL": server.url,
            "LGSCO_STORAGE_DATABASE": str(tmp_path / "kept.db"),
            "LGSCO_STORAGE_BATCH": "12",
            "LGSCO_LISTING_WALK_MOST": "25",
            "LGSCO_FETCH_PACE": "0",
        }
        life = Life(tmp_path, environment, site=site, server=server)
        try:
            yield life
        finally:
            life.leave()
    assert not server.errors


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.leave()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, site: Site) -> dict[str, list[Any]]:
    desk = Desk(tmp_path_factory.mktemp("undisturbed"))
    with serve(site) as server:
        desk.environment = {"LGSCO_FETCH_PACE": "0", "LGSCO_LISTING_WALK_MOST": "25", "LGSCO_STORAGE_BATCH": "12"}
        desk.run("backfill", "--site", server.url)
    database = desk.folder / "lgsco.db"
    assert dict(ask(database, "SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in site.listed()
    }
    return kept(database)


def goes_on(life: Life, undisturbed: dict[str, list[Any]]) -> None:
    """Run again, it ends where an undisturbed run ends, and fetches at most one page more for each kill."""
    life.run("backfill")
    assert not list(life.folder.glob("kept.db-wal")), "the log is folded into the file"
    found = kept(life.database)
    for name, rows in undisturbed.items():
        assert found[name] == rows, name
    assert sound(life.database)
    states = Counter(ask(life.database, "SELECT state FROM runs"))
    assert set(states) <= {"died", "complete"}
    assert states["died"] <= life.kills
    asked = Counter(life.pages())
    assert sum(asked.values()) - len(asked) <= life.kills, [page for page, times in asked.items() if times > 1]


# The tables are made by the statements up to some 67: it is killed before, among and just after them.
@pytest.mark.parametrize("number", [1, 19, 26, 66])
def test_killed_while_the_tables_are_made(life: Life, undisturbed: dict[str, list[Any]], number: int) -> None:
    assert life.doomed("statement", number, "backfill")
    goes_on(life, undisturbed)


def test_killed_at_a_request(life: Life, undisturbed: dict[str, list[Any]]) -> None:
    """Of each life; each gets a few requests further, so that the kills stand all along the way."""
    asked = fatal = 0
    process: Any = None

    def kill(request: Request) -> None:
        nonlocal asked
        asked += 1
        if asked == fatal:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    life.server.faults = kill
    for number in (1, 2, 5, 9, 12, 14, 23, 30):
        asked, fatal = 0, number
        process = life.start("backfill")
        if not life.killed(process):
            break
    assert life.kills >= 3
    life.server.faults = None
    goes_on(life, undisturbed)


def test_killed_between_any_two_statements(life: Life, undisturbed: dict[str, list[Any]]) -> None:
    for number in (83, 101, 131, 190, 260, 340, 433, 520):
        life.doomed("statement", number, "backfill")
    assert life.kills >= 4
    goes_on(life, undisturbed)


@pytest.mark.parametrize("moment", ["commit", "after"])
def test_killed_just_before_and_just_after_a_commit(life: Life, undisturbed: dict[str, list[Any]], moment: str) -> None:
    for number in (3, 8, 13, 24):
        life.doomed(moment, number, "backfill")
    assert life.kills == 4
    goes_on(life, undisturbed)


@pytest.mark.parametrize("number", [75, 130])
def test_an_import_that_is_killed_is_whole_when_run_again(desk: Desk, number: int) -> None:
    desk.environment["LGSCO_STORAGE_BATCH"] = "2"
    assert ended(desk.python("-c", DOOMED, "statement", str(number), "import", SEEDS)).code == -signal.SIGKILL
    desk.run("import", SEEDS)
    desk.run("import", SEEDS, "--db", "undisturbed.db")
    assert kept(desk.folder / "lgsco.db") == kept(desk.folder / "undisturbed.db")
    assert sound(desk.folder / "lgsco.db")


def test_the_lock_of_a_killed_writer_holds_nobody_up(life: Life) -> None:
    assert life.doomed("commit", 6, "backfill")
    assert (life.folder / "kept.db-lock").exists()
    life.run("import", SEEDS)
    assert ask(life.database, "SELECT task, state FROM runs ORDER BY id") == [
        ("backfill", "died"),
        ("import", "complete"),
    ]
