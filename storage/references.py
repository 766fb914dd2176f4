"""Parses and formats references: printed, as `25 004 920`, and in addresses and file names, as `25-004-920`."""

from __future__ import annotations

import re

_SPELLING = re.compile(
    r"(\d{2})[\s\-D]*(\d{3})[\s\-D]*(\d{3})[\s\-D]*([A-Za-z]?)".replace(
        "D", r"\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
    ),
    re.ASCII,
)
_WIDE_SPACE = re.compile(r"\s")


def reference(spelling: str) -> str:
    """Returns the printed form of a reference in any spelling: ``25-004-920`` is ``25 004 920``.

    Digits are in groups of two, three and three, with a lower-case suffix letter on joint health cases (``24 001
    411a``). Raises ValueError if the spelling is not a reference.
    """
    found = _SPELLING.fullmatch(_WIDE_SPACE.sub(" ", spelling).strip())
    if found is None:
        raise ValueError(f"{spelling!r} is not a reference; one looks like 25 004 920 or 24 001 411a")
    year, middle, last, suffix = found.groups()
    return f"{year} {middle} {last}{suffix.lower()}"


def slug(reference: str) -> str:
    """Returns the form of a printed reference in addresses and file names: ``25 004 920`` is ``25-004-920``."""
    return reference.replace(" ", "-")
