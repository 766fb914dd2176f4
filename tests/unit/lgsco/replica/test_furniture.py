"""The parts around the content of a page are complete, and differ from page to page as they should."""

from __future__ import annotations

import re
from datetime import date

import pytest

from lgsco.replica.corpus import Sample, generate
from lgsco.replica.furniture import frame
from lgsco.replica.markup import render

FIRST, LAST = date(2016, 1, 1), date(2025, 12, 31)


@pytest.fixture(scope="module")
def many() -> list[Sample]:
    """Enough invented decisions for some reports and joint cases."""
    return list(generate(600, seed=1, first=FIRST, last=LAST))


def test_pages_are_complete_and_of_the_expected_size(many: list[Sample]) -> None:
    assert 36_000 < len(frame("A title", "/decisions", "", ("Education",), many[:5])) < 40_000
    page, other = (render(sample)[0].decode() for sample in many[:2])
    assert page.endswith("</html>\n") and page.count('<article id="article">') == page.count("</article>") == 1
    assert "<h1" not in page.split("<article")[1].split("</article>")[0]
    for part in (r'name="request-token" content="(\w+)"', r'rel="canonical" href="([^"]+)"', r"<ol><li>.*?</ol>"):
        ours, theirs = re.search(part, page), re.search(part, other)
        assert ours and theirs and ours[0] != theirs[0]
