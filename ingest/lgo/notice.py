"""Finds what a page says of a decision's being gone. Pure.

How the publisher words it is not known, so the words are quoted as evidence and nothing is decided by them.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from ingest.errors import ReadError
from ingest.parsing.html_blocks import from_html
from ingest.parsing.input_limits import parsable

_SAYS_GONE = re.compile(
    r"withdr[ae]w|remov|delet|expire|unpublish|taken down|no longer|not found|not exist|not available|unavailable|"
    r"retention|archived",
    re.IGNORECASE,
)
_LONGEST = 300


def find_notice(body: bytes, charset: str | None) -> str | None:
    """The lines of a page that say something is gone, joined by ` / ` and cut to 300 characters; None if none does, or
    if the page cannot be parsed."""
    try:
        html = parsable(body, charset).text
    except ReadError:
        return None
    root = LexborHTMLParser(html).body
    lines = [block.text for block in from_html(root)] if root is not None else []
    said = " / ".join(dict.fromkeys(" ".join(line.split()) for line in lines if _SAYS_GONE.search(line)))
    return (said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…") or None
