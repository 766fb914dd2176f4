"""The bytes of a page -> its markup, when all of it is there. Pure.

A page is whole when it is text, its `</html>` came, and every `<article>` it opens is closed. Words inside comments,
scripts and the like are no markup. The article, where there is just one, is cut out: it is a quarter of the page.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from ingest.errors import CutShort, NotADecision, TooLarge, Undecodable
from ingest.parsing.decode import Decoded, decode

MAX_BYTES = 2 * 1024 * 1024
"""The longest decision page known has 85 KB; what is past this is no decision and is not parsed, however much of an
answer the configuration lets be fetched."""
MOST_TAGS = 20_000
"""A page has some hundreds, the longest known 1,500; the parser's time grows with the square of how deep they nest."""

_TOKEN = re.compile(  # most tags of a page begin with another letter than these
    rb"<(?=[!asitnx]|/[ah])"
    rb"(?:(!--|script|style|template|textarea|title|noscript|iframe|xmp)|(article)[\s>]|(/article)\s*>|/html\s*>)"
)
_ASIDE_ENDS = {b"!--": b"-->"}
_AFTER_THE_END = re.compile(rb"(?>\s+|<!--.*?-->|<script\b.*?</script\s*>)*+\Z", re.DOTALL)
_VOID = frozenset({b"input", b"img", b"br", b"hr", b"link", b"meta", b"source", b"wbr", b"area", b"col", b"embed"})
_NAME = re.compile(rb"[a-z][\w-]*")


_LONGEST_TAG = 100_000
"""Bytes; the parser's time grows with the square of a tag's attributes, and many long tags count as one longer."""
_MOST_COPIES = 800_000
"""Elements that the parser may add: each paragraph gets a copy of all bold, fonts and the like still open before it."""
_MOST_COPIED = 6_000_000
"""Bytes of tags that it may add so, with all their attributes; each is 50 of memory where the attributes are short."""
_TAG_OPENS = re.compile(
    rb"<(?:((?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b)|(a\b)|/?[a-z])", re.IGNORECASE
)
_MAY_BE_LONG = re.compile(  # a bold, font or the like with attributes, or a link with other than a few short ones
    rb"<(?=[abcefinstuABCEFINSTU])(?:[aA]\b(?!(?:\s[\w-]{1,20}=\"[^\"]{0,200}\"){0,6}\s*>)"
    rb"|(?:[bisuBISU]|[bB][iI][gG]|[cC][oO][dD][eE]|[eE][mM]|[fF][oO][nN][tT]|[nN][oO][bB][rR]|[sS][mM][aA][lL][lL]"
    rb"|[sS][tT][rR][iI][kK][eE]|[sS][tT][rR][oO][nN][gG]|[tT][tT])[\s/])"
)
_TAG_GOES_ON = re.compile(  # S, a space: to the ">" that ends it, which is none in quotes that follow a "="
    rb"[^S/>]*+(?:[S/]++|[^S/>][^S/>=]*+(?:[S]*+=[S]*+(?:\"[^\"]*+\"|'[^']*+'|[^S>\"'][^S>]*+)?+)?+)*+".replace(
        b"S", rb"\t\n\f\r "
    )
)
_MOST_HIDDEN = 20
"""Words before the article beyond which it is left to the parser which are attributes, and of what is still open."""
_AFTER_HIDDEN = (b">", b"=", b"/", b" ", b"\n", b"\t", b"\r")


class Markup(NamedTuple):
    """A whole page."""

    html: str
    article: str | None
    """Its one article, from tag to tag, where it has just one and nothing around it hides it."""
    source: bytes = b""
    """The article's bytes in lower case."""
    odd: tuple[str, ...] = ()
    """What is odd about its encoding, a phrase each."""


def whole(body: bytes, charset: str | None = None) -> Markup:
    """The markup of a page that is all there. `charset`: the one the response names.

    Raises TooLarge, Undecodable, CutShort, NotADecision.
    """
    html, data, odd = _bounded(body, charset)
    if "<" not in html:
        raise NotADecision("no markup at all" if html.strip() else "an empty page")
    low = data.lower()
    opened, closed, ended = _landmarks(low)
    if ended is None or not _AFTER_THE_END.match(low, ended):
        raise CutShort("the page does not end with </html>: it is cut short")
    if len(opened) > len(closed):
        raise CutShort("the page opens an <article> and does not close it")
    if len(opened) == len(closed) == 1 and opened[0] < closed[0] and not _may_be_hidden(low, opened[0]):
        article = data[opened[0] : closed[0]]
        _refuse_what_is_hard(article)
        return Markup(html, article.decode(), low[opened[0] : closed[0]], odd)
    _refuse_what_is_hard(data)
    return Markup(html, None, odd=odd)


def beyond_article(markup: Markup) -> str:
    """All of a page, whether or not its one article was cut out. Raises TooLarge."""
    if markup.article is not None:  # all else was not looked at
        _refuse_what_is_hard(markup.html.encode())
    return markup.html


def _landmarks(low: bytes) -> tuple[list[int], list[int], int | None]:
    """Where a page in lower case opens articles, where it has closed them, and where its last `</html>` ends."""
    opened: list[int] = []
    closed: list[int] = []
    ended: int | None = None
    at = 0
    while (token := _TOKEN.search(low, at)) is not None:
        at = token.end()
        aside, opens, closes = token.groups()
        if aside is not None:
            at = low.find(_ASIDE_ENDS.get(aside) or b"</" + aside, at)
            if at < 0:
                break
        elif opens is not None:
            opened.append(token.start())
        elif closes is not None:
            closed.append(at)
        else:
            ended = at
    return opened, closed, ended


def _may_be_hidden(low: bytes, article: int) -> bool:
    """Whether the article or an element that is still open before it seems to bear `hidden`."""
    limit = low.index(b">", article)
    at = low.find(b"hidden", 0, limit)
    looked = 0
    while at >= 0:
        if low[at - 1 : at].isspace() and low[at + 6 : at + 7] in _AFTER_HIDDEN:
            looked += 1
            if looked > _MOST_HIDDEN:
                return True
            tag = low.rfind(b"<", 0, at)
            if low.find(b">", tag, at) < 0:
                found = _NAME.match(low, tag + 1)
                name = found[0] if found else b""
                if tag == article or (name not in _VOID and _still_open(low, name, at, article)):
                    return True
        at = low.find(b"hidden", at + 6, limit)
    return False


def _still_open(low: bytes, name: bytes, at: int, until: int) -> bool:
    depth = 1
    for token in re.finditer(rb"<(/?)" + re.escape(name) + rb"\b", low[at:until]):
        depth += -1 if token[1] else 1
        if depth == 0:
            return False
    return True


def parsable(body: bytes, charset: str | None = None) -> Decoded:
    """The markup of any page of the site, which can be parsed in the time that its length tells.

    Raises TooLarge, Undecodable.
    """
    decoded = _bounded(body, charset)
    _refuse_what_is_hard(decoded.data)
    return decoded


def _bounded(body: bytes, charset: str | None) -> Decoded:
    """The markup of a page with no more bytes and tags than one may have."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"the page has {len(body):,} bytes; no page of the site has more than {MAX_BYTES:,}")
    decoded = decode(body, charset)
    tags = decoded.data.count(b"<")
    if tags > MOST_TAGS:
        raise TooLarge(f"the page has {tags:,} tags and is not parsed; no page of the site has more than {MOST_TAGS:,}")
    return decoded


def _refuse_what_is_hard(data: bytes) -> None:
    """Looks at what may be a tag wherever one may begin: what is a comment or a script only the parser can tell."""
    tags = data.count(b"<")
    # Half the tags, copied into the other half, are at most a quarter of their square.
    if len(data) <= _LONGEST_TAG and tags * tags <= 4 * _MOST_COPIES and not _MAY_BE_LONG.search(data):
        return
    squares = longest_link = 0
    copied: set[bytes] = set()
    for opens in _TAG_OPENS.finditer(data):
        goes_on = _TAG_GOES_ON.match(data, opens.end())
        assert goes_on is not None
        squares += (goes_on.end() - opens.start()) ** 2
        if squares > _LONGEST_TAG**2:
            raise TooLarge(
                f"a tag of more than {_LONGEST_TAG:,} bytes, or many of thousands: no page of the site, and not parsed"
            )
        if opens[1]:
            copied.add(data[opens.start() : goes_on.end()])
        elif opens[2]:
            longest_link = max(longest_link, goes_on.end() - opens.start())
    if 3 * len(copied) * tags > _MOST_COPIES:  # of those that are the same, three are copied
        raise TooLarge(
            f"{len(copied):,} kinds of bold and fonts among {tags:,} tags: no page of the site, and not parsed"
        )
    size = 3 * sum(map(len, copied)) + longest_link  # a link that begins ends the one before it
    if size * tags > _MOST_COPIED:
        raise TooLarge(
            f"bold, fonts and a link of {size:,} bytes among {tags:,} tags: no page of the site, and not parsed"
        )


_TAG = re.compile(r"<[^<>]*>")


def shows(body: bytes, charset: str | None, text: str) -> bool:
    """Whether a page holds the words of a known text, in whatever markup: a third of its longer lines or more."""
    try:
        page = "".join(html.unescape(_TAG.sub("", decode(body, charset).text)).split())
    except (Undecodable, ValueError):  # a character's number of more digits than a number may have
        return False
    lines = ["".join(line.removeprefix("- ").split()) for line in text.split("\n") if len(line) >= 60]
    return bool(lines) and sum(line in page for line in lines) * 3 >= len(lines)


def names(body: bytes, reference: str) -> bool:
    """Whether a page prints a reference anywhere."""
    try:
        text = decode(body).text
    except Undecodable:
        return False
    return reference in text.replace("\u00a0", " ").replace("&nbsp;", " ")
