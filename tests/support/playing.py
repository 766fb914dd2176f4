"""Opens pages in Chromium through Playwright, and checks them with axe-core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT
from support.web import browser

AXE = ROOT / ".venv" / "axe-core" / "package" / "axe.min.js"
"""Where `.ci/run` puts the npm package axe-core."""

TOO_WIDE = """() => [...document.querySelectorAll(".content *")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".CodeMirror"))
  .map(one => one.outerHTML.slice(0, 80))"""
"""Finds the parts of a page that are cut off on the right, or need scrolling sideways."""


@contextmanager
def playing(**options: Any) -> Iterator[Any]:
    """Yields a context of a browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield chromium.new_context(**options)
        finally:
            chromium.close()


def find_axe() -> Path:
    """Returns the script of axe-core; skips the test if it is not here."""
    if not AXE.exists():
        missing = f"no axe-core at {AXE.relative_to(ROOT)}; docs/contributing.md shows how to get it"
        if os.environ.get("REQUIRE_AXE") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return AXE


def find_violations(page: Any, axe: Path) -> list[str]:
    """Returns what axe-core finds wrong on a page, one line each."""
    page.add_script_tag(path=str(axe))
    found = page.evaluate("axe.run()")
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]
