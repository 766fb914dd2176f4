"""The total that a listing page states, from its texts beside the cards. Pure.

The site prints `Your search has N results` (seen 2026-11, N with commas). How it marks the words up is not known, and a
summary may hold the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NUMBER = r"[0-9]{1,3}(?:(?: ?, ?| )[0-9]{3}){1,3}|[0-9]{1,9}"
"""Digits without separators, or in threes parted by commas or spaces. Thin and no-break spaces are spaces by now."""
_TOTAL = re.compile(
    rf"(?i:your\s?search\s?has\s?({_NUMBER}|no)\s?results?)(?![a-z-])(?!\s?\?|\s(?:per|on|each|a)\s(?:\w+\s)?page)"
)
"""`resultsSort` is two words in elements without a space between. A question states nothing. What stands before
`10 results per page` is a total that was left empty."""
_SUMMARY = re.compile(r"\bSummary ?(?::|$)")
"""What a card's summary begins with."""
_CLAUSE = re.compile(
    r"\b(?:if|when|whenever|where|unless|until|once|because|since|that|whether|should)\s?$", re.IGNORECASE
)
"""What makes `your search has no results` a part of a sentence that states no total."""
_CLAUSE_LONGEST = 12
_NEAR = tuple(re.compile(word, re.IGNORECASE) for word in (r"\byour\s?search", r"results?\b", r"\bsearch\b"))
"""What shows where a total would stand, the surest first."""
_QUOTED_BEFORE, _QUOTED_AFTER = 40, 80
"""Characters around the first such word that are quoted."""


class Total(NamedTuple):
    """What a page says that the whole search has."""

    number: int | None
    """None where it states none, or two that differ."""
    quoted: str
    """What stands in its place, on one line, where there is no number; "" where no such words stand anywhere."""


def find_total(texts: Iterable[str]) -> Total:
    """The total in a page's texts, in their order, each with single spaces or newlines between its words.

    The words may stand in one text, or in several that follow each other. Summaries are left out.
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
    """Each text up to the summary in it; the text after a mere `Summary:` is one too."""
    labelled = False
    for text in texts:
        found = None if labelled else _SUMMARY.search(text)
        if not labelled:
            yield text[: found.start()].rstrip() if found else text
        labelled = found is not None and found.end() == len(text)


def _parse_number(digits: str) -> int:
    return 0 if digits.lower() == "no" else int(re.sub("[ ,]", "", digits))


def _quote(text: str) -> str:
    """The words around the place where a total would stand."""
    found = next(filter(None, (near.search(text) for near in _NEAR)), None)
    if found is None:
        return ""
    before = text[max(0, found.start() - _QUOTED_BEFORE) : found.start()]
    after = text[found.start() : found.start() + _QUOTED_AFTER]
    if len(before) == _QUOTED_BEFORE:
        before = re.sub(r"^\S*", "", before)  # a word cut in two
    if len(after) == _QUOTED_AFTER:
        after = re.sub(r"\S*$", "", after) or after
    return _fold(before + after)


def _fold(words: str) -> str:
    return " ".join(words.split())
