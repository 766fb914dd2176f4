"""Collects the tags of a markup once, so that each check of its tags reads a few hundred bytes. No I/O."""

from __future__ import annotations

import re

_TAG = re.compile(rb"<[^>]*+>")
_VALUE_WITH_TAG_END = re.compile(rb"=\s*(?:\"[^\">]*>|'[^'>]*>)")


def distinct_tags(markup: bytes) -> bytes:
    """Returns each different tag of a markup once, up to its first `>`; comments and the like too.

    Returns the whole markup if an attribute may contain a `>`, so that a search finds no less than in the markup.
    """
    tags = b"".join(dict.fromkeys(_TAG.findall(markup)))
    return tags if _VALUE_WITH_TAG_END.search(tags) is None else markup
