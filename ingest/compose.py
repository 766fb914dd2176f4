"""Blocks -> Decision, whole or refused. A decision is found by what it says, whatever the markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ingest.blocks import Block
from ingest.errors import NotADecision, WrongReference
from ingest.head import read_head, without_contents
from ingest.numbering import numbers
from ingest.phrases import CLOSING, MONTHS, OPENER, PANEL, TITLE, without_furniture
from storage.model import Decision, Line
from storage.model import reference as printed_reference

_DATE = re.compile(r"(\d{1,2}) ([A-Za-z]{3,9})\.? (\d{4})")


def compose(
    blocks: Sequence[Block],
    *,
    reference: str | None = None,
    title: str | None = None,
    lenient_start: bool = True,
    starts_are_attributes: bool = True,
    labels_may_lack_colon: bool = True,
) -> Decision:
    """The decision the blocks say.

    `reference`: the one asked for, in any spelling. `title`: the title where the blocks do not hold it.
    `lenient_start`: whether blocks before the title are dropped as the page's (else they are kept as paragraphs).
    Raises NotADecision naming what is missing, WrongReference.
    """
    blocks = without_furniture(blocks)
    at = title_at(blocks)
    if at is None and title is None:
        raise NotADecision("no title line that ends with a reference, such as 'Anytown Council (25 004 920)'")
    before: Sequence[Block] = ()
    if title is None and at is not None:
        title, before, blocks = blocks[at].text.replace("\n", " "), blocks[:at], blocks[at + 1 :]
    elif at is not None and blocks[at].text.replace("\n", " ") == title:
        before, blocks = blocks[:at], blocks[at + 1 :]
    assert title is not None
    if lenient_start:
        before = ()
    found = TITLE.fullmatch(title)
    if found is None:
        raise NotADecision(f"the title {title[:80]!r} holds no reference")
    printed = printed_reference(found["bracketed"] or found["alone"])
    if reference is not None and printed != printed_reference(reference):
        raise WrongReference(f"the page is the decision {printed}, not {printed_reference(reference)}")

    head = read_head([*(block for block in before if block.text not in PANEL), *blocks], labels_may_lack_colon)
    body = without_contents(head.body)
    if not body:
        raise NotADecision(f"{printed}: no text after the header lines")
    lines = [Line("header", title), *head.lines]
    section: str | None = None
    closed = False
    for block, number in zip(body, numbers(body, starts_are_attributes=starts_are_attributes), strict=True):
        text = block.text.replace("\n", " ") if "\n" in block.text else block.text
        if block.kind == "heading":
            section = text
        if not closed and block.item is None and text.endswith(("Ombudsman", "Ombudsmen", "Ombudsman.", "Ombudsmen.")):
            closed = CLOSING.fullmatch(text) is not None
            if closed:
                lines.append(Line("paragraph", text, number, section))
                continue
        lines.append(Line(block.kind, text, number, section))
    category, _, subcategory = (head.fields.get("Category") or "").partition(" > ")
    return Decision(
        reference=printed,
        authority=found["authority"],
        category=category or None,
        subcategory=subcategory or None,
        outcome=head.fields.get("Decision"),
        decision_date=_date(head.fields.get("Decision date"), printed),
        kind=head.kind,
        summary=head.summary or (_summary_section(lines) if head.kind == "report" else None),
        lines=tuple(lines),
        closed=closed,
    )


def title_at(blocks: Sequence[Block]) -> int | None:
    """Where the title is: the first line that reads as one, above the line that opens the text."""
    for index, block in enumerate(blocks):
        if not block.cells and TITLE.fullmatch(block.text.replace("\n", " ")):
            return index
        if any(OPENER.match(part) for part in block.cells or block.text.split("\n")):
            return None
    return None


def _summary_section(lines: Sequence[Line]) -> str | None:
    """A report carries its summary under a heading."""
    found = [
        ("- " if line.kind == "item" else "") + line.text
        for line in lines
        if line.section == "Summary" and line.kind != "heading"
    ]
    return "\n".join(found) or None


def _date(printed: str | None, reference: str) -> date | None:
    if printed is None:
        return None
    found = _DATE.fullmatch(printed)
    month = MONTHS.get(found[2][:3].lower()) if found else None
    if found is None or month is None:
        raise NotADecision(f"{reference}: 'Decision date : {printed[:40]}' is not a date such as 06 Oct 2025")
    try:
        return date(int(found[3]), month, int(found[1]))
    except ValueError:
        raise NotADecision(f"{reference}: 'Decision date : {printed}' is no day of the calendar") from None
