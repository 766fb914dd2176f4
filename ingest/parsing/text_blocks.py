"""Splits a text document into blocks: the text format, or the page-dump layout with its indented items."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ingest.parsing.blocks import Block, Item, List, Marker, fold, reads_as_heading

_INDENTED_MARKER = re.compile(
    r"(?:(?P<number>\d{1,4})|(?P<letter>[a-zA-Z]|[ivx]{2,4}))[.)] (?P<text>.+)|[•◦▪‣·○■–*-] (?P<bullet>.+)"
)


def is_dump(text: str) -> bool:
    """Whether a text has the page-dump layout: blank lines between blocks, or indented items with the page's markers.

    The text format has neither. Blank lines before and after the text, and other indented lines, may be in both.
    """
    lines = _lines(text)
    if any(line.startswith("- ") for line in lines):
        return False
    written = [number for number, line in enumerate(lines) if line.strip()]
    is_parted = bool(written) and len(written) <= written[-1] - written[0]
    return is_parted or any(lines[number][0].isspace() and _is_item(lines[number]) for number in written)


def _is_item(line: str) -> bool:
    return _INDENTED_MARKER.fullmatch(fold(line)) is not None


def split_text(text: str) -> list[Block]:
    """Returns the blocks of a text document in the text format or in the page-dump layout.

    In a page dump, a line without a marker after another line continues it.
    """
    lines = _lines(text)
    if not is_dump(text):
        return [_text_line(line) for raw in lines if (line := fold(raw)) and not (line == "-" and raw.startswith("- "))]
    return list(_dump_blocks(lines))


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


_DASHES = List("-", None, None)


def _text_line(line: str) -> Block:
    if line.startswith("- "):
        return Block("item", line[2:], Item(_DASHES, 0, None))
    return Block("heading" if reads_as_heading(line) else "paragraph", line)


@dataclass(slots=True)
class _Level:
    """An open list of a page dump."""

    indent: int
    of: List
    last: Item
    shown: int | None


def _dump_blocks(lines: Iterable[str]) -> Iterable[Block]:
    levels: list[_Level] = []
    current: tuple[Literal["item", "paragraph"], list[str], Item | None] | None = None

    def finished() -> Iterable[Block]:
        if current is not None:
            kind, words, item = current
            text = " ".join(words)
            bare = kind == "paragraph" and item is None
            yield Block("heading" if bare and reads_as_heading(text) else kind, text, item)

    for line in lines:
        content = fold(line)
        if not content:
            yield from finished()
            current = None
            continue
        indent = len(line) - len(line.lstrip())
        found = _INDENTED_MARKER.fullmatch(content) if indent else None
        if found:
            yield from finished()
            current = ("item", [found["text"] or found["bullet"]], _dump_item(levels, indent, found))
        elif current is not None:
            current[1].append(content)
        elif indent and levels:
            while len(levels) > 1 and levels[-1].indent >= indent:
                levels.pop()
            current = ("paragraph", [content], levels[-1].last)
        else:
            levels.clear()
            current = ("paragraph", [content], None)
    yield from finished()


def _dump_item(levels: list[_Level], indent: int, found: re.Match[str]) -> Item:
    """Makes the item of a marker. The numbers of one list are consecutive; a restart begins another list."""
    while levels and levels[-1].indent > indent:
        levels.pop()
    same = levels[-1] if levels and levels[-1].indent == indent else None
    outer = levels[-1] if levels else None
    parent = same.of.parent if same else outer.last if outer else None
    marker: Marker = "•"
    shown: int | None = None
    if found["number"]:
        marker, shown = "1", int(found["number"])
    elif found["letter"]:
        letter = found["letter"]
        goes_on = same is not None and same.of.marker in ("a", "A") and same.shown == ord(letter[0].lower()) - 97
        roman = _ROMAN.get(letter.lower())
        if roman is not None and not goes_on:
            marker, shown = ("i" if letter.islower() else "I"), roman
        else:
            marker, shown = ("a" if letter.islower() else "A"), ord(letter[0].lower()) - 96
    if same and same.of.marker == marker and (marker == "•" or (same.shown is not None and shown == same.shown + 1)):
        item = Item(same.of, same.last.position + 1, None)
        same.last, same.shown = item, shown
        return item
    # A page dump has lost the page's start attributes; only a list that does not begin at 1 still shows one.
    item = Item(List(marker, shown if shown != 1 else None, parent), 0, None)
    level = _Level(indent, item.list, item, shown)
    if same:
        levels[-1] = level
    else:
        levels.append(level)
    return item


_ROMAN = {
    numeral: n
    for n, numeral in enumerate(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv"], 1
    )
}
