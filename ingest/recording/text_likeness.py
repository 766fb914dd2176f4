"""How alike the texts of two decisions are, and a sketch by which those that are can be found. Pure.

A sketch is the eight smallest hashes of a text's longer lines (MinHash, with whole lines as shingles): two texts that
differ by a few words share most of their lines, so most of their sketches. datasketch does the same for words, at ten
times the work for each decision and with numpy; here it is a pass over some sixty lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from zlib import crc32

from storage.model import Line

SKETCH = 8
"""Lines of a sketch."""
SIMILAR = 0.8
"""Texts that are at least so alike are linked: of some hundred words, one in thirty may differ."""

_LEAST_CHARACTERS = 40
"""Shorter lines, such as headings, stand in too many texts."""
_SHINGLE = 3
"""Words that are compared together."""
_NEARLY = 0.999
"""The most that two texts are called alike that are not the same."""
_CITED = re.compile(r"[0-3]\d[ \u00a0-]\d{3}[ \u00a0-]\d{3}[a-z]?")
"""Begins with a class of characters, by which the engine skips; what may stand around it is looked at afterwards."""
_FIRST = "05"
"""The least that a reference begins with: the year."""
_NOT_BEFORE = frozenset("0123456789£.,-")
_GOES_ON = re.compile(r"[\w,-]|\.\d")


def make_sketch(lines: Iterable[Line]) -> tuple[int, ...]:
    """The sketch of a text, in order. Header lines are no part of it."""
    hashes = {
        crc32(line.text.encode()) for line in lines if len(line.text) >= _LEAST_CHARACTERS and line.kind != "header"
    }
    return tuple(nsmallest(SKETCH, hashes))


def measure_likeness(one: Sequence[Line], other: Sequence[Line]) -> float:
    """How alike two texts are without their header lines, from 0 to 1: the share of their groups of three words that
    both have. 1 only for the same words."""
    words, others = _words(one), _words(other)
    if words == others:
        return 1.0
    groups, other_groups = _group(words), _group(others)
    either = len(groups | other_groups)
    return min(_NEARLY, round(len(groups & other_groups) / either, 3)) if either else 0.0


def find_cited(lines: Iterable[Line], own: str) -> list[str]:
    """The references of other decisions that a text names, in order, each once. `own`: that of the decision."""
    text = "\n".join([line.text for line in lines if line.kind != "header"])
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
