"""Defines the blocks that `html_blocks` and `text_blocks` produce: one sequence, in the same form for every layout.

A block is a heading, a list item or a paragraph, and becomes one line of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborNode

Marker = Literal["1", "a", "A", "i", "I", "•", "-"]
"""How a list marks its items: number, letter, roman numeral, bullet, or nothing that shows a number."""


BlockKind = Literal["heading", "item", "paragraph"]


@dataclass(slots=True, eq=False)
class List:
    """One list as the source marks it up."""

    marker: Marker
    start: int | None
    """The number of its first item by an attribute, or None."""
    parent: Item | None
    seen: int = 0
    """How many of its items have been parsed so far."""
    is_reversed: bool = False
    """Whether its numbers count down."""


@dataclass(slots=True, eq=False)
class Item:
    """One item of a list."""

    list: List
    position: int
    """0-based index in its list."""
    value: int | None
    """The number by an attribute of the item itself, or None."""
    shows_marker: bool = True
    """Whether it shows the marker of its list."""

    @property
    def outermost(self) -> Item:
        """The item of the top-level list around this one; itself if it is not nested."""
        item = self
        while item.list.parent is not None:
            item = item.list.parent
        return item


@dataclass(slots=True, eq=False)
class Link:
    """A link, a button or another form control."""

    target: str
    """The address it leads to, as printed; "" if it has none."""
    tag: str = "a"
    text: str = ""
    blocks: int = 0
    """How many blocks have a part of it."""
    is_open: bool = False
    """Whether the page may never close it, so that it contains text outside the link."""

    @property
    def is_whole(self) -> bool:
        """Whether it contains only what such an element can. A link that is not closed contains everything after it."""
        if self.is_open:
            return False
        if self.tag == "select":
            return not self.text.strip()  # its only text is that of its options
        return self.blocks <= (1 if self.tag == "button" else _MOST_BLOCKS_OF_A_LINK)


_MOST_BLOCKS_OF_A_LINK = 6
_WORD = re.compile(r"\w")


@dataclass(slots=True, eq=False)  # a named tuple takes half as long again to make, and twice as long to read
class Block:
    """One unit of a document, with those parts of its markup that later steps use."""

    kind: BlockKind
    text: str
    """Folded: single spaces, trimmed, never empty. A newline marks a line break of the source."""
    item: Item | None = None
    """The innermost list item around the block. `kind` is "item" only for the block that has its marker."""
    cells: tuple[str, ...] = ()
    """The cells of a table row; `text` is the cells joined by `` | ``. An empty cell is ""."""
    lead: str = ""
    """The text of the inline element at the start of the block, if it is shorter than the block."""
    links: tuple[Link, ...] = ()
    """The links and buttons in it."""
    around: str = ""
    """Its text outside links and buttons, if it has any links."""
    node: LexborNode | None = None
    """The element in which the block began, for HTML."""
    is_label: bool = False
    """Whether the markup makes it the label of the next block."""
    is_hidden: bool = False
    """Whether the page hides it."""

    @property
    def is_links(self) -> bool:
        """Whether it has only links and buttons, with nothing but punctuation between them."""
        return bool(self.links) and _WORD.search(self.around) is None and all(link.is_whole for link in self.links)

    @property
    def holds_own_links(self) -> bool:
        """Whether it has only links and buttons that do not extend beyond it, whether or not the page closes them."""
        return bool(self.links) and _WORD.search(self.around) is None and all(link.blocks == 1 for link in self.links)


# Characters that are not text: soft hyphen, zero-width and direction marks, controls that are not white space.
_GONE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u2060\ufeff]")


def fold(text: str) -> str:
    """Replaces each run of white space by one space, trims the ends, and removes characters that are not text."""
    if not text.isprintable():  # all of _GONE, and all white space but the space, are not printable
        text = text.replace("\xa0", " ").replace("\n", " ")  # usually there is nothing else
        if not text.isprintable():
            return _fold_unprintable(text)
    return text if "  " not in text and text[:1] != " " and text[-1:] != " " else " ".join(text.split())


def _fold_unprintable(text: str) -> str:
    folded = " ".join(text.split())
    if folded.isprintable() and not ("\x1c" in text or "\x1d" in text or "\x1e" in text or "\x1f" in text):
        return folded  # removing _GONE takes ten times as long; Python counts those four as white space
    return " ".join(_GONE.sub("", text).split())


def reads_as_heading(line: str) -> bool:
    """Whether a bare line of text is a heading: at most 120 characters, and no sentence mark at the end."""
    return len(line) <= 120 and line[-1] not in ".;:?!"
