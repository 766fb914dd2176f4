"""Failures of the machine or the file are reported at once, in one sentence with the real reason."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import ReadError
from lgsco.cli.main import main
from storage.database import reading
from storage.errors import CannotLock
from storage.snapshot import snapshot
from storage.writer import create_database, writing
from support.command_line import Desk, Here
from support.paths import SEEDS


def test_a_lock_that_cannot_be_made_exits_2_with_the_reason(here: Here, tmp_path: Path) -> None:
    (tmp_path / "lgsco.db-lock").mkdir()
    ran = here("import", SEEDS, code=2)
    assert "its lock file lgsco.db-lock cannot be created there (Is a directory)" in ran.err
    with pytest.raises(CannotLock), writing(tmp_path / "lgsco.db"):
        pass


def test_unencodable_output_is_replaced_with_a_warning(desk: Desk) -> None:
    desk.run("import", SEEDS)
    whole = desk.run("show", "25-004-920").out
    desk.environment["PYTHONIOENCODING"] = "latin-1"
    process = desk.python("-m", "lgsco", "show", "25-004-920")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    lacking = {c for c in whole if ord(c) > 255}
    assert lacking
    assert err.count("latin-1") + err.count("iso8859-1") == 1
    assert "printed as ?" in err
    assert "Traceback" not in err
    assert out.count("?") >= sum(whole.count(c) for c in lacking)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_an_import_of_something_other_than_a_file_ends_at_once(here: Here, tmp_path: Path, kind: str) -> None:
    import socket

    path = tmp_path / "there"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(str(path))
    else:
        path = Path("/dev/zero")
    ran = here("import", path, code=10)
    assert "a pipe, a device or a socket" in ran.err
    assert ReadError.__name__ not in ran.err


def test_drafts_that_killed_snapshots_left_are_removed_by_the_next(tmp_path: Path) -> None:
    create_database(tmp_path / "lgsco.db")
    dead, ours, other = (".copy.db.4194305.part", f".copy.db.{os.getpid()}.part", f".copy.db.{os.getppid()}.part")
    for name in (dead, f"{dead}-journal", ours, other, ".other.db.4194305.part"):
        (tmp_path / name).write_bytes(b"half")
    with reading(tmp_path / "lgsco.db") as db:
        snapshot(db, tmp_path / "copy.db", public=False)
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert left == {other, ".other.db.4194305.part"}, "files of a running process stay"


def test_damaged_json_of_a_run_is_one_sentence(here: Here, tmp_path: Path) -> None:
    here("import", SEEDS)
    with closing(sqlite3.connect(tmp_path / "lgsco.db")) as db, db:
        db.execute("UPDATE runs SET tally = '{\"first\": 5'")
    ran = here("status", code=1)
    assert "run 1 contains" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "run 1: its arguments or counts are not JSON" in here("verify", code=10).out
    here("verify", "--repair")
    assert "no damage found" in here("verify").out


def test_a_permission_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(tmp_path / "lgsco.db"))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(SystemExit) as end:
        main(["show", "25-004-920", "--db", str(tmp_path / "lgsco.db")])
    assert end.value.code == 1
    err = capsys.readouterr().err
    advice = "check the permissions of the file and its folder"
    assert err == f"lgsco: {tmp_path / 'lgsco.db'}: Permission denied; {advice}\n"
