"""The pages of the look-alike have the expected words and numbers in every markup."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from html.parser import HTMLParser

import pytest

from lgsco.replica.corpus import Sample, expected_numbers, expected_text, generate, seeds
from lgsco.replica.markup import STYLES, render

FIRST, LAST = date(2016, 1, 1), date(2025, 12, 31)


@pytest.fixture(scope="module")
def many() -> list[Sample]:
    """Enough invented decisions for some reports and joint cases."""
    return list(generate(600, seed=1, first=FIRST, last=LAST))


def words(page: bytes) -> list[str]:
    """Extracts the words of the main part with patterns only."""
    main = page.decode().split('<main id="main">')[1].split("</main>")[0]
    furniture = r'<p class="top">.*?</p>|<ul class="contents">.*?</ul>|<nav.*?</nav>'
    main = re.sub(furniture, " ", main, flags=re.DOTALL)
    main = re.sub(r"</?(?:span|em|i|b|strong|sup|a)\b[^>]*>|<!--.*?-->", "", main, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", main)).split()


@pytest.mark.parametrize("markup", STYLES)
def test_every_markup_has_the_same_words(markup: str, many: list[Sample]) -> None:
    odd = [sample for sample in many if sample.kind == "report" or sample.reference[-1].isalpha()][:20]
    for sample in [*seeds(), *many[:25], *odd]:
        lines = expected_text(sample).split("\n")
        header = " ".join(lines[: 1 + len(sample.headers) + len(sample.header_extra)]).split()
        first, *rest = (words(page) for page in render(sample, markup))
        if markup == "bold":
            first, rest = sample.title.split() + first, [sample.title.split() + more for more in rest]
        got = first + [word for more in rest for word in more[len(header) :]]
        want = " ".join(line.removeprefix("- ") for line in lines)
        assert [word for word in got if word != "|"] == [word for word in want.split() if word != "|"]


class Numbers(HTMLParser):
    """Return the numbers of a page's items, from its lists, their starts and typed numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.stack: list[tuple[str, int, str | None]] = []
        self.last: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("ol", "ul") and given.get("class") != "contents":
            beside = not self.stack and (tag == "ul" or "type" in given)
            above = self.last if beside else self.found[-1] if self.stack else ""
            kind = "•" if tag == "ul" else given.get("type") or "1"
            self.stack.append((kind, int(given.get("start") or 1), above))
        elif tag == "li" and self.stack:
            kind, place, above = self.stack.pop()
            marker = {"a": chr(96 + place), "•": f"•{place}", "1": str(place)}[kind]
            number = above if above is None else f"{above}.{marker}".lstrip(".")
            self.last = number if not self.stack and kind == "1" else self.last
            self.stack.append((kind, place + 1, above))
            self.found.append(number)
        elif tag in ("p", "h2", "h3", "table") and not self.stack and given.get("class") != "top":
            self.last = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ol", "ul") and self.stack:
            self.stack.pop()


def test_the_article_markup_proves_the_numbers(many: list[Sample]) -> None:
    for sample in [*seeds(), *[sample for sample in many[:200] if sample.layout == "statement"]]:
        pairs = zip(expected_text(sample).split("\n"), expected_numbers(sample), strict=True)
        main = render(sample)[0].decode().split("</header>\n", 2)[-1].split("</article>")[0]
        reader = Numbers()
        reader.feed(re.sub(r'<ul class="contents">.*?</ul>', "", main, flags=re.DOTALL))
        nested = [number for line, number in pairs if line.startswith("- ")]
        assert sorted(map(str, reader.found)) == sorted(map(str, nested)), sample.reference
