"""The usual ways to keep such an archive up to date, well implemented, as a baseline for the ledger.

Each reads all cards of a page and requests no page that cannot exist. The site they are measured on has no failing
pages and no repeated decisions.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta

Ask = Callable[[str], bytes]
"""Takes path and query, returns the page."""

_PAGE_SIZE = 10
_TOTAL = re.compile(rb"Your search has ([\d,]+) results")
_CARD = re.compile(rb'<a href="/decisions/[^"]*/(\d\d)-(\d{3})-(\d{3}[a-z]?)"')


def every_month(ask: Ask, first: date, last: date) -> set[str]:
    """Walks all months again, newest first, and returns the references listed. The oldest month contains `first`."""
    found: set[str] = set()
    day = last
    while day >= first.replace(day=1):
        begin, end = day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        for references in _pages(ask, begin, end):
            found.update(references)
        day = begin - timedelta(days=1)
    return found


def until_known(ask: Ask, known: Collection[str], last: date) -> set[str]:
    """Walks newest first, up to the first page with a known decision. Return the unknown references."""
    found: set[str] = set()
    for references in _pages(ask, date.min, last):
        found.update(one for one in references if one not in known)
        if any(one in known for one in references):
            break
    return found


def until_page_known(ask: Ask, known: Collection[str], last: date) -> set[str]:
    """Walks newest first, up to the first page with only known decisions. Return the unknown references."""
    found: set[str] = set()
    for references in _pages(ask, date.min, last):
        found.update(one for one in references if one not in known)
        if all(one in known for one in references):
            break
    return found


def _pages(ask: Ask, first: date, last: date) -> Iterator[list[str]]:
    """Returns the references on each page of a range; the stated total gives the number of pages."""
    number = 0
    while True:
        number += 1
        html = ask(f"/Decisions/SearchResults?fd={first}&td={last}&t=both&page={number}")
        stated = _TOTAL.search(html)
        if stated is None:  # the search has no results
            return
        yield [b" ".join(card).decode() for card in _CARD.findall(html)]
        if number * _PAGE_SIZE >= int(stated[1].replace(b",", b"")):
            return
