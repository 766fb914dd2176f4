"""Parses the search queries of the look-alike, and writes the count and the pager of its page."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qs, quote_plus
from zlib import crc32

from lgsco.replica.index import Filter
from lgsco.replica.sample import CATEGORIES, Sample, place_slug

PAGE = 10
"""Results on a page."""
OUTCOMES = {"c": "Closed after initial enquiries", "nu": "Not upheld", "u": "Upheld"}
"""The outcomes by their code in the parameter ``dc``."""


class Search(NamedTuple):
    """One search: decision dates, both inclusive, filters, and the page from 1."""

    first: date
    last: date
    terms: Filter
    page: int
    kept: str
    """The query without its page, for the links of the pager."""

    def pager(self, total: int) -> str:
        """Renders links to the first, the neighbouring and the last page."""
        last = -(-total // PAGE)
        shown = [n for n in sorted({1, self.page - 1, self.page, self.page + 1, last}) if 0 < n <= last]
        link = f"/Decisions/SearchResults?{escape(self.kept)}&amp;page="
        links = "".join(f'<li><a href="{link}{n}">{n}</a></li>' for n in shown)
        return f'<nav class="pager"><ul>{links}</ul></nav>\n'


def parse_search(query: str) -> Search:
    """Parses the search from a query string. An invalid date or number counts as not given."""
    values = {name: found[-1] for name, found in parse_qs(query, keep_blank_values=True).items()}
    kept = "&".join(f"{name}={quote_plus(value)}" for name, value in values.items() if name != "page")
    page = values.get("page", "")
    number = max(1, int(page)) if page.isascii() and page.isdigit() else 1
    return Search(_day(values, "fd", date.min), _day(values, "td", date.max), _terms(values), number, kept)


def count_line(total: int) -> str:
    """Word the listing's count.

    The wording of the source for an empty result is unknown; this is a guess and can be replaced.
    """
    return f"Your search has {total:,} results" if total else "We found nothing that matches your search"


def untitled(sample: Sample) -> bool:
    """Whether a card lacks its title text: about one in a hundred does."""
    return crc32(sample.reference.encode()) % 100 == 7


def _day(values: dict[str, str], name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(values[name])
    except (KeyError, ValueError):
        return otherwise


def _terms(values: dict[str, str]) -> Filter:
    """Parses the filters of a search. A plus sign may come as itself or, decoded, as a space."""
    kind = values.get("t", "both").rstrip("s")
    outcomes = frozenset(OUTCOMES.get(code, code) for code in values.get("dc", "").replace("+", " ").split())
    number, _, subcategory = values.get("c", "").replace("+", " ", 1).partition(" ")
    category = list(CATEGORIES)[int(number) - 1] if number.isdigit() and 0 < int(number) <= len(CATEGORIES) else ""
    return Filter(
        kind if kind in ("statement", "report") else "",
        outcomes,
        values.get("aname", "").strip().lower(),
        place_slug(category),
        place_slug(subcategory),
    )
