"""A signal during an import ends the program after the import, and with its own exit code."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from support.command_line import Desk, ended, ended_promptly

IN_A_CLASS = """\
import os
class Field:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), {number})
class Page:
    title = Field()  # Python turns an error in __set_name__ into a RuntimeError
"""
IN_A_CALLBACK = """\
import os, weakref
class Lock:
    pass
lock = Lock()
kept = weakref.ref(lock, lambda _: os.kill(os.getpid(), {number}))
del lock  # Python prints an error in a callback, and goes on
"""
RUN = """\
import time
import lgsco.cli.main as program
def import_ours(name, before=program.import_module):
    before("sends")
    print("imported", flush=True)
    time.sleep(60)
program.import_module = import_ours
program.main(["status"])
"""


@pytest.mark.parametrize("module", [IN_A_CLASS, IN_A_CALLBACK])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_during_an_import_ends_the_program_after_the_import(
    desk: Desk, module: str, number: int, code: int
) -> None:
    Path(desk.folder, "sends.py").write_text(module.format(number=int(number)))
    ran = ended_promptly(desk.python("-c", RUN))
    assert (ran.code, ran.out, ran.err.strip()) == (code, "imported\n", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_outside_an_import_ends_the_program_at_once(desk: Desk, number: int, code: int) -> None:
    run = "import os\n" + RUN.replace('before("sends")', f"os.kill(os.getpid(), {int(number)})")
    ran = ended(desk.python("-c", run))
    assert (ran.code, ran.out, ran.err.strip()) == (code, "", "")


IN_A_QUERY = """\
import os, sqlite3
import lgsco.cli.main as program
from storage.database import plain_errors
from pathlib import Path
def query(name):
    db = sqlite3.connect(":memory:")
    db.set_progress_handler(lambda: os.kill(os.getpid(), {number}), 1)
    with plain_errors(Path("a.db")):
        db.execute("SELECT 1").fetchone()  # SQLite takes the exception for its own error
program.import_module = query
program.main(["status"])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_in_a_callback_of_sqlite_ends_the_program_with_its_exit_code(
    desk: Desk, number: int, code: int
) -> None:
    ran = ended(desk.python("-c", IN_A_QUERY.format(number=int(number))))
    assert (ran.code, ran.out) == (code, "")
    assert "interrupted" not in ran.err


def test_an_ignored_ctrl_c_stays_ignored(desk: Desk) -> None:
    run = (
        "import signal, lgsco.cli.start as start\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "try:\n    start.main()\n"
        "finally:\n    print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)\n"
    )
    assert ended(desk.python("-c", run, "--version")).out.splitlines()[-1] == "True"
