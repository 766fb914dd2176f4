"""A decision's page in a real browser. Skipped where there is none, unless REQUIRE_BROWSER=1."""

from __future__ import annotations

import html
import re
from pathlib import Path

from ingest.run import Import
from lgsco.web.metadata import NAME
from support.paths import ROOT
from support.web import browser, served, shown
from support.world import World

REFERENCE = "25 999 002"
SCRIPTS = (
    "<script>document.title = 'owned'; document.body.id = 'owned'</script>"
    "<img src=x onerror=\"document.body.id = 'owned'\"><svg onload=\"document.body.id = 'owned'\">"
)


def test_a_decision_is_readable_in_a_browser_and_its_words_are_not_run(world: World, tmp_path: Path) -> None:
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
