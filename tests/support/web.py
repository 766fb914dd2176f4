"""Requests `lgsco serve` over loopback, or opens it in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from lgsco.web.metadata import NAME
from support.paths import ROOT

SERVE = (
    "import sys; from pathlib import Path; from lgsco.web.server import Options, serve; "
    "sys.exit(serve(Path(sys.argv[1]), host='127.0.0.1', port=0, options=Options(datasette=tuple(sys.argv[2:]))))"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def served(database: Path, *options: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(database), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.communicate()
        with httpx.Client(base_url=url, timeout=30) as client:
            yield client, process
    finally:
        process.kill()
        process.communicate()


def canned(web: httpx.Client, name: str, **values: str) -> list[dict[str, Any]]:
    answer = web.get(f"/{NAME}/{name}.json", params={"_shape": "array", **values})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def row_address(reference: str) -> str:
    return f"/{NAME}/decisions/{reference.replace(' ', '+')}"


def browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = f"no browser here ({', '.join(NAMES)}); `apt-get install chromium` brings one"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def shown(url: str, folder: Path) -> str:
    """Returns the page as the browser has it after its scripts ran."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    flags += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([browser(), *flags, url], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
