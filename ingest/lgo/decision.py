"""Composes a Decision from its title and blocks, or refuses it.

Parsing relies on the words of the decision, whatever the markup. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from ingest.errors import NotADecision, TooLarge
from ingest.lgo.dates import parse_date
from ingest.lgo.header import Header, parse_header
from ingest.lgo.numbering import number_blocks
from ingest.lgo.phrases import SUMMARY, is_closing, is_note, is_summary_heading, parse_note, split_label
from ingest.lgo.titles import Title
from ingest.parsing.blocks import Block, reads_as_heading
from storage.model import Decision, DecisionKind, LeftOut, Line, Note, Oddity

LONGEST_TEXT = 500_000
"""Most characters of a text. The longest known has 85,000. Texts are searched and displayed as a whole."""

_FIRST_HEADINGS = frozenset(
    [
        *("agreed action", "background", "conclusion", "conclusions", "finding", "findings", "introduction"),
        *("key to names used", "recommendation", "recommendations", "the complaint", "what we found"),
    ]
)
"""Headings that can follow an empty `Summary` heading directly; any other line there is the summary."""


def compose(
    title: Title,
    blocks: Sequence[Block],
    *,
    reference: str | None = None,
    today: date | None = None,
    marked_up: bool = True,
    odd: Iterable[Oddity] = (),
    left_out: Iterable[LeftOut] = (),
) -> Decision:
    """Composes the decision of a title and the blocks after it, without boilerplate.

    `reference` is the requested one, in printed form. `today` is the day the source was fetched or imported.
    `marked_up` is true when the blocks come from HTML, where attributes and elements are evidence that plain text
    lacks. Raises TooLarge, and NotADecision with the missing part.
    """
    own = reference if reference is not None and title.names(reference) else title.references[0]
    header = parse_header(blocks, marked_up=marked_up)
    if not header.body or (header.summary is None and all(map(_says_nothing, header.body))):
        raise NotADecision(f"{own}: no text after its header")
    lines = _read_lines(title, header, marked_up=marked_up)
    category, _, subcategory = header.fields.get("Category", "").partition(" > ")
    decided, odd_date = _read_date(header.fields.get("Decision date"), today)
    closed = any(line.kind != "item" and is_closing(line.text) for line in reversed(lines))
    unclosed = Oddity("no closing line", "")
    return Decision(
        reference=own,
        authority=title.authority,
        category=category or None,
        subcategory=subcategory or None,
        outcome=header.fields.get("Decision"),
        decision_date=decided,
        kind=header.kind,
        summary=header.summary if header.kind == "statement" else _find_summary(lines, header.kind),
        lines=tuple(lines),
        closed=closed,
        odd=(*odd, *header.odd, *odd_date, *(() if closed or header.kind != "statement" else (unclosed,))),
        left_out=tuple(left_out),
        notes=tuple(_find_notes(lines)),
        named_with=tuple(one for one in (*title.references, *title.others) if one != own),
    )


def _says_nothing(block: Block) -> bool:
    """Whether a block has no text of a decision: a closing line, a labelled header line, or a mark without words."""
    text = block.text.removeprefix("- ")  # a page dump may have the dash of an item on a line of its own
    return is_closing(text) or split_label(text) is not None or not any(letter.isalnum() for letter in text)


def _read_lines(title: Title, header: Header, *, marked_up: bool) -> list[Line]:
    head = [Line("header", title.text), *header.lines]
    lines = _set_kinds(head, list(_body_lines(header.body, marked_up=marked_up)), marked_up=marked_up)
    length = sum(len(line.text) for line in lines)
    if length > LONGEST_TEXT:
        raise TooLarge(
            f"{title.references[0]}: a text of {length:,} characters; no decision has more than {LONGEST_TEXT:,}"
        )
    return lines


def has_paragraph(decision: Decision) -> bool:
    """Whether a decision has more than a header and headings."""
    return any(
        line.kind in ("paragraph", "item") and not is_note(line.text) and split_label(line.text) is None
        for line in decision.lines
    )


def _read_date(printed: str | None, today: date | None) -> tuple[date | None, list[Oddity]]:
    """Parses the date of a decision; None if there is none or it is impossible. Also returns its oddities."""
    if printed is None:
        return None, []
    found = parse_date(printed, today)
    is_odd = found.day is None or not found.is_alone
    return found.day, [Oddity("date", printed[:200])] if is_odd else []


# ------------------------------------------------------------ lines


def _body_lines(body: Sequence[Block], *, marked_up: bool) -> Iterator[Line]:
    section: str | None = None
    for block, number in zip(body, number_blocks(body, starts_are_attributes=marked_up), strict=True):
        text = block.text.replace("\n", " ") if "\n" in block.text else block.text
        kind = block.kind
        if kind == "heading":
            if is_note(text) or is_closing(text):
                kind = "paragraph"
            else:
                section = text
        yield Line(kind, text, number, section)


def _set_kinds(head: list[Line], body: list[Line], *, marked_up: bool) -> list[Line]:
    """Adjusts the kinds of lines that depend on the words of other lines."""
    lines = [*head, *body]
    changed = lines
    if any(line.text == "-" for line in body) and all(line.kind != "item" for line in lines):
        changed = [*head, *_without_lone_dashes(body)]
    if not marked_up:
        changed = list(_without_false_headings(changed))
    return lines if changed is lines else _with_sections(changed)


def _without_lone_dashes(lines: list[Line]) -> list[Line]:
    """Joins a dash on a line of its own with the line after it.

    Some copies print the dashes of items this way; then no line is already an item.
    """
    found: list[Line] = []
    for line in lines:
        if found and found[-1].text == "-" and not _is_never_item(line.text):
            found[-1] = line._replace(kind="item")
        else:
            found.append(line)
    return found


def _is_never_item(text: str) -> bool:
    return text == "-" or is_closing(text) or is_note(text) or is_summary_heading(text) or bool(SUMMARY.match(text))


def _without_false_headings(lines: Sequence[Line]) -> Iterator[Line]:
    """Turns false headings of a plain text into paragraphs: rows of tables, and short lines that no body follows."""
    has_body_under = False
    body_follows = [False] * len(lines)
    for place in range(len(lines) - 1, -1, -1):
        body_follows[place] = has_body_under
        has_body_under = lines[place].kind != "heading"
    after_heading = False
    for place, line in enumerate(lines):
        is_heading = line.kind == "heading" and " | " not in f" {line.text} "
        if is_heading and after_heading and not body_follows[place]:
            is_heading = False
        yield line._replace(kind="paragraph") if line.kind == "heading" and not is_heading else line
        after_heading = is_heading


def _with_sections(lines: Iterable[Line]) -> list[Line]:
    """Sets the section of each line to the heading above it."""
    found: list[Line] = []
    section: str | None = None
    for line in lines:
        if line.kind == "heading":
            section = line.text
        found.append(line._replace(section=section))
    return found


# ------------------------------------------------------------ summaries and notes


def _find_summary(lines: Sequence[Line], kind: DecisionKind | None) -> str | None:
    """Finds the summary of a report: the text after `Summary:`, or the lines under the heading `Summary`.

    Uses the words only, so that a stored text has the same summary as the page it came from.
    """
    if kind != "report":
        return None
    for place, line in enumerate(lines):
        if line.kind == "item":
            continue
        found = SUMMARY.fullmatch(line.text)
        if found is not None and found["text"]:
            return found["text"]
        if is_summary_heading(line.text):
            return "\n".join(_lines_under(lines, place + 1)) or None
    return None


def _lines_under(lines: Sequence[Line], start: int) -> Iterator[str]:
    for place in range(start, len(lines)):
        line = lines[place]
        if line.kind == "item":
            yield f"- {line.text}"
            continue
        is_first = place == start and line.text.lower() not in _FIRST_HEADINGS
        if is_closing(line.text) or (reads_as_heading(line.text) and not is_first):
            return
        yield line.text


def _find_notes(lines: Sequence[Line]) -> list[Note]:
    """Finds the dated notes at the end of the text."""
    found: list[Note] = []
    for line in reversed(lines):
        note = parse_note(line.text) if line.kind != "item" else None
        if note is None:
            break
        found.append(note)
    return found[::-1]
