"""Signals in the middle of a command: the state is saved, no draft is left, and the next run continues."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import reading
from support.command_line import Desk, Shop, ask, ended, ended_promptly, held_at, reached
from support.paths import SEEDS


@pytest.mark.parametrize("command", [["snapshot", "copy.db"], ["export", "--format", "csv", "out"]])
def test_a_signal_leaves_no_draft_behind(filled: Shop, command: list[str], tmp_path: Path) -> None:
    """A signal while the draft exists."""
    waits = (
        "import runpy, sys, time, storage.export as e\n"
        "real = e.replacing\n"
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def slow(path):\n"
        "    with real(path) as draft:\n"
        "        draft.touch()\n"
        "        print('here', flush=True)\n"
        "        time.sleep(60)\n"
        "        yield draft\n"
        "e.replacing = slow\n"
        "runpy.run_module('lgsco', run_name='__main__')\n"
    )
    target = tmp_path / command[-1]
    process = filled.python("-c", waits, *command[:-1], target)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    drafts = [path.name for path in tmp_path.rglob("*") if ".part" in path.name]
    assert len(drafts) == 1
    process.send_signal(signal.SIGTERM)
    assert ended_promptly(process).code == 143
    assert not [path.name for path in tmp_path.rglob("*") if path.is_file()]


def test_a_signal_ends_a_reader_that_waits_for_an_exclusive_lock(shop: Shop) -> None:
    shop.run("import", SEEDS)
    with closing(sqlite3.connect(shop.database, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("UPDATE runs SET message = message")
        process = shop.start("show", "25 004 920")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGINT)
        assert ended_promptly(process).code == 130
    with reading(shop.database):
        pass


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_the_state_and_the_next_run_continues(shop: Shop, number: signal.Signals, code: int) -> None:
    hold = held_at(shop.server, 8)
    process = shop.start("backfill")
    reached(hold, process)
    process.send_signal(number)
    hold.go.set()
    ran = ended(process)
    assert not list(shop.folder.glob("kept.db-wal")), "the log is merged into the file"
    assert ran.code == code
    assert "stopped" in ran.sentence
    assert ask(shop.database, "SELECT state, exit_code FROM runs") == [("stopped", code)]
    kept = ask(shop.database, "SELECT DISTINCT reference FROM pages")
    assert len(kept) >= 6

    shop.run("backfill")
    assert shop.held() == shop.truth()
    pages = shop.pages()
    assert len(pages) <= len(set(pages)) + 1, "at most one page is fetched again"


def test_an_interrupted_import_keeps_what_it_has_imported(desk: Desk) -> None:
    """A signal while it imports the third document."""
    documents = desk.folder / "documents"
    shutil.copytree(SEEDS, documents)
    signalled = (
        "import os, signal, sys, time\n"
        "from ingest.tasks import import_files\n"
        "parse = import_files.parse_document\n"
        "def read_slowly(path, **options):\n"
        "    if path.name.startswith('002'):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(1)\n"
        "    return parse(path, **options)\n"
        "import_files.parse_document = read_slowly\n"
        "from lgsco.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    process = desk.python("-c", signalled, "import", *sorted(documents.iterdir()))
    ran = ended(process)
    assert ran.code == 143
    assert "stopped" in ran.sentence
    assert 0 < ask(desk.folder / "lgsco.db", "SELECT count(*) FROM decisions")[0] <= 5
    desk.run("import", documents)
    assert ask(desk.folder / "lgsco.db", "SELECT count(*) FROM decisions") == [5]
