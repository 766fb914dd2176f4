"""Ctrl-C while the modules of the command line are imported."""

from __future__ import annotations

import signal

from support.command_line import Desk, ended


def test_ctrl_c_before_the_command_line_is_imported_prints_no_traceback(desk: Desk) -> None:
    run = (
        "import os, signal, sys\n"
        "class Sends:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'lgsco.cli.main':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Sends())\n"
        "from lgsco.cli.start import main\n"
        "main()\n"
    )
    ran = ended(desk.python("-c", run))
    assert (ran.code, ran.out, ran.err) == (-signal.SIGINT, "", "")


def test_the_program_runs_the_command_line(desk: Desk) -> None:
    assert "lgsco, version " in ended(desk.python("-c", "from lgsco.cli.start import main; main()", "--version")).out
