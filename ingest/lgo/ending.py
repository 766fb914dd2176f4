"""Finds where a decision ends, by the rules that `ingest.lgo.zones` describes. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from ingest.lgo.beginning import Beginning, is_labelled, is_summary
from ingest.lgo.phrases import (
    PANEL,
    PANEL_CLOSES,
    PANEL_LONGEST,
    PANEL_OPENS,
    is_closing,
    is_further_report,
    is_note,
    is_opener,
    is_phrase,
    split_label,
)
from ingest.lgo.titles import parse_title
from ingest.parsing.blocks import Block
from ingest.parsing.html_blocks import HEADINGS
from ingest.parsing.html_tree import Inherited, find_common_ancestor, inside, is_footer, outermost, with_ancestors
from storage.references import slug

_SLUG_AT_END = re.compile(r"(?<!\d)(\d{2}-\d{3}-\d{3}[a-z]?)/?(?:[?#].*)?\Z", re.IGNORECASE | re.ASCII)

_AFTER_PATH = re.compile(r"[?#]")


class Ending(NamedTuple):
    """Where a decision ends, and which blocks before that place do not belong to it."""

    stop: int
    """Index of the first block after the decision."""
    trailing: frozenset[int] = frozenset()
    """Blocks of links and buttons at its end."""
    panel: frozenset[int] = frozenset()
    """The cookie panel."""
    cards: frozenset[int] = frozenset()
    """Cards of other decisions."""
    is_uncertain: bool = False


def find_end(
    blocks: Sequence[Block],
    beginning: Beginning,
    limit: int,
    layout: str,
    *,
    wrong: frozenset[str] = frozenset(),
) -> Ending:
    """Finds the end of the decision that starts at `beginning`.

    `limit` is the index where another decision begins, or the number of blocks. `wrong` names the elements that are not
    closed in the order they are opened; their ends prove nothing.
    """
    after = beginning.after
    closing = next((place for place in range(limit - 1, after - 1, -1) if is_closing_block(blocks[place])), None)
    is_page = layout == "page"
    if closing is not None:
        return (
            _end_closed(blocks, beginning, closing, limit, wrong)
            if is_page
            else _end_closed_text(blocks, closing, limit)
        )
    if not is_page:
        return Ending(limit, panel=frozenset(find_panel(blocks, after, limit) if layout == "dump" else ()))
    return _end_unclosed(blocks, beginning, limit, wrong)


def is_closing_block(block: Block) -> bool:
    """Whether a block is the closing line of a statement. An item never is, because its line begins with a dash."""
    return block.kind != "item" and not block.is_hidden and is_closing(block.text)


# ------------------------------------------------------------ further reports


def _end_closed(
    blocks: Sequence[Block], beginning: Beginning, closing: int, limit: int, wrong: frozenset[str]
) -> Ending:
    """Finds the end of a page with a closing line: that line, or the end of a further report in the same article."""
    further = _find_further(blocks, closing, limit, own_slugs(beginning), wrong)
    if further is None:
        return Ending(closing + 1)
    element = outermost("article").of(blocks[closing].node) or find_common_ancestor(
        blocks[beginning.first].node, blocks[closing].node
    )
    if element is not None and not wrong.isdisjoint({"article", element.tag}):
        stop = _find_footer(blocks, beginning, further, limit, wrong)
        return Ending(stop, _find_trailing(blocks, further + 1, stop, wrong=wrong), is_uncertain=True)
    if element is None or not inside(element).of(blocks[further].node):
        return Ending(closing + 1)
    stop = _end_of(blocks, element, further, limit)
    return Ending(stop, _find_trailing(blocks, further + 1, stop, wrong=wrong))


def _find_further(
    blocks: Sequence[Block], closing: int, limit: int, own: frozenset[str], wrong: frozenset[str] = frozenset()
) -> int | None:
    """Finds the heading of a further report after the closing line, if there is prose under it."""
    has_headings = wrong.isdisjoint(HEADINGS)  # otherwise a heading may contain what follows it
    for place in range(closing + 1, limit - 1):
        if not is_further_report(blocks[place].text) or blocks[place].kind == "item" or blocks[place].is_hidden:
            continue
        if blocks[place].node is not None and blocks[place].kind != "heading":
            continue
        shown = (one for one in blocks[place + 1 : limit] if not one.is_hidden)
        under = next((one for one in shown if not _stays_on_page(one, own)), None)
        if under is None:
            continue
        is_heading = under.kind == "heading" and has_headings
        if under.node is None or not (is_heading or under.is_links):
            return place
    return None


def _stays_on_page(block: Block, own: frozenset[str]) -> bool:
    """Whether a block is a contents list or chapter navigation: all its links lead to a part of the page itself."""
    targets = [link.target for link in block.links if link.tag != "select"]  # its options have the targets
    return block.is_links and all(
        ("#" in target or "?" in target) and leads_to_own_page(target, own) for target in targets
    )


def _end_closed_text(blocks: Sequence[Block], closing: int, limit: int) -> Ending:
    further = _find_further(blocks, closing, limit, frozenset())  # a text has no links
    if further is None:
        return Ending(closing + 1)
    return Ending(limit)


# ------------------------------------------------------------ without a closing line


def _end_unclosed(blocks: Sequence[Block], beginning: Beginning, limit: int, wrong: frozenset[str]) -> Ending:
    body = _first_of_body(blocks, beginning.after, limit)
    anchor = blocks[beginning.first].node
    article = outermost("article").of(blocks[body].node) if body < limit else None
    if article is not None and "article" not in wrong:
        stop = _end_of(blocks, article, body, limit)
        panel = frozenset(find_panel(blocks, beginning.after, stop))
        return Ending(stop, _find_trailing(blocks, body, stop, panel, wrong=wrong), panel)
    footer = _find_footer(blocks, beginning, body - 1, limit, wrong)
    if footer == body:  # everything above may be labels and values, which are not text
        first = _find_footer(blocks, beginning, beginning.after - 1, limit, wrong)
        holds_text = first == beginning.after
        footer = _find_footer(blocks, beginning, body, limit, wrong) if holds_text else first
        body = min(body, footer)
    element = find_common_ancestor(anchor, blocks[body].node) if body < limit else None
    holds_header_only = outermost("article").of(anchor) is not None
    is_whole_page = element is None or element.tag == "body"
    inner = footer if element is None else min(_end_of(blocks, element, body, limit), footer)
    panel = frozenset(find_panel(blocks, beginning.after, footer))
    follows = [place for place in range(inner, footer) if place not in panel]
    following = _find_trailing(blocks, inner, footer, panel)
    more = [place for place in follows if place not in following and not is_phrase(blocks[place].text)]
    more = [place for place in more if not blocks[place].is_hidden and not is_note(blocks[place].text)]
    is_trusted = "article" not in wrong and (element is None or element.tag not in wrong)
    is_uncertain = is_whole_page or holds_header_only or bool(more) or not is_trusted
    stop = footer if is_uncertain else inner
    cards = frozenset(find_cards(blocks, body, stop, own_slugs(beginning))) if is_uncertain else frozenset()
    trailing = _find_trailing(blocks, body, stop, panel, cards, wrong)
    return Ending(stop, trailing, panel, cards, is_uncertain)


def _first_of_body(blocks: Sequence[Block], after: int, limit: int) -> int:
    """Finds the first block of the text: the opener, or the first block after the labelled lines.

    Returns `limit` if there is none.
    """
    opener = next((place for place in range(after, limit) if is_opener(blocks[place])), None)
    if opener is not None:
        return opener
    start = after
    for place in range(after, limit):
        if is_labelled(blocks[place]):
            start = place + 1
            if _awaits_value(blocks[place]) and start < limit and not is_summary(blocks[start]):
                start += 1
        elif blocks[place].kind == "heading" or is_summary(blocks[place]):
            break
    for place in range(start, limit):
        block = blocks[place]
        if not block.is_hidden and not block.is_links and not is_phrase(block.text):
            return place
    return limit


def _awaits_value(block: Block) -> bool:
    """Whether the value of a label is in the next block."""
    label = split_label(block.text)
    return label is not None and not label[2]


def _end_of(blocks: Sequence[Block], element: LexborNode, start: int, limit: int) -> int:
    """Returns the index of the first block, from `start` on, that is outside an element."""
    last = start
    is_inside = inside(element)
    for place in range(start, limit):
        if is_inside.of(blocks[place].node):
            last = place
    return last + 1


def _find_footer(blocks: Sequence[Block], beginning: Beginning, body: int, limit: int, wrong: frozenset[str]) -> int:
    """Finds the first block, after the text's first line, in a footer that does not contain the title.

    The parser moves misplaced content of tables before them, so a footer may come before the text.
    """
    if "table" in wrong:
        return limit
    around_title = {node.mem_id for node in with_ancestors(blocks[beginning.first].node)}

    def enter(is_in_footer: bool, node: LexborNode) -> bool:
        return node.mem_id not in around_title and (is_in_footer or (node.tag not in wrong and is_footer(node)))

    in_footer = Inherited(False, enter)
    return next((place for place in range(body + 1, limit) if in_footer.of(blocks[place].node)), limit)


def _find_trailing(
    blocks: Sequence[Block],
    start: int,
    stop: int,
    panel: frozenset[int] = frozenset(),
    cards: frozenset[int] = frozenset(),
    wrong: frozenset[str] = frozenset(),
) -> frozenset[int]:
    """Finds the blocks of links at the end, and headings with nothing else under them.

    Dated notes, the cookie panel and cards of other decisions among them are skipped. Returns nothing if links are
    nested wrongly, because an unclosed link may contain the last paragraph.
    """
    if "a" in wrong:
        return frozenset()
    found: set[int] = set()
    has_links_under = False
    for place in range(stop - 1, start - 1, -1):
        block = blocks[place]
        if place in cards and block.is_links:
            has_links_under = True
            continue
        if block.is_hidden or place in panel or place in cards or is_phrase(block.text) or is_note(block.text):
            continue
        if block.is_links:
            found.add(place)
            has_links_under = True
        elif block.kind == "heading" and has_links_under:
            found.add(place)
            has_links_under = False
        else:
            break
    return frozenset(found)


# ------------------------------------------------------------ content around decisions


def own_slugs(beginning: Beginning) -> frozenset[str]:
    """Returns the decision's references in the form of addresses."""
    title = beginning.title
    return frozenset(slug(reference) for reference in (*title.references, *title.others))


def leads_to_own_page(target: str, own: frozenset[str]) -> bool:
    """Whether a link leads to the page that it is on, or to a part of it.

    A path of only `/` counts as this page. `own`: the decision's `own_slugs`.
    """
    path = _AFTER_PATH.split(target)[0].rstrip("/").lower()
    return not path or path.rpartition("/")[2] in own


def find_panel(blocks: Sequence[Block], start: int, stop: int) -> Iterator[int]:
    """Finds the cookie and privacy panel, from its first line to its last, or to the end if it is cut off."""
    places = [place for place in range(start, stop) if not is_phrase(blocks[place].text)]
    texts = [blocks[place].text for place in places]
    at = 0
    while PANEL_OPENS in texts[at:]:
        at = texts.index(PANEL_OPENS, at)
        panel = texts[at : at + PANEL_LONGEST]
        if len(panel) > 1 and panel[1] not in PANEL:
            at += 1
            continue
        ends = panel.index(PANEL_CLOSES, 1) + 1 if PANEL_CLOSES in panel[1:] else len(panel)
        yield from places[at : at + ends]
        at += ends


def find_cards(blocks: Sequence[Block], start: int, stop: int, own: frozenset[str]) -> Iterator[int]:
    """Finds blocks with a link to another decision, each with the blocks after it up to the next heading."""
    is_card = False
    for place in range(start, stop):
        block = blocks[place]
        if names_another(block, own):
            is_card = True
        elif block.kind == "heading" or is_note(block.text):
            is_card = False
        if is_card:
            yield place


def names_another(block: Block, own: frozenset[str]) -> bool:
    """Whether a link of a block ends in another decision's reference, in its words or its address."""
    for link in block.links:
        title = parse_title(" ".join(link.text.split()))
        if title is not None:
            return not own & {slug(reference) for reference in (*title.references, *title.others)}
        found = _SLUG_AT_END.search(link.target)
        if found is not None and found[1].lower() not in own:
            return True
    return False
