"""The pages in a real browser: axe-core finds nothing wrong, and a phone needs no scrolling sideways."""

from __future__ import annotations

from pathlib import Path

from lgsco.web.metadata import NAME
from support.archives import make_archive
from support.playing import TOO_WIDE, find_axe, find_violations, playing
from support.web import served

PAGES = {
    "home": "/",
    "search": f"/{NAME}/search?query=council",
    "search with filters": f"/{NAME}/search?query=complains+NOT+x&outcome=upheld&sort=date&_size=2",
    "search that finds nothing": f"/{NAME}/search?query=councel+authority:nowhere",
    "search that is not valid": f"/{NAME}/search?query=(council",
    "search of nothing": f"/{NAME}/search",
    "decision with marks": f"/{NAME}/decisions/25+000+001?q=complains#p1",
    "decision": f"/{NAME}/decisions/25+000+001",
    "table": f"/{NAME}/decisions?outcome=Upheld&_search=council",
    "query": f"/{NAME}?sql=select+reference,summary,text+from+decisions+limit+2",
}


def test_axe_finds_no_violation_and_nothing_is_too_wide_for_a_phone(tmp_path: Path) -> None:
    axe = find_axe()
    make_archive(tmp_path / "lgsco.db", 6)
    with served(tmp_path / "lgsco.db") as (client, _), playing(bypass_csp=True) as context:
        page = context.new_page()
        for name, path in PAGES.items():
            page.set_viewport_size({"width": 1280, "height": 800})
            page.goto(str(client.base_url.join(path)))
            assert find_violations(page, axe) == [], name
            page.set_viewport_size({"width": 390, "height": 844})
            assert page.evaluate(TOO_WIDE) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
