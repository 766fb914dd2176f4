"""How archives of such sites are usually kept up to date, well made: what the ledger is measured against.

Each reads all cards of a page and asks for no page that cannot be there. None sees a page that fails, or a decision
twice: the site they are measured on is at rest.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta

Ask = Callable[[str], bytes]
"""Path and query -> the page."""

_PAGE_SIZE = 10
_TOTAL = re.compile(rb"Your search has ([\d,]+) results")
_CARD = re.compile(rb'<a href="/decisions/[^"]*/(\d\d)-(\d{3})-(\d{3}[a-z]?)"')


def every_month(ask: Ask, first: date, last: date) -> set[str]:
    """Walks all months again, the newest first; `first` lies in the oldest. Returns the references that are listed."""
    found: set[str] = set()
    day = last
    while day >= first.replace(day=1):
        begin, end = day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        for references in _pages(ask, begin, end):
            found.update(references)
        day = begin - timedelta(days=1)
    return found


def until_known(ask: Ask, known: Collection[str], last: date) -> set[str]:
    """Newest first, up to the first page that shows a decision it knows. Returns what it did not know."""
    found: set[str] = set()
    for references in _pages(ask, date.min, last):
        found.update(one for one in references if one not in known)
        if any(one in known for one in references):
            break
    return found


def until_page_known(ask: Ask, known: Collection[str], last: date) -> set[str]:
    """Newest first, up to the first page that shows nothing but what it knows. Returns what it did not know."""
    found: set[str] = set()
    for references in _pages(ask, date.min, last):
        found.update(one for one in references if one not in known)
        if all(one in known for one in references):
            break
    return found


def _pages(ask: Ask, first: date, last: date) -> Iterator[list[str]]:
    """The references on each page of a range, as many pages as the total that each states makes."""
    number = 0
    while True:
        number += 1
        html = ask(f"/Decisions/SearchResults?fd={first}&td={last}&t=both&page={number}")
        stated = _TOTAL.search(html)
        if stated is None:  # nothing matches the search
            return
        yield [b" ".join(card).decode() for card in _CARD.findall(html)]
        if number * _PAGE_SIZE >= int(stated[1].replace(b",", b"")):
            return
