"""Measures how alike the texts of two decisions are, and makes sketches to find similar texts. Pure.

A sketch is the eight smallest hashes of a text's longer lines (MinHash, with whole lines as shingles): two texts that
differ by a few words share most of their lines, so most of their sketches. datasketch does the same for words, but
needs numpy and ten times the work for each decision; here it is one pass over some sixty lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from zlib import crc32

from storage.model import Line

SKETCH = 8
"""The number of lines in a sketch."""
SIMILAR = 0.8
"""Texts that are at least this alike are linked: of some hundred words, one in thirty may differ."""

_LEAST_CHARACTERS = 40
"""Shorter lines, such as headings, occur in too many texts."""
_SHINGLE = 3
"""The number of words that are compared together."""
_NEARLY = 0.999
"""The highest likeness of two texts that are not the same."""
_CITED = re.compile(r"[0-3]\d[ \u00a0-]\d{3}[ \u00a0-]\d{3}[a-z]?", re.ASCII)
"""Begins with a class of characters, which lets the regex engine skip fast. The characters around a match are checked
afterwards."""
_ALIKE = bytes.maketrans(b"123456789-", b"000000000 ")
_IN_EVERY_CITED = b"000 000"
"""A part of every reference, once its digits and the characters between them are alike. Most texts have none, and to
search for it takes half the time of the pattern."""
_FIRST = "05"
"""The lowest year that a reference begins with."""
_NOT_BEFORE = frozenset("0123456789£.,-")
_GOES_ON = re.compile(r"[\w,-]|\.\d")


def make_sketch(lines: Iterable[Line]) -> tuple[int, ...]:
    """Makes the sketch of a text, in ascending order. Header lines do not count."""
    hashes = {
        crc32(line.text.encode()) for line in lines if len(line.text) >= _LEAST_CHARACTERS and line.kind != "header"
    }
    return tuple(nsmallest(SKETCH, hashes))


def measure_likeness(one: Sequence[Line], other: Sequence[Line]) -> float:
    """Measures how alike two texts are without their header lines, from 0 to 1.

    It is the share of their groups of three words that both have, and 1 only for the same words.
    """
    words, others = _words(one), _words(other)
    if words == others:
        return 1.0
    groups, other_groups = _group(words), _group(others)
    either = len(groups | other_groups)
    return min(_NEARLY, round(len(groups & other_groups) / either, 3)) if either else 0.0


def find_cited(lines: Iterable[Line], own: str) -> list[str]:
    """Finds the references of other decisions in a text, in order, each once. `own`: the decision's own reference."""
    text = "\n".join([line.text for line in lines if line.kind != "header"])
    if _IN_EVERY_CITED not in text.encode().translate(_ALIKE).replace(b"\xc2\xa0", b" "):
        return []
    found = (
        match[0].replace("\u00a0", " ").replace("-", " ")
        for match in _CITED.finditer(text)
        if text[match.start() - 1 : match.start()] not in _NOT_BEFORE and not _GOES_ON.match(text, match.end())
    )
    return [cited for cited in dict.fromkeys(found) if cited[:10] != own[:10] and cited >= _FIRST]


def _words(lines: Iterable[Line]) -> list[str]:
    return [word for line in lines if line.kind != "header" for word in line.text.split()]


def _group(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(_SHINGLE)), strict=False))
