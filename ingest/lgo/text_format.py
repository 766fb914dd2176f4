"""Converts a decision to the text format and back.

The format has one line for each block, `- ` before items, and no newline at the end. No I/O.
"""

from __future__ import annotations

import re
from datetime import date

from ingest.errors import CutShort, NotADecision, TooLarge
from ingest.lgo.beginning import find_beginning
from ingest.lgo.decision import compose, has_paragraph
from ingest.lgo.titles import find_odd_spelling, parse_title
from ingest.lgo.zones import Layout, divide
from ingest.parsing.blocks import fold
from ingest.parsing.decode import decode
from ingest.parsing.input_limits import MAX_BYTES
from ingest.parsing.text_blocks import is_dump, split_text
from storage.model import Decision, Oddity

_LINE = re.compile(r"\S[^\r\n]*")
MOST_LINES = 20_000
"""Most lines of a document: as many as a page may have tags (`ingest.parsing.input_limits`). Known texts have hundreds.
"""


_WHY_JOINED = (
    "the document has empty lines or indented items, so lines without an empty line between them are one paragraph"
)


def render(decision: Decision) -> str:
    """Renders the decision in the text format."""
    return "\n".join("- " + line.text if line.kind == "item" else line.text for line in decision.lines)


def parse(text: str | bytes, *, unclosed: bool = False, today: date | None = None) -> Decision:
    """Parses a text document of either layout.

    `unclosed=True` accepts a statement without its closing line; reports need none. `today` is the day of the import.
    Raises ReadError: CutShort if that line is missing, NotADecision, Undecodable, TooLarge.
    """
    if len(text) > MAX_BYTES:
        raise TooLarge(f"the document has {len(text):,} bytes or characters; no decision has more than {MAX_BYTES:,}")
    odd: list[Oddity] = []
    if isinstance(text, bytes):
        decoded = decode(text)
        text = decoded.text
        odd = [Oddity("encoding", phrase) for phrase in decoded.odd]
    lines = len(_LINE.findall(text))
    if lines > MOST_LINES:
        raise TooLarge(f"the document has {lines:,} lines; no decision has more than {MOST_LINES:,}")
    if not text.strip():
        raise NotADecision("an empty document")
    blocks = split_text(text)
    layout: Layout = "dump" if is_dump(text) else "canonical"
    try:
        beginning = find_beginning(blocks, reference=None, page_title=None)
    except NotADecision as error:
        if layout == "canonical":
            raise
        raise NotADecision(f"{error}; {_WHY_JOINED}") from None
    zones = divide(blocks, beginning, layout)
    odd += _odd_reference(text, beginning.title.text)
    decision = compose(
        zones.title, zones.blocks, today=today, marked_up=False, odd=[*odd, *zones.odd], left_out=zones.left_out
    )
    if not decision.closed and not unclosed and (decision.kind == "statement" or not has_paragraph(decision)):
        raise CutShort(
            f"{decision.reference}: no closing line ('Investigator's decision on behalf of the Ombudsman'), so "
            "the text may be cut short; use --unclosed to import it as it is"
        )
    return decision


def _odd_reference(text: str, title: str) -> list[Oddity]:
    """Returns an oddity if the title's reference has unusual dashes or spaces."""
    for line in re.split(r"[\r\n]+", text):
        found = parse_title(fold(line))
        if found is not None and title.endswith(found.text):
            spelling = find_odd_spelling(line)
            return [Oddity("reference", spelling)] if spelling else []
    return []
