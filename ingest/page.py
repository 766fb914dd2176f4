"""The bytes of a page -> Decision: is it all there, which part of it is the decision, what does that say. Pure.

Class names only help; `ingest.phrases` is what reading goes by. What is known of the markup, and since when:

    2026-11  `<article id="article">`; `class="label"` / `class="value"` pairs; the title in any heading, or only in
             `<title>`. Public reports run over `?chapter=2`, … and repeat title and header lines there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.blocks import Block, fold
from ingest.compose import compose, title_at
from ingest.errors import CutShort, NotADecision, TooLarge, Undecodable, WrongReference
from ingest.markup import from_html
from ingest.phrases import DECISIONS_OWN, LABEL, TITLE, TITLE_START, is_closing, opens, without_furniture
from storage.model import Decision
from storage.model import reference as printed_reference

NORMALISER = "1"
"""The version of the reading. A change that alters any text or number raises it; `lgsco renormalise` follows."""

MAX_BYTES = 8 * 1024 * 1024
"""The longest decision page known has 85 KB; what is past this is no decision and is not parsed."""


def read(body: bytes, *, reference: str | None = None, charset: str | None = None) -> Decision:
    """The decision on one page of HTML.

    `reference`: the one asked for. `charset`: the one the response names, if any.
    Raises ReadError: Undecodable, TooLarge, CutShort, NotADecision, WrongReference.
    """
    return _read_page(_whole(body, charset), reference)


def read_chapters(bodies: Sequence[bytes], *, reference: str | None = None, charset: str | None = None) -> Decision:
    """The decision on several pages: chapter 1, then each further chapter without what it repeats of the head.

    Numbers typed in the paragraphs run on through the chapters.
    """
    first, *further = [_page_blocks(_whole(body, charset)) for body in bodies]
    decision = compose(first.blocks, reference=reference, title=first.title, own=first.own)
    blocks = list(first.blocks)
    for number, chapter in enumerate(further, 2):
        at = title_at(chapter.blocks)
        title = chapter.title or (chapter.blocks[at].text if at is not None else None)
        printed = _reference_of(title.replace("\n", " ")) if title else None
        if printed is None:
            raise NotADecision(f"chapter {number} has no title line that ends with a reference")
        if printed != decision.reference:
            raise WrongReference(f"chapter {number} is of {printed}, not of {decision.reference}")
        blocks += _new_in_chapter(chapter.blocks[at + 1 if at is not None else 0 :], decision)
    return compose(blocks, reference=reference, title=first.title, own=first.own)


def _new_in_chapter(blocks: Sequence[Block], first: Decision) -> list[Block]:
    """What a further chapter says beyond the title and header lines it repeats, in whatever pieces its markup shows."""
    repeated: set[str] = set()
    for line in first.lines:
        if line.section is not None or line.text.startswith(("Overview", "Summary")):
            break
        label, _, value = line.text.partition(" : ")
        repeated |= {
            line.text,
            f"{label}: {value}",
            f"{label} {value}",
            label,
            f"{label} :",
            f"{label}:",
            value,
            f": {value}",
        }
    blocks = without_furniture(blocks)
    start = 0
    while start < len(blocks) and all(
        part in repeated for part in blocks[start].cells or blocks[start].text.split("\n")
    ):
        start += 1
    return blocks[start:]


def chapters(body: bytes) -> list[int]:
    """The numbers of the further chapters that a page links to, from 2."""
    return sorted({int(n) for n in re.findall(rb"[?&;]chapter=(\d{1,2})\b", body) if int(n) >= 2})


class _Page(NamedTuple):
    blocks: list[Block]
    title: str | None
    own: bool
    """Whether all blocks are the decision's."""


def _read_page(html: str, reference: str | None) -> Decision:
    page = _page_blocks(html)
    return compose(page.blocks, reference=reference, title=page.title, own=page.own)


_ARTICLE = re.compile(r"<article[\s>]", re.IGNORECASE)
_ARTICLE_END = re.compile(r"</article\s*>", re.IGNORECASE)


def _page_blocks(html: str) -> _Page:
    """The blocks that hold the decision: those of its article, found fast where the page has just one."""
    opened, closed = _ARTICLE.findall(html), _ARTICLE_END.findall(html)
    if len(opened) == len(closed) == 1:
        start = _ARTICLE.search(html)
        end = _ARTICLE_END.search(html)
        if start and end and start.start() < end.start():
            root = LexborHTMLParser(html[start.start() : end.end()]).css_first("article")
            if root is not None:
                blocks = from_html(root)
                if any(map(opens, blocks)) and title_at(without_furniture(blocks)) is not None:
                    return _Page(blocks, None, True)
    return _whole_page_blocks(html)


def _whole_page_blocks(html: str) -> _Page:
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        raise NotADecision("an empty page")
    container, own = _container(body)
    blocks = from_html(container, chrome=None if own else _is_chrome)
    at = title_at(without_furniture(blocks))
    title = None if at is not None else _title_elsewhere(tree, body)
    if not own:
        blocks = _up_to_closing(blocks)
    return _Page(blocks, title, own)


def _container(body: LexborNode) -> tuple[LexborNode, bool]:
    """The element that holds the decision, and whether all in it is the decision's (else: the page's too)."""
    # css() finds the node itself too: one article inside itself is an innermost one
    articles = [node for node in body.css("article") if len(node.css("article")) == 1]
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
        found = _common_ancestor(evidence)
        if found is not None and found.tag not in ("body", "html"):
            return found, True
    main = body.css_first("main, [role=main]")
    return (main or body), False


def _is_chrome(node: LexborNode) -> bool:
    """Whether a header, footer or aside of the page says nothing of the decision."""
    return DECISIONS_OWN.search(fold(node.text(separator=" "))) is None


def _labels(block: Block) -> bool:
    """Whether a labelled line stands in the block. "Decision" alone may be a link of the page."""
    parts = block.cells or block.text.split("\n")
    return any(LABEL.fullmatch(part) and (part != "Decision" or len(parts) > 1) for part in parts)


def _common_ancestor(nodes: Sequence[LexborNode]) -> LexborNode | None:
    """The innermost element that holds them all."""
    shared: list[tuple[int, LexborNode]] | None = None
    for node in nodes:
        above: list[tuple[int, LexborNode]] = []
        at: LexborNode | None = node
        while at is not None:
            above.append((at.mem_id, at))
            at = at.parent
        if shared is None:
            shared = above
        else:
            ids = {mem_id for mem_id, _ in above}
            shared = [pair for pair in shared if pair[0] in ids]
    return shared[0][1] if shared else None


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
    headings = [block.text for node in body.css("h1, h2, h3, h4, h5, h6, header") for block in _blocks_of(node)]
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


def _whole(body: bytes, charset: str | None) -> str:
    """The text of a page that is all there. Raises TooLarge, Undecodable, CutShort, NotADecision."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"the page has {len(body):,} bytes; no decision has more than {MAX_BYTES:,}")
    html = decode(body, charset)
    if not html.strip():
        raise NotADecision("an empty page")
    if "<" not in html:
        raise NotADecision("no markup at all")
    tail = html[-4096:].lower()
    if "</html" not in tail or not re.search(r"</html\s*>", tail):
        raise CutShort("the page has no </html>: it ends before its end")
    if len(_ARTICLE.findall(html)) > len(_ARTICLE_END.findall(html)):
        without = re.sub(r"<!--.*?-->|<script\b.*?</script\s*>", "", html, flags=re.DOTALL | re.IGNORECASE)
        if len(_ARTICLE.findall(without)) > len(_ARTICLE_END.findall(without)):
            raise CutShort("the page opens an <article> and does not close it")
    return html


def decode(body: bytes, charset: str | None = None) -> str:
    """The text of a document: UTF-8, or, where it is not, the encoding it declares. Raises Undecodable."""
    if b"\0" in body:
        body = body.replace(b"\0", b"")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = error.start
    declared = charset
    if declared is None:
        found = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", body[:2048])
        declared = found[1].decode("ascii") if found else None
    if declared and declared.lower().replace("_", "-") not in ("utf-8", "utf8"):
        try:
            return body.decode("windows-1252" if declared.lower() == "iso-8859-1" else declared)
        except (LookupError, UnicodeDecodeError):
            pass
    raise Undecodable(f"not UTF-8 at byte {place:,}, nor any other encoding it declares")
