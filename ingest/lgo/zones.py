"""Divides the blocks of a page or a text into the decision and the blocks that are left out, each with its rule.

    place                        blocks left out                                        rule
    before the title             everything                                             before the title
    at or after another title    all of another decision: a heading that ends in its    another decision
                                 reference, followed by a labelled line or the opener
    after the end                everything but dated notes                             after the end
    before or after it           blocks of links and buttons; cards of other            links, another decision's card,
                                 decisions; known phrases; the cookie panel             known phrase, cookie panel
    anywhere                     hidden blocks                                          hidden
    between title and opener     blocks of links and buttons, never a label's value     links under the header
    between title and end        known phrases that are a block of their own            known phrase
                                 lists with entries that all link within the page       contents list
                                 and equal a heading
                                 blocks of links and buttons to the report's chapters   chapter navigation
    at the end of a report       blocks of links and buttons, and headings with         links at the end
    without a closing line       nothing else under them

Beginning (`ingest.lgo.beginning`): a decision begins at its title. That is the last heading (or else the last block)
before the first labelled line, opener or summary that ends in the requested reference. If no block is the title,
`<title>` is, and the decision begins at its first labelled line.

End (`ingest.lgo.ending`): a decision ends at its last closing line. A further report after that ends at its last block
of prose. Without a closing line a decision ends with its article, or else with the smallest element that contains title
and text. If more than links follows that element, or it is the body, the end is uncertain. Everything up to the page's
footer is then kept, except the cookie panel and cards of other decisions, and the decision is recorded as odd.

Dated notes (at most 200 characters, the Ombudsman, satisfied or dissatisfied, a full date) are kept anywhere after the
title. Nothing else is left out. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Literal, NamedTuple

from ingest.lgo.beginning import Beginning, is_labelled, is_summary
from ingest.lgo.ending import find_cards, find_end, find_panel, leads_to_own_page, own_slugs
from ingest.lgo.other_decisions import find_other_decision, find_other_titles
from ingest.lgo.phrases import CONTENTS_HEADINGS, PANEL, has_label, is_note, is_opener, is_phrase, split_label
from ingest.lgo.titles import Title
from ingest.parsing.blocks import Block, List, reads_as_heading
from storage.model import LeftOut, Oddity

Layout = Literal["page", "canonical", "dump"]

BEFORE, AFTER, ANOTHER = "before the title", "after the end", "another decision"
LINKS, CARD, PHRASE, COOKIE_PANEL = "links", "another decision's card", "known phrase", "cookie panel"
HIDDEN, HEADER_LINKS, CONTENTS, CHAPTERS = "hidden", "links under the header", "contents list", "chapter navigation"
TRAILING, TITLE = "links at the end", "title"

INSIDE_LINKS = frozenset({HEADER_LINKS, CONTENTS, CHAPTERS})
"""The rules that leave links out of the middle of a decision."""

_CHAPTER = re.compile(r"[^?#]*\?(?:[^#]*&)?chapter=\d{1,2}(?:[&#].*)?", re.IGNORECASE)
_CHAPTER_SEPARATORS = re.compile(r"(?:\W|\b\d{1,2}\b|\bof\b|\bpage\b|\bchapters?\b)*", re.IGNORECASE)
_MOST_WORDS_APART = 3
"""Most words of a dated note that may be in a block of their own before the rest of it."""
_FEWEST_CONTENTS = 3
"""In a plain text, which has no links, a contents list must have at least this many items that equal headings."""


class Zones(NamedTuple):
    """The parts of a page."""

    title: Title
    blocks: list[Block]
    """The decision's blocks after its title, in order."""
    left_out: list[LeftOut]
    odd: list[Oddity]
    is_uncertain: bool
    """Whether the page does not show where the decision ends."""
    inside: range
    """The decision's range among all blocks, including its title and the blocks left out inside."""


def divide(
    blocks: Sequence[Block], beginning: Beginning, layout: Layout, *, wrong: frozenset[str] = frozenset()
) -> Zones:
    """Divides a page or a text into zones. `beginning` is where the decision begins.

    `wrong` names the elements that are not closed in the order they are opened; their ends prove nothing.
    """
    if layout == "page":
        blocks = [_with_typed_dash(block) if block.text[0] == "-" else block for block in blocks]
    rules: list[str | None] = [HIDDEN if block.is_hidden else None for block in blocks]
    limit = find_other_decision(blocks, beginning, is_page=layout == "page")
    end = find_end(blocks, beginning, limit, layout, wrong=wrong)
    notes = set(_find_notes(blocks, end.stop, limit))
    _mark(rules, range(beginning.first, beginning.after), TITLE)
    for places, rule in ((end.trailing, TRAILING), (end.panel, COOKIE_PANEL), (end.cards, CARD)):
        _mark(rules, places, rule)
    _mark_inside(rules, blocks, beginning, end.stop, layout, wrong)
    _mark(rules, range(limit, len(blocks)), ANOTHER)
    own = own_slugs(beginning)
    _mark_outside(rules, blocks, range(beginning.first), BEFORE, own)
    _mark_outside(rules, blocks, [place for place in range(end.stop, limit) if place not in notes], AFTER, own)
    begins = dict(find_other_titles(blocks, beginning, limit))
    odd = [Oddity("uncertain end", "")] if end.is_uncertain else []
    if HIDDEN in rules:
        hidden = (block.text for block in blocks[beginning.first : end.stop] if block.is_hidden)
        odd += [Oddity("hidden words", text[:200]) for text in hidden]
    return Zones(
        beginning.title,
        [block for block, rule in zip(blocks, rules, strict=True) if rule is None],
        [
            LeftOut(blocks[place].text.replace("\n", " "), rule, rule in (BEFORE, AFTER), begins.get(place))
            for place, rule in enumerate(rules)
            if rule and rule != TITLE
        ],
        odd,
        end.is_uncertain,
        range(beginning.first, end.stop),
    )


def _with_typed_dash(block: Block) -> Block:
    """Turns a block that begins with a dash and a space into an item, as its line in the text format will be."""
    if block.kind == "item" or block.text[:2] != "- ":
        return block
    return replace(block, kind="item", text=block.text[2:], lead="")


def is_before(block: LeftOut) -> bool:
    """Whether a block is left out only because it is before the decision."""
    return block.rule == BEFORE


def _mark(rules: list[str | None], places: Iterable[int], rule: str) -> None:
    """Sets the rule of blocks that no rule leaves out yet."""
    for place in places:
        if rules[place] is None:
            rules[place] = rule


# ------------------------------------------------------------ outside the decision


def _find_notes(blocks: Sequence[Block], start: int, stop: int) -> Iterator[int]:
    """Finds the dated notes among the blocks after the end. A label, or a word or two, and the rest count as one."""
    for place in range(start, stop):
        block = blocks[place]
        if block.is_hidden:
            continue
        if is_note(block.text):
            yield place
        elif place + 1 < stop and _may_begin_note(block) and _are_halves(block, blocks[place + 1]):
            yield from (place, place + 1)


def _may_begin_note(block: Block) -> bool:
    """Whether a block may be the first words of a note that goes on in the next block."""
    return block.is_label or (not block.is_links and len(block.text.split()) <= _MOST_WORDS_APART)


def _are_halves(label: Block, value: Block) -> bool:
    return (
        not value.is_links and not value.is_hidden and not is_note(value.text) and is_note(f"{label.text} {value.text}")
    )


def _mark_outside(
    rules: list[str | None], blocks: Sequence[Block], places: Sequence[int], rule: str, own: frozenset[str]
) -> None:
    """Sets the rules of the blocks before or after the decision."""
    if not places:
        return
    first, stop = places[0], places[-1] + 1
    wanted = set(places)
    _mark(rules, wanted.intersection(find_panel(blocks, first, stop)), COOKIE_PANEL)
    _mark(rules, wanted.intersection(find_cards(blocks, first, stop, own)), CARD)
    for place in places:
        block = blocks[place]
        if is_phrase(block.text):
            name = PHRASE
        elif block.text in PANEL:
            name = COOKIE_PANEL
        else:
            name = LINKS if block.is_links or block.holds_own_links else rule
        _mark(rules, [place], name)


# ------------------------------------------------------------ inside the decision


def _mark_inside(
    rules: list[str | None],
    blocks: Sequence[Block],
    beginning: Beginning,
    stop: int,
    layout: Layout,
    wrong: frozenset[str],
) -> None:
    inside = range(beginning.after, stop)
    if layout == "canonical":  # a line that was an item on a page stays one
        _mark(rules, [n for n in inside if blocks[n].kind != "item" and is_phrase(blocks[n].text)], PHRASE)
        return
    _mark(rules, [n for n in inside if len(blocks[n].text) < 24 and is_phrase(blocks[n].text)], PHRASE)
    if layout == "dump":
        _mark(rules, _find_contents_of_dump(blocks, inside), CONTENTS)
        return
    linked = [place for place in inside if blocks[place].links and rules[place] is None]
    if "a" in wrong:
        linked = [place for place in linked if not _may_be_left_open(blocks, place)]
    if not linked:
        return
    own = own_slugs(beginning)
    if any("hapter=" in link.target for place in linked for link in blocks[place].links):
        _mark(rules, [place for place in linked if _leads_to_chapters(blocks[place], own)], CHAPTERS)
    _mark(rules, _find_contents(blocks, rules, inside, linked, own), CONTENTS)
    header_ends = _end_of_header(blocks, inside)
    for place in linked:
        if place >= header_ends:
            break
        if rules[place] is not None or not _is_beside_header(blocks[place]):
            continue
        is_value = _is_value(blocks, place) or (bool(wrong) and blocks[place - 1].text.endswith(":"))
        if not is_value and not _goes_on(blocks, rules, place):
            rules[place] = HEADER_LINKS


def _is_beside_header(block: Block) -> bool:
    """Whether a block has only links and buttons, and no labelled line."""
    return block.is_links and not is_labelled(block)


def _may_be_left_open(blocks: Sequence[Block], place: int) -> bool:
    """Whether a block may have a link that the page never closes, and which so contains text outside it.

    Such a link continues in the next block, or began at the end of the block before.
    """
    block = blocks[place]
    after = blocks[place + 1].links if place + 1 < len(blocks) else ()
    targets = {link.target for link in after}
    return block.kind == "heading" or any(link.target in targets for link in block.links)


def _goes_on(blocks: Sequence[Block], rules: Sequence[str | None], place: int) -> bool:
    """Whether a link of the block began in the block before it, which is kept.

    If a link is nested wrongly, the parser makes two links of it, with one target.
    """
    if place == 0 or rules[place - 1] is not None:
        return False
    before = {link.target for link in blocks[place - 1].links}
    return any(link.target in before for link in blocks[place].links)


def _end_of_header(blocks: Sequence[Block], inside: range) -> int:
    """Returns where the header ends: at the opener, or without one at the first heading or summary."""
    opener = next((place for place in inside if is_opener(blocks[place])), None)
    if opener is not None:
        return opener
    for place in inside:
        block = blocks[place]
        if is_summary(block) or (block.kind == "heading" and not is_labelled(block) and not block.is_links):
            return place
    return inside.stop


def _is_value(blocks: Sequence[Block], place: int) -> bool:
    """Whether a block is the value of the label before it, or continues one."""
    if place == 0:
        return False
    before = blocks[place - 1]
    if before.text == ">":
        return True
    label = split_label(before.text)
    if before.is_label and (label is not None or not before.is_links or before.text.endswith(":")):
        return True
    return label is not None and not label[2] and not before.is_links


def _leads_to_chapters(block: Block, own: frozenset[str]) -> bool:
    """Whether a block has only links and buttons to the report's own chapters."""
    if not block.links or _CHAPTER_SEPARATORS.fullmatch(block.around) is None:
        return False
    for link in block.links:
        if link.tag == "select":  # its options have the targets
            continue
        if _CHAPTER.fullmatch(link.target) is None or not leads_to_own_page(link.target, own):
            return False
    return True


# ------------------------------------------------------------ contents lists


def _find_contents(
    blocks: Sequence[Block],
    rules: Sequence[str | None],
    inside: range,
    linked: Sequence[int],
    own: frozenset[str],
) -> Iterator[int]:
    """Finds contents lists, in any markup: each entry links within the page and equals a heading."""
    entries = {place for place in linked if rules[place] is None and _links_within_page(blocks[place], own)}
    if not entries:
        return
    headings = {_one_line(blocks[place]) for place in inside if blocks[place].kind == "heading"}
    named = {place for place in entries if _names_headings(blocks[place], headings)}
    if len(named) < len(entries):
        headings |= {
            _one_line(block)
            for place in inside
            if (block := blocks[place]).kind == "paragraph" and reads_as_heading(block.text) and place not in entries
        }
        named = {place for place in entries if _names_headings(blocks[place], headings)}
    for group in _group(blocks, rules, inside, entries):
        if named.issuperset(group):
            before = group[0] - 1
            if before >= inside.start and blocks[before].text.lower().rstrip(" :") in CONTENTS_HEADINGS:
                yield before
            yield from group


def _group(
    blocks: Sequence[Block], rules: Sequence[str | None], inside: range, entries: Set[int]
) -> Iterator[list[int]]:
    """Groups the entries: whole top-level lists with entries, and runs of entries outside lists."""
    reached = inside.start  # the end of the last group
    for place in sorted(entries):
        if place < reached:
            continue
        item = blocks[place].item
        if item is None:
            reached = place + 1
            while reached < inside.stop and (reached in entries or rules[reached] is not None):
                reached += 1
            yield [n for n in range(place, reached) if n in entries]
            continue
        of, first, reached = item.outermost.list, place, place + 1
        while first > inside.start and _is_in_list(blocks[first - 1], of):
            first -= 1
        while reached < inside.stop and _is_in_list(blocks[reached], of):
            reached += 1
        yield [n for n in range(first, reached) if rules[n] is None]


def _is_in_list(block: Block, of: List) -> bool:
    return block.item is not None and block.item.outermost.list is of


def _links_within_page(block: Block, own: frozenset[str]) -> bool:
    """Whether a block consists of links to places on its page."""
    if "#" not in block.links[0].target or not block.is_links:
        return False
    return all("#" in link.target and leads_to_own_page(link.target, own) for link in block.links)


def _names_headings(block: Block, headings: set[str]) -> bool:
    if _one_line(block) in headings:
        return True
    return all(" ".join(link.text.split()).lower() in headings for link in block.links if link.text.strip())


def _one_line(block: Block) -> str:
    return block.text.replace("\n", " ").lower()


def _find_contents_of_dump(blocks: Sequence[Block], inside: range) -> Iterator[int]:
    """Finds items between header and opener that equal three or more of the headings after them, in their order."""
    stop = next((place for place in inside if is_opener(blocks[place])), None)
    if stop is None:
        stop = next((n for n in inside if blocks[n].kind == "heading" and not has_label(blocks[n].text)), inside.stop)
    items = [place for place in range(inside.start, stop) if blocks[place].kind == "item"]
    headings = iter([blocks[n].text for n in range(stop, inside.stop) if blocks[n].kind == "heading"])
    if len(items) >= _FEWEST_CONTENTS and all(blocks[place].text in headings for place in items):
        yield from items
