"""Recognises the phrases that parsing relies on: those of the decision itself, and those of the page around it.

Known since:

    2026-11  Labels `Category`, `Decision`, `Decision date`, a colon after them; `The Ombudsman's final decision:`
             with a straight apostrophe, `Ombudsmen's` in joint cases; `Overview:` in public reports; neither in
             reports before 2018. A statement ends "Investigator's decision on behalf of the Ombudsman".
    2026-12  The same words in other capitals, `Final decision` and `Date of decision` as labels.

No I/O.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from ingest.lgo.dates import has_date, parse_date
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block
from storage.model import Note

Field = Literal["Category", "Decision", "Decision date"]

_LABELS: dict[str, Field] = {
    "category": "Category",
    "decision": "Decision",
    "final decision": "Decision",
    "decision date": "Decision date",
    "date of decision": "Decision date",
}
_LABEL = re.compile(
    r"(?P<label>category|decision date|date of decision|final decision|decision)(?P<colon> ?:)? ?(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_LABEL = re.compile(r"(?P<label>[^\s:]+(?: [^\s:]+){0,3})(?P<colon> ?:)? ?(?P<value>.*)", re.DOTALL)
_NOT_LABELS = frozenset({"summary", "overview"})

OPENER = re.compile(r"(?P<final>The Ombudsm[ae]n['’]?s?['’]? final decision)(?P<colon> ?:)?|Overview ?:", re.IGNORECASE)
OPENER_AND_SUMMARY = re.compile(
    r"(The Ombudsm[ae]n['’]?s?['’]? final decision ?:|Overview ?:) (Summary ?:.*)", re.DOTALL | re.IGNORECASE
)
SUMMARY = re.compile(r"Summary ?: ?(?P<text>.*)", re.DOTALL | re.IGNORECASE)
_CLOSING = re.compile(r"(?i:.{0,80}\bdecision on behalf of the) (?:[A-Z][\w&’']* (?:and )?){0,8}(?i:ombudsm[ae]n)\.?")
_SATISFIED = re.compile(r"\b(?:dis)?satisfied\b", re.IGNORECASE)
_OMBUDSMAN = re.compile(r"\bombudsm[ae]n\b", re.IGNORECASE)
_NOTE_LONGEST = 200
_FURTHER_REPORT = re.compile(r"further report\b.{0,60}", re.IGNORECASE)

_PHRASES = frozenset({"back to top", "print this page", "lgo logogram"})
"""Boilerplate, when a phrase is the whole text of a block."""
_ARROWS = " ^↑▲⇧⬆"

PANEL_OPENS, _PANEL_GOES_ON, PANEL_CLOSES = "Review your privacy settings", "Required cookies", "Privacy settings"
PANEL_LONGEST = 16
PANEL = frozenset(
    {
        PANEL_OPENS,
        _PANEL_GOES_ON,
        PANEL_CLOSES,
        "View required cookies",
        "Analytical cookies",
        "View analytical cookies",
    }
)
"""The headings and links of the cookie and privacy panel."""

CONTENTS_HEADINGS = frozenset(
    {"contents", "contents list", "table of contents", "on this page", "in this decision", "jump to", "page contents"}
)


def is_closing(text: str) -> bool:
    """Whether a line is the closing line of a statement."""
    return "ombudsm" in text[-10:].lower() and _CLOSING.fullmatch(text.replace("\n", " ")) is not None


def is_phrase(text: str) -> bool:
    """Whether a block is a known boilerplate phrase of the page."""
    return len(text) < 24 and text.strip(_ARROWS).lower() in _PHRASES


def is_further_report(text: str) -> bool:
    """Whether a heading begins a further report."""
    return _FURTHER_REPORT.fullmatch(text) is not None


def is_summary_heading(text: str) -> bool:
    """Whether a line is the heading `Summary`."""
    return text.lower() == "summary"


def is_note(text: str) -> bool:
    """Whether a line is a dated note ("Ombudsman satisfied with council's response: 23 September 2016")."""
    return (
        len(text) <= _NOTE_LONGEST
        and "satisfied" in text.lower()
        and _SATISFIED.search(text) is not None
        and _OMBUDSMAN.search(text) is not None
        and has_date(text)
    )


def parse_note(text: str) -> Note | None:
    """Parses a line as a dated note; None if it is not one."""
    if not is_note(text):
        return None
    day = parse_date(text).day
    return Note(day, text) if day is not None else None


# ------------------------------------------------------------ labels and openers


@lru_cache(maxsize=64)  # up to six steps ask about a line of the header
def split_label(text: str) -> tuple[str, Field, str] | None:
    """Splits a line into a known label as printed, its field and the rest; None if it has no known label.

    The label includes its colon. A label without a colon must be the whole line.
    """
    found = _LABEL.fullmatch(text)
    if found is None or (found["colon"] is None and found["value"]):
        return None
    return (
        text[: found.end("colon") if found["colon"] else found.end("label")],
        _LABELS[found["label"].lower()],
        found["value"],
    )


def split_other_label(text: str) -> tuple[str, str] | None:
    """Splits a line into an unknown label of at most four words, as printed with its colon, and the rest."""
    found = _OTHER_LABEL.fullmatch(text)
    if found is None or found["label"].lower() in _NOT_LABELS or (found["colon"] is None and found["value"]):
        return None
    return text[: found.end("colon") if found["colon"] else found.end("label")], found["value"]


def has_label(text: str) -> bool:
    """Whether a line is a known label with a value."""
    found = split_label(text)
    return found is not None and bool(found[2])


def join_known(block: Block) -> Block:
    """Joins the lines of a block if a line break splits a known phrase or label."""
    if "\n" not in block.text:
        return block
    line = block.text.replace("\n", " ")
    label = split_label(line)
    is_known = (
        OPENER.fullmatch(line) is not None
        or is_summary_heading(line)
        or is_further_report(line)
        or is_phrase(line)
        or (label is not None and "\n" in block.text[: len(label[0])])
    )
    return replace(block, text=line) if is_known else block


def begins_with_label(text: str) -> bool:
    """Whether the first line of a block is a labelled line, or a title."""
    first = text.partition("\n")[0]
    if split_label(first) is not None or parse_title(first) is not None:
        return True
    other = split_other_label(first)
    return other is not None and other[0].endswith(":")


def is_opener(block: Block) -> bool:
    """Whether the block has the line that opens the text: alone, with the summary, or below labelled lines."""
    if block.kind == "item" or block.is_hidden or len(block.cells) > 1:
        return False
    text = block.text.lower()
    if "decision" not in text and "overview" not in text:
        return False
    return find_opening_line(block) is not None


def find_opening_line(block: Block) -> int | None:
    """Returns the index of the block's line that opens the text; None if no line does."""
    for index, part in enumerate(block.text.split("\n")):
        if OPENER.fullmatch(part) or OPENER_AND_SUMMARY.fullmatch(part):
            return index
        if split_label(part) is None and parse_title(part) is None:
            return None
    return None
