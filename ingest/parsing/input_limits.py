"""How large and how hard a page may be, so that every page is parsed in the time that its length tells. Pure."""

from __future__ import annotations

import html
import re

from ingest.errors import TooLarge, Undecodable
from ingest.parsing.decode import Decoded, decode

MAX_BYTES = 2 * 1024 * 1024
"""The longest decision page known has 85 KB; what is past this is no decision and is not parsed, however much of an
answer the configuration lets be fetched."""
MOST_TAGS = 20_000
"""A page has some hundreds, the longest known 1,500; the parser's time grows with the square of how deep they nest."""

_SHORTEST_TAG = len(b"<a>")
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


def parsable(body: bytes, charset: str | None = None) -> Decoded:
    """The markup of any page of the site, which can be parsed in the time that its length tells.

    Raises TooLarge, Undecodable.
    """
    decoded = decode_bounded(body, charset)
    refuse_what_is_hard(decoded.data)
    return decoded


def decode_bounded(body: bytes, charset: str | None) -> Decoded:
    """The markup of a page with no more bytes and tags than one may have. Raises TooLarge, Undecodable."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"the page has {len(body):,} bytes; no page of the site has more than {MAX_BYTES:,}")
    decoded = decode(body, charset)
    if len(decoded.data) <= MOST_TAGS * _SHORTEST_TAG:  # counting takes as long as decoding
        return decoded
    tags = decoded.data.count(b"<")
    if tags > MOST_TAGS:
        raise TooLarge(f"the page has {tags:,} tags and is not parsed; no page of the site has more than {MOST_TAGS:,}")
    return decoded


def refuse_what_is_hard(data: bytes) -> None:
    """Refuses markup that takes the parser longer than its length tells. Raises TooLarge.

    Looks at what may be a tag wherever one may begin: what is a comment or a script only the parser can tell.
    """
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
