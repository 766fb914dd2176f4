"""The text of a page as its tags show it, without a tree: what the parser's repaired tree is checked against. Pure.

Where tags are nested wrongly the parser moves elements, or takes what follows for something that is not text. It may
lose words so. The text here is that of every tag, comment and text in their order.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ingest.errors import CutShort
from ingest.parsing.blocks import Block, fold
from ingest.parsing.nesting import Nesting

_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?:[^\s/>\"'=]++|[\s/]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+|[\"'])*+>?"
    r"|<[!?/][^>]*+>?",
    re.DOTALL,
)
_NOT_TEXT = frozenset({"script", "style", "template", "noscript", "svg", "title", "iframe", "noembed", "noframes"})
_RAW = frozenset({"script", "style", "title", "iframe", "noembed", "noframes"})
_BETWEEN = "\x00"
"""Stands between pieces of text, so that an entity is none whose characters a tag parts."""
_PLACES_ITEMS = frozenset(
    [
        *("article", "button", "dir", "li", "main", "menu", "nav", "object", "ol"),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)
"""Elements that, nested wrongly, put items of lists where nobody put them."""
_PLAIN_TAG = re.compile(
    rb"<(?!/?(?:li|p|ol|a|h[1-6]|em|ul|span|b|br|td|tr|strong|i|div|th|table|tbody|thead|header|section|u|sup|sub|small|hr"
    rb"|dl|dt|dd|blockquote|caption)\b)"
    rb"(?!!--)[a-z/!?]"
)


def has_only_plain_tags(low: bytes) -> bool:
    """Whether markup in lower case has no tag for which the parser moves or drops text, within its one article."""
    at = low.find(b">") + 1
    found = _PLAIN_TAG.search(low, at)
    return found is None or low.startswith(b"</article", found.start())


class SourceText(NamedTuple):
    """What the tags of a page show."""

    text: str
    """The characters of its text in their order, without white space."""
    wrong: frozenset[str]
    """The elements that are not closed as they are opened."""

    @property
    def places_items(self) -> bool:
        """Whether the items of its lists are where its tags put them."""
        return self.wrong.isdisjoint(_PLACES_ITEMS)


def read_source(markup: str) -> SourceText:
    """The text of a page in the order of its source, and which of its elements are nested wrongly.

    An element that is not text is passed over only where it ends; one that never ends is taken for a slip.
    """
    nesting = Nesting()
    pieces: list[str] = []
    endless: set[str] = set()
    at = 0
    while (token := _TOKEN.search(markup, at)) is not None:
        if token.start() > at:
            piece = markup[at : token.start()]
            pieces.append(piece)
            if not piece.isspace():
                nesting.text()
        at = token.end()
        if not token["name"]:
            continue
        name = token["name"].lower()
        if token["end"]:
            nesting.end(name)
        elif name not in _NOT_TEXT or name in endless:
            nesting.start(name)
        elif not token[0].endswith("/>"):
            ends = _find_end(markup, name, at)
            if ends is None:
                endless.add(name)
            at = ends or at
    pieces.append(markup[at:])
    text = fold(html.unescape(_BETWEEN.join(pieces)))  # which drops what stands between the pieces
    return SourceText("".join(text.split()), nesting.finish())


def _find_end(markup: str, name: str, at: int) -> int | None:
    """Where an element ends whose content begins at a place; None, where it never ends."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}(?=[\s/>])[^>]*>", re.IGNORECASE).finditer(markup, at):
        if tag[1]:
            depth -= 1
        elif name not in _RAW and not tag[0].endswith("/>"):
            depth += 1
        if depth == 0:
            return tag.end()
    return None


def check_against_source(source: str, blocks: Sequence[Block], inside: range, *, is_closed: bool) -> None:
    """Refuses a page whose blocks hold fewer characters of a document than its source. Raises CutShort.

    `source`: the text of the source. `inside`: the document's place among the blocks. `is_closed`: whether its last
    block ends it; else all that follows is compared as well.
    """
    texts = ["".join("".join(block.cells or (block.text,)).split()) for block in blocks]
    shown = "".join(texts)
    if source == shown:
        return
    first = texts[inside.start]
    before = "".join(texts[: inside.start])
    begins = _find_nth(source, first, before.count(first) + 1)
    shown_from = len(before)
    if begins is None:
        begins, shown_from = 0, 0
    ends, shown_to = len(source), len(shown)
    if is_closed:
        last, after = texts[inside.stop - 1], "".join(texts[inside.stop :])
        shown_to = len(shown) - len(after)
        place = len(source)
        for _ in range(after.count(last) + 1):
            place = source.rfind(last, 0, place)
        ends = place + len(last) if place >= begins else len(source)
    missing = sum((Counter(source[begins:ends]) - Counter(shown[shown_from:shown_to])).values())
    if missing:
        raise CutShort(
            f"the page's tags are nested so wrongly that {missing:,} characters of its text are lost when it is parsed"
        )


def _find_nth(text: str, words: str, count: int) -> int | None:
    """Where words stand for the nth time in a text, None where they do not stand so often."""
    place = -1
    for _ in range(count):
        place = text.find(words, place + 1)
        if place < 0:
            return None
    return place
