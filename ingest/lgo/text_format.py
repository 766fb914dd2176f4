"""Decision <-> the text format: one block a line, `- ` before items, no newline at the end."""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.errors import CutShort, NotADecision, TooLarge
from ingest.lgo.decision import compose
from ingest.lgo.phrases import without_furniture
from ingest.parsing.decode import decode
from ingest.parsing.input_limits import MAX_BYTES
from ingest.parsing.text_blocks import from_text
from storage.model import Decision

_LINE = re.compile(r"\S[^\r\n]*")
MOST_LINES = 20_000
"""The longest text known has some hundreds. As many as a page may have tags (`ingest.parsing.input_limits`)."""


def render(decision: Decision) -> str:
    """The decision in the text format."""
    return "\n".join("- " + line.text if line.kind == "item" else line.text for line in decision.lines)


def parse(text: str | bytes, *, unclosed: bool = False) -> Decision:
    """The decision in a text document of either layout.

    `unclosed=True` accepts a text without a closing line, which only a report in today's layout has not. Raises
    ReadError: CutShort where that line is missing, NotADecision, Undecodable, TooLarge.
    """
    if len(text) > MAX_BYTES:
        raise TooLarge(f"the document has {len(text):,} bytes or characters; no decision has more than {MAX_BYTES:,}")
    odd: tuple[str, ...] = ()
    if isinstance(text, bytes):
        text, _, odd = decode(text)
    lines = len(_LINE.findall(text))
    if lines > MOST_LINES:
        raise TooLarge(f"the document has {lines:,} lines; no decision has more than {MOST_LINES:,}")
    if not text.strip():
        raise NotADecision("an empty document")
    decision = replace(compose(without_furniture(from_text(text)), marked_up=False), odd=odd)
    if decision.kind != "report" and not decision.closed and not unclosed:
        raise CutShort(
            f"{decision.reference}: no closing line ('Investigator's decision on behalf of the Ombudsman'), so "
            "the text may be cut short; --unclosed takes it as it is"
        )
    return decision
