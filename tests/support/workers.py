"""Chooses how many processes run the tests, for a command without `-n`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def set_workers(option: Any, arguments: Sequence[str]) -> None:
    """Sets pytest-xdist's `-n` and `--dist`, unless the command has `-n`, `-s`, `--pdb` or `--cov`.

    pytest-cov has already chosen by then how it measures, and fails with workers that begin later: give it `-n` too.

    `option`: pytest's options; without pytest-xdist it has no number of processes, and stays as it is. `arguments`: the
    folders, files and tests to run.
    """
    measures = getattr(option, "cov_source", None)
    if getattr(option, "numprocesses", 0) is None and not (option.usepdb or measures) and option.capture != "no":
        option.numprocesses = choose_workers(arguments, _count_cores())
        option.dist = "worksteal"


def choose_workers(arguments: Sequence[str], cores: int) -> int:
    """Returns the number of processes: none beside pytest's own for single files, whose tests would not repay them.

    Tests spend a third of their time waiting for answers, so one process more than there are cores keeps all of
    them busy.
    """
    return cores + 1 if any(map(os.path.isdir, arguments)) else 0


def _count_cores() -> int:
    """Counts the cores that this process may use; where the system does not say, those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
