"""Finds where a decision cites its own paragraphs ("see paragraph 24"), and checks each citation.

Paragraph numbers are counted when the page prints none. A citation that points to other words, or to no paragraph,
suggests that the count is wrong; a citation that fits does not prove the count. Citations of other documents
("paragraph 9.2 of the Code") are ignored. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from storage.model import Line

Result = Literal["fits", "other words", "no such paragraph"]

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_WORDS, 1)}
_NUMBER = rf"(?:\d{{1,3}}|(?:{'|'.join(_WORDS)})\b)"
_CITATION = re.compile(
    rf"\bpara(?:graph)?s?\.? (?P<first>{_NUMBER})(?:\(?[a-z]\)?)?(?:(?: ?(?:,|and|to|-|–) ?){_NUMBER})*"
    r"(?![\d]|\.\d| (?:of|in) (?:the|its|their|this|that|Schedule|Annex|Part|Chapter)\b)",
    re.IGNORECASE,
)
_OTHER_DOCUMENT = re.compile(
    r"\b(?:act|annex|chapter|circular|code|framework|guidance|policy|regulations?|schedule|section|standards?)\b"
    r"[^.;:]{0,40}$",
    re.IGNORECASE,
)
_OTHER_DOCUMENT_LONGEST = 60
"""More characters than a match can have."""
_CONTENT_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 5
"""Letters that two forms of one word share."""
_COMMON_WORDS = (
    "about above after also and been before below could council described from have into may mentioned "
    "out outlined paragraph paragraphs refer referred said says see set should that their them then there "
    "these they this those time under was were when where which while who will with would your "
)
_COMMON = frozenset(word[:_STEM] for word in _COMMON_WORDS.split())


class CrossReference(NamedTuple):
    """A place where a decision cites one of its own paragraphs."""

    place: int
    """The index of the citing line."""
    number: str
    """The cited paragraph; the first, if several are cited."""
    result: Result


class Share(NamedTuple):
    """How many decisions have cross-references that could be checked, and in how many of them all fit."""

    checked: int
    fitting: int


def find_cross_references(lines: Sequence[Line]) -> list[CrossReference]:
    """Finds the cross-references of a decision and checks each one; empty if its paragraphs have no numbers.

    A citation fits if its sentence, up to the citation, shares a word with the cited paragraph and its sub-items.
    """
    citations = [
        (place, number, clause)
        for place, line in enumerate(lines)
        if line.kind != "header" and "para" in line.text.lower()
        for number, clause in _find_citations(line.text)
        if number != _top(line.number)
    ]
    if not citations or all(line.number is None for line in lines):
        return []
    tops = [_top(line.number) for line in lines]
    words = {number: _words_of(lines, tops, number) for number in {number for _, number, _ in citations}}
    return [CrossReference(place, number, _compare(clause, words[number])) for place, number, clause in citations]


def count_fitting(decisions: Iterable[Sequence[Line]]) -> Share:
    """Over the lines of many decisions: how many have cross-references, and in how many each one fits."""
    found = [results for lines in decisions if (results := find_cross_references(lines))]
    return Share(len(found), sum(all(one.result == "fits" for one in results) for results in found))


def _find_citations(text: str) -> Iterator[tuple[str, str]]:
    """Iterates over the numbers cited in a line, each with the words of its sentence before it."""
    for found in _CITATION.finditer(text):
        before = text[: found.start()]
        if _OTHER_DOCUMENT.search(before, max(0, len(before) - _OTHER_DOCUMENT_LONGEST)) is None:
            clause = before[max(map(before.rfind, ".!?")) + 1 :]
            number = found["first"].lower()
            yield _NUMBER_WORDS.get(number, number), clause


def _words_of(lines: Sequence[Line], tops: Sequence[str | None], number: str) -> set[str] | None:
    """Returns the words of a numbered paragraph and everything below it; None if there is no such paragraph."""
    texts = [line.text for line, top in zip(lines, tops, strict=True) if top == number]
    return _content_words(" ".join(texts)) if texts else None


def _top(number: str | None) -> str | None:
    return number.partition(".")[0] if number is not None else None


def _content_words(text: str) -> set[str]:
    return {word[:_STEM].lower() for word in _CONTENT_WORD.findall(text)} - _COMMON


def _compare(clause: str, cited: set[str] | None) -> Result:
    if cited is None:
        return "no such paragraph"
    return "fits" if cited & _content_words(clause) or not _content_words(clause) else "other words"
