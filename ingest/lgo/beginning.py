"""Finds where a decision begins: its title, by the rules that `ingest.lgo.zones` describes. No I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from ingest.errors import NotADecision, WrongReference
from ingest.lgo.phrases import SUMMARY, begins_with_label, has_label, is_opener, is_summary_heading, split_label
from ingest.lgo.titles import Title, parse_title
from ingest.parsing.blocks import Block
from ingest.parsing.html_attributes import has_class
from ingest.parsing.html_tree import Inherited, inside, outermost

_CARD_LINE = re.compile(r"(?:Statement|Report)\b.{0,300}\d{1,2}-[A-Z][a-z]{2}-\d{4}", re.DOTALL)
"""The line that a card of the listing prints under its title (`ingest.lgo.listing_page`)."""
_ASIDES = frozenset({"aside", "nav", "footer"})
_ASIDE_RANK = 2
_MOST_PARTS = 4
"""Most blocks, before the last one, that a title may be split into."""


class Beginning(NamedTuple):
    """The title of a decision and its place among the blocks."""

    title: Title
    first: int
    """Index of the first block of the title; if no block is the title, of the first block after it."""
    after: int
    """Index of the first block after the title."""


class _Candidate(NamedTuple):
    title: Title
    first: int
    last: int
    block: Block


def find_beginning(
    blocks: Sequence[Block],
    *,
    reference: str | None,
    page_title: Title | None,
    is_chapter: bool = False,
    wrong: frozenset[str] = frozenset(),
) -> Beginning:
    """Finds where the decision begins. `reference` is the requested one, `page_title` the one in `<title>`.

    `is_chapter`: whether the page is a further chapter of a report, which need not repeat the header. `wrong` names the
    elements that are not closed in the order they are opened. Raises NotADecision, WrongReference.
    """
    ranks = _rank_elements(_ASIDES - wrong, has_articles="article" not in wrong)
    evidence = list(_find_evidence(blocks, ranks))
    candidates = _find_candidates(blocks, page_title)
    if evidence and blocks[evidence[0]].node is not None and ranks.of(blocks[evidence[0]].node) < _ASIDE_RANK:
        candidates = [found for found in candidates if ranks.of(found.block.node) < _ASIDE_RANK]
    wanted = _choose_reference(reference, page_title, candidates)
    named = [found for found in candidates if wanted is None or found.title.names(wanted)]
    for place in evidence:
        before = [found for found in named if found.last < place]
        if before and not _belongs_to_another(blocks, candidates, before[-1], place):
            best = _choose(before, blocks[place], page_title)
            if is_summary(blocks[place]) and _is_card(blocks, best, place):
                continue
            return Beginning(best.title, best.first, best.last + 1)
    if is_chapter and (own := _choose_by_text(blocks, named, page_title)) is not None:
        return Beginning(own.title, own.first, own.last + 1)
    _refuse_another(wanted, reference, candidates if evidence or is_chapter else [], page_title)
    if page_title is None or not (evidence or is_chapter):
        raise NotADecision(
            "no title line that ends with a reference, such as 'Anytown Council (25 004 920)'"
            if evidence or not candidates
            else "neither 'The Ombudsman's final decision:' nor 'Overview:' nor a summary, and no line "
            "'Category : …', 'Decision : …' or 'Decision date : …'"
        )
    first = _first_of_text(blocks, evidence, ranks)
    return Beginning(page_title, first, first)


def find_beginning_in_article(
    blocks: Sequence[Block],
    *,
    reference: str | None,
    page_title: Title | None,
    find_above: Callable[[], Title | None] = lambda: None,
) -> Beginning | None:
    """Finds where the decision begins in the page's only article; None if more of the page must be examined.

    `find_above` finds the title in the heading directly above the article.
    """
    place = next((place for place, block in enumerate(blocks) if is_evidence(block)), None)
    if place is None:
        return None
    candidates = _find_candidates(blocks[:place], page_title)
    found = [one for one in candidates if one.block.kind == "heading"]
    if not found and page_title is not None:
        found = [one for one in candidates if one.title.text == page_title.text]
    if not candidates:
        above = find_above()
        return Beginning(above, 0, 0) if above is not None and (reference is None or above.names(reference)) else None
    if not found or (reference is not None and not found[-1].title.names(reference)):
        return None
    if reference is None and page_title is not None and not found[-1].title.names(page_title.references[0]):
        return None
    return Beginning(found[-1].title, found[-1].first, found[-1].last + 1)


def _belongs_to_another(
    blocks: Sequence[Block], candidates: Sequence[_Candidate], chosen: _Candidate, place: int
) -> bool:
    """Whether another decision's title is between a title and the labelled lines, directly before them."""
    own = chosen.title
    for found in candidates:
        if chosen.last < found.first < place and not any(own.names(one) for one in found.title.references):
            following = [block for block in blocks[found.last + 1 : place + 1] if not block.is_hidden][:2]
            if any(is_labelled(block) or is_opener(block) for block in following):
                return True
    return False


def _is_card(blocks: Sequence[Block], title: _Candidate, place: int) -> bool:
    """Whether title and summary belong to a card of a listing: the title is a link, or the card's line follows."""
    return title.block.is_links or any(_CARD_LINE.fullmatch(block.text) for block in blocks[title.last + 1 : place])


def _refuse_another(
    wanted: str | None, reference: str | None, candidates: Sequence[_Candidate], page_title: Title | None
) -> None:
    if reference is None or (page_title is not None and page_title.names(reference)):
        return
    other = candidates[0].title if candidates else page_title
    if other is not None:
        raise WrongReference(f"the page is the decision {other.references[0]}, not {wanted}")


def _choose_reference(reference: str | None, page_title: Title | None, candidates: Sequence[_Candidate]) -> str | None:
    """Returns the reference to look for: the requested one, or else that of `<title>` if a block prints it too."""
    if reference is not None or page_title is None:
        return reference
    own = page_title.references[0]
    return own if any(found.title.names(own) for found in candidates) else None


def _find_evidence(blocks: Sequence[Block], ranks: Inherited[int]) -> Iterator[int]:
    """Finds the labelled lines, openers and summaries, those in an article first.

    Those in menus and the like are used only if there are no others.
    """
    found = [place for place, block in enumerate(blocks) if is_evidence(block)]
    if len(found) < 2 or blocks[found[0]].node is None:
        yield from found
        return
    by_place = {place: ranks.of(blocks[place].node) for place in found}
    if min(by_place.values()) < _ASIDE_RANK:
        found = [place for place in found if by_place[place] < _ASIDE_RANK]
    yield from sorted(found, key=lambda place: (by_place[place], place))


def _rank_elements(asides: frozenset[str], *, has_articles: bool) -> Inherited[int]:
    """Ranks elements by how likely they contain the decision: 0 in an article, `_ASIDE_RANK` in menus, 1 elsewhere."""

    def enter(rank: int, node: LexborNode) -> int:
        if rank == _ASIDE_RANK or node.tag in asides:
            return _ASIDE_RANK
        return 0 if has_articles and node.tag == "article" else rank

    return Inherited(1, enter)


def is_evidence(block: Block) -> bool:
    """Whether a block is evidence of a decision: a labelled line, the opener, or a summary."""
    return is_labelled(block) or is_opener(block) or is_summary(block)


def is_summary(block: Block) -> bool:
    """Whether a block is the heading `Summary` or begins with `Summary:`."""
    if block.kind == "item" or block.is_hidden:
        return False
    return is_summary_heading(block.text) or SUMMARY.fullmatch(block.text) is not None


def is_labelled(block: Block) -> bool:
    """Whether the block has a labelled line, or a label with its value in the next block."""
    if block.is_hidden:
        return False
    parts = block.cells or block.text.split("\n")
    if len(parts) > 1 and not block.cells and not begins_with_label(block.text):
        parts = [" ".join(parts)]
    if any(has_label(part) for part in parts):
        return True
    label = split_label(parts[0])
    if label is not None and not label[2]:
        printed = label[0]
        return (
            len(parts) > 1
            or block.is_label
            or printed.endswith(":")
            or printed.lower() in ("category", "decision date")
            or (block.node is not None and has_class(block.node, "label"))
        )
    if block.lead and (lead := split_label(block.lead)) is not None:
        return not lead[2]
    return False


# ------------------------------------------------------------ titles


def _find_candidates(blocks: Sequence[Block], page_title: Title | None) -> list[_Candidate]:
    found: list[_Candidate] = []
    for place, block in enumerate(blocks):
        if block.is_hidden or len(block.cells) > 1:
            continue
        title = parse_title(block.text)
        if title is None:
            continue
        joined = _join(blocks, place, title, page_title) if title.authority is None else None
        if joined is not None:
            found.append(_Candidate(joined, place - 1, place, block))
        elif page_title is not None and (first := _find_parts(blocks, place, title, page_title)) is not None:
            found.append(_Candidate(page_title, first, place, block))
        else:
            found.append(_Candidate(title, place, place, block))
    return found


def _join(blocks: Sequence[Block], place: int, title: Title, page_title: Title | None) -> Title | None:
    """Joins a title with the authority in the block before it; None if that block is something else."""
    if place == 0:
        return None
    before = blocks[place - 1]
    if before.is_hidden or before.is_links or before.cells or is_evidence(before) or parse_title(before.text):
        return None
    joined = parse_title(f"{before.text} {title.text}")
    if joined is not None and page_title is not None and page_title.authority == joined.authority:
        return joined
    if page_title is not None and page_title.authority == before.text and page_title.names(title.references[0]):
        return page_title
    siblings = before.node is not None and block_parent(before) == block_parent(blocks[place])
    return joined if title.is_bracket_only and (siblings or before.node is None) else None


def _find_parts(blocks: Sequence[Block], place: int, title: Title, page_title: Title) -> int | None:
    """Finds the first block of a title that the page splits into blocks; the one at `place` is the last of them."""
    if title.text == page_title.text or not page_title.text.endswith(title.text):
        return None
    printed = title.text
    for first in range(place - 1, max(place - 1 - _MOST_PARTS, -1), -1):
        if blocks[first].is_hidden:
            return None
        printed = f"{blocks[first].text} {printed}"
        if printed.replace("\n", " ") == page_title.text:
            return first
    return None


def block_parent(block: Block) -> int | None:
    """Returns the identity of the parent of a block's element."""
    return block.node.parent.mem_id if block.node is not None and block.node.parent is not None else None


def _choose(candidates: Sequence[_Candidate], evidence: Block, page_title: Title | None) -> _Candidate:
    """Chooses the title: the last heading, in the article of the labelled lines if there is one.

    A breadcrumb that ends in the title is not chosen. A line comes last if it is not a heading and its text is neither
    that of a heading nor of `<title>`.
    """
    articles = outermost("article")
    article = articles.of(evidence.node)
    known = {found.title.text for found in candidates if found.block.kind == "heading"}
    if page_title is not None:
        known.add(page_title.text)

    def score(place: int) -> tuple[int, int]:
        found = candidates[place]
        if found.block.node is None:
            return (1 if found.first == 0 else 0), place
        around = articles.of(found.block.node) if article is not None else None
        inside = around is not None and article is not None and around.mem_id == article.mem_id
        is_heading, is_known = found.block.kind == "heading", found.title.text in known
        if is_heading:
            return (5 if inside else 3), place
        if found.block.is_links and not is_known:
            return 0, place
        return (4 if inside and is_known else 2 if inside or is_known else 1), place

    return candidates[max(range(len(candidates)), key=score)]


def _choose_by_text(
    blocks: Sequence[Block], candidates: Sequence[_Candidate], page_title: Title | None
) -> _Candidate | None:
    """Chooses the title of a chapter without header lines: the one followed by most text, up to the next title.

    A breadcrumb before or after the text may end in the title as well. Returns None if only `<title>` has the title.
    """
    if not candidates:
        return None
    around = outermost("article")
    articles = [around.of(found.block.node) for found in candidates]
    ends = [*(found.first for found in candidates[1:]), len(blocks)]

    def score(n: int) -> tuple[bool, bool, int]:
        article = articles[n]
        following = (block for block in blocks[candidates[n].last + 1 : ends[n]] if not block.is_links)
        if article is not None:
            is_inside = inside(article)
            following = (block for block in following if is_inside.of(block.node))
        is_heading = candidates[n].block.kind == "heading"
        return is_heading, article is not None, sum(len(block.text) for block in following)

    best = candidates[max(range(len(candidates)), key=score)]
    return None if page_title is not None and _follows_text(blocks, best) else best


def _follows_text(blocks: Sequence[Block], found: _Candidate) -> bool:
    """Whether all text of the page's articles is before a line that looks like a chapter's title.

    Then the line belongs to a breadcrumb after the text, and only `<title>` has the chapter's title.
    """
    if found.block.kind == "heading":
        return False
    articles = outermost("article")
    texts = [
        place
        for place, block in enumerate(blocks)
        if not block.is_links and not block.is_hidden and articles.of(block.node) is not None
    ]
    return bool(texts) and texts[0] < found.first and texts[-1] <= found.last


def _first_of_text(blocks: Sequence[Block], evidence: Sequence[int], ranks: Inherited[int]) -> int:
    """Finds where a decision begins if only `<title>` has its title.

    That is its first labelled line, or else the opener, or else the first block of the longest article.
    """
    if evidence:
        best = ranks.of(blocks[evidence[0]].node)
        nearest = [place for place in evidence if ranks.of(blocks[place].node) == best]
        if not any(is_labelled(blocks[place]) for place in nearest):
            nearest += [place for place in evidence if is_labelled(blocks[place])]
        return min(nearest)
    starts: dict[int, int] = {}
    lengths: Counter[int] = Counter()
    articles = outermost("article")
    for place, block in enumerate(blocks):
        article = articles.of(block.node)
        if article is not None and ranks.of(block.node) < _ASIDE_RANK:
            if not block.is_links:  # a breadcrumb may be above the text of a chapter without a title
                starts.setdefault(article.mem_id, place)
            lengths[article.mem_id] += len(block.text)
    if not starts:
        raise NotADecision("no article, and nothing else that shows where the decision begins")
    return starts[max(starts, key=lengths.__getitem__)]
