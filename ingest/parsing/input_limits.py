"""Refuses pages that are too large or complex, so that the time to parse a page depends only on its length. No I/O."""

from __future__ import annotations

import html
import re

from ingest.errors import TooLarge, Undecodable
from ingest.parsing.decode import Decoded, decode

MAX_BYTES = 2 * 1024 * 1024
"""Most bytes of a page. The longest decision page known has 85 KB.

A longer page is not a decision and is not parsed, even if the configuration allows larger answers.
"""
MOST_TAGS = 20_000
"""Most tags of a page. Most pages have hundreds, the longest known 1,500; parsing time grows with the square of
nesting.
"""

_SHORTEST_TAG = len(b"<a>")
_LONGEST_TAG = 100_000
"""Longest tag, in bytes.

The parser's time grows with the square of a tag's attributes. Many long tags count like one longer tag.
"""
_MOST_COPIES = 800_000
"""Most elements that the parser may add: it copies the open bold, font and similar elements into each paragraph."""
_MOST_COPIED = 6_000_000
"""Most bytes of tags that the parser may add in this way, attributes included.

Each byte takes 50 bytes of memory if the attributes are short.
"""
_TAG_OPENS = re.compile(
    rb"<(?:((?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b)|(a\b)|/?[a-z])", re.IGNORECASE
)
_MAY_BE_LONG = re.compile(  # bold, font or similar with attributes, or a link with more than a few short ones
    rb"<(?=[abcefinstuABCEFINSTU])(?:[aA]\b(?!(?:\s[\w-]{1,20}=\"[^\"]{0,200}\"){0,6}\s*>)"
    rb"|(?:[bisuBISU]|[bB][iI][gG]|[cC][oO][dD][eE]|[eE][mM]|[fF][oO][nN][tT]|[nN][oO][bB][rR]|[sS][mM][aA][lL][lL]"
    rb"|[sS][tT][rR][iI][kK][eE]|[sS][tT][rR][oO][nN][gG]|[tT][tT])[\s/])"
)
_TAG_GOES_ON = re.compile(  # S is white space; up to the ">" that ends the tag, which is not one in quotes after "="
    rb"[^S/>]*+(?:[S/]++|[^S/>][^S/>=]*+(?:[S]*+=[S]*+(?:\"[^\"]*+\"|'[^']*+'|[^S>\"'][^S>]*+)?+)?+)*+".replace(
        b"S", rb"\t\n\f\r "
    )
)


def decode_parsable(body: bytes, charset: str | None = None) -> Decoded:
    """Decodes the markup of any page of the site, and checks that it can be parsed in time.

    Raises TooLarge, Undecodable.
    """
    decoded = decode_bounded(body, charset)
    refuse_slow_markup(decoded.data)
    return decoded


def decode_bounded(body: bytes, charset: str | None) -> Decoded:
    """Decodes the markup of a page, and checks its number of bytes and tags. Raises TooLarge, Undecodable."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"the page has {len(body):,} bytes; no page of the site has more than {MAX_BYTES:,}")
    decoded = decode(body, charset)
    if len(decoded.data) <= MOST_TAGS * _SHORTEST_TAG:  # counting takes as long as decoding
        return decoded
    tags = decoded.data.count(b"<")
    if tags > MOST_TAGS:
        raise TooLarge(f"the page has {tags:,} tags and is not parsed; no page of the site has more than {MOST_TAGS:,}")
    return decoded


def refuse_slow_markup(data: bytes, distinct: bytes | None = None) -> None:
    """Raises TooLarge for markup that takes the parser longer than its length suggests.

    Checks every place where a tag may begin, because only the parser knows what is a comment or a script. `distinct`
    has its `distinct_tags`, if they are known.
    """
    tags = data.count(b"<")
    # Half the tags, copied into the other half, make at most a quarter of their square.
    if len(data) <= _LONGEST_TAG and tags * tags <= 4 * _MOST_COPIES and not _MAY_BE_LONG.search(distinct or data):
        return
    squares = longest_link = 0
    copied: set[bytes] = set()
    for opens in _TAG_OPENS.finditer(data):
        goes_on = _TAG_GOES_ON.match(data, opens.end())
        assert goes_on is not None
        squares += (goes_on.end() - opens.start()) ** 2
        if squares > _LONGEST_TAG**2:
            raise TooLarge(
                f"a tag of more than {_LONGEST_TAG:,} bytes, or many of thousands; no page of the site has these, "
                "so it was not parsed"
            )
        if opens[1]:
            copied.add(data[opens.start() : goes_on.end()])
        elif opens[2]:
            longest_link = max(longest_link, goes_on.end() - opens.start())
    if 3 * len(copied) * tags > _MOST_COPIES:  # the parser copies at most three equal ones
        raise TooLarge(
            f"{len(copied):,} different bold and font tags among {tags:,} tags; no page of the site has so many, "
            "so it was not parsed"
        )
    size = 3 * sum(map(len, copied)) + longest_link  # a link that begins ends the one before it
    if size * tags > _MOST_COPIED:
        raise TooLarge(
            f"bold tags, font tags and a link of {size:,} bytes among {tags:,} tags; no page of the site has so many, "
            "so it was not parsed"
        )


_TAG = re.compile(r"<[^<>]*>")


def shows_text(body: bytes, charset: str | None, text: str) -> bool:
    """Whether a page has at least a third of the longer lines of a known text, in any markup."""
    try:
        page = "".join(html.unescape(_TAG.sub("", decode(body, charset).text)).split())
    except (Undecodable, ValueError):  # a character reference with more digits than Python converts
        return False
    lines = ["".join(line.removeprefix("- ").split()) for line in text.split("\n") if len(line) >= 60]
    return bool(lines) and sum(line in page for line in lines) * 3 >= len(lines)


def prints_reference(body: bytes, reference: str) -> bool:
    """Whether a page prints a reference anywhere."""
    try:
        text = decode(body).text
    except Undecodable:
        return False
    return reference in text.replace("\u00a0", " ").replace("&nbsp;", " ")
