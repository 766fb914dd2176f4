"""The head of a decision: the labelled lines between its title and its text, in whatever markup they stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ingest.errors import NotADecision
from ingest.lgo.phrases import LABEL, OPENER, OPENER_AND_SUMMARY, SUMMARY, opening_part, opens
from ingest.parsing.blocks import Block, reads_as_heading
from ingest.parsing.html_blocks import HEADINGS
from storage.model import DecisionKind, Line, LineKind

_HEADER_BLOCKS = 12
"""Without an opening line, labelled lines are looked for among this many blocks after the title."""


class Head(NamedTuple):
    """What stands between the title and the text."""

    lines: list[Line]
    fields: dict[str, str]
    kind: DecisionKind | None
    summary: str | None
    body: list[Block]


class _Piece(NamedTuple):
    """A line of the header: a block, a cell of a row, or the part of a block before a line break."""

    text: str
    lead: str
    block: Block


def read_head(blocks: Sequence[Block], *, marked_up: bool) -> Head:
    """The head of the blocks that follow a title. `marked_up`: whether they come from HTML.

    Raises NotADecision where none is there.
    """
    opener_at = next((n for n, block in enumerate(blocks) if opens(block)), None)
    fields: dict[str, str] = {}
    if opener_at is None:
        lines, body = _labelled_top(blocks, fields, marked_up=marked_up)
        if not fields:
            raise NotADecision(
                "neither 'The Ombudsman's final decision:' nor 'Overview:', and no line "
                "'Category : …', 'Decision : …' or 'Decision date : …'"
            )
        return Head(lines, fields, None, None, body)

    opener = blocks[opener_at]
    at = opening_part(opener)
    assert at is not None
    rest = list(blocks[opener_at + 1 :])
    parts = opener.text.split("\n")
    above = [*blocks[:opener_at], *(opener._replace(text=part, lead="") for part in parts[:at])]
    below = parts[at + 1 :]
    both = OPENER_AND_SUMMARY.fullmatch(parts[at])
    opening = parts[at]
    if both:
        opening, below = both[1], [both[2], *below]
    if below:
        rest.insert(0, opener._replace(kind="paragraph", text="\n".join(below), lead=""))
    final = OPENER.fullmatch(opening)
    assert final is not None
    kind: DecisionKind = "statement" if final["final"] else "report"
    if final["final"] and not final["colon"]:
        opening += ":"

    lines, leftover = _labelled(_pieces(without_contents(above, rest)), fields, marked_up=marked_up)
    lines += [_as_line(piece) for piece in leftover]
    lines.append(Line("paragraph", opening))
    summary: str | None = None
    if rest and (marked_up or rest[0].kind != "item"):  # in text an item is never the summary, as it is no label
        summary, taken = _summary(rest, kind)
        if summary is not None:
            lines.append(Line("paragraph", f"Summary: {summary}"))
            rest = rest[taken:]
    return Head(lines, fields, kind, summary, rest)


def _summary(rest: Sequence[Block], kind: DecisionKind) -> tuple[str | None, int]:
    """The text of the summary and how many blocks it took."""
    first = rest[0].text.replace("\n", " ")
    found = SUMMARY.fullmatch(first)
    bare = (found is not None and not found["text"]) or (first == "Summary" and kind == "statement")
    if bare and len(rest) > 1 and (rest[1].kind == "paragraph" or _is_sentence(rest[1])):
        return rest[1].text.replace("\n", " "), 2
    if found is not None and found["text"]:
        return found["text"], 1
    if kind == "statement" and rest[0].lead == "Summary":
        return first.removeprefix("Summary").strip(), 1
    return None, 0


def _is_sentence(block: Block) -> bool:
    """Whether a heading is a paragraph to who reads the text alone, and so the summary there."""
    return block.kind == "heading" and not reads_as_heading(block.text.replace("\n", " "))


def _pieces(blocks: Iterable[Block]) -> Iterator[_Piece]:
    """The lines of the head: cells and broken lines one by one where one of them is labelled."""
    for block in blocks:
        parts = block.cells or block.text.split("\n")
        if not any(LABEL.match(part) for part in parts):
            parts = (block.text.replace("\n", " "),)
        for n, part in enumerate(parts):
            yield _Piece(part, block.lead if n == 0 else "", block)


def _labelled(pieces: Iterable[_Piece], fields: dict[str, str], *, marked_up: bool) -> tuple[list[Line], list[_Piece]]:
    """Header lines, in published order. Returns the lines, and the pieces that follow the last labelled one."""
    lines: list[Line] = []
    waiting: list[_Piece] = []
    pending: tuple[str, _Piece] | None = None

    def header(label: str, value: str) -> None:
        lines.extend(map(_as_line, waiting))
        waiting.clear()
        fields[label] = value
        lines.append(Line("header", f"{label} : {value}"))

    for piece in pieces:
        label, value = _split_label(piece, marked_up=marked_up)
        if pending is not None:
            # A label that ends a broken line has its value on no other line.
            its_own = pending[1].text == pending[1].block.text or piece.block is pending[1].block
            if label is None and its_own and piece.text.lstrip(": "):
                header(pending[0], piece.text.lstrip(": "))
                pending = None
                continue
            waiting.append(pending[1])
            pending = None
        if label is None or label in fields:
            waiting.append(piece)
        elif value:
            header(label, value)
        else:
            pending = (label, piece)
    if pending is not None:
        waiting.append(pending[1])
    return lines, waiting


def _split_label(piece: _Piece, *, marked_up: bool) -> tuple[str | None, str]:
    """The label and what follows it on its line. In text a label always has its value and is never an item."""
    found = LABEL.fullmatch(piece.text)
    if not marked_up:
        if found is None or piece.block.kind == "item" or not found["value"]:
            return None, ""
        return found[2], found["value"]
    if found:
        return found[1] or found[2], found["value"] or ""
    lead = piece.lead.removesuffix(":").rstrip()
    if lead in ("Category", "Decision", "Decision date"):
        return lead, piece.text[len(piece.lead) :].lstrip(": ")
    return None, ""


def _labelled_top(
    blocks: Sequence[Block], fields: dict[str, str], *, marked_up: bool
) -> tuple[list[Line], list[Block]]:
    """Header lines of a page without an opening line: up to the last labelled one near the title."""
    near = blocks[:_HEADER_BLOCKS]
    end = next((n for n, block in enumerate(near) if marked_up and _begins_text(block)), len(near))
    lines, leftover = _labelled(_pieces(blocks[:end]), fields, marked_up=marked_up)
    if not fields:
        return [], []
    body: list[Block] = []
    for piece in leftover:
        if body and body[-1] is piece.block:
            continue
        body.append(piece.block if piece.text in piece.block.text else piece.block._replace(text=piece.text))
    return lines, [*body, *blocks[end:]]


def _begins_text(block: Block) -> bool:
    """Whether a heading or an item stands here that is no labelled line: the text has begun."""
    if block.kind == "paragraph" or (block.kind == "heading" and block.node and block.node.tag not in HEADINGS):
        return False
    return not any((found := LABEL.fullmatch(part)) and found["value"] for part in block.text.split("\n"))


def _as_line(piece: _Piece) -> Line:
    kind: LineKind = piece.block.kind if piece.block.kind == "item" else "paragraph"
    return Line(kind, piece.text.replace("\n", " "))


def without_contents(blocks: Sequence[Block], body: Sequence[Block] = ()) -> list[Block]:
    """Without contents lists: lists whose every item links within the page and equals a heading of it or of `body`."""
    if not any(block.contents_link for block in blocks):
        return list(blocks)
    headings = {block.text for block in (*blocks, *body) if block.kind == "heading"}
    by_list: dict[int, list[int]] = {}
    for index, block in enumerate(blocks):
        if block.item is not None:
            by_list.setdefault(id(block.item.outermost.list), []).append(index)
    dropped = {
        index
        for members in by_list.values()
        if all(blocks[n].contents_link and blocks[n].text in headings for n in members)
        for index in members
    }
    return [block for index, block in enumerate(blocks) if index not in dropped]
