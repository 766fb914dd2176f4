"""Collects the tags of a markup once, so that each check of its tags searches a few hundred bytes. No I/O."""

from __future__ import annotations

import re
from typing import NamedTuple

_TAG = re.compile(rb"<[^>]*+>")
_VALUE_WITH_TAG_END = re.compile(rb"=\s*(?:\"[^\">]*>|'[^'>]*>)")
_ITEM_WITH_ATTRIBUTES = re.compile(rb"<li[\s/]")
_VALUE = re.compile(rb"value\s*=")
_ROLE = re.compile(rb"role\s*=")


def distinct_tags(markup: bytes) -> bytes:
    """Returns each different tag of a markup once, up to its first `>`; comments and the like too.

    Returns the whole markup if an attribute may contain a `>`, so that a search finds no less than in the markup.
    """
    ends = markup.rfind(b">") + 1  # each `<` after it would be searched to the end
    tags = b"".join(dict.fromkeys(_TAG.findall(markup, 0, ends)))
    return tags if _VALUE_WITH_TAG_END.search(tags) is None else markup


class Mentions(NamedTuple):
    """Which words a markup has in its tags. Reading attributes takes most of the time, so it is avoided."""

    hidden: bool
    labels: bool
    items: bool
    """Attributes of list items."""
    styles: bool
    roles: bool


def find_mentions(tags: bytes) -> Mentions:
    """Finds the words in the `distinct_tags` of a markup, in lower case."""
    styles = b"style" in tags
    return Mentions(
        hidden=b"hidden" in tags or (styles and (b"display" in tags or b"visibility" in tags)),
        labels=b"label" in tags,
        items=(styles or b"type" in tags or _VALUE.search(tags) is not None)
        and _ITEM_WITH_ATTRIBUTES.search(tags) is not None,
        styles=styles,
        roles=b"role" in tags and _ROLE.search(tags) is not None,
    )
