"""Builds the tree of an article with selectolax alone, and takes each text from it once.

Every reader that is written in Python on this parser needs at least this. It learns nothing about the page: no blocks,
lists or numbers, and no damage.
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

_OPENS, _CLOSES = b"<article", b"</article>"


def cut_article(body: bytes) -> bytes:
    """Returns the bytes of a page's first article, from tag to tag, or the whole page if it has none."""
    start = body.find(_OPENS)
    end = body.find(_CLOSES, start)
    return body[start : end + len(_CLOSES)] if 0 <= start < end else body


def read_texts(html: str | bytes) -> list[str]:
    """Parses markup and returns the text of each text node, with the fastest walk that selectolax has.

    It takes half the time of a walk from `child` to `next`, but does not show where an element ends.
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return []
    return [node.text_content or "" for node in body.traverse(include_text=True) if node.is_text_node]
