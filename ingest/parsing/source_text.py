"""Extracts the text of a page from its tags in order, without a tree, to check the parser's repaired tree against it.

If tags are nested wrongly, the parser moves elements, or takes their content for something other than text, and may
lose words. No I/O.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.errors import CutShort
from ingest.parsing.blocks import Block, fold
from ingest.parsing.nesting import Nesting
from ingest.wording import agree, count_of

_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?:[^\s/>\"'=]++|[\s/]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+|[\"'])*+>?"
    r"|<[!?/][^>]*+>?",
    re.DOTALL,
)
_NOT_TEXT = frozenset({"script", "style", "template", "noscript", "svg", "title", "iframe", "noembed", "noframes"})
_SKELETON = frozenset({"html", "head", "body"})
_RAW = frozenset({"textarea", "script", "style", "title", "iframe", "noembed", "noframes"})
_BETWEEN = "\x00"
"""Put between pieces of text, so that no entity is formed from characters on both sides of a tag."""
_PLACES_ITEMS = frozenset(
    [
        *("article", "button", "dir", "li", "main", "menu", "nav", "object", "ol"),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)
"""Elements that, if nested wrongly, move list items to the wrong place."""
_TABLE = re.compile(rb"<table\b.*?</table\s*>", re.DOTALL)
_SIMPLE_TABLE = re.compile(
    rb"<table[^>]*+>(?:\s++|</?t(?:r|head|body|foot)\b[^>]*+>"
    rb"|<t(?P<cell>[dh])\b[^>]*+>(?:[^<]++|</?(?:b|i|em|strong|sup|a|span|br)\b[^>]*+>)*+</t(?P=cell)\s*+>)*+</table\s*+>"
)
"""A table with closed cells that have only words and inline elements."""
_NOT_PLAIN = re.compile(
    rb"<(?!/?(?:li|p|ol|a|h[1-6]|em|ul|span|b|br|td|tr|strong|i|div|th|table|tbody|thead|header|section|u|sup|sub|small|hr"
    rb"|dl|dt|dd|blockquote|caption|article)\b)"
    rb"(?!!--)[a-z/!?]"
)


def has_only_plain_tags(tags: bytes) -> bool:
    """Whether one article has only tags for which the parser drops no text. `tags` are its `distinct_tags`."""
    return tags.count(b"<article") == tags.count(b"</article") == 1 and _NOT_PLAIN.search(tags) is None


def has_sound_tables(low: bytes) -> bool:
    """Whether all content of the tables is in their cells; the parser moves other content before the table.

    `low` is the markup in lower case.
    """
    tables = _TABLE.findall(low)
    is_closed = low.count(b"<table") == low.count(b"</table") == len(tables)
    return is_closed and all(_SIMPLE_TABLE.fullmatch(one) or not read_source(one.decode()).wrong for one in tables)


class SourceText(NamedTuple):
    """The text and the nesting errors that a page's tags show."""

    text: str
    """The characters of the text in order, without white space."""
    wrong: frozenset[str]
    """The elements that are not closed in the order they are opened."""
    after_articles: str
    """The part of the text after the last end tag of an article."""
    ended_early: frozenset[str]
    """The elements in which another one was still open at their end."""

    @property
    def places_items(self) -> bool:
        """Whether the tree has the list items where the tags put them."""
        return self.wrong.isdisjoint(_PLACES_ITEMS)


def read_source(markup: str) -> SourceText:
    """Extracts the text of a page in source order, and finds its wrongly nested elements.

    An element that is not text is skipped if it ends; one that never ends is treated as an error of the page.
    """
    nesting = Nesting()
    pieces: list[str] = []
    endless: set[str] = set()
    at = last_article = 0
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
        if name in _SKELETON:
            continue
        if token["end"]:
            nesting.end(name)
            if name == "article":
                last_article = len(pieces)
        elif name == "textarea" and (ends := _find_end(markup, name, at)) is not None:
            pieces.append(markup[at : markup.rfind("<", at, ends)])
            at = ends
        elif name not in _NOT_TEXT or name in endless:
            nesting.start(name)
        elif not token[0].endswith("/>"):
            ends = _find_end(markup, name, at)
            if ends is None:
                endless.add(name)
            at = ends or at
    pieces.append(markup[at:])
    after = _join(pieces[last_article:])
    return SourceText(_join(pieces[:last_article]) + after, nesting.finish(), after, frozenset(nesting.ended_early))


def _join(pieces: Sequence[str]) -> str:
    """Joins pieces to the characters of the text, without white space."""
    text = html.unescape(_BETWEEN.join(pieces)).replace(_BETWEEN, "")
    return "".join(fold(text).split())


def _find_end(markup: str, name: str, at: int) -> int | None:
    """Finds the end of an element with content from `at` on; None if it never ends."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}(?=[\s/>])[^>]*>", re.IGNORECASE).finditer(markup, at):
        if tag[1]:
            depth -= 1
        elif name not in _RAW and not tag[0].endswith("/>"):
            depth += 1
        if depth == 0:
            return tag.end()
    return None


def is_as_in_source(article: bytes, blocks: Sequence[Block]) -> bool:
    """Whether the tags of an article are nested correctly and end in it, and its blocks have all text of its source."""
    source = read_source(article.decode())
    if source.wrong or "article" in source.ended_early:
        return False
    return source.text == "".join(map(_block_characters, blocks))


class Part(NamedTuple):
    """The document's range among the blocks of a page."""

    inside: range
    begins: bool
    """Whether its first block begins the document; otherwise the document may begin anywhere before."""
    ends: bool
    """Whether its last block ends the document; otherwise everything after may belong to it."""


def check_against_source(source: SourceText, blocks: Sequence[Block], part: Part, left_out: Iterable[str]) -> None:
    """Checks that the tree has all text of the document in the source. Raises CutShort.

    `left_out` has the blocks before and after the document.
    """
    texts = list(map(_block_characters, blocks))
    shown = "".join(texts)
    if source.text == shown:
        return
    before, after = "".join(texts[: part.inside.start]), "".join(texts[part.inside.stop :])
    begins = _find_nth(source.text, texts[part.inside.start], before.count(texts[part.inside.start]) + 1)
    shown_from = len(before)
    if begins is None:
        begins, shown_from = 0, 0
    ends = _find_end_of_text(source.text, texts[part.inside.stop - 1], after) if part.ends else len(source.text)
    shown_to = len(shown) - len(after) if part.ends else len(shown)
    missing = sum((Counter(source.text[begins:ends]) - Counter(shown[shown_from:shown_to])).values())
    if missing:
        raise CutShort(
            f"the page's tags are nested so wrongly that {count_of(missing, 'character')} of its text "
            f"{agree(missing, 'is', 'are')} lost when it is parsed"
        )
    if source.wrong:
        ends = _find_end_of_text(source.text, texts[part.inside.stop - 1], after)
        inside = "".join(texts[part.inside.start : part.inside.stop])
        _refuse_moved(source.text[begins if part.begins else 0 : ends], inside, left_out)


def _refuse_moved(source: str, inside: str, left_out: Iterable[str]) -> None:
    """Raises CutShort if the tree moves words out of a document that the source has inside it."""
    for text in left_out:
        words = _characters(text)
        if source.count(words) > inside.count(words):
            raise CutShort(f"the page's tags are nested so wrongly that parsing moves {text[:60]!r} out of its place")


def _find_end_of_text(source: str, last: str, after: str) -> int:
    """Finds the end of the last words of a text; the same words may occur after it too."""
    place = len(source)
    for _ in range(after.count(last) + 1):
        place = source.rfind(last, 0, place)
        if place < 0:
            return len(source)
    return place + len(last)


def _block_characters(block: Block) -> str:
    return _characters("".join(block.cells) or block.text)


def _characters(text: str) -> str:
    return "".join(text.split())


def _find_nth(text: str, words: str, count: int) -> int | None:
    """Finds the nth occurrence of words in a text; None if there are fewer."""
    place = -1
    for _ in range(count):
        place = text.find(words, place + 1)
        if place < 0:
            return None
    return place
