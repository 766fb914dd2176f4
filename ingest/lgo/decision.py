"""Blocks -> Decision, whole or refused. A decision is found by what it says, whatever the markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from ingest.errors import NotADecision, TooLarge, WrongReference
from ingest.lgo.header import read_head, without_contents
from ingest.lgo.numbering import numbers
from ingest.lgo.phrases import MONTHS, OPENER, PANEL, RESPONSE, TITLE, is_closing
from ingest.parsing.blocks import Block
from storage.model import Decision, Line
from storage.model import reference as printed_reference

_CLOSING_WITHIN = 12
"""Lines appended after the closing line are few."""

LONGEST_TEXT = 500_000
"""Characters. The longest text known has 85,000; what stands in the database is searched and shown as a whole."""

_DASHES = re.compile(r"\A(?:- )+")
"""Before a title they are markers of an item, which its line does not keep: in the text it would be one."""

_DATE = re.compile(r"(\d{1,2}) ([A-Za-z]{3,9})\.? (\d{4})")


def compose(
    blocks: Sequence[Block],
    *,
    reference: str | None = None,
    title: str | None = None,
    own: bool = False,
    marked_up: bool = True,
) -> Decision:
    """The decision that blocks without furniture say.

    `reference`: the one asked for, in any spelling. `title`: the title where the blocks do not hold it. `own`: whether
    all blocks are the decision's, so that what stands before the title is kept; else it is the page's. `marked_up`:
    whether the blocks come from HTML, whose attributes and elements say what text only shows.
    Raises NotADecision naming what is missing, WrongReference, TooLarge.
    """
    at = title_at(blocks)
    if at is not None:
        in_blocks = blocks[at].text.replace("\n", " ")
        if title is None or title == in_blocks:
            title = in_blocks
            before = [block for block in blocks[:at] if block.text not in PANEL] if own else []
            blocks = [*before, *blocks[at + 1 :]]
    title = _DASHES.sub("", title or "")
    found = TITLE.fullmatch(title)
    if found is None:
        raise NotADecision("no title line that ends with a reference, such as 'Anytown Council (25 004 920)'")
    printed = printed_reference(found["bracketed"] or found["alone"])
    if reference is not None and printed != printed_reference(reference):
        raise WrongReference(f"the page is the decision {printed}, not {printed_reference(reference)}")

    head = read_head(blocks, marked_up=marked_up)
    body = without_contents(head.body)
    if not body or (head.summary is None and all(is_closing(block.text) for block in body)):
        raise NotADecision(f"{printed}: no text after its head")
    lines = [Line("header", title), *head.lines, *_body_lines(body, marked_up=marked_up)]
    length = sum(len(line.text) for line in lines)
    if length > LONGEST_TEXT:
        raise TooLarge(f"{printed}: a text of {length:,} characters; no decision has more than {LONGEST_TEXT:,}")
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
        closed=any(block.item is None and is_closing(block.text) for block in body[-_CLOSING_WITHIN:]),
    )


def _body_lines(body: Sequence[Block], *, marked_up: bool) -> Iterator[Line]:
    section: str | None = None
    for block, number in zip(body, numbers(body, starts_are_attributes=marked_up), strict=True):
        text = block.text.replace("\n", " ") if "\n" in block.text else block.text
        kind = block.kind
        if kind == "heading":
            if RESPONSE.fullmatch(text):
                kind = "paragraph"
            else:
                section = text
        yield Line(kind, text, number, section)


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
