"""Finds the words with which a page says that a decision is gone.

The publisher's wording is not known, so the words are only quoted as evidence. No decision depends on them. No I/O.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from ingest.errors import ReadError
from ingest.parsing.html_blocks import split_html
from ingest.parsing.input_limits import decode_parsable

_SAYS_GONE = re.compile(
    r"withdr[ae]w|remov|delet|expire|unpublish|taken down|no longer|not found|not exist|not available|unavailable|"
    r"retention|archived",
    re.IGNORECASE,
)
_MAX_CHARACTERS = 300


def find_notice(body: bytes, charset: str | None) -> str | None:
    """Returns the lines of a page that say that something is gone, joined by ` / ` and cuts to 300 characters.

    Returns None if no line does, or if the page cannot be parsed.
    """
    try:
        html = decode_parsable(body, charset).text
    except ReadError:
        return None
    root = LexborHTMLParser(html).body
    lines = [block.text for block in split_html(root)] if root is not None else []
    notice = " / ".join(dict.fromkeys(" ".join(line.split()) for line in lines if _SAYS_GONE.search(line)))
    return (notice if len(notice) <= _MAX_CHARACTERS else f"{notice[: _MAX_CHARACTERS - 1]}…") or None
