"""Parses titles and the references in them.

A title is `Authority (25 004 920)`; the last bracket has the reference, or several. Old reports print only the
reference. A reference may have dashes and spaces of any kind; only some of them are usual. No I/O.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from storage.references import reference as printed_reference

_BETWEEN = r"[ \-\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]?"
REFERENCE = rf"\d{{2}}{_BETWEEN}\d{{3}}{_BETWEEN}\d{{3}}{_BETWEEN}(?:[A-Za-z](?![A-Za-z]))?"
_AND = r" ?(?:[&,;/+]|\band\b)(?: and\b)? ?"
_REFERENCES = rf"{REFERENCE}(?:{_AND}{REFERENCE})*"
_BRACKETED = rf"\( ?(?:(?:case |complaint )?ref(?:erence)?\b[ .:]*(?:no\.? )?)?(?P<bracketed>{_REFERENCES}) ?\)"
_TITLE = re.compile(rf"(?:(?P<authority>.*\S) ?)?{_BRACKETED}|(?P<alone>{_REFERENCES})", re.ASCII | re.IGNORECASE)
_TITLE_START = re.compile(rf".*\S ?{_BRACKETED}|{_REFERENCES}(?![\w-])", re.ASCII | re.IGNORECASE)
_ONE = re.compile(rf"(?<!\d){REFERENCE}(?!\d)", re.ASCII)
_ODD_SPELLING = re.compile(r"(?<!\d)\d{2}(?P<first>\W?)\d{3}(?P<second>\W?)\d{3}(?!\d)", re.ASCII)
_USUAL = frozenset({"", " ", "-"})
_HOLDS_DIGITS = re.compile(r"\d{3}", re.ASCII)

_DASHES = re.compile(r"\A(?:- )+")
"""Dashes before a title mark it as an item. They are dropped, because in the text format they would make it an item."""


class Title(NamedTuple):
    """A line that is a title."""

    text: str
    authority: str | None
    references: tuple[str, ...]
    """The references in the last bracket, in printed form and in order."""
    others: tuple[str, ...]
    """The references in earlier brackets."""

    @property
    def is_bracket_only(self) -> bool:
        """Whether the line is only a bracket, so that the authority must be elsewhere."""
        return self.authority is None and self.text.startswith("(")

    def names(self, reference: str) -> bool:
        """Whether the title names a reference. `reference` must be in printed form."""
        return reference in self.references or reference in self.others


@lru_cache(maxsize=64)  # a page prints its title in `<title>` and in a heading
def parse_title(text: str) -> Title | None:
    """Parses a line as a title; None if it is not one."""
    if _HOLDS_DIGITS.search(text) is None:
        return None
    line = text.replace("\n", " ")
    if line.startswith("- "):
        line = _DASHES.sub("", line)
    found = _TITLE.fullmatch(line)
    if found is None:
        return None
    named = _references_in(found["bracketed"] or found["alone"])
    others = _references_in(found["authority"] or "")
    return Title(line, found["authority"], named, tuple(other for other in others if other not in named))


def parse_page_title(text: str) -> Title | None:
    """Parses the title at the start of a page's `<title>`."""
    found = _TITLE_START.match(text)
    return parse_title(found[0]) if found else None


def _references_in(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(printed_reference(one) for one in _ONE.findall(text)))


def find_odd_spelling(source: str) -> str | None:
    """Returns the first reference in a title's source that has unusual dashes or spaces; None if there is none."""
    for found in _ODD_SPELLING.finditer(source):
        if found["first"] not in _USUAL or found["second"] not in _USUAL:
            return found[0]
    return None
