"""A decision's page, and the calendar, in a real browser. Skipped without a browser, unless REQUIRE_BROWSER=1."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

import pytest

from ingest.reports.calendar import as_svg
from ingest.run import Import
from lgsco.web.metadata import NAME
from support.calendar import every_state
from support.paths import ROOT
from support.web import browser, served, shown
from support.world import World

REFERENCE = "25 999 002"
SCRIPTS = (
    "<script>document.title = 'owned'; document.body.id = 'owned'</script>"
    "<img src=x onerror=\"document.body.id = 'owned'\"><svg onload=\"document.body.id = 'owned'\">"
)


def test_a_decision_is_readable_in_a_browser_and_its_text_is_not_executed(world: World, tmp_path: Path) -> None:
    browser()
    text = next((ROOT / "seeds").glob("002*")).read_text("utf-8")
    text = text.replace("18 009 360", REFERENCE).replace("I have called", f"{SCRIPTS} I have called", 1)
    document = tmp_path / "hostile.txt"
    document.write_text(text, "utf-8")
    assert world.run(Import((document,))).exit_code == 0
    with served(world.database) as (client, _):
        base = client.base_url.join(f"/{NAME}")
        row = shown(f"{base}/decisions/{REFERENCE.replace(' ', '+')}", tmp_path)
        found = shown(f"{base}/search?query=onerror", tmp_path)
        table = shown(f"{base}/decisions", tmp_path)
    for page in (row, found, table):
        assert REFERENCE in page
        assert 'id="owned"' not in page
        assert "<title>owned" not in page
        assert "<img" not in page
        assert "© Commission for Local Administration" in page
    words = html.unescape(re.sub(r"<[^>]*>", "", row))
    assert f"Hertfordshire County Council ({REFERENCE})" in words
    assert SCRIPTS in words
    assert "Mr C says the Council’s treatment of him has triggered a decline" in words
    assert "<mark>onerror</mark>" in found
    assert 'class="dropdown-menu"' in table  # made by Datasette's own script: scripts did run


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_the_calendar_within_its_edges(tmp_path: Path, dark: bool) -> None:
    program = browser()
    page = tmp_path / "page.html"
    measure = (
        "const svg = document.querySelector('svg'), whole = svg.getBoundingClientRect(), out = [];"
        "for (const one of svg.querySelectorAll('text')) { const box = one.getBoundingClientRect();"
        "if (box.right > whole.right - 4 || box.bottom > whole.bottom - 4) out.push(one.textContent); }"
        "document.body.dataset.out = JSON.stringify(out);"
        "document.body.dataset.paper = getComputedStyle(svg.querySelector('.paper')).fill;"
    )
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{as_svg(every_state())}<script>{measure}</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000", "--dump-dom"]
    flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run([program, *flags, page.as_uri()], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert 'data-out="[]"' in done.stdout
    assert f'data-paper="{"rgb(22, 24, 28)" if dark else "rgb(255, 255, 255)"}"' in done.stdout
