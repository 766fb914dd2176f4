"""A whole page -> Decision: which part of it is the decision, and what does that say. Pure.

Class names only help; `ingest.lgo.phrases` is what reading goes by. What is known of the markup, and since when:

    2026-11  `<article id="article">`; `class="label"` / `class="value"` pairs; the title in any heading, or only in
             `<title>`. Public reports run over `?chapter=2`, … and repeat title and header lines there.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.errors import CutShort, NotADecision, Undecodable, WrongReference
from ingest.lgo.decision import compose, title_at
from ingest.lgo.header import Head, read_head
from ingest.lgo.phrases import DECISIONS_OWN, LABEL, OPENER, TITLE, TITLE_START, is_closing, opens, without_furniture
from ingest.parsing.blocks import Block, fold
from ingest.parsing.decode import decode
from ingest.parsing.html_blocks import from_html
from ingest.parsing.input_limits import MAX_BYTES, Markup, beyond_article, whole
from storage.model import Decision, slug
from storage.model import reference as printed_reference

NORMALISER = "1"
"""The version of the reading. A change that alters any text or number raises it; `lgsco renormalise` follows."""


def read(body: bytes, *, reference: str | None = None, charset: str | None = None) -> Decision:
    """The decision on one page of HTML.

    `reference`: the one asked for. `charset`: the one the response names, if any.
    Raises ReadError: Undecodable, TooLarge, CutShort, NotADecision, WrongReference.
    """
    page = _page_blocks(whole(body, charset))
    decision = compose(page.blocks, reference=reference, title=page.title, own=page.own)
    return replace(decision, odd=page.odd)


def read_chapters(bodies: Sequence[bytes], *, reference: str | None = None, charset: str | None = None) -> Decision:
    """The decision on several pages: chapter 1, then each further chapter without what it repeats of the head.

    Numbers typed in the paragraphs run on through the chapters.
    """
    first, *further = [_page_blocks(whole(body, charset)) for body in bodies]
    title, head_and_text = _after_title(first, 1)
    head = read_head(head_and_text, marked_up=True)
    blocks = list(first.blocks)
    for number, chapter in enumerate(further, 2):
        chapter_title, rest = _after_title(chapter, number)
        if _reference_of(chapter_title) != _reference_of(title):
            raise WrongReference(f"chapter {number} is titled {chapter_title[:80]!r}, chapter 1 {title[:80]!r}")
        if [block.text for block in rest] != [block.text for block in head_and_text]:
            blocks += _without_head(rest, head)
        elif not any(is_closing(block.text) for block in first.blocks):  # a whole statement may ignore `?chapter=`
            raise CutShort(f"chapter {number} is chapter 1 once more, so what stands in it is not here")
    decision = compose(blocks, reference=reference, title=first.title, own=first.own)
    odd = [
        f"{phrase} in chapter {number}" for number, chapter in enumerate((first, *further), 1) for phrase in chapter.odd
    ]
    return replace(decision, odd=tuple(odd))


def _after_title(chapter: _Page, number: int) -> tuple[str, list[Block]]:
    at = title_at(chapter.blocks)
    title = chapter.title or (chapter.blocks[at].text.replace("\n", " ") if at is not None else None)
    if title is None:
        raise NotADecision(f"chapter {number} has no title line that ends with a reference")
    return title, chapter.blocks[at + 1 if at is not None else 0 :]


def _without_head(blocks: Sequence[Block], head: Head) -> list[Block]:
    """A further chapter without the header lines of the first that it repeats, in whatever pieces its markup shows."""
    repeated: set[str] = set()
    for line in head.lines:
        if OPENER.fullmatch(line.text):
            break
        repeated.add(line.text)
        label, labelled, value = line.text.partition(" : ")
        for colon in ("", ":", " :") if labelled else ():
            repeated |= {f"{label}{colon}", f"{label}{colon} {value}", f"{colon} {value}".strip()}
    start = 0
    while start < len(blocks) and repeated.issuperset(blocks[start].cells or blocks[start].text.split("\n")):
        start += 1
    return list(blocks[start:])


_MOST_IN_EACH_OTHER = 50
"""Headers and the like that are looked into one by one, though each may hold all that follow; a page has a few."""

_CHAPTER_LINK = re.compile(
    rb"""href\s*=\s*["']?([^"'\s>?]{0,500})\?(?:[^"'\s>]{0,500}[&;])?chapter=(\d{1,2})\b""", re.IGNORECASE
)


def chapters(body: bytes, reference: str) -> list[int]:
    """The numbers, from 1, of the chapters of this decision that its page links to; other decisions' do not count."""
    if b"\0" in body and len(body) <= MAX_BYTES:  # UTF-16
        with contextlib.suppress(Undecodable):
            body = decode(body).data
    if b"chapter=" not in body or len(body) > MAX_BYTES:  # the pattern takes twenty times as long to find nothing
        return []
    own = slug(reference).encode()
    links = ((path.lower().rstrip(b"/"), int(number)) for path, number in _CHAPTER_LINK.findall(body))
    return sorted({number for path, number in links if number and (not path or path.endswith(b"/" + own))})


class _Page(NamedTuple):
    blocks: list[Block]
    title: str | None
    own: bool
    """Whether all blocks are the decision's."""
    odd: tuple[str, ...] = ()
    """What is odd about its encoding, a phrase each."""


def _page_blocks(markup: Markup) -> _Page:
    """The blocks that hold the decision: those of the page's one article, or those found in the whole page."""
    if markup.article is not None:
        root = LexborHTMLParser(markup.article).css_first("article")
        if root is not None:
            blocks = without_furniture(from_html(root, source=markup.source))
            if any(map(opens, blocks)) and title_at(blocks) is not None:
                return _Page(blocks, None, True, markup.odd)
    return _whole_page_blocks(beyond_article(markup))._replace(odd=markup.odd)


def _whole_page_blocks(html: str) -> _Page:
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        raise NotADecision("an empty page")
    container, own = _container(body)
    blocks = without_furniture(from_html(container, chrome=frozenset() if own else _chrome(container)))
    at = title_at(blocks)
    title = None if at is not None else _title_elsewhere(tree, body)
    if not own:
        blocks = _up_to_closing(blocks)
    return _Page(blocks, title, own)


def _container(body: LexborNode) -> tuple[LexborNode, bool]:
    """The element that holds the decision, and whether all in it is the decision's (else: the page's too)."""
    articles = body.css("article:not(:has(article), [hidden], [hidden] *)")
    holding = [node for node in articles if any(map(opens, from_html(node)))]
    if len(holding) == 1:
        return holding[0], True
    if not holding and len(articles) == 1:
        return articles[0], True
    blocks = from_html(body)
    if any(is_closing(block.text) for block in blocks):
        evidence = [
            block.node
            for block in blocks
            if block.node is not None and (opens(block) or _labels(block) or is_closing(block.text))
        ]
        found = _common_ancestor(evidence[0], evidence[-1])  # in the order of the page, so of all between them
        if found is not None and found.tag not in ("body", "html"):
            return found, True
    main = body.css_first("main, [role=main]")
    return (main or body), False


def _chrome(container: LexborNode) -> frozenset[int]:
    """The headers, footers and asides of the page that say nothing of the decision."""
    nodes = container.css("header, footer, aside")[:_MOST_IN_EACH_OTHER]
    return frozenset(node.mem_id for node in nodes if DECISIONS_OWN.search(fold(node.text(separator=" "))) is None)


def _labels(block: Block) -> bool:
    """Whether a labelled line stands in the block. "Decision" alone may be a link of the page."""
    parts = block.cells or block.text.split("\n")
    return any(LABEL.fullmatch(part) and (part != "Decision" or len(parts) > 1) for part in parts)


def _common_ancestor(first: LexborNode, last: LexborNode) -> LexborNode | None:
    """The innermost element that holds both."""
    around_first = {node.mem_id for node in _and_above(first)}
    return next((node for node in _and_above(last) if node.mem_id in around_first), None)


def _and_above(node: LexborNode | None) -> Iterator[LexborNode]:
    while node is not None:
        yield node
        node = node.parent


def _up_to_closing(blocks: list[Block]) -> list[Block]:
    """What follows the closing line is the page's, where nothing shows that it is the decision's."""
    for index, block in enumerate(blocks):
        if block.item is None and is_closing(block.text):
            return blocks[: index + 1]
    return blocks


def _title_elsewhere(tree: LexborHTMLParser, body: LexborNode) -> str | None:
    """The title from outside the decision's element.

    `<title>` is of the page as a whole and cannot be another decision's; a line of the page with the same reference is
    the title as printed. Without a reference there: the first heading that reads as a title, then the first line.
    """
    element = tree.css_first("head > title") or tree.css_first("title")
    in_head = TITLE_START.match(fold(element.text())) if element is not None else None
    nodes = body.css("h1, h2, h3, h4, h5, h6, header")[:_MOST_IN_EACH_OTHER]
    headings = [block.text for node in nodes for block in _blocks_of(node)]
    lines = [block.text for block in from_html(body)]
    titles = [text for text in [*headings, *lines] if TITLE.fullmatch(text)]
    if in_head is None:
        return titles[0] if titles else None
    return next((title for title in titles if _reference_of(title) == _reference_of(in_head[0])), in_head[0])


def _blocks_of(node: LexborNode) -> list[Block]:
    return from_html(node) or [Block("heading", fold(node.text()))]


def _reference_of(title: str) -> str | None:
    found = TITLE.fullmatch(title)
    return printed_reference(found["bracketed"] or found["alone"]) if found else None
