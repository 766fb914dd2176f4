"""The blocks that `html_blocks` and `text_blocks` produce: one stream, the same for every layout.

A block is a heading, a list item or a paragraph: the unit that becomes one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from selectolax.lexbor import LexborNode

Marker = Literal["1", "a", "A", "i", "I", "•", "-"]
"""How a list marks its items: a number, a letter, a roman numeral, a bullet, or nothing that tells a number."""


BlockKind = Literal["heading", "item", "paragraph"]


@dataclass(slots=True, eq=False)
class List:
    """One list as the source marks it up."""

    marker: Marker
    start: int | None
    """The number its first item is given by an attribute, or None."""
    parent: Item | None
    seen: int = 0
    """How many items have been read of it so far."""
    is_reversed: bool = False
    """Whether its numbers count down."""


@dataclass(slots=True, eq=False)
class Item:
    """One item of a list."""

    list: List
    position: int
    """0-based place in its list."""
    value: int | None
    """The number an attribute of its own gives it, or None."""
    shows_marker: bool = True
    """Whether the item shows the marker of its list."""

    @property
    def outermost(self) -> Item:
        """The item of the top-level list that this one stands in: itself, where it is nested in none."""
        item = self
        while item.list.parent is not None:
            item = item.list.parent
        return item


@dataclass(slots=True, eq=False)
class Link:
    """A link, a button or another form control."""

    target: str
    """The address it leads to, as printed; "" where it names none."""
    tag: str = "a"
    text: str = ""
    blocks: int = 0
    """How many blocks hold a part of it."""
    is_open: bool = False
    """Whether it may be one that the page never closes, so that it holds what is none of it."""

    @property
    def is_whole(self) -> bool:
        """Whether it holds what such an element may hold; one left open by mistake holds all that follows."""
        if self.is_open:
            return False
        if self.tag == "select":
            return not self.text.strip()  # all its text is its options'
        return self.blocks <= (1 if self.tag == "button" else _MOST_BLOCKS_OF_A_LINK)


_MOST_BLOCKS_OF_A_LINK = 6
_WORD = re.compile(r"\w")


class Block(NamedTuple):
    """One unit of a document, with the little of its markup that later steps ask about."""

    kind: BlockKind
    text: str
    """Folded: single spaces, trimmed, never empty. A newline stands where the source breaks a line."""
    item: Item | None = None
    """The innermost list item the block stands in; `kind` is "item" for the block that bears its marker."""
    cells: tuple[str, ...] = ()
    """The cells of a table row, whose text is the cells joined by `` | ``; an empty cell is ""."""
    lead: str = ""
    """The text of the inline element the block begins with, where one is shorter than the block."""
    links: tuple[Link, ...] = ()
    """The links and buttons in it."""
    around: str = ""
    """Its text outside links and buttons, where it has any links."""
    node: LexborNode | None = None
    """The element the block began in, for HTML."""
    is_label: bool = False
    """Whether the markup calls it the label of the block that follows."""
    is_hidden: bool = False
    """Whether the page hides it from its readers."""

    @property
    def is_links(self) -> bool:
        """Whether it consists of links and buttons, and of nothing between them but punctuation."""
        return bool(self.links) and _WORD.search(self.around) is None and all(link.is_whole for link in self.links)

    @property
    def holds_own_links(self) -> bool:
        """Whether it consists of links and buttons that hold nothing else, whether or not the page closes them."""
        return bool(self.links) and _WORD.search(self.around) is None and all(link.blocks == 1 for link in self.links)


# Characters that are no text (format.md): soft hyphen, zero-width and direction marks, controls
# that are not white space.
_GONE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u2060\ufeff]")


def fold(text: str) -> str:
    """One space for every run of white space, none at the ends; characters that are no text are gone."""
    if text.isprintable():  # newlines, no-break spaces and all of _GONE are not printable
        if "  " not in text and text[:1] != " " and text[-1:] != " ":
            return text
        return " ".join(text.split())
    folded = " ".join(text.split())
    if folded.isprintable() and not ("\x1c" in text or "\x1d" in text or "\x1e" in text or "\x1f" in text):
        return folded  # looking for _GONE takes ten times as long; those four are white space to Python
    return " ".join(_GONE.sub("", text).split())


def reads_as_heading(line: str) -> bool:
    """Whether a bare line of text is a heading: at most 120 characters and no mark that ends a sentence."""
    return len(line) <= 120 and line[-1] not in ".;:?!"
