"""Finds the decision on its pages, and parses it.

Class names are only hints; parsing relies on `ingest.lgo.phrases`. Known markup, and since when:

    2026-11  `<article id="article">`; `class="label"` / `class="value"` pairs; the title in any heading, or only in
             `<title>`. Public reports run over `?chapter=2`, … and repeat title and header lines there.

No I/O.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from ingest.errors import CutShort, NotADecision, Undecodable, WrongReference
from ingest.lgo.beginning import Beginning, find_beginning, find_beginning_in_article
from ingest.lgo.broken_ends import find_broken_title, find_text_after_end
from ingest.lgo.decision import compose
from ingest.lgo.ending import is_closing_block
from ingest.lgo.header import Header, parse_header
from ingest.lgo.phrases import OPENER, is_further_report, join_known
from ingest.lgo.titles import Title, find_odd_spelling, parse_page_title, parse_title
from ingest.lgo.zones import HEADER_LINKS, INSIDE_LINKS, Zones, divide, is_before
from ingest.parsing.blocks import Block, fold
from ingest.parsing.decode import decode
from ingest.parsing.html_blocks import read_article, read_blocks
from ingest.parsing.input_limits import MAX_BYTES
from ingest.parsing.source_tags import distinct_tags
from ingest.parsing.source_text import (
    Part,
    SourceText,
    check_against_source,
    has_only_plain_tags,
    has_sound_tables,
    is_as_in_source,
    read_source,
)
from ingest.parsing.whole_page import Markup, read_beyond_article, read_markup
from storage.model import Decision, Oddity
from storage.references import reference as printed_reference
from storage.references import slug

_PAGE_TITLE = re.compile(r"<title\b[^>]*>([^<]*)", re.IGNORECASE)
_HEADING_ABOVE = re.compile(  # not if an attribute has a ">"
    r"<h(?P<level>[1-6])\b(?![^>]*(?:hidden|style))(?:[^>\"']++|\"[^\">]*+\"|'[^'>]*+')*+>(?P<title>[^<]*)"
    r"</h(?P=level)\s*>"
    r"(?:\s++|</?(?:main|div|section|header)\b[^>]*>)*+\Z",
    re.IGNORECASE,
)
_ABOVE = 1000
"""Characters before the article that are searched for the heading above it."""
_LINK = re.compile(rb"<a\s")
_SATISFIED = b"satisfied"
_BEHALF = b"behalf"
"""A word of the closing line. The words of the line may be in separate elements."""


class Page(NamedTuple):
    """One page of a decision."""

    body: bytes
    charset: str | None = None
    """The charset named by the response, if any."""


def parse_page(
    body: bytes,
    *,
    reference: str | None = None,
    charset: str | None = None,
    today: date | None = None,
    all_blocks: bool = False,
    as_is: bool = False,
) -> Decision:
    """Parses the decision on one page of HTML.

    `reference` is the requested one. `charset` is the one named by the response. `today` is the day of the fetch or
    import. `all_blocks` reports every block that is left out; without it the page around a plain article is not
    examined. `as_is` accepts a page that is not whole, and records that as an oddity.

    Raises ReadError: Undecodable, TooLarge, CutShort, NotADecision, WrongReference.
    """
    return parse_chapters([Page(body, charset)], reference=reference, today=today, all_blocks=all_blocks, as_is=as_is)


def parse_chapters(
    pages: Sequence[Page | bytes],
    *,
    reference: str | None = None,
    today: date | None = None,
    all_blocks: bool = False,
    as_is: bool = False,
) -> Decision:
    """Parses the decision on several pages: chapter 1, then each further chapter without its repeated header lines.

    Numbers typed in the paragraphs continue through the chapters. Raises ReadError, as `read` does.
    """
    asked = printed_reference(reference) if reference is not None else None
    parsed = [
        _parse(page if isinstance(page, Page) else Page(page), asked, number, all_blocks=all_blocks, as_is=as_is)
        for number, page in enumerate(pages, 1)
    ]
    first, *further = parsed
    blocks, left_out, odd = list(first.zones.blocks), list(first.zones.left_out), list(first.odd)
    title = first.zones.title
    header = parse_header(blocks, marked_up=True) if further else None
    for number, chapter in enumerate(further, 2):
        if not set(title.references) & set(chapter.zones.title.references):
            raise WrongReference(
                f"chapter {number} is titled {chapter.zones.title.text[:80]!r}, chapter 1 {title.text[:80]!r}"
            )
        assert header is not None
        is_repeated = [block.text for block in chapter.zones.blocks] == [block.text for block in first.zones.blocks]
        own = [] if is_repeated else _without_header(chapter.zones.blocks, header)
        if not own and not any(map(is_closing_block, blocks)):  # the page of a whole statement may ignore `?chapter=`
            missing = "repeats chapter 1, so its own text is missing" if is_repeated else "has no text after its header"
            raise CutShort(f"chapter {number} {missing}")
        blocks += own
        left_out += chapter.zones.left_out
        odd += [one._replace(example=f"{one.example} (chapter {number})".strip()) for one in chapter.odd]
    decision = compose(title, blocks, reference=asked, today=today, odd=odd, left_out=left_out)
    if any(page.is_damaged for page in parsed):
        return _without_numbers(decision)
    return decision


def _without_numbers(decision: Decision) -> Decision:
    """Removes all numbers. If tags are nested wrongly, the parser may put lists in the wrong place."""
    return replace(decision, lines=tuple(line._replace(number=None) for line in decision.lines))


def _without_header(blocks: Sequence[Block], header: Header) -> list[Block]:
    """Removes the header lines that a further chapter repeats, in whatever pieces its markup has them."""
    repeated: set[str] = set()
    for line in header.lines:
        if OPENER.fullmatch(line.text):
            break
        repeated.add(line.text)
        label, labelled, value = line.text.partition(":")
        label, value = label.strip(), value.strip()
        for colon in ("", ":", " :") if labelled else ():
            repeated |= {f"{label}{colon}", f"{label}{colon} {value}", f"{colon} {value}".strip()}
    start = 0
    while start < len(blocks) and repeated.issuperset(blocks[start].cells or blocks[start].text.split("\n")):
        start += 1
    return list(blocks[start:])


# ------------------------------------------------------------ one page


class _Parsed(NamedTuple):
    zones: Zones
    odd: list[Oddity]
    is_damaged: bool


def _parse(page: Page, reference: str | None, number: int, *, all_blocks: bool, as_is: bool) -> _Parsed:
    """Finds the zones of a page: in its only article if that is enough, or else in the whole page."""
    odd: list[Oddity] = []
    try:
        markup = read_markup(page.body, page.charset)
    except CutShort as error:
        if not as_is:
            raise
        markup = read_markup(page.body, page.charset, as_is=True)
        odd.append(Oddity("taken as it is", str(error)))
    odd += [Oddity("encoding", phrase) for phrase in markup.odd]
    zones = None if all_blocks or as_is or number > 1 else _parse_article(markup, reference)
    is_damaged = False
    if zones is None:
        zones, is_damaged, lost = _parse_whole(markup, reference, is_chapter=number > 1)
        if lost is not None:
            if not as_is:
                raise lost
            odd.append(Oddity("taken as it is", str(lost)))
    return _Parsed(zones, [*odd, *zones.odd], is_damaged)


def _parse_article(markup: Markup, reference: str | None) -> Zones | None:
    """Finds the zones in the page's only article; None if more of the page must be examined."""
    start, end = markup.span
    low = markup.low
    if (
        markup.article is None
        or low.find(_BEHALF, end) >= 0
        or low.find(_SATISFIED, end) >= 0
        or not has_only_plain_tags(markup.tags)
    ):
        return None
    body = LexborHTMLParser(markup.article).body
    root = body.child if body is not None else None
    if root is None or root.tag != "article":
        return None
    source = low[start:end]
    blocks, lists = read_article(root, markup.tags)
    blocks = [join_known(block) if "\n" in block.text else block for block in blocks]
    if lists != source.count(b"</ol>") + source.count(b"</ul>"):
        return None
    if b"<table" in markup.tags and not has_sound_tables(source):
        return None
    if any(block.kind == "heading" and block.item is not None for block in blocks):  # a list that is not closed
        return None
    beginning = find_beginning_in_article(
        blocks,
        reference=reference,
        page_title=_page_title_of_source(markup),
        find_above=lambda: _title_above(markup),
    )
    zones = None if beginning is None else _divide(blocks, beginning)
    if zones is None or zones.is_uncertain:
        return None
    return zones if _is_all_of_article(markup, source, blocks, zones) else None


def _is_all_of_article(markup: Markup, source: bytes, blocks: Sequence[Block], zones: Zones) -> bool:
    """Whether the zones of an article show all of its decision, so that the rest of the page need not be parsed.

    `source`: the article's bytes in lower case.
    """
    assert markup.article is not None
    if not any(map(is_closing_block, reversed(zones.blocks))) and (
        not is_as_in_source(markup.article, blocks) or read_source(markup.html).wrong
    ):
        return False
    if _find_broken_part(zones) is not None:
        return False
    rules = {block.rule for block in zones.left_out}
    if not rules.isdisjoint(INSIDE_LINKS) and not _closes_links(source, blocks):
        return False
    if HEADER_LINKS in rules and not is_as_in_source(markup.article, blocks):  # one of the links may be a label's value
        return False
    return not any(block.item is not None and is_closing_block(block) for block in zones.blocks[-4:])


def _closes_links(source: bytes, blocks: Sequence[Block]) -> bool:
    """Whether no link contains text outside it. A link that is not closed continues in the next block."""
    if all(link.blocks == 1 for block in blocks if block.links for link in block.links):
        return True
    return source.count(b"</a>") == len(_LINK.findall(source))


def _page_title_of_source(markup: Markup) -> Title | None:
    printed = _PAGE_TITLE.search(markup.html)
    return parse_page_title(fold(html.unescape(printed[1]))) if printed is not None else None


def _title_above(markup: Markup) -> Title | None:
    """Returns the title in a heading directly above the article, if it has the usual spelling."""
    assert markup.article is not None
    ends = markup.html.index(markup.article.decode())
    found = _HEADING_ABOVE.search(markup.html, max(0, ends - _ABOVE), ends)
    printed = html.unescape(found["title"]) if found is not None else ""
    title = parse_title(fold(printed)) if printed else None
    return title if title is not None and find_odd_spelling(printed) is None else None


def _divide(blocks: Sequence[Block], beginning: Beginning, wrong: frozenset[str] = frozenset()) -> Zones:
    """Divides a page's blocks into zones, and adds an oddity for an unusual spelling of the title's reference."""
    zones = divide(blocks, beginning, "page", wrong=wrong)
    printed = (block.node.text() for block in blocks[beginning.first : beginning.after] if block.node is not None)
    spelling = find_odd_spelling(" ".join(printed))
    if spelling is None:
        return zones
    return zones._replace(odd=[Oddity("reference", spelling), *zones.odd])


def _parse_whole(markup: Markup, reference: str | None, *, is_chapter: bool) -> tuple[Zones, bool, CutShort | None]:
    """Finds the zones of a whole page.

    Also returns whether the tags are nested so wrongly that lists may be misplaced, and the error if blocks are
    missing.
    """
    tree = LexborHTMLParser(read_beyond_article(markup))
    body = tree.body
    if body is None:
        raise NotADecision("an empty page")
    blocks = list(map(join_known, read_blocks(body, tags=distinct_tags(markup.low))))
    source = read_source(markup.html)
    for link in (link for block in blocks for link in block.links if link.tag in source.wrong):
        link.is_open = link.tag != "a" or link.blocks > 1  # a link that is not closed continues in the next block
    beginning = find_beginning(
        blocks, reference=reference, page_title=_page_title(tree), is_chapter=is_chapter, wrong=source.wrong
    )
    zones = _divide(blocks, beginning, source.wrong)
    is_open = markup.is_article_open
    lost = _find_loss(source, blocks, beginning, zones, is_chapter=is_chapter, is_article_open=is_open)
    return zones, not source.places_items, lost


def _find_loss(
    source: SourceText,
    blocks: Sequence[Block],
    beginning: Beginning,
    zones: Zones,
    *,
    is_chapter: bool,
    is_article_open: bool,
) -> CutShort | None:
    """Finds out from the words and tags of the source why the blocks may not be the whole decision; None if they are.

    `is_article_open`: whether the page opens more articles than it closes.
    """
    is_closed = any(map(is_closing_block, zones.blocks))
    if is_article_open and not is_closed and _goes_on(source, zones.blocks):
        return CutShort("the page opens more articles than it closes, and the decision has no closing line")
    outside = [block.text.replace(" | ", " ") for block in zones.left_out if block.is_counted]
    part = Part(zones.inside, begins=beginning.first < beginning.after, ends=is_closed)
    if is_chapter and not part.begins and "article" in source.wrong and any(map(is_before, zones.left_out)):
        return CutShort("the page's articles are nested so wrongly that nothing shows where the chapter begins")
    if (before := find_broken_title(blocks, beginning, source.wrong)) is not None:
        return CutShort(f"the page's tags are nested so wrongly that the title may begin at {before[:60]!r}")
    if source.wrong and not is_closed and (after := find_text_after_end(zones)) is not None:
        return CutShort(f"the page's tags are nested wrongly, and text follows the end of its decision: {after[:60]!r}")
    if source.wrong and (broken := _find_broken_part(zones)) is not None:
        return CutShort(
            f"the page's tags are nested so wrongly that the end of the decision is in pieces: {broken[:60]!r}"
        )
    try:
        check_against_source(source, blocks, part, outside)
    except CutShort as error:
        return error
    return None


def _find_broken_part(zones: Zones) -> str | None:
    """Returns a block outside the decision that may be part of a dated note, or the heading of a further report."""
    outside = [block.text for block in zones.left_out if block.is_counted]
    for text, following in zip(outside, [*outside, ""][1:], strict=True):
        if "satisfied" in text or is_further_report(text) or is_further_report(f"{text} {following}"):
            return text
    return None


def _goes_on(source: SourceText, blocks: Sequence[Block]) -> bool:
    """Whether the last words of a text come after the last end tag of an article."""
    last = blocks[-1].cells or (blocks[-1].text,) if blocks else ()
    return not blocks or "".join("".join(last).split()) in source.after_articles


def _page_title(tree: LexborHTMLParser) -> Title | None:
    element = tree.css_first("title")
    return parse_page_title(fold(element.text())) if element is not None else None


# ------------------------------------------------------------ chapters


_CHAPTER_ADDRESS = re.compile(
    rb"""=\s*["']?([^"'\s>?]{0,500})\?(?:[^"'\s>]{0,500}[&;])?chapter=(\d{1,2})\b""", re.IGNORECASE
)
_CHAPTER_CONTROL = re.compile(
    rb"""<(?:button|input)\b[^>]{0,500}\bname\s*=\s*["']?chapter\b[^>]{0,500}>""", re.IGNORECASE
)
_CHAPTER_SELECT = re.compile(
    rb"""<select\b[^>]{0,500}\bname\s*=\s*["']?chapter\b.{0,5000}?</select""", re.IGNORECASE | re.DOTALL
)
_VALUE = re.compile(rb"""\bvalue\s*=\s*["']?(\d{1,2})\b""", re.IGNORECASE)


def find_chapters(body: bytes, reference: str) -> list[int]:
    """Returns the numbers, from 1, of the chapters of this decision to which its page has links, buttons or options.

    Links to chapters of other decisions do not count.
    """
    if len(body) > MAX_BYTES:
        return []
    if b"\0" in body:  # UTF-16
        with contextlib.suppress(Undecodable):
            body = decode(body).data
    if b"chapter" not in body.lower():  # faster than to search for each spelling
        return []
    found: set[int] = set()
    if b"hapter=" in body or b"HAPTER=" in body:  # faster: the pattern takes 20 times as long to find nothing
        own = slug(reference).encode()
        addresses = ((path.lower().rstrip(b"/"), number) for path, number in _CHAPTER_ADDRESS.findall(body))
        found.update(int(number) for path, number in addresses if not path or path.rsplit(b"/", 1)[-1] == own)
    for control in (*_CHAPTER_CONTROL.findall(body), *_CHAPTER_SELECT.findall(body)):
        found.update(map(int, _VALUE.findall(control)))
    return sorted(number for number in found if number)
