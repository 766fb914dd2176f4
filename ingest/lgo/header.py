"""Parses the header of a decision: the labelled lines between its title and its text, in any markup.

Once label and value are on one line, only the words decide what a line is. So the header of a stored text equals the
header of the page it came from. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import NamedTuple

from ingest.errors import NotADecision
from ingest.lgo.phrases import (
    OPENER,
    OPENER_AND_SUMMARY,
    SUMMARY,
    Field,
    begins_with_label,
    find_opening_line,
    has_label,
    is_note,
    is_opener,
    is_phrase,
    is_summary_heading,
    split_label,
    split_other_label,
)
from ingest.parsing.blocks import Block, reads_as_heading
from ingest.parsing.html_attributes import has_class
from storage.model import DecisionKind, Line, LineKind, Oddity

_HEADER_LINES = 12
"""Without an opening line, labelled lines are searched in this many lines after the title."""
_LABELS_APART = 2
"""Without an opening line, at most this many other lines between two labelled ones belong to the header."""


class Header(NamedTuple):
    """The lines between the title and the text."""

    lines: list[Line]
    fields: dict[Field, str]
    kind: DecisionKind | None
    summary: str | None
    """The summary of a statement."""
    body: list[Block]
    odd: list[Oddity]


class _Piece(NamedTuple):
    """A part of the header that may be a line: a block, a cell of a row, or the text before a line break."""

    text: str
    block: Block
    lead: str = ""
    is_label: bool = False
    """Whether the markup marks it as a label."""
    is_row: bool = False
    """Whether it is the first cell of a row, followed by all other cells of the row."""


def parse_header(blocks: Sequence[Block], *, marked_up: bool) -> Header:
    """Parses the header in the blocks that follow a title. `marked_up`: whether they come from HTML.

    Raises NotADecision if nothing shows that the blocks are a decision.
    """
    opener_at = next((n for n, block in enumerate(blocks) if is_opener(block)), None)
    if opener_at is None:
        return _read_without_opener(blocks, marked_up=marked_up)
    above, opening, rest = _cut_at_opener(blocks, opener_at)
    final = OPENER.fullmatch(opening)
    assert final is not None
    kind: DecisionKind = "statement" if final["final"] else "report"
    if final["final"] and not final["colon"]:
        opening += ":"
    reader = _HeaderReader(list(_pieces(above)), marked_up=marked_up)
    while reader.pieces:
        reader.take_line()
    lines = [*reader.lines, Line("paragraph", opening)]
    summary: str | None = None
    if rest and (rest[0].kind != "item" or (marked_up and rest[0].item is not None)):  # never a line with a dash
        found = _read_summary(rest, kind)
        if found is not None:
            line, summary, taken = found
            lines.append(Line("paragraph", line))
            rest = rest[taken:]
    return Header(lines, reader.fields, kind, summary, rest, reader.odd)


def _cut_at_opener(blocks: Sequence[Block], opener_at: int) -> tuple[list[Block], str, list[Block]]:
    """Splits the blocks into those above the opener, the opener, and those below it, also within its own block."""
    opener = blocks[opener_at]
    at = find_opening_line(opener)
    assert at is not None
    parts = opener.text.split("\n")
    above = list(blocks[:opener_at])
    if at > 0:
        above.append(replace(opener, text="\n".join(parts[:at])))
    opening, below = parts[at], parts[at + 1 :]
    both = OPENER_AND_SUMMARY.fullmatch(opening)
    if both:
        opening, below = both[1], [both[2], *below]
    below = [part for part in below if not is_phrase(part)]
    rest = list(blocks[opener_at + 1 :])
    if below:
        rest.insert(0, replace(opener, kind="paragraph", text="\n".join(below)))
    return above, opening, rest


def _read_without_opener(blocks: Sequence[Block], *, marked_up: bool) -> Header:
    """Parses the header of an old report: it ends with the last labelled line near the title.

    The first numbered item and all that follows it are text, whatever words they begin with.
    """
    near = list(takewhile(lambda block: not _is_numbered(block), blocks[:_HEADER_LINES]))
    reader = _HeaderReader(list(_pieces(near)), marked_up=marked_up)
    while reader.pieces and not reader.has_ended():
        reader.take_line()
    body: list[Block] = []
    for piece in reader.pieces:
        if not body or body[-1] is not piece.block:
            body.append(piece.block)
    if body and reader.pieces[0].text != body[0].text and "\n" in body[0].text:
        body[0] = replace(body[0], text="\n".join(one.text for one in reader.pieces if one.block is body[0]), lead="")
    body += blocks[len(near) :]
    has_summary = any(_is_summary(block) for block in body)
    if not reader.fields and not has_summary:
        raise NotADecision(
            "neither 'The Ombudsman's final decision:' nor 'Overview:' nor a summary, and no line "
            "'Category : …', 'Decision : …' or 'Decision date : …'"
        )
    return Header(reader.lines, reader.fields, "report" if has_summary else None, None, body, reader.odd)


def _is_numbered(block: Block) -> bool:
    return block.item is not None and block.item.list.marker not in ("•", "-")


def _is_summary(block: Block) -> bool:
    if block.kind == "item":
        return False
    found = SUMMARY.fullmatch(block.text)
    return is_summary_heading(block.text) or (found is not None and bool(found["text"]))


# ------------------------------------------------------------ the summary of a statement


def _read_summary(rest: Sequence[Block], kind: DecisionKind) -> tuple[str, str, int] | None:
    """Returns the line of the summary, its text, and the number of blocks it took; None if there is no summary."""
    first = rest[0].text.replace("\n", " ")
    found = SUMMARY.fullmatch(first)
    label = first if found is not None else "Summary:"
    bare = (found is not None and not found["text"]) or (is_summary_heading(first) and kind == "statement")
    if bare and len(rest) > 1 and (rest[1].kind == "paragraph" or _is_sentence(rest[1])):
        text = rest[1].text.replace("\n", " ")
        return f"{label} {text}", text, 2
    if found is not None and found["text"]:
        return first, found["text"], 1
    if kind == "statement" and rest[0].lead.lower() == "summary":
        text = first[len(rest[0].lead) :].strip()
        return f"Summary: {text}", text, 1
    return None


def _is_sentence(block: Block) -> bool:
    """Whether a heading in the markup would be a paragraph in plain text, and so the summary there."""
    return block.kind == "heading" and not reads_as_heading(block.text)


# ------------------------------------------------------------ lines


def _pieces(blocks: Sequence[Block]) -> Iterator[_Piece]:
    """Splits the header into parts: cells and broken lines separately if one of them begins with a label."""
    for block in blocks:
        if block.cells:
            parts = [cell for cell in block.cells if cell]
            if _are_pairs(parts) or all(map(has_label, parts)):
                yield from _cells(parts, block)
                continue
        parts = block.text.split("\n")
        if len(parts) > 1 and begins_with_label(block.text) and any(split_label(part) for part in parts):
            for n, part in enumerate(parts):
                yield _Piece(part, block, block.lead if n == 0 else "")
            continue
        is_label = block.is_label or (block.node is not None and has_class(block.node, "label"))
        yield _Piece(block.text.replace("\n", " "), block, block.lead, is_label)


def _are_pairs(parts: Sequence[str]) -> bool:
    """Whether the cells of a row alternate between labels and values."""
    labels = [split_label(part) or split_other_label(part) for part in parts[::2]]
    return len(parts) % 2 == 0 and all(label is not None and not label[-1] for label in labels)


def _cells(parts: Sequence[str], block: Block) -> Iterator[_Piece]:
    for n, part in enumerate(parts):
        yield _Piece(part, block, is_label=n % 2 == 0 and len(parts) % 2 == 0, is_row=n == 0)


@dataclass
class _HeaderReader:
    """Parses the pieces of a header line by line."""

    pieces: list[_Piece]
    marked_up: bool
    lines: list[Line] = field(default_factory=list)
    fields: dict[Field, str] = field(default_factory=dict)
    odd: list[Oddity] = field(default_factory=list)
    forms: frozenset[str] = field(init=False)
    """The kinds of markup that known labels have."""

    def __post_init__(self) -> None:
        labelled = (piece for piece in self.pieces if split_label(piece.text) or split_label(piece.lead))
        self.forms = frozenset(form for piece in labelled if (form := _form_of(piece)) is not None)

    def take_line(self) -> None:
        """Parses one line from the pieces."""
        piece = self.pieces[0]
        for read in (self._read_known, self._read_unknown):
            taken = read(piece)
            if taken:
                del self.pieces[:taken]
                return
        kind: LineKind = piece.block.kind if piece.block.kind == "item" else "paragraph"
        if piece.is_row:
            count = sum(1 for one in self.pieces if one.block is piece.block)
            self.lines.append(Line(kind, piece.block.text))
            del self.pieces[:count]
            return
        self.lines.append(Line(kind, piece.text))
        del self.pieces[:1]

    def has_ended(self) -> bool:
        """Whether the next line begins the text of a report without an opener."""
        piece = self.pieces[0]
        if _is_summary(replace(piece.block, text=piece.text)):
            return True
        nearest = self.pieces[: 1 + _LABELS_APART]
        if not self.fields or any(self._label_of(one, n) is not None for n, one in enumerate(nearest)):
            return False
        other = split_other_label(piece.text)
        return not is_note(piece.text) and (other is None or not other[0].endswith(" :") or not other[1])

    # -------------------------------------------------------- known labels

    def _read_known(self, piece: _Piece) -> int:
        """Parses a known label with its value, and returns the number of pieces it took."""
        found = self._label_of(piece, 0)
        if found is None:
            return 0
        label, name, value = found
        taken = 1
        if not value:
            value, taken = self._value_after(1, may_go_on=name == "Category")
            line = _join(label, value)
        elif piece.lead and not label.endswith(":"):
            line = _join(label, value)
        else:
            line = piece.text
        self.fields[name] = value.lstrip(": ")
        self.lines.append(Line("header", line))
        return taken

    def _label_of(self, piece: _Piece, at: int) -> tuple[str, Field, str] | None:
        """Returns the label of a piece, if no line has it yet, and the words after it on the same line."""
        found = split_label(piece.text)
        if not self.marked_up and (piece.block.kind == "item" or (found and not found[0].endswith(":"))):
            return None
        if found is None and piece.lead:
            lead = split_label(piece.lead)
            if lead is not None and not lead[2]:
                found = lead[0], lead[1], piece.text[len(piece.lead) :].strip()
        if found is None or found[1] in self.fields or found[2].startswith("|"):  # a bar ends an empty cell
            return None
        return found if found[2] or self._value_at(at + 1, piece) else None

    def _value_at(self, at: int, label: _Piece) -> bool:
        """Whether the piece at a place can be the value of the label before it.

        Another label, a summary and a row with an empty cell cannot.
        """
        if at >= len(self.pieces):
            return False
        value = self.pieces[at]
        if not self.marked_up and value.block.kind == "item":
            return False
        # A label without a colon at the end of a broken line cannot have its value on another line.
        its_own = label.text == label.block.text or value.block is label.block or label.text.endswith(":")
        is_summary = is_summary_heading(value.text) or SUMMARY.fullmatch(value.text) is not None
        is_label = value.is_label or value.text.endswith(":") or split_label(value.text) is not None
        has_empty_cell = value.text.startswith("|") or value.text.endswith("|")
        return its_own and not is_summary and not is_label and not has_empty_cell

    def _value_after(self, at: int, *, may_go_on: bool = False) -> tuple[str, int]:
        """Returns a value and the index after its last piece; a category may be in several, with `>` between."""
        value, form = self.pieces[at].text, _element_of(self.pieces[at])
        taken = at + 1
        while may_go_on and self.marked_up and taken < len(self.pieces):
            following = self.pieces[taken].text
            if _element_of(self.pieces[taken]) != form:
                break
            if following == ">" and taken + 1 < len(self.pieces) and split_label(self.pieces[taken + 1].text) is None:
                value, taken = f"{value} > {self.pieces[taken + 1].text}", taken + 2
            elif following.startswith("> "):
                value, taken = f"{value} {following}", taken + 1
            else:
                break
        return value, taken

    # -------------------------------------------------------- unknown labels

    def _read_unknown(self, piece: _Piece) -> int:
        """Parses a header line with an unknown label, and returns the number of pieces it took."""
        found = split_other_label(piece.text)
        taken, line = 1, piece.text
        if piece.block.kind == "item" and not self.marked_up:
            return 0
        if found is not None and found[1]:
            if not (found[0].endswith(" :") or self._is_lead(piece, found[0])):
                return 0
        elif found is not None and piece.is_label and self._has_form(piece) and self._value_at(1, piece):
            value, taken = self._value_after(1)
            line = _join(found[0], value)
        else:
            return 0
        self.lines.append(Line("header", line))
        self.odd.append(Oddity("unknown header line", line[:200]))
        return taken

    def _is_lead(self, piece: _Piece, label: str) -> bool:
        """Whether a line's label has the markup of the known ones. The colon may be inside the markup or after it."""
        return "lead" in self.forms and piece.lead.rstrip(" :") == label.rstrip(" :")

    def _has_form(self, piece: _Piece) -> bool:
        return _form_of(piece) in self.forms


def _element_of(piece: _Piece) -> str | None:
    return piece.block.node.tag if piece.block.node is not None else None


def _form_of(piece: _Piece) -> str | None:
    """Returns the kind of markup that separates a label from its value; None if there is none."""
    if piece.block.cells:
        return "cells"
    if piece.is_label:
        return "label"
    return "lead" if piece.lead else None


def _join(label: str, value: str) -> str:
    """Joins label and value on one line. Adds the colon if the page prints none."""
    if value.startswith(":"):
        return f"{label.rstrip(' :')} : {value.lstrip(': ')}"
    return f"{label} {value}" if label.endswith(":") else f"{label} : {value}"
