"""Parses and formats references: printed, as `25 004 920`, and in addresses and file names, as `25-004-920`."""

from __future__ import annotations

import re
from urllib.parse import unquote

_DASHES = r"\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_SPELLING = re.compile(
    rf"(\d{{2}})[\s\-{_DASHES}]*(\d{{3}})[\s\-{_DASHES}]*(\d{{3}})[\s\-{_DASHES}]*([A-Za-z]?)", re.ASCII
)
_BETWEEN = rf"[\s\-+./_\\\u00ad\u00b7\u200b-\u200d\u2044\u2060\ufeff{_DASHES}]*"
"""The separators that a typed reference may have; `+` is a space in addresses."""
_LOOSE = rf"([0-9]{{2}}){_BETWEEN}([0-9]{{3}}){_BETWEEN}([0-9]{{3}})(?:{_BETWEEN}([A-Za-z]))?"
_TYPED = re.compile(rf"(?:\S*/)?(?:[^\w£$€/]|_)*{_LOOSE}(?:\.json)?[\W_]*")
"""A reference with punctuation around it, or an address that ends with one."""
_NAMED = re.compile(rf"(?<![^\W_]){_LOOSE}(?![^\W_])")
_AFTER_PATH = re.compile(r"(?<=/)([^\s?#]*)[?#]\S*$")
"""The end of an address with its query and fragment."""
_TYPED_MOST = 500
"""The most characters of a typed reference, so that a long text is refused at once."""
_WIDE_SPACE = re.compile(r"\s")


def reference(spelling: str) -> str:
    """Returns the printed form of a reference in a spelling that documents use: ``25-004-920`` is ``25 004 920``.

    Digits are in groups of two, three and three, with a lower-case suffix letter on joint health cases (``24 001
    411a``). Raises ValueError if the spelling is not a reference.
    """
    found = _SPELLING.fullmatch(_WIDE_SPACE.sub(" ", spelling).strip())
    if found is None:
        raise ValueError(f"{spelling!r} is not a reference; one looks like 25 004 920 or 24 001 411a")
    return _printed(found)


def typed_reference(text: str) -> str:
    """Returns the printed form of a reference as people type or paste it. For documents, use the stricter `reference`.

    Accepts any separators and punctuation (``25/004/920``, ``(25 004 920)``), and the address of the decision's page on
    the publisher's site or in `lgsco serve`. Raises ValueError for any other text, and for several references.
    """
    shown = unquote(_AFTER_PATH.sub(r"\1", text.strip())) if len(text) <= _TYPED_MOST else ""
    named = list(dict.fromkeys(_printed(found) for found in _NAMED.finditer(shown)))
    if len(named) > 1:
        raise ValueError(f"{text!r} has several references: {', '.join(named)}; give one at a time")
    found = _TYPED.fullmatch(shown)
    if found is None:
        raise ValueError(f"{text[:_TYPED_MOST]!r} is not a reference; one looks like 25 004 920 or 24 001 411a")
    return _printed(found)


def _printed(found: re.Match[str]) -> str:
    year, middle, last, suffix = found.groups()
    return f"{year} {middle} {last}{(suffix or '').lower()}"


def slug(reference: str) -> str:
    """Returns the form of a printed reference in addresses and file names: ``25 004 920`` is ``25-004-920``."""
    return reference.replace(" ", "-")
