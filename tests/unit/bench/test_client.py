"""The cost of a process, whatever the process that measures it."""

from __future__ import annotations

import sys

import pytest

from bench.client import spend

_MEGA = 1_000_000


def test_peak_memory_is_that_of_the_command_alone() -> None:
    of_this_process = bytearray(100 * _MEGA)  # the peak of a child of this process would be at least this
    assert spend([sys.executable, "-c", "bytearray(30_000_000)"]).peak in range(30 * _MEGA, 80 * _MEGA)
    assert len(of_this_process) == 100 * _MEGA


def test_cpu_time_and_output_are_those_of_the_command() -> None:
    spent = spend([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass\nprint('done')"])
    assert spent.said == "done\n"
    assert spent.cpu >= 0.2


def test_failed_command_is_reported_with_its_output() -> None:
    with pytest.raises(RuntimeError, match=r"ended with 3: no such site"):
        spend([sys.executable, "-c", "import sys\nprint('no such site', file=sys.stderr)\nsys.exit(3)"])
