"""What parsing a page costs in selectolax alone: a tree, and the text of each element from Python, once.

No reader that is written in Python on this parser can be faster. It finds nothing out about the page: no block, no
list, no number, no damage.
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
