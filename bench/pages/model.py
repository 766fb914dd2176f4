"""The model of a generated decision, and the lines that the text format gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Marker = Literal["number", "letter", "bullet"]
Kind = Literal["statement", "joint", "old report", "chapters"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the body."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. `link` is the part of it that is a link, or all of it."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A list item: its paragraphs, then its inner lists, then paragraphs below those."""

    paragraphs: tuple[str, ...]
    inner: tuple[Listing, ...] = ()
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    marker: Marker
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a cell may be empty."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A dated note, which the publisher adds months after the decision."""

    text: str


Block = Heading | Paragraph | Listing | Table | Note


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated decision."""

    number: int
    kind: Kind
    reference: str
    authority: str
    labels: tuple[tuple[str, str], ...]
    """Labels as the text prints them, with their colon, and values."""
    opener: str | None
    summary: str | None
    chapters: tuple[tuple[Block, ...], ...]
    """The blocks of each page. Only reports with chapters have several."""
    has_article: bool = True

    @property
    def title(self) -> str:
        """The title line."""
        return f"{self.authority} ({self.reference})" if self.authority else self.reference

    @property
    def is_closed(self) -> bool:
        """Whether the last page has a closing line, and no further report after it.

        A further report has no closing line of its own, so boilerplate below it must be links, as below an old report.
        """
        blocks = self.chapters[-1]
        closings = [at for at, block in enumerate(blocks) if isinstance(block, Paragraph) and is_closing(block.text)]
        return bool(closings) and not any(isinstance(block, Heading) for block in blocks[closings[-1] :])


def is_closing(text: str) -> bool:
    """Whether a generated paragraph is a closing line. No other paragraph of the corpus has these words."""
    return "decision on behalf of the Ombudsm" in text


def lines_of(sample: Sample) -> Iterator[str]:
    """Returns the lines of the decision's text."""
    yield sample.title
    for label, value in sample.labels:
        yield f"{label} {value}"
    if sample.opener:
        yield sample.opener
    if sample.summary:
        yield f"Summary: {sample.summary}"
    for chapter in sample.chapters:
        for block in chapter:
            yield from block_lines(block)


def block_lines(block: Block) -> Iterator[str]:
    """Returns the lines of one block."""
    match block:
        case Heading() | Paragraph() | Note():
            yield block.text
        case Table():
            yield from (" ".join(" | ".join(row).split()) for row in block.rows)
        case Listing():
            for item in block.items:
                yield from _item_lines(item)


def _item_lines(item: Item) -> Iterator[str]:
    first, *more = item.paragraphs
    yield f"- {first}"
    yield from more
    for listing in item.inner:
        yield from block_lines(listing)
    yield from item.tail


def text_of(sample: Sample) -> str:
    """Returns the whole text in the canonical format."""
    return "\n".join(lines_of(sample))
