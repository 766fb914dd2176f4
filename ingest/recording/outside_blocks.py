"""Counts the kinds of blocks outside decisions, and finds new ones.

The counts never affect the text of a decision. A kind is a block's words with references, dates, numbers and addresses
masked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from storage.findings import OutsideBlock
from storage.model import Decision, LeftOut

_DATE = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th)?[ \-/.](?:of )?"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ \-/.,]*\d{2,4}\b"
    r"|\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b",
    re.IGNORECASE,
)
_MASKS = (
    (re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+"), "ADDRESS"),
    (re.compile(r"(?<!\d)\d{2}[\s-]?\d{3}[\s-]?\d{3}[a-z]?(?!\w)"), "REFERENCE"),
    (_DATE, "DATE"),
    (re.compile(r"[\d,.]*\d"), "NUMBER"),
)
_LONGEST = 300

_NOT_WORDS = re.compile(  # up to the next `<` at a time: ten times as fast as `.*?`
    rb"<(script|style|svg|a)\b[^<]*+(?:<(?!/\1\s*>)[^<]*+)*+</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_WORDS = re.compile(rb">([^<>A-Za-z]*+[A-Za-z][^<>]*+)<")
_DIGITS = re.compile(rb"\d+")


class PageSurroundings:
    """The words seen after articles since the process began: a page without other words has no new kind of block."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def has_new_words(self, body: bytes) -> bool:
        """Whether the page has words after its article, outside links, that were not seen there before."""
        end = body.rfind(b"</article")
        if end < 0:
            return False
        runs = set(map(bytes.strip, _WORDS.findall(_DIGITS.sub(b"0", _NOT_WORDS.sub(b"<>", body[end:])))))
        is_new = not runs <= self._seen
        self._seen |= runs
        return is_new


def mask(text: str) -> str:
    """Masks the parts of a block's words that differ from page to page."""
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def find_kinds(decision: Decision, left_out: Iterable[LeftOut], at: str, *, is_new: bool) -> Iterator[OutsideBlock]:
    """Yields the kinds of blocks on a decision's page that no rule names, each once."""
    seen: set[str] = set()
    for block in left_out:
        if not block.is_counted:
            continue
        masked = mask(block.text)
        digest = hashlib.sha256(masked.encode()).hexdigest()[:32]
        if digest not in seen:
            seen.add(digest)
            example = block.text[:_LONGEST]
            yield OutsideBlock(digest, masked[:_LONGEST], example, decision.reference, at, at, int(is_new))
