"""Start-up: CPU time of commands, relative to `python -c "import sqlite3, click"`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import ROOT
from bench.figures import Figure, ratios
from bench.filled import corpus, fill, find_short, with_texts

_FEW = 20
_FULL = 60_000
_BARE = [sys.executable, "-c", "import sqlite3, click"]
_GOALS = {"--help": 1.3, "show": 1.8, "status": 2.5}
_LARGE = 4.0
"""The goal for status and coverage in a large archive."""


def measure(decisions: int = 20_000, rounds: int = 9, full: bool = False) -> list[Figure]:
    """Measures user and system time of whole processes, in turns. `full`: the large archive has 60,000 decisions."""
    size = _FULL if full else decisions
    with TemporaryDirectory() as folder:
        small, large = Path(folder, "small.db"), find_short(Path(folder), size)
        few = list(corpus(_FEW, short=False))
        fill(small, with_texts(few))
        sides = {
            "bare": _BARE,
            "--help": _lgsco("--help"),
            "show": _lgsco("show", few[0].reference, "--db", str(small)),
            "status": _lgsco("status", "--db", str(small)),
            "large status": _lgsco("status", "--db", str(large)),
            "large coverage": _lgsco("coverage", "--db", str(large)),
        }
        spent: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, command in sides.items():
                spent[name].append(_run(command))
    return [
        *(
            Figure(f"{name} at {_FEW} decisions", ratios(spent[name], spent["bare"]), target=goal, bound="at most")
            for name, goal in _GOALS.items()
        ),
        *(
            Figure(
                f"{name} at {size:,} decisions",
                ratios(spent[f"large {name}"], spent["bare"]),
                target=_LARGE,
                bound="at most",
            )
            for name in ("status", "coverage")
        ),
        Figure("python -c 'import sqlite3, click', CPU", tuple(seconds * 1e3 for seconds in spent["bare"]), "ms"),
    ]


def _lgsco(*words: str) -> list[str]:
    return [sys.executable, "-c", "from lgsco.cli.main import main; main()", *words]


def _run(command: Sequence[str]) -> float:
    """Returns the CPU seconds of a command. Status and coverage report a stale or unproven archive by exit code."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1, 10), command
    return usage.ru_utime + usage.ru_stime
