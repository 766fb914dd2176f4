"""Finds the total that a listing page states, in its texts outside the cards.

The site prints `Your search has N results` (seen 2026-11, N with commas). Its markup of these words is not known, and a
summary may contain the same words. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NUMBER = r"[0-9]{1,3}(?:(?: ?, ?| )[0-9]{3}){1,3}|[0-9]{1,9}"
"""Digits without separators, or in groups of three with commas or spaces between.

Thin and no-break spaces have become plain spaces before.
"""
_TOTAL = re.compile(
    rf"(?i:your\s?search\s?has\s?({_NUMBER}|no)\s?results?)(?![a-z-])(?!\s?\?|\s(?:per|on|each|a)\s(?:\w+\s)?page)"
)
"""`resultsSort` is two words in adjacent elements without a space between.

A question states no total. The words before `10 results per page` are a total that was left empty.
"""
_SUMMARY = re.compile(r"\bSummary ?(?::|$)")
"""How a card's summary begins."""
_CLAUSE = re.compile(
    r"\b(?:if|when|whenever|where|unless|until|once|because|since|that|whether|should)\s?$", re.IGNORECASE
)
"""Words that make `your search has no results` part of a sentence that states no total."""
_CLAUSE_LONGEST = 12
_NEAR = tuple(re.compile(word, re.IGNORECASE) for word in (r"\byour\s?search", r"results?\b", r"\bsearch\b"))
"""Words near which a total would be, most reliable first."""
_QUOTED_BEFORE, _QUOTED_AFTER = 40, 80
"""Characters quoted before and after the first such word."""


class Total(NamedTuple):
    """The total that a page states for the whole search."""

    number: int | None
    """None if the page states no total, or two different ones."""
    quoted: str
    """The words in place of a number, on one line; "" if the page has none."""


def find_total(texts: Iterable[str]) -> Total:
    """Finds the total in a page's texts, in page order, each with single spaces or newlines between words.

    The words may be in one text, or in several consecutive ones. Summaries are ignored.
    """
    text = "\n".join(_without_summaries(texts))
    stated = [
        found
        for found in _TOTAL.finditer(text)
        if not _CLAUSE.search(text[max(0, found.start() - _CLAUSE_LONGEST) : found.start()])
    ]
    numbers = {_parse_number(found[1]) for found in stated}
    if len(numbers) == 1:
        return Total(numbers.pop(), "")
    if numbers:
        return Total(None, " … ".join(_fold(found[0]) for found in stated[:3]))
    return Total(None, _quote(text))


def _without_summaries(texts: Iterable[str]) -> Iterator[str]:
    """Cuts each text at its summary. The text after one that ends with `Summary:` is a summary too."""
    follows_label = False
    for text in texts:
        found = None if follows_label else _SUMMARY.search(text)
        if not follows_label:
            yield text[: found.start()].rstrip() if found else text
        follows_label = found is not None and found.end() == len(text)


def _parse_number(digits: str) -> int:
    return 0 if digits.lower() == "no" else int(re.sub("[ ,]", "", digits))


def _quote(text: str) -> str:
    """Returns the words around the place where a total would be."""
    found = next(filter(None, (near.search(text) for near in _NEAR)), None)
    if found is None:
        return ""
    before = text[max(0, found.start() - _QUOTED_BEFORE) : found.start()]
    after = text[found.start() : found.start() + _QUOTED_AFTER]
    if len(before) == _QUOTED_BEFORE:
        before = re.sub(r"^\S*", "", before)  # a word cut in half
    if len(after) == _QUOTED_AFTER:
        after = re.sub(r"\S*$", "", after) or after
    return _fold(before + after)


def _fold(words: str) -> str:
    return " ".join(words.split())
