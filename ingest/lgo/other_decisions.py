"""Finds other decisions on the page or in the text of a decision. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.lgo.beginning import Beginning, is_labelled
from ingest.lgo.ending import is_closing_block
from ingest.lgo.phrases import is_opener
from ingest.lgo.titles import Title, parse_title
from ingest.parsing.blocks import Block
from storage.model import Decision

_FEWEST_LABELS = 2
"""Labelled lines that show another decision whose opener and closing line are missing. A card has at most one."""


def find_other_decision(blocks: Sequence[Block], beginning: Beginning, *, is_page: bool) -> int:
    """Finds the block with which another decision begins. Returns its index, or the number of blocks without one.

    In a plain text, where headings are only guessed, another decision can begin only after a closing line.
    """
    first = beginning.after
    if not is_page:
        closing = (place for place in range(first, len(blocks)) if is_closing_block(blocks[place]))
        first = next(closing, len(blocks))
    return next((place for place, _ in _find_titles(blocks, range(first, len(blocks)), beginning.title)), len(blocks))


def find_other_titles(blocks: Sequence[Block], beginning: Beginning, limit: int) -> Iterator[tuple[int, str]]:
    """Finds the other decisions whose own lines are before the decision, or at and after `limit`.

    Returns the place of each title, and the first reference in it.

    A card of a listing has a title too, and is not a decision: an opener, a closing line or several labelled lines must
    be between the title and the next one.
    """
    for places in (range(beginning.first), range(limit, len(blocks))):
        found = list(_find_titles(blocks, places, beginning.title))
        ends = [*(place for place, _ in found), places.stop][1:]
        for (place, title), end in zip(found, ends, strict=True):
            own = [block for block in blocks[place + 1 : end] if not block.is_hidden]
            if any(is_opener(one) or is_closing_block(one) for one in own) or (
                sum(map(is_labelled, own)) >= _FEWEST_LABELS
            ):
                yield place, title.references[0]


def find_title_inside(decision: Decision) -> str | None:
    """Looks for the title of another decision in a text. Returns its reference, or None.

    A plain text without a closing line does not show where its decision ends. The opener or several labelled lines must
    follow the title.
    """
    blocks = [Block("heading" if line.kind != "item" else "item", line.text) for line in decision.lines]
    own = parse_title(blocks[0].text)
    if own is None:
        return None
    for place, title in _find_titles(blocks, range(1, len(blocks)), own):
        following = blocks[place + 1 :]
        if any(map(is_opener, following)) or sum(map(is_labelled, following)) >= _FEWEST_LABELS:
            return title.references[0]
    return None


def _find_titles(blocks: Sequence[Block], places: range, own: Title) -> Iterator[tuple[int, Title]]:
    """Finds the headings that end in another decision's reference and are followed by a labelled line or the opener."""
    references = {*own.references, *own.others}
    for place in places:
        block = blocks[place]
        if block.kind != "heading" or not block.text.endswith(")") or block.is_links:
            continue
        title = parse_title(block.text)
        if title is None or references & {*title.references, *title.others}:
            continue
        following = [one for one in blocks[place + 1 : place + 4] if not one.is_hidden][:2]
        if any(is_labelled(one) or is_opener(one) for one in following):
            yield place, title
