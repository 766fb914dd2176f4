"""Encodes the kind and number of each line of a text: the row of `layouts` that the view `paragraphs` reads.

`kinds` has one letter a line (`t` header, `h` heading, `p` paragraph, `i` item). `numbers` is a JSON array with one
string a line, empty where the line has no number. The section of a line is the text of the last heading at or above it,
so it is not stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from storage.errors import Damaged
from storage.model import Line, LineKind

_LETTERS: dict[LineKind, str] = {"header": "t", "heading": "h", "paragraph": "p", "item": "i"}
_KINDS: dict[str, LineKind] = {letter: kind for kind, letter in _LETTERS.items()}


class Layout(NamedTuple):
    """The layout of one text."""

    kinds: str
    numbers: str


def make_layout(lines: Sequence[Line]) -> Layout:
    """Makes the layout of the text that consists of these lines."""
    kinds = "".join([_LETTERS[line.kind] for line in lines])
    return Layout(kinds, '["' + '","'.join([line.number or "" for line in lines]) + '"]')


def split_lines(text: str, layout: Layout) -> tuple[Line, ...]:
    """Splits a stored text into its lines. Raises Damaged if the layout does not match the text."""
    try:
        return tuple(_lines(text, layout))
    except (ValueError, KeyError, TypeError):
        raise Damaged("its layout does not match its text") from None


def _lines(text: str, layout: Layout) -> Iterator[Line]:
    section: str | None = None
    for letter, number, line in zip(layout.kinds, json.loads(layout.numbers), text.split("\n"), strict=True):
        kind = _KINDS[letter]
        if kind == "heading":
            section = line
        yield Line(kind, line.removeprefix("- ") if kind == "item" else line, number or None, section)


def check_layout(text: bytes, kinds: bytes, numbers: bytes) -> str | None:
    """Describes why a layout does not match a stored text, all as UTF-8.

    Returns None if the layout has a kind and a number for each line. It does not check whether they are right for this
    text: the decision's digest shows that.
    """
    lines = text.count(b"\n") + 1
    if len(kinds) != lines or kinds.translate(None, b"thpi"):
        return "the kinds of its lines do not match its text"
    if numbers.count(b",") < lines - 1 or not (numbers.startswith(b'["') and numbers.endswith(b'"]')):
        return "the numbers of its lines do not match its text"
    return None
