"""The straightforward parser that `page.parse_page` is measured against: BeautifulSoup with Python's own parser.

It knows only the markup of the benchmark's pages: no damaged page, no other layout, no numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bs4 import BeautifulSoup


@dataclass(frozen=True, slots=True)
class Souped:
    """The fields and the text of one page."""

    title: str
    fields: dict[str, str]
    text: str


def read(body: bytes) -> Souped:
    """Parses the decision on a page."""
    article: Any = BeautifulSoup(body.decode(), "html.parser").find("article")
    for furniture in article.find_all(class_=["contents", "top"]):
        furniture.decompose()
    fields = {
        _words(label).removesuffix(" :"): _words(label.find_next_sibling("span", class_="value"))
        for label in article.find_all("span", class_="label")
    }
    lines: list[str] = []
    for element in article.find_all(["h2", "h3", "p", "li", "tr"]):
        if element.name == "li":
            if element.find("p") is None:
                lines.append("- " + _words(element))
        elif element.name == "tr":
            lines.append(" | ".join(map(_words, element.find_all("td"))))
        elif element.parent.name == "li" and element.find_previous_sibling() is None:
            lines.append("- " + _words(element))
        else:
            lines.append(_words(element))
    return Souped(lines[0], fields, "\n".join(lines))


def _words(element: Any) -> str:
    return " ".join(element.get_text().split())
