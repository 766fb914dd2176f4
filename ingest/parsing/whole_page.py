"""Checks that a page is whole, and returns its markup.

A page is whole if it is text, ends with `</html>`, and closes the articles that it opens. Words inside comments,
scripts and the like are not markup. If there is exactly one article it is cut out, because it is only a quarter of the
page. No I/O.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ingest.errors import CutShort, NotADecision
from ingest.parsing.input_limits import decode_bounded, refuse_slow_markup
from ingest.parsing.source_tags import distinct_tags

_TOKEN = re.compile(  # most tags of a page begin with other letters
    rb"<(?=[!asitnx][-rctveiofm]|/[ahs][rtv])"
    rb"(?:(!--|script|style|template|textarea|title|noscript|iframe|xmp)|(article)[\s>]|(/article)\s*>|(/?svg\b)"
    rb"|/html\s*>)"
)
_COMMENT_ENDS = re.compile(rb"--!?>")
_EMPTY_COMMENT_ENDS = re.compile(rb"-?>")
"""`<!-->` and `<!--->` are complete (HTML, 13.2.5.43)."""
_AFTER_THE_END = re.compile(rb"(?>\s+|<!--.*?-->|<script\b.*?</script\s*>)*+\Z", re.DOTALL)
_VOID = frozenset({b"input", b"img", b"br", b"hr", b"link", b"meta", b"source", b"wbr", b"area", b"col", b"embed"})
_NAME = re.compile(rb"[a-z][\w-]*")
_HIDES = rb"(?:display\s*+:\s*+none|visibility\s*+:\s*+(?:hidden|collapse)|&)"
_VALUES = ((rb"\"", rb"[^\"]"), (rb"'", rb"[^']"), (rb"(?![\"'])", rb"[^\s>]"))
"""How each form of an attribute's value begins, and the characters in it."""
_HIDING = (  # each with a word to search for: `find` takes a third of the time of the pattern
    (b"hidden", re.compile(rb"(?<=[\t\n\f\r \"'/])hidden(?=[>=/\s])")),
    (
        b"style",
        re.compile(
            rb"(?<=[\t\n\f\r \"'/])style\s*+=\s*+(?="
            + b"|".join(rb"%b(?:%b{300}|%b{0,299}?%b)" % (begins, one, one, _HIDES) for begins, one in _VALUES)
            + rb")"
        ),
    ),
)
"""A style with a character reference, or of 300 characters or more, counts as one that may hide. If longer ones were
searched, time would grow with the square of a page."""
_QUOTED_TAG = re.compile(rb"<(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")
_MOST_HIDDEN = 20
"""Most words before the article that are checked; with more, the parser must decide what is hidden."""


class Markup(NamedTuple):
    """The markup of a page."""

    html: str
    low: bytes
    """The page in UTF-8 bytes and lower case."""
    article: bytes | None
    """The only article, from tag to tag, if there is exactly one and nothing around it hides it."""
    span: tuple[int, int]
    """Start and end of the article in the bytes."""
    odd: tuple[str, ...]
    """Peculiarities of the encoding, one phrase each."""
    tags: bytes = b""
    """The `distinct_tags` of the only article, in lower case."""
    is_article_open: bool = False
    """Whether the page opens more articles than it closes."""
    has_balanced_articles: bool = True
    """Whether the page closes as many articles as it opens."""


def read_markup(body: bytes, charset: str | None = None, *, as_is: bool = False) -> Markup:
    """Returns the markup of a whole page. `charset` is the one named by the response. `as_is` accepts any page.

    Raises TooLarge, Undecodable, CutShort, NotADecision.
    """
    html, data, odd = decode_bounded(body, charset)
    if "<" not in html:
        raise NotADecision("no markup at all" if html.strip() else "an empty page")
    low = data.lower()
    if as_is:
        refuse_slow_markup(data)
        return Markup(html, low, None, (0, len(low)), odd)
    opened, closed, ended = _landmarks(low)
    if ended is None or not _AFTER_THE_END.match(low, ended):
        raise CutShort("the page does not end with </html>: it is cut short")
    if opened and (not closed or closed[-1] <= opened[0]):
        raise CutShort("the page opens an <article> and does not close it")
    if len(opened) == len(closed) == 1 and not may_be_hidden(low, opened[0]):
        article = data[opened[0] : closed[0]]
        tags = distinct_tags(article)
        refuse_slow_markup(article, tags)
        return Markup(html, low, article, (opened[0], closed[0]), odd, tags.lower())
    refuse_slow_markup(data)
    is_open, is_balanced = len(opened) > len(closed), len(opened) == len(closed)
    return Markup(html, low, None, (0, len(low)), odd, is_article_open=is_open, has_balanced_articles=is_balanced)


def read_beyond_article(markup: Markup) -> str:
    """Returns the markup of the whole page, even if its only article was cut out. Raises TooLarge."""
    if markup.article is not None:  # only the article was checked
        refuse_slow_markup(markup.html.encode())
    return markup.html


def _landmarks(low: bytes) -> tuple[list[int], list[int], int | None]:
    """Finds where a page in lower case opens articles, where it closes them, and where its last `</html>` ends."""
    opened: list[int] = []
    closed: list[int] = []
    ended: int | None = None
    in_drawing = False  # in an svg, `title`, `style` and `script` are ordinary elements
    at = 0
    while (token := _TOKEN.search(low, at)) is not None:
        at = token.end()
        aside, opens, closes, drawing = token.groups()
        if aside == b"!--":
            ends = _EMPTY_COMMENT_ENDS.match(low, at) or _COMMENT_ENDS.search(low, at)
            if ends is None:
                break
            at = ends.end()
        elif drawing is not None:
            tag_ends = low.find(b">", at)
            in_drawing = drawing == b"svg" and low[tag_ends - 1 : tag_ends] != b"/"
        elif aside is not None:
            if in_drawing and aside != b"title":
                continue
            if in_drawing:  # a title labels the drawing; no end tag in it closes anything outside
                tag_ends = low.find(b">", at)
                if low[tag_ends - 1 : tag_ends] != b"/":
                    at = max(at, low.find(b"</title", at))
                continue
            at = low.find(b"</" + aside, at)
            if at < 0:
                break
        elif opens is not None:
            opened.append(token.start())
        elif closes is not None:
            closed.append(at)
        else:
            ended = at
    return opened, closed, ended


def may_be_hidden(low: bytes, article: int) -> bool:
    """Whether attributes seem to hide the article or an element that is still open before it."""
    tag = _QUOTED_TAG.match(low, article)
    if tag is None:  # its quotation marks are not in pairs
        return True
    head = low[: tag.end()]
    looked = 0
    for word, pattern in _HIDING:
        at = head.find(word)
        while at >= 0:
            if pattern.match(head, at):
                looked += 1
                if looked > _MOST_HIDDEN or _hides_article(head, at, article):
                    return True
            at = head.find(word, at + len(word))
    return False


def _hides_article(low: bytes, at: int, article: int) -> bool:
    """Whether the tag around a place is the article's or that of an element still open there."""
    tag = low.rfind(b"<", 0, at)
    if tag < 0:
        return False
    ends = low.find(b">", tag, at)
    if ends >= 0 and all(low.count(mark, tag, ends) % 2 == 0 for mark in (b'"', b"'")):  # else it may be in a value
        return False
    named = _NAME.match(low, tag + 1)
    if tag == article or named is None:  # without a name, it is the "<" of some value
        return True
    return named[0] not in _VOID and _still_open(low, named[0], at, article)


@lru_cache(maxsize=32)
def _tags_named(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<(/?)" + re.escape(name) + rb"\b")


def _still_open(low: bytes, name: bytes, at: int, until: int) -> bool:
    depth = 1
    for token in _tags_named(name).finditer(low, at, until):
        depth += -1 if token[1] else 1
        if depth == 0:
            return False
    return True
