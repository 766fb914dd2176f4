"""The look-alike can be started from the command line."""

from __future__ import annotations

import subprocess
import sys

import httpx

from support.paths import ROOT


def test_module_can_be_run_from_the_command_line() -> None:
    command = [sys.executable, "-m", "lgsco.replica", "--count", "20", "--markup", "dl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            assert "Your search has 25 results" in httpx.get(f"{url}/Decisions/SearchResults", trust_env=False).text
        finally:
            process.terminate()
        assert process.wait(5) == 0
