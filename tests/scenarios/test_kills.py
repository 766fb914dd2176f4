"""`kill -9` at any moment: the next run continues, and ends like a run without kills.

This is the short version; `python -m bench kills` kills at every commit.
"""

from __future__ import annotations

import json
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

from bench.kill_loop import environment
from bench.kills import Found, at_commits
from bench.stored_rows import Difference, StoredRows, compare, find_faults, read_rows
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.command_line import Desk, Hold, Ran, Shop, ask, ended, reached, sound
from support.paths import SEEDS


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
    """A shop whose commands are killed, and the number of kills."""

    kills: int = 0

    def killed(self, process: Any) -> bool:
        """Returns whether the command was killed before its end; otherwise it must have ended well."""
        ran: Ran = ended(process)
        assert ran.code in (0, -signal.SIGKILL), ran.err
        if ran.code == 0:
            return False
        self.kills += 1
        self.look()
        return True

    def doomed(self, moment: str, number: int, *arguments: str | Path) -> bool:
        """Kills the process at its nth `statement`, or just `before` or `after` its nth commit."""
        return self.killed(self.python("-m", "bench.self_kill", moment, str(number), *arguments))

    def look(self) -> None:
        """Checks that readers find a sound file after the kill. Works on a copy, so that nothing is repaired here."""
        copy = self.folder / "looked-at" / "kept.db"
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        for path in self.folder.glob("kept.db*"):
            if not path.name.endswith(("-lock", "-shm")):
                shutil.copyfile(path, copy.parent / path.name)
        if not copy.exists():
            return
        assert find_faults(copy) == []
        with closing(sqlite3.connect(copy)) as db:
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema")]
        if "decisions" in tables:
            truth = self.truth()
            found = dict(ask(copy, "SELECT reference, text FROM decisions"))
            assert found.items() <= truth.items(), "never half a text"


@pytest.fixture
def life(tmp_path: Path, site: Site) -> Iterator[Life]:
    with serve(site) as server:
        life = Life(tmp_path, environment(server, tmp_path / "kept.db"), site=site, server=server)
        try:
            yield life
        finally:
            life.leave()
    assert not server.errors


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    desk = Desk(tmp_path_factory.mktemp("undisturbed"))
    database = desk.folder / "lgsco.db"
    with serve(site) as server:
        desk.environment = environment(server, database)
        desk.run("backfill")
    assert dict(ask(database, "SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in site.listed()
    }
    return database


@pytest.fixture(scope="module")
def truth(undisturbed: Path) -> StoredRows:
    return read_rows(undisturbed)


def goes_on(life: Life, truth: StoredRows) -> None:
    """Run again, it ends where an undisturbed run ends, and fetches at most one page more for each kill."""
    life.run("backfill")
    assert not list(life.folder.glob("kept.db-wal")), "the log is folded into the file"
    assert compare(truth, read_rows(life.database)) == Difference()
    assert find_faults(life.database) == []
    states = Counter(ask(life.database, "SELECT state FROM runs"))
    assert set(states) <= {"died", "complete"}
    assert states["died"] <= life.kills
    asked = Counter(life.pages())
    assert sum(asked.values()) - len(asked) <= life.kills, [page for page, times in asked.items() if times > 1]


# ---------------------------------------------------------------- a backfill


# The first 96 statements create the tables: the kills are before, among and just after them.
@pytest.mark.parametrize("number", [1, 19, 47, 96])
def test_a_run_killed_while_it_makes_the_tables_can_be_run_again(life: Life, truth: StoredRows, number: int) -> None:
    assert life.doomed("statement", number, "backfill")
    goes_on(life, truth)


def test_runs_killed_at_a_request_can_be_run_again(life: Life, truth: StoredRows) -> None:
    """Kills of each run. Each run gets a few requests further, so that the kills cover all of it."""
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
    goes_on(life, truth)


def test_runs_killed_between_two_statements_can_be_run_again(life: Life, truth: StoredRows) -> None:
    for number in (120, 139, 151, 190, 260, 340, 433, 520):
        life.doomed("statement", number, "backfill")
    assert life.kills >= 4
    goes_on(life, truth)


# ---------------------------------------------------------------- at commits: a backfill, then a sync


@pytest.fixture(scope="module")
def courses() -> dict[str, Found]:
    return {found.name: found for found in at_commits(20, each=9)}


@pytest.mark.parametrize("command", ["backfill", "sync"])
def test_runs_killed_before_and_after_each_commit_can_be_run_again(courses: dict[str, Found], command: str) -> None:
    found = courses[command]
    (loop,) = found.loops
    assert loop.kills.total() > 12
    assert found.difference == Difference()
    assert loop.faults == []
    most = 1 if command == "backfill" else 5
    assert max(loop.again.values(), default=0) <= most, "one page, two known ones, and two asked about an amendment"
    assert max(loop.gone_again.values(), default=0) <= 10, "and those that were gone, up to a known decision"


# ---------------------------------------------------------------- what is compared


def test_compare_reports_lost_changed_and_duplicated_rows(undisturbed: Path, truth: StoredRows, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(undisturbed, copy)
    assert compare(truth, read_rows(copy)) == Difference()
    with closing(sqlite3.connect(copy)) as db:
        db.execute("UPDATE entries SET outcome = 'Other' WHERE reference = '25 004 920'")
        db.execute("DELETE FROM layouts WHERE reference = '24 014 420'")
        columns = "reference, chapter, url, fetched_at, charset, state, bytes, dictionary, body"
        db.execute(f"INSERT INTO pages ({columns}) SELECT {columns} FROM pages LIMIT 1")
        db.commit()
    found = compare(truth, read_rows(copy))
    assert [row.partition(":")[0] for row in found.differing] == ["entries"]
    assert [row.partition(":")[0] for row in found.duplicated] == ["pages"]
    lost = Counter(row.partition(":")[0] for row in found.lost)
    assert (lost["entries"], lost["layouts"]) == (1, 1)
    assert lost.keys() == {"entries", "layouts", "paragraphs"}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE decisions_fts_data SET block = x'00' WHERE id > 10", "full-text index"),
        ("DELETE FROM decisions WHERE reference = '25 004 920'", "layouts"),
    ],
)
def test_an_unsound_file_is_reported(undisturbed: Path, tmp_path: Path, harm: str, said: str) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(undisturbed, copy)
    assert find_faults(copy) == []
    with closing(sqlite3.connect(copy)) as db:
        db.execute(harm)
        db.commit()
    assert any(said in fault for fault in find_faults(copy))


# ---------------------------------------------------------------- an import, and the lock


@pytest.mark.parametrize("number", [120, 135])
def test_a_killed_import_completes_when_run_again(desk: Desk, number: int) -> None:
    desk.environment["LGSCO_STORAGE_BATCH"] = "2"
    doomed = desk.python("-m", "bench.self_kill", "statement", str(number), "import", SEEDS)
    assert ended(doomed).code == -signal.SIGKILL
    desk.run("import", SEEDS)
    desk.run("import", SEEDS, "--db", "undisturbed.db")
    assert compare(read_rows(desk.folder / "undisturbed.db"), read_rows(desk.folder / "lgsco.db")) == Difference()
    assert sound(desk.folder / "lgsco.db")


def test_the_lock_of_a_killed_writer_blocks_nobody(life: Life) -> None:
    assert life.doomed("before", 40, "backfill")
    assert (life.folder / "kept.db-lock").exists()
    life.run("import", SEEDS)
    assert ask(life.database, "SELECT task, state FROM runs ORDER BY id") == [
        ("backfill", "died"),
        ("import", "complete"),
    ]


def test_a_killed_run_is_recorded_as_died_before_the_next_run(shop: Shop) -> None:
    hold = Hold()
    shop.server.faults = on("/decisions/", hold, after=5)
    process = shop.start("backfill")
    reached(hold, process)
    assert "backfill: running" in shop.run("status", code=1).out
    process.kill()
    ended(process)
    assert "backfill: died" in shop.run("status", code=1).out
    assert json.loads(shop.run("status", "--json", code=1).out)["runs"][0]["state"] == "died"
    hold.go.set()
