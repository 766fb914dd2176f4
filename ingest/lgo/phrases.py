"""What a decision says of itself, and what its page says around it: the phrases that reading goes by. Pure.

What is known of them, and since when:

    2026-11  Labels `Category`, `Decision`, `Decision date`, a colon after them; `The Ombudsman's final decision:`
             with a straight apostrophe, `Ombudsmen's` in joint cases; `Overview:` in public reports; neither in
             reports before 2018. A statement ends "Investigator's decision on behalf of the Ombudsman".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.parsing.blocks import Block

_REFERENCE = r"\d{2}[ \-]?\d{3}[ \-]?\d{3} ?[A-Za-z]?"
TITLE = re.compile(rf"(?:(?P<authority>.*\S) ?\( ?(?P<bracketed>{_REFERENCE}) ?\)|(?P<alone>{_REFERENCE}))", re.ASCII)
TITLE_START = re.compile(rf"(?:.*\S ?\( ?{_REFERENCE} ?\)|{_REFERENCE}(?![\w-]))", re.ASCII)
LABEL = re.compile(r"(Category|Decision date|Decision) ?:? ?(?=$)|(Category|Decision date|Decision) ?: ?(?P<value>.+)")
OPENER = re.compile(r"(?P<final>The Ombudsm[ae]n['’]?s?['’]? final decision)(?P<colon> ?:)?|Overview ?:")
OPENER_AND_SUMMARY = re.compile(
    r"(The Ombudsm[ae]n['’]?s?['’]? final decision ?:|Overview ?:) (Summary ?:.*)", re.DOTALL
)
SUMMARY = re.compile(r"Summary ?: ?(?P<text>.*)", re.DOTALL)
CLOSING = re.compile(r".{0,80}\bdecision on behalf of the Ombudsm[ae]n\.?")
RESPONSE = re.compile(r"Ombudsm[ae]n (?:not |dis)?satisfied with .+")
"""A line appended to a report months later: "Ombudsman satisfied with council's response: 23 September 2016"."""

DECISIONS_OWN = re.compile(
    r"Decision date|Category ?:|final decision ?:|decision on behalf of the Ombudsm[ae]n|Overview ?:"
)
MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
"""A month by the first three letters of its name, in lower case."""

FURNITURE = frozenset({"Back to top", "Print this page", "LGO logogram"})
"""Phrases that are furniture wherever they are a block's whole text."""

_PANEL_OPENS, _PANEL_GOES_ON, _PANEL_CLOSES = "Review your privacy settings", "Required cookies", "Privacy settings"
_PANEL_LONGEST = 16
PANEL = frozenset(
    {
        _PANEL_OPENS,
        _PANEL_GOES_ON,
        _PANEL_CLOSES,
        "View required cookies",
        "Analytical cookies",
        "View analytical cookies",
    }
)
"""The cookie and privacy panel's lines; furniture before the title and after the text."""


def is_closing(text: str) -> bool:
    """Whether a line is the one that closes a statement."""
    return "on behalf of" in text and CLOSING.fullmatch(text) is not None


def opens(block: Block) -> bool:
    """Whether the line that opens the text stands in the block: alone, with the summary, or below labelled lines."""
    if block.kind == "item" or block.cells or ("decision" not in block.text and "Overview" not in block.text):
        return False
    return opening_part(block) is not None


def opening_part(block: Block) -> int | None:
    """Which of the block's lines opens the text."""
    for index, part in enumerate(block.text.split("\n")):
        if OPENER.fullmatch(part) or OPENER_AND_SUMMARY.fullmatch(part):
            return index
        if not LABEL.fullmatch(part) and not TITLE.fullmatch(part):
            return None
    return None


def without_furniture(blocks: Sequence[Block]) -> list[Block]:
    """Without the phrases that are furniture, and without the cookie and privacy panel."""
    kept: list[Block] = []
    skip_to = 0
    for index, block in enumerate(blocks):
        if index < skip_to or block.text in FURNITURE:
            continue
        if block.text == _PANEL_OPENS and index + 1 < len(blocks) and blocks[index + 1].text == _PANEL_GOES_ON:
            panel = blocks[index : index + _PANEL_LONGEST]
            last = next((n for n, part in enumerate(panel) if n and part.text == _PANEL_CLOSES), None)
            skip_to = index + (last + 1 if last is not None else 2)
            continue
        kept.append(block)
    while kept and kept[-1].text in PANEL:
        kept.pop()
    return kept
