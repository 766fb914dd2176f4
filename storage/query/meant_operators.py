"""Finds words of a query that were probably meant as operators. They are searched for as words."""

from __future__ import annotations

import re

from storage.query.parser import QUOTES

_OPERATORS = frozenset({"AND", "OR", "NOT"})
_ELSEWHERE = re.compile(r'"[^"]*"|NEAR\s*\([^)]*\)')
"""A phrase or a NEAR: neither has operators inside."""
_RUN = re.compile(r"[^\s()]+")


def explain_meant_operators(query: str) -> str | None:
    """Returns a sentence about the words that were probably meant as operators; None if there are none."""
    runs = [one.strip(",.;") for one in _RUN.findall(_ELSEWHERE.sub(" ", query.translate(QUOTES)))]
    typed = dict.fromkeys(one for one in runs if one.upper() in _OPERATORS and not one.isupper())
    parts = []
    if typed:
        quoted = ", ".join(f'"{one}"' for one in typed)
        operators = ", ".join(dict.fromkeys(one.upper() for one in typed))
        parts.append(f"operators are in capital letters: write {operators} in place of {quoted}")
    if {"&", "&&"} & set(runs):
        parts.append("an & between words is left out, because a space already means AND")
    return "; ".join(parts) or None
