"""Read-only files and folders can be read, and the reason why they are not written is reported."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from lgsco.web.metadata import NAME
from storage.writer import writing
from support.command_line import Ran, Shop, ended, ended_promptly, sound
from support.paths import SEEDS

AS_ANYBODY = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
for capability in (1, 2):  # the capabilities by which root ignores permissions
    libc.prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass
class Bound(Shop):
    """A shop whose commands obey file permissions, whichever user runs them."""

    def bound(self, *arguments: str | Path) -> Ran:
        return ended(self.python("-c", AS_ANYBODY, "-m", "lgsco", *arguments))


@pytest.fixture
def bound(short_shop: Shop) -> Iterator[Bound]:
    """A shop with a complete backfill, in a folder with room for a lock and for copies beside it."""
    probe = short_shop.folder / "probe"
    probe.touch(mode=0o444)
    if ended(short_shop.python("-c", AS_ANYBODY, "-c", f"open({str(probe)!r}, 'a')")).code == 0:
        pytest.skip("permissions bind nobody here")
    folder = short_shop.folder / "held"
    folder.mkdir()
    short_shop.environment["LGSCO_STORAGE_DATABASE"] = str(folder / "kept.db")
    short_shop.run("backfill")
    try:
        yield Bound(
            short_shop.folder,
            short_shop.environment,
            short_shop.started,
            site=short_shop.site,
            server=short_shop.server,
        )
    finally:
        folder.chmod(0o755)


def reads_all(bound: Bound) -> None:
    """A reader is not blocked, and leaves no files behind."""
    reference = bound.site.listed()[0].reference
    before = sorted(path.name for path in (bound.folder / "held").iterdir())
    assert bound.bound("show", reference).out.startswith(bound.site.sample(reference).title)
    assert bound.bound("search", "council").out
    assert "12 decisions" in bound.bound("status").out
    assert bound.bound("coverage").code == 0
    copy = bound.folder / "copy.db"
    assert bound.bound("snapshot", copy).code == 0
    assert sound(copy)
    assert sorted(path.name for path in (bound.folder / "held").iterdir()) == before


def test_a_read_only_file_can_be_read_and_a_write_is_refused_with_the_reason(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    before = database.read_bytes()
    database.chmod(0o444)
    for command in (["backfill"], ["sync"], ["import", str(SEEDS)]):
        ran = bound.bound(*command)
        assert ran.code == 1
        assert "kept.db cannot be written" in ran.sentence
        assert "permissions" in ran.sentence
    reads_all(bound)
    assert database.read_bytes() == before


def test_a_file_made_writable_again_is_written_again(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    database.chmod(0o444)
    assert bound.bound("sync").code == 1
    database.chmod(0o644)
    assert bound.bound("sync").code == 0


def test_a_read_only_folder_can_be_read_and_a_write_is_refused_with_the_reason(bound: Bound) -> None:
    folder = bound.folder / "held"
    for path in folder.glob("*-lock"):
        path.unlink()
    folder.chmod(0o555)
    for command in (["backfill"], ["daemon"], ["import", str(SEEDS)]):
        ran = bound.bound(*command)
        assert ran.code == 2
        assert "kept.db cannot be written: its lock" in ran.sentence
        assert "(Permission denied)" in ran.sentence
        assert "--db" in ran.sentence
    reads_all(bound)
    for options in ([], ["--public"]):
        ran = bound.bound("snapshot", str(folder / "copy.db"), *options)
        assert ran.code == 1
        assert "copy.db cannot be written: Permission denied; change its permissions, or name" in ran.sentence
    process = bound.python("-c", AS_ANYBODY, "-m", "lgsco", "serve", "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().strip().rstrip("/")
    answer = httpx.get(f"{url}/{NAME}/decisions.json?_shape=array")
    assert len(answer.json()) == 12, answer.text
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 0
    folder.chmod(0o755)
    assert bound.bound("sync").code == 0


def test_the_daemon_reports_at_once_that_it_cannot_write(bound: Bound) -> None:
    database = bound.folder / "held" / "kept.db"
    database.chmod(0o444)
    ran = bound.bound("daemon")
    assert ran.code == 1
    assert "kept.db cannot be written" in ran.sentence


# ---------------------------------------------------------------- while somebody else writes


READ_WHILE_WRITTEN = """
import pathlib, sys, time
from storage.database import reading
with reading(pathlib.Path(sys.argv[1])) as db:
    print(db.execute("SELECT count(*) FROM decisions").fetchone()[0], flush=True)
    while not pathlib.Path(sys.argv[2]).exists():
        time.sleep(0.02)
    print(db.execute("SELECT count(*) FROM decisions").fetchone()[0], flush=True)
"""


def test_a_command_that_cannot_lock_the_file_reports_a_write_during_its_read(bound: Bound) -> None:
    folder = bound.folder / "held"
    folder.chmod(0o555)
    script = bound.folder / "read.py"
    script.write_text(READ_WHILE_WRITTEN)
    process = bound.python("-c", AS_ANYBODY, script, folder / "kept.db", bound.folder / "go")
    assert process.stdout is not None
    assert process.stdout.readline() == "12\n"
    bound.run("import", SEEDS)
    (bound.folder / "go").touch()
    ran = ended(process)
    assert ran.code == 1
    assert "was written while it was read" in ran.err
    assert "let this user write the file and its folder" in ran.err


def counts(url: str) -> tuple[int, int]:
    """Returns the number of decisions that a server counts, and of the lines of their texts."""
    sql = "select (select count(*) from decisions) as held, (select count(*) from paragraphs) as lines"
    (row,) = httpx.get(f"{url}/{NAME}.json", params={"sql": sql, "_shape": "array"}).json()
    return row["held"], row["lines"]


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_serve_without_locks_never_answers_from_two_states(bound: Bound, journal: str) -> None:
    folder = bound.folder / "held"
    database = folder / "kept.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
    folder.chmod(0o555)
    process = bound.python("-c", AS_ANYBODY, "-m", "lgsco", "serve", "--port", "0", "--db", database)
    assert process.stdout is not None
    url = process.stdout.readline().strip().rstrip("/")
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: counts(url), range(30)))  # every thread opens the file
        bound.run("import", SEEDS)
        found = set(threads.map(lambda _: counts(url), range(30)))
    with closing(sqlite3.connect(database)) as db:
        sql = "SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM paragraphs)"
        truth = db.execute(sql).fetchone()
    assert found == {truth}
    assert truth[0] > 12
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 0


def test_serve_without_locks_reads_what_a_writer_has_written(bound: Bound) -> None:
    folder = bound.folder / "held"
    folder.chmod(0o555)
    process = bound.python("-c", AS_ANYBODY, "-m", "lgsco", "serve", "--port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().strip().rstrip("/")
    assert counts(url)[0] == 12
    with writing(folder / "kept.db") as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for left in range(11, 5, -1):
            db.execute("DELETE FROM decisions WHERE rowid = (SELECT min(rowid) FROM decisions)")
            assert {counts(url)[0] for _ in range(6)} == {left}
    assert counts(url)[0] == 6
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 0
